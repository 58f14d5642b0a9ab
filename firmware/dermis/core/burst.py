"""A burst: one measurement, as the firmware takes it and as a recording gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import vocabulary

if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
WIDTH, HEIGHT = 320, 240
FRAME_BYTES = WIDTH * HEIGHT


class Burst:
    """Frames by name and the readings beside them.

    frames: name (`vocabulary.FRAMES`) -> 76,800 bytes, row by row, codes as the imager gave them.
    swir: one (on, off, pairs) a band of `vocabulary.SWIR_BANDS`, sums of ADC counts; empty without the head.
    temperature_cc: centi-degrees Celsius at the imager.
    order: lights in the order in which they were lit; without those that had to be lit again, at the first time.
    time_us: name -> arrival of that frame, module clock.
    exposure_us, gain_q8: imager settings, the same for all frames.
    dark_levels: mean of the scene (linear counts) in the dark frame and in each dark slot between the lights.
    foreign_frames: signs of somebody else's light: frames that showed a light when it was not on, or none for long.
    swir_uneven: bands of the SWIR head of which the halves of the reading differ by more than a face that moves.
    spare: memory of a frame's size that whoever looks at the burst may use, or None.
    """

    def __init__(self):
        self.frames = {}
        self.swir: tuple = ()
        self.temperature_cc = 2500
        self.order: tuple = ()
        self.time_us = {}
        self.exposure_us = 0
        self.gain_q8 = 256
        self.dark_levels: tuple = ()
        self.foreign_frames = 0
        self.swir_uneven = 0
        self.spare: Any = None

    def header(self):
        """Everything but the pixels, as a map that JSON and CBOR can carry."""
        return {
            "format": FORMAT,
            "width": WIDTH,
            "height": HEIGHT,
            "frames": [name for name in vocabulary.FRAMES if name in self.frames],
            "order": list(self.order),
            "time_us": dict(self.time_us),
            "exposure_us": self.exposure_us,
            "gain_q8": self.gain_q8,
            "temperature_cc": self.temperature_cc,
            "swir": [list(reading) for reading in self.swir],
            "dark_levels": list(self.dark_levels),
            "foreign_frames": self.foreign_frames,
            "swir_uneven": self.swir_uneven,
        }


def from_header(header):
    """A burst without pixels from what `Burst.header` gave. Raises KeyError on a missing entry."""
    burst = Burst()
    burst.order = tuple(header["order"])
    burst.time_us = dict(header["time_us"])
    burst.exposure_us = header["exposure_us"]
    burst.gain_q8 = header["gain_q8"]
    burst.temperature_cc = header["temperature_cc"]
    burst.swir = tuple([tuple(reading) for reading in header["swir"]])
    burst.dark_levels = tuple(header.get("dark_levels", ()))  # optional: other writers may not have them
    burst.foreign_frames = header.get("foreign_frames", 0)
    burst.swir_uneven = header.get("swir_uneven", 0)
    return burst
