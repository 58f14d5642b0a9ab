"""Log lines: one JSON object a line, between the frames of the link. Never a secret, a frame or a face."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

DEBUG, INFO, WARNING, ERROR = "debug", "info", "warning", "error"
_ORDER = (DEBUG, INFO, WARNING, ERROR)
TRACE_LENGTH = 600  # the end of a traceback tells most


class Log:
    """write: takes bytes (the link's). What lies below `level` is not written.

    errors: how many lines of level error were written since the start.
    """

    def __init__(self, clock, write, level=INFO):
        self._clock = clock
        self._write = write
        self._lowest = _ORDER.index(level)
        self.errors = 0

    def event(self, event, level=INFO, **fields):
        """{"t_ms", "level", "event", ...}: the module's clock, and fields that JSON can carry."""
        if level == ERROR:
            self.errors += 1
        if _ORDER.index(level) < self._lowest:
            return
        head = {"t_ms": self._clock.ticks_us() // 1000, "level": level, "event": event}
        # Dumped one by one, because MicroPython's dict keeps no order and a person reads this.
        parts = ["%s: %s" % (json.dumps(key), json.dumps(head[key])) for key in ("t_ms", "level", "event")]
        parts += ["%s: %s" % (json.dumps(key), json.dumps(fields[key])) for key in sorted(fields)]
        self._write(("{" + ", ".join(parts) + "}\n").encode())

    def failure(self, event, error, **fields):
        """An exception that nobody foresaw, with the end of its traceback."""
        self.event(event, ERROR, error=type(error).__name__, trace=_trace(error)[-TRACE_LENGTH:], **fields)


def _trace(error: Any) -> str:
    out: Any = io.StringIO()  # MicroPython's stubs forget its getvalue
    if hasattr(sys, "print_exception"):  # MicroPython
        sys.print_exception(error, out)  # type: ignore[attr-defined]
    else:
        import traceback  # type: ignore[import-not-found]

        traceback.print_exception(type(error), error, error.__traceback__, file=out)
    return out.getvalue()
