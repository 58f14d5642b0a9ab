"""The `dermis` command and its Python API.

from dermis_host import Module

with Module("rfc2217://127.0.0.1:7000") as module:
    print(module.verify().verdict)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dermis_host.errors import (
        CalibrationFailed,
        DeviceCodeError,
        HostError,
        LinkError,
        ModuleReset,
        NotDermis,
        RecordingError,
        RequestFailed,
        RequestTimeout,
    )
    from dermis_host.module import Module
    from dermis_host.recording import Recording

__all__ = [
    "CalibrationFailed",
    "DeviceCodeError",
    "HostError",
    "LinkError",
    "Module",
    "ModuleReset",
    "NotDermis",
    "Recording",
    "RecordingError",
    "RequestFailed",
    "RequestTimeout",
]

_ELSEWHERE = {"Module": "dermis_host.module", "Recording": "dermis_host.recording"}


def __getattr__(name: str) -> object:
    """Imports on first use: the command must be able to take a Ctrl-C before half a second of imports is over."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_ELSEWHERE.get(name, "dermis_host.errors")), name)
