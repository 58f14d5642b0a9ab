"""The runtimes that modules are meant to run on.

A file is known by its SHA-256 alone. Where none stands here, nobody of this project has vetted those bytes: such a file
needs --allow-unknown, or --runtime-sha256 from somebody who has.
"""

from __future__ import annotations

from typing import NamedTuple

from dermis.core import release


class Known(NamedTuple):
    """A build. lowest: version of MicroPython that it must be of; sha256: hex of its file, empty where it is not known;
    camera: it has the camera module."""

    name: str
    lowest: str
    where: str
    sha256: str
    camera: bool


# Of `flashing.stand_in`; a test holds the two together.
STAND_IN = Known(
    "the twin's stand-in for a runtime (a board does not start with it)",
    release.RUNTIME[1],
    "--runtime stand-in",
    "b6fb055ce3a2a965da0caee6edfd54a8fdfb60f456b895ae16950702d65d0128",
    False,
)

KNOWN = (
    Known(
        "MicroPython with the camera module, ESP32_GENERIC_S3-SPIRAM_OCT",
        release.RUNTIME[1],
        "github.com/cnadler86/micropython-camera-API, releases",
        "",
        True,
    ),
    Known(
        "MicroPython with the camera module, ESP32_GENERIC_S3 (quad PSRAM)",
        release.RUNTIME[1],
        "github.com/cnadler86/micropython-camera-API, releases",
        "",
        True,
    ),
    Known(
        "MicroPython, ESP32_GENERIC_S3-SPIRAM_OCT (boots and answers; its self-test finds no imager)",
        release.RUNTIME[1],
        "micropython.org/download/ESP32_GENERIC_S3",
        "",
        False,
    ),
    STAND_IN,
)

GIVEN_UP = (
    "Nobody of this project has seen this file: whether it is what its name says, whether it has the camera module, "
    "and whether anything else is in it, nobody vouches for."
)
