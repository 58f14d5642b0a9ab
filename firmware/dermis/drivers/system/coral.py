"""The machine of a Linux board: a service of systemd, which watches, restarts and says why.

Two watchdogs stand behind each other. systemd kills and restarts this process when it stays silent; the machine's own
(/dev/watchdog, fed by systemd: hw/coral/dermis-watchdog.conf) resets the board when systemd or the kernel hangs. Run
by hand, without systemd, this process opens the machine's watchdog itself.

Ref: sd_notify(3), systemd.exec(5); Documentation/watchdog/watchdog-api.rst. No board has shown any of it yet.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys

from dermis.core.errors import SensorFault
from dermis.drivers import coral_stopped
from dermis.drivers.system import System

SET_TIMEOUT = 0xC0045706  # WDIOC_SETTIMEOUT: seconds as an int, answered by those that it took
LONGEST_TIMEOUT_S = 128  # of the i.MX 8M's
# Where Linux says a serial number that the board's maker or the chip gave, most telling first.
SERIALS = ("/sys/firmware/devicetree/base/serial-number", "/sys/devices/soc0/serial_number")
LONGEST_SERIAL = 32  # what a calibration record takes
BOOT_STATUS = "/sys/class/watchdog/watchdog0/bootstatus"
CARD_RESET = 0x20  # WDIOF_CARDRESET: the machine's watchdog did it
RESTART_STATUS = coral_stopped.RESTART_STATUS


class CoralSystem(System):
    board = "coral"

    def __init__(self, board: dict):
        self._serial = board.get("serial", "")
        self._device = board["devices"]["watchdog"]
        self._notify = os.environ.get("NOTIFY_SOCKET", "")
        self._watchdog: int | None = None  # descriptor of the machine's
        self._watched = False
        self._cause = coral_stopped.cause_of_start() or _cause_of_boot()

    def serial(self) -> str:
        """The board file's `serial`, or what the machine says. Raises SensorFault."""
        if self._serial:
            return self._serial
        for path in SERIALS:
            try:
                with open(path, "rb") as file:
                    found = file.read().decode("ascii", "replace")
            except OSError:
                continue
            found = "".join([letter for letter in found if letter.isalnum() or letter in "-_."])
            if found.strip("0"):
                return found[-LONGEST_SERIAL:]
        raise SensorFault("this machine tells no serial number; write one into the board file as `serial`")

    def reset(self) -> None:
        """systemd starts the service anew; its unit says so."""
        sys.exit(RESTART_STATUS)

    def reset_cause(self) -> str:
        return self._cause

    def start_watchdog(self, limit_ms: int) -> None:
        """Raises SensorFault where nobody watches."""
        self._watched = True
        if self._notify:
            self._say("READY=1\nWATCHDOG_USEC=%d" % (limit_ms * 1000))
        else:
            self._open_watchdog(min(limit_ms // 1000, LONGEST_TIMEOUT_S))
        self.feed()

    def feed(self) -> None:
        if not self._watched:
            return
        if self._notify:
            self._say("WATCHDOG=1")
        elif self._watchdog is not None:
            os.write(self._watchdog, b"\0")

    def random(self, count: int) -> bytes:
        """The kernel's, which is seeded before any service starts."""
        return os.urandom(count)

    def _open_watchdog(self, limit_s):
        try:
            if self._watchdog is None:
                self._watchdog = os.open(self._device, os.O_WRONLY | os.O_CLOEXEC)
            fcntl.ioctl(self._watchdog, SET_TIMEOUT, struct.pack("i", max(1, limit_s)))
        except OSError as error:
            raise SensorFault(
                "nobody watches this module: it is no service of systemd, and %s cannot be had (%s); start it as the "
                "service dermis-module" % (self._device, error.strerror)
            )

    def _say(self, what):
        address = "\0" + self._notify[1:] if self._notify.startswith("@") else self._notify
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            try:
                sock.sendto(what.encode(), address)
            except OSError as error:
                raise SensorFault("systemd does not hear this module (%s); restart the service" % error.strerror)


def _cause_of_boot():
    """The service's first start since the machine's."""
    try:
        with open(BOOT_STATUS) as file:
            return "watchdog" if int(file.read()) & CARD_RESET else "power_on"
    except (OSError, ValueError):
        return "power_on"
