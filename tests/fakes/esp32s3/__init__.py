"""A simulated ESP32-S3 on DM1's board, and the modules that its MicroPython offers: `installed(chip)`.

No board was met: what is modelled is what the public documentation and sources of MicroPython 1.29 for the ESP32, of
ESP-IDF and of the parts' makers say; each file names its own.
"""

from tests.fakes.esp32s3.chip import Chip
from tests.fakes.esp32s3.install import installed

__all__ = ["Chip", "installed"]
