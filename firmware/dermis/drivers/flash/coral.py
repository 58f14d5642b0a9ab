"""A Coral has no slots for images: its firmware is a folder of sources that hw/coral/install.sh puts in place."""

from __future__ import annotations

from dermis.core.errors import SensorFault
from dermis.drivers.flash import Flash

WHY = (
    "a Coral has no slots for images: its firmware is installed with hw/coral/install.sh, which keeps the one before "
    "(docs/coral.md)"
)


class CoralFlash(Flash):
    without_slots = WHY

    def read_at(self, partition: str, offset: int, buffer) -> None:
        raise SensorFault(WHY)

    def erase(self, partition: str, offset: int, length: int) -> None:
        raise SensorFault(WHY)

    def write(self, partition: str, offset: int, data) -> None:
        raise SensorFault(WHY)

    def mount(self, partition: str, offset: int, size: int, point: str) -> None:
        raise SensorFault(WHY)
