"""The `dermis` command and its Python API.

from dermis_host import Module

with Module("rfc2217://127.0.0.1:7000") as module:
    print(module.verify().verdict)
"""

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
