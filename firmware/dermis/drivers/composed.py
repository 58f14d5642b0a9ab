"""What a board's composition hands to the module: one driver a peripheral."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from dermis.drivers.bus import Bus
    from dermis.drivers.camera import Camera
    from dermis.drivers.clock import Clock
    from dermis.drivers.emitters import Emitters
    from dermis.drivers.flash import Flash
    from dermis.drivers.link import Link
    from dermis.drivers.lock import Lock
    from dermis.drivers.storage import Storage
    from dermis.drivers.swir import SwirHead
    from dermis.drivers.system import System
    from dermis.drivers.thermometer import Thermometer

    class Drivers(NamedTuple):
        """lock: None where nothing of the lock's side is wired. bus: None where the board has no RS-485."""

        clock: Clock
        camera: Camera
        emitters: Emitters
        swir: SwirHead
        thermometer: Thermometer
        storage: Storage
        link: Link
        system: System
        model_class: Any
        flash: Flash
        lock: Lock | None
        bus: Bus | None

else:
    Drivers = namedtuple(
        "Drivers",
        (
            "clock",
            "camera",
            "emitters",
            "swir",
            "thermometer",
            "storage",
            "link",
            "system",
            "model_class",
            "flash",
            "lock",
            "bus",
        ),
    )
