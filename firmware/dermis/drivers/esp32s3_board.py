"""The ESP32-S3's drivers, composed. Whoever needs them gets them from here: nobody else has the bus or a pin."""

from __future__ import annotations

from dermis.core.errors import BadInput
from dermis.drivers import inference
from dermis.drivers.bus.esp32s3 import S3Bus
from dermis.drivers.camera.esp32s3 import S3Camera
from dermis.drivers.clock.esp32s3 import S3Clock
from dermis.drivers.composed import Drivers
from dermis.drivers.dm1_i2c import Expander
from dermis.drivers.emitters.esp32s3 import S3Emitters
from dermis.drivers.esp32s3_i2c import S3I2c
from dermis.drivers.flash.esp32s3 import S3Flash
from dermis.drivers.link.esp32s3 import open_link
from dermis.drivers.lock.esp32s3 import S3Lock
from dermis.drivers.storage.esp32s3 import open_storage
from dermis.drivers.swir.esp32s3 import S3SwirHead
from dermis.drivers.system.esp32s3 import S3System
from dermis.drivers.thermometer.dm1 import Dm1Thermometer


def drivers(board: dict) -> Drivers:
    """One driver a peripheral (`Drivers`). `board`: the board file, as a map. Call it once a start.

    What lights something is dark when this returns. A peripheral that does not answer raises nothing here: the module
    starts, and says what is wrong when it is asked. Raises BadInput for a board file that is not this board's.
    """
    try:
        return _drivers(board)
    except KeyError as missing:
        raise BadInput("the board file lacks %r; flash an image that was built for the esp32s3" % missing.args[0])


def _drivers(board):
    clock = S3Clock()
    bus = S3I2c(board, clock)
    addresses = board["i2c"]
    expander = Expander(bus, addresses["expander"], board["expander"])
    emitters = S3Emitters(board, expander, clock)  # first of all: dark
    lock = S3Lock(board, expander, clock)
    swir = S3SwirHead(board, expander, bus, clock)
    model_class = inference.model_class(inference.choice_of(board))
    thermometer = Dm1Thermometer(bus, addresses["thermometer"])
    flash = S3Flash()
    return Drivers(
        clock=clock,
        camera=S3Camera(board, clock, thermometer.number),
        emitters=emitters,
        swir=swir,
        thermometer=thermometer,
        storage=open_storage(flash),
        link=open_link(board, clock),
        system=S3System(clock),
        model_class=model_class,
        flash=flash,
        lock=lock,
        bus=S3Bus(board["pins"]["bus_tx"], board["pins"]["bus_rx"], clock),
    )
