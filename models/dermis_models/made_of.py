"""What figures and checkpoints rest on: those of other data or of other code are stale and must not be taken up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from dermis_models.dataset import Data

FITTING = ("balance", "fitting", "network")  # modules that a model's weights depend on beside the data


def digest(data: Sequence[Data], modules: Sequence[str] = FITTING) -> str:
    """16 hex digits of all rows, in their order, and of the sources of those modules of this package."""
    found = hashlib.sha256()
    for part in data:
        for name in sorted(part):
            column = part[name]
            found.update(f"{name} {column.dtype} {column.shape}".encode())
            found.update(column.tobytes())
    for module in modules:
        found.update((Path(__file__).parent / f"{module}.py").read_bytes())
    return found.hexdigest()[:16]
