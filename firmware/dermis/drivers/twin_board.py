"""The twin's drivers, composed. Whoever needs them gets them from here: nobody else opens the channel."""

from dermis.drivers import inference
from dermis.drivers.bus.twin import TwinBus
from dermis.drivers.camera.twin import TwinCamera
from dermis.drivers.clock.twin import TwinClock
from dermis.drivers.composed import Drivers
from dermis.drivers.emitters.twin import TwinEmitters
from dermis.drivers.flash.twin import TwinFlash
from dermis.drivers.link.twin import TwinLink
from dermis.drivers.lock.twin import TwinLock
from dermis.drivers.storage.twin import open_storage
from dermis.drivers.swir.twin import TwinSwirHead
from dermis.drivers.system.twin import TwinSystem
from dermis.drivers.thermometer.twin import TwinThermometer
from dermis.drivers.twin_channel import open_channel, open_flash_channel


def drivers(board):
    """One driver a peripheral (`Drivers`) for the twin. `board`: the board file, as a map.

    Call it once a process. Raises SensorFault outside the twin or when the twin speaks another version,
    BadInput for a board file that asks for what there is not.
    """
    model_class = inference.model_class(inference.choice_of(board))
    channel = open_channel()
    flash_channel = open_flash_channel()
    clock = TwinClock(channel)
    channel.clock = clock
    return Drivers(
        clock,
        TwinCamera(channel, clock),
        TwinEmitters(channel),
        TwinSwirHead(channel, clock, board.get("swir", True)),
        TwinThermometer(channel),
        open_storage(flash_channel),
        TwinLink(channel, clock),
        TwinSystem(channel),
        model_class,
        TwinFlash(flash_channel),
        TwinLock(channel, clock),
        TwinBus(channel),
    )
