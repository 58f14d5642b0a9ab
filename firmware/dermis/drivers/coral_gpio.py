"""Lines of the GPIO character device, by libgpiod's own Python binding (which needs Linux 5.10 or later).

A line that this process lets go of, or leaves behind when it dies, stays as it was put: `coral_stopped` puts it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.errors import SensorFault

if TYPE_CHECKING:
    from typing import Any

CONSUMER = "dermis"  # as `gpioinfo` shows it


class OutputLine:
    """One output, at its idle level from the moment that it is ours. Raises SensorFault where it cannot be had."""

    def __init__(self, name: str, chip: str, line: int, idle: int):
        gpiod = _gpiod()
        self._name = name
        self._line = line
        self._levels = (gpiod.line.Value.INACTIVE, gpiod.line.Value.ACTIVE)
        settings = gpiod.LineSettings(direction=gpiod.line.Direction.OUTPUT, output_value=self._levels[idle])
        try:
            self._request = gpiod.request_lines(chip, config={line: settings}, consumer=CONSUMER)
        except OSError as error:
            raise SensorFault(
                "line %d of %s (%s) cannot be had: %s; check who holds it, and the service's rights"
                % (line, chip, name, error.strerror or error)
            )

    def set(self, level: int) -> None:
        """Raises SensorFault."""
        try:
            self._request.set_value(self._line, self._levels[level])
        except OSError as error:
            raise SensorFault("the line %s does not follow: %s; restart the board" % (self._name, error.strerror))

    def level(self) -> int:
        """As it is driven. Raises SensorFault."""
        try:
            return self._levels.index(self._request.get_value(self._line))
        except OSError as error:
            raise SensorFault("the line %s cannot be read: %s; restart the board" % (self._name, error.strerror))

    def release(self) -> None:
        self._request.release()


def output(board: dict, name: str, idle: int) -> OutputLine:
    """The board file's line of that name."""
    chip, line = board["pins"][name]
    return OutputLine(name, chip, line, idle)


def _gpiod() -> Any:
    try:
        import gpiod
    except ImportError:
        raise SensorFault("the package gpiod is missing; run hw/coral/install.sh again")
    return gpiod
