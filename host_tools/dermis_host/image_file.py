"""An image as a file: read by the device's own code, its complaints as ours."""

from __future__ import annotations

from pathlib import Path

from dermis.core.mcuboot import LARGEST, BadImage, Image

from dermis_host.building.signing import file_image
from dermis_host.errors import UsageError, sentence


def load(path: Path) -> Image:
    """What the file says of itself; neither its hash nor its signature is checked (`Image.sound`, `Image.check`).

    Raises UsageError with what is wrong and what to name instead.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
            size = file.seek(0, 2)
    except OSError as problem:
        raise UsageError(f"The image {path} cannot be read: {problem.strerror or problem}.") from None
    if size > LARGEST:
        raise UsageError(f"{path} has {size} bytes, and a slot {LARGEST}: take an image that `dermis build` made.")
    return of(data, str(path))


def of(data: bytes, name: str = "The image") -> Image:
    """The same of bytes in memory."""
    try:
        image = file_image(data)
        image.manifest  # noqa: B018 - what it says must be readable before anybody asks
    except BadImage as problem:
        raise UsageError(f"{name}: {sentence(problem)}") from None
    return image
