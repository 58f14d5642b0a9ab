"""Pictures of frames and maps: PNG files and data URIs."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from dermis_host import files
from dermis_host.errors import UsageError

# A ramp of rising lightness, so that it reads in grey and by people who do not tell red from green.
RAMP = np.array(
    [(18, 14, 60), (54, 48, 130), (38, 104, 150), (30, 150, 138), (120, 196, 88), (246, 226, 60)], np.float64
)
NO_VALUE = (112, 112, 112)  # off the ramp: grey says "nothing measured here"
DEEPEST_8BIT = 255
# More than any imager of faces gives. A file of 71 bytes can ask for more, and for seconds of processor time.
MOST_PIXELS = 1 << 23
# `read_grey` refuses by itself, and in a sentence.
Image.MAX_IMAGE_PIXELS = None
# What Pillow lets through of what its readers of chunks stumble over.
STUMBLES = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
)
STRETCH_FLOOR = 100.0  # codes; what lies below is not spread further, or read noise looks like a picture


def read_grey(path: Path) -> np.ndarray:
    """A PNG file as uint8 (rows, columns); colour becomes luma, 16 bits are scaled to 8.

    Raises UsageError with one sentence when it is not there, not an image, or of more than `MOST_PIXELS`.
    """
    try:
        # From memory: of a file Pillow reads as much as a chunk says that it has, and Python makes room for that.
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG",)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UsageError(
                    f"{path} has {image.width} x {image.height} pixels, and at most {MOST_PIXELS >> 20} Mi are read: "
                    "make it smaller."
                )
            if image.mode.startswith("I"):
                return np.clip(np.asarray(image, np.int64) >> 8, 0, DEEPEST_8BIT).astype(np.uint8)
            return np.asarray(image.convert("L"), np.uint8).copy()
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except UnidentifiedImageError:
        raise UsageError(f"{path} is no image that can be read: give a PNG.") from None
    except STUMBLES as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise UsageError(f"{path} cannot be read as an image ({reason}).") from None


def ramp(values: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """Values to colours: uint8 (..., 3); NaN becomes grey. `low` and `high` default to the finite extremes."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.full((*values.shape, 3), NO_VALUE, np.uint8)
    low = float(values[finite].min()) if low is None else low
    high = float(values[finite].max()) if high is None else high
    place = np.clip((np.where(finite, values, low) - low) / max(high - low, 1e-9), 0, 1) * (len(RAMP) - 1)
    before = np.minimum(place.astype(int), len(RAMP) - 2)
    part = (place - before)[..., None]
    colours = RAMP[before] * (1 - part) + RAMP[before + 1] * part
    colours[~finite] = NO_VALUE
    return colours.round().astype(np.uint8)


def usual_range(values: np.ndarray, part: float = 0.02) -> tuple[float | None, float | None]:
    """Between which values nearly all lie, so that a few wild ones do not use up the ramp; None without any."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None, None
    low, high = np.quantile(finite, (part, 1 - part))
    return float(low), float(high)


def enlarge(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Each pixel as factor x factor."""
    return pixels.repeat(factor, 0).repeat(factor, 1)


def stretch(pixels: np.ndarray, part: float = 0.995) -> np.ndarray:
    """Codes spread over 0-255 for the eye; the brightest 0.5 % may clip, and a dark frame stays dark."""
    top = max(STRETCH_FLOOR, float(np.quantile(pixels, part)))
    return np.clip(pixels * (255.0 / top), 0, 255).astype(np.uint8)


def save_png(pixels: np.ndarray, path: Path) -> None:
    """Grey (rows, columns) or colour (rows, columns, 3), uint8."""
    with files.whole(path) as file:
        Image.fromarray(pixels).save(file, format="PNG")


def upright(pixels: np.ndarray) -> np.ndarray:
    """As the imager stands in portrait: u (columns) upwards, v (rows) to the right."""
    return np.rot90(pixels)


def data_uri(pixels: np.ndarray, quality: int = 85) -> str:
    """The same as a WebP inside a data URI; a sixth of a PNG for a noisy frame."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="WEBP", quality=quality)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
