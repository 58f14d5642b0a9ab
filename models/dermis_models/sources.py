"""Which state of the sources made a set of data: what is simulated must be reproducible from one of them."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import dermis
import dermis_host
import dermis_hw

# Packages and modules that what is simulated depends on.
_ROOTS = (
    (Path(dermis.__file__).parent, ""),
    (Path(dermis_hw.__file__).parent, ""),
    (Path(dermis_host.__file__).parent, "calibration"),
    (Path(dermis_host.__file__).parent, "recording.py"),
    (Path(dermis_host.__file__).parent, "replaying.py"),
    *(
        (Path(__file__).parent, f"{name}.py")
        for name in (
            "bursts",
            "dataset",
            "drawing",
            "drawn",
            "faces",
            "generator",
            "halves",
            "masks",
            "modules",
            "presentations",
            "sheets",
            "simulation",
            "splits",
        )
    ),
)
# Distributions whose versions decide random numbers and rendered light.
PACKAGES = ("numpy", "mitsuba", "drjit")
_SUFFIXES = {".py", ".csv", ".toml", ".json"}


@cache
def digest() -> str:
    """16 hex digits of everything that a simulated figure rests on, measured tables, device code and the versions of
    `PACKAGES` included."""
    found = hashlib.sha256("".join(f"{name} {version(name)}\n" for name in PACKAGES).encode())
    for root, below in _ROOTS:
        top = root / below
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.suffix in _SUFFIXES and path.is_file():
                found.update(str(path.relative_to(root)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]
