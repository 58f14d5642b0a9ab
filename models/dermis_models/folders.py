"""Folders for what takes hours to make: asked for before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

from dermis_host.errors import HostError


def made(folder: Path) -> None:
    """The folder is there, and files may be put into it. Raises HostError with one sentence."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise HostError(f"{folder} is no folder: name another.") from None
    except OSError as problem:
        raise HostError(f"{folder} cannot be made: {problem.strerror or problem}.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise HostError(f"{folder} cannot be written: name another folder, or let yourself write to it.")
