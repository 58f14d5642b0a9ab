"""The drivers of a Coral, composed. Whoever needs them gets them from here."""

from __future__ import annotations

import os

from dermis.core.errors import BadInput
from dermis.drivers import coral_gpio, inference
from dermis.drivers.bus.coral import CoralBus
from dermis.drivers.camera.coral import CoralCamera
from dermis.drivers.clock.coral import CoralClock
from dermis.drivers.composed import Drivers
from dermis.drivers.coral_i2c import LinuxI2c
from dermis.drivers.coral_port import Port
from dermis.drivers.coral_pwm import LinuxPwm
from dermis.drivers.dm1_i2c import Expander
from dermis.drivers.emitters.coral import CoralEmitters
from dermis.drivers.flash.coral import CoralFlash
from dermis.drivers.link.coral import CoralLink
from dermis.drivers.lock.coral import lock_of
from dermis.drivers.storage.coral import open_folder
from dermis.drivers.swir.coral import CoralSwirHead
from dermis.drivers.system.coral import CoralSystem
from dermis.drivers.thermometer.dm1 import Dm1Thermometer

STORAGE = "/var/lib/dermis"
STORAGE_VARIABLE = "DERMIS_STORAGE"
LINK_BAUD = 921_600  # of a real UART; a USB gadget has none
DARK = 0


def drivers(board: dict) -> Drivers:
    """One driver a peripheral (`Drivers`). `board`: the board file, as a map.

    The lines that light something are dark and the relay is open when this returns. Raises SensorFault where a line
    cannot be had or another process has it, BadInput for a board file that is not a Coral's.
    """
    try:
        return _drivers(board)
    except KeyError as missing:
        raise BadInput("the board file lacks %r; install the one that hw/coral/install.sh brings" % missing.args[0])


def _drivers(board):
    pulse = coral_gpio.output(board, "light_pulse", DARK)
    swir_pulse = coral_gpio.output(board, "swir_pulse", DARK)
    model_class = inference.model_class(inference.choice_of(board))
    clock = CoralClock()
    devices, addresses = board["devices"], board["i2c"]
    i2c = LinuxI2c(devices["i2c"], addresses)
    expander = Expander(i2c, addresses["expander"], board["expander"])
    pwm = LinuxPwm(devices["current_pwm"], board["clocks"]["current_pwm_hz"])
    thermometer = Dm1Thermometer(i2c, addresses["thermometer"])
    system = CoralSystem(board)
    return Drivers(
        clock=clock,
        camera=CoralCamera(board, clock, thermometer.number),
        emitters=CoralEmitters(board, expander, clock, pulse, pwm),
        swir=CoralSwirHead(board, expander, i2c, clock, swir_pulse, system.serial),
        thermometer=thermometer,
        storage=open_folder(os.environ.get(STORAGE_VARIABLE, STORAGE)),
        link=CoralLink(Port(board["link"], LINK_BAUD), clock),
        system=system,
        model_class=model_class,
        flash=CoralFlash(),
        lock=lock_of(board, expander),
        bus=CoralBus(devices["bus"], clock),
    )
