"""The other side of a tty: a pseudo-terminal in real time, with a thread that reads it."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import termios
import threading
import time
import tty

QUIET_S = 0.05


class OtherSide:
    """path: of the tty. reading: whether somebody reads here. echoing: what was read goes back."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.reading, self.echoing = True, False
        self._got, self._ended = bytearray(), False
        self._reader = threading.Thread(target=self._read_on, daemon=True)
        self._reader.start()

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def got(self) -> bytes:
        """What came since this was asked last, once no more comes."""
        length = -1
        while length != len(self._got):
            length = len(self._got)
            time.sleep(QUIET_S)
        data, self._got = bytes(self._got), bytearray()
        return data

    def speed(self) -> int:
        """Of the tty, in baud."""
        code = termios.tcgetattr(self.master)[5]
        return next(int(name[1:]) for name, value in vars(termios).items() if name[1:].isdigit() and value == code)

    def leave(self) -> None:
        """As when its cable is pulled."""
        if not self._ended:
            self._ended = True
            self._reader.join()
            os.close(self.slave)
            os.close(self.master)

    def _read_on(self) -> None:
        while not self._ended:
            if not self.reading:
                time.sleep(QUIET_S / 5)
            elif select.select((self.master,), (), (), QUIET_S)[0]:
                with contextlib.suppress(OSError):
                    data = os.read(self.master, 65536)
                    self._got += data
                    if self.echoing:
                        os.write(self.master, data)
