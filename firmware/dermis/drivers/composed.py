"""What a board's composition hands to the module: one driver a peripheral."""

from collections import namedtuple

# lock: None where nothing of the lock's side is wired. bus: None where the board has no RS-485.
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
