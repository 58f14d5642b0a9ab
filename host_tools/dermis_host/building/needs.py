"""What a build needs beyond a technician's install."""

from __future__ import annotations

import importlib
from types import ModuleType

from dermis_host.errors import HostError

INSTALL = "Building and signing need more than is installed ({name} is missing): pip install 'dermis[build]'."


def needed(name: str) -> ModuleType:
    """The module of that name. Raises HostError with what to install."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] != name.partition(".")[0]:
            raise
        raise HostError(INSTALL.format(name=name.partition(".")[0])) from None
