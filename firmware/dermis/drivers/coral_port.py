"""A tty of Linux, by pyserial: opened when it is first needed, and again when it has come back."""

from __future__ import annotations

import os
import select
import termios
import time

from dermis.core.errors import SensorFault


class Port:
    """path: such as /dev/ttyGS0. baud: of no account on a USB gadget."""

    def __init__(self, path: str, baud: int):
        self.path = path
        self._baud = baud
        self._serial = None

    def open(self) -> None:
        """Raises SensorFault, ValueError for a speed that it cannot."""
        if self._serial is not None:
            return
        try:
            import serial
        except ImportError:
            raise SensorFault("the package pyserial is missing; run hw/coral/install.sh again")
        try:
            # Raw, 8N1, neither flow control nor a controlling terminal; nobody else may open it.
            self._serial = serial.Serial(self.path, self._baud, timeout=0, exclusive=True)
        except OSError as error:  # pyserial's own errors are such
            raise SensorFault(
                "%s cannot be opened (%s); check the board file and the service's rights" % (self.path, error)
            )

    def is_open(self) -> bool:
        return self._serial is not None

    def take(self, count: int) -> bytes:
        """What is there, at most so many bytes; b"" for nothing yet. Raises SensorFault, and is closed then."""
        serial = self._serial
        if serial is None:
            raise SensorFault("%s is not open; open it first" % self.path)
        try:
            if not select.select((serial.fileno(),), (), (), 0)[0]:
                return b""
            data = os.read(serial.fileno(), count)
        except (OSError, ValueError) as error:
            raise self._gone(error)
        if not data:
            raise self._gone("hung up")
        return data

    def send(self, data, limit_s: float) -> int:
        """As much as it takes within that time after the last byte that it took; how much that was. Raises
        SensorFault, and is closed then."""
        serial = self._serial
        if serial is None:
            raise SensorFault("%s is not open; open it first" % self.path)
        view, done = memoryview(data), 0
        until = time.monotonic() + limit_s
        try:
            while done < len(view):
                left = until - time.monotonic()
                if left <= 0 or not select.select((), (serial.fileno(),), (), left)[1]:
                    break
                took = os.write(serial.fileno(), view[done:])
                done += took
                if took:
                    until = time.monotonic() + limit_s
        except BlockingIOError:
            return done
        except (OSError, ValueError) as error:
            raise self._gone(error)
        return done

    def drain(self) -> None:
        """Wait until what was sent has left; a tty that is gone holds nothing."""
        if self._serial is not None:
            try:
                self._serial.flush()
            except (OSError, termios.error):
                self.close()

    def close(self) -> None:
        serial, self._serial = self._serial, None
        if serial is not None:
            serial.close()

    def _gone(self, why):
        self.close()
        return SensorFault("%s fails (%s); check its cable" % (self.path, why))
