"""What the first stage needs of a board; the other drivers come with the firmware that it starts."""

from collections import namedtuple

# flash: `drivers.flash.Flash`. open_storage: mounts the data partition at `storage_point`. system: `drivers.system`'s.
FirstParts = namedtuple("FirstParts", ("flash", "open_storage", "storage_point", "system"))
