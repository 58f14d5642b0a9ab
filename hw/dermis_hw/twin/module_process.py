"""The module: its firmware on a MicroPython with a bounded heap, in a process of its own behind a terminal."""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Callable
from pathlib import Path

from dermis.core import twin_wire as wire

from .errors import TwinError

HEAP = "2m"  # what the ESP32-S3 leaves to Python of its 8 MB, with room to spare
# A terminal takes 4095 bytes before a write blocks.
PIECE = 1024
BACKLOG_LIMIT = 65536
READ_SIZE = 65536
DEVICE = Path(__file__).parent / "device"  # what the twin's MicroPython has and the unix port has not

# MicroPython: stay at the prompt when main ends, as a board does, but leave when main asks for a reset.
# The prompt is there before main, so that an interrupted or failing start ends at it too.
START_MAIN = """
import os
os.putenv("MICROPYINSPECT", "1")
try:
    import dermis.boot
    import {entry}
    {entry}.main()
except SystemExit:
    os.unsetenv("MICROPYINSPECT")
    raise
"""
# The same from flash, where the first programs lie.
START_FLASHED = """
import os
os.putenv("MICROPYINSPECT", "1")
import start
try:
    start.run({main}, globals())
except SystemExit:
    os.unsetenv("MICROPYINSPECT")
    raise
"""
START_PROMPT = 'import os\nos.putenv("MICROPYINSPECT", "1")\n'
START_CPYTHON = "import dermis.boot\nimport {entry}\n{entry}.main()\n"


def firmware_folder() -> Path:
    """Where the device package lies; it is found, not imported."""
    spec = importlib.util.find_spec("dermis")
    if spec is None or not spec.submodule_search_locations:
        raise TwinError("the firmware package `dermis` is not installed; run `make setup`")
    return Path(next(iter(spec.submodule_search_locations))).parent


def released_model() -> Path | None:
    """The newest released model, which a module carries from the line; None where there is none yet."""
    spec = importlib.util.find_spec("dermis_models")  # found, not imported: this room stands below it
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))).parent / "released"
    # The last by name, as in `dermis_host.released`, which loads no twin to know it: when a file was written says no
    # more than when it was copied.
    return max(folder.glob("*.tflite"), default=None)


def find_micropython() -> str | None:
    """The MicroPython to run: `DERMIS_MICROPYTHON`, one beside this Python, one on the path, or None.

    Raises TwinError when `DERMIS_MICROPYTHON` names none.
    """
    named = os.environ.get("DERMIS_MICROPYTHON")
    if named:
        found = shutil.which(named)
        if not found:
            raise TwinError(f"DERMIS_MICROPYTHON names {named}, which cannot be run; correct it or unset it")
        return found
    beside = Path(sys.executable).parent / "micropython"
    return shutil.which(str(beside)) or shutil.which("micropython")


def die_with_parent() -> Callable[[], None]:
    """A function for the child to call before it runs: take the terminal, and die when the parent dies."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    parent = os.getpid()
    set_death_signal = 1  # Linux: PR_SET_PDEATHSIG

    def prepare() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if libc is not None:
            libc.prctl(set_death_signal, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


class ModuleProcess:
    """One process after another. `interpreter`: path of a MicroPython, or None for CPython.

    `board_path`: the board file. `storage`: folder for CPython's files. `root`: the working folder.
    `model`: the .tflite that the module carries. `entry`: another program than `dermis.main`, as folder:module.
    """

    def __init__(
        self, interpreter: str | None, board_path: Path, storage: Path, root: Path, model: Path | None, entry: str = ""
    ):
        self._interpreter = interpreter
        self._board_path = board_path
        self._storage = storage
        self._root = root
        self._model = model
        self._entry_folder, _, entry_module = entry.rpartition(":")
        self._entry = entry_module or "dermis.main"
        self._process: subprocess.Popen | None = None
        self._master = -1
        self.backlog = bytearray()
        self.status: int | None = None  # of the process that ended last

    @property
    def kind(self) -> str:
        return "micropython" if self._interpreter else "cpython"

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def fileno(self) -> int:
        return self._master

    def wants(self) -> int:
        return select.POLLIN | (select.POLLOUT if self.backlog else 0)

    def start(self, *, main: bool = True, from_flash: bool = False) -> tuple[socket.socket, socket.socket]:
        """Start it and return our ends of its channel and of its flash chip's. Without `main`, at MicroPython's prompt.
        `from_flash`: what lies there, as on a board, and nothing of the sources.

        Raises TwinError when the interpreter cannot be run.
        """
        self.stop()
        channels = [socket.socketpair(), socket.socketpair()]
        theirs = [their.fileno() for _, their in channels]
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self._console_interrupts(slave, not main)
        os.set_blocking(self._master, False)
        for descriptor in theirs:
            os.set_blocking(descriptor, True)
        try:
            self._process = subprocess.Popen(
                self._command(main, from_flash),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                cwd=self._root,
                env=self._environment(theirs[0], theirs[1], from_flash),
                pass_fds=theirs,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        except OSError as problem:
            os.close(self._master)
            self._master = -1
            for our, _ in channels:
                our.close()
            raise TwinError(f"the interpreter {self._interpreter} cannot be run: {problem.strerror}") from problem
        finally:
            os.close(slave)
            for _, their in channels:
                their.close()
        return channels[0][0], channels[1][0]

    def stop(self) -> None:
        """Kill it with all that it started; its exit status is in `status`."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self.status = self._process.wait()
        os.close(self._master)
        self._process, self._master = None, -1
        self.backlog.clear()

    def firmware_reads_console(self, ours: bool) -> None:
        """Whether 0x03 is a byte for the firmware, or an interrupt."""
        if self._process is not None:
            self._console_interrupts(self._master, not ours)

    def receive(self) -> bytes | None:
        """Bytes from the module, b"" when it has ended, None when there is nothing yet."""
        try:
            return os.read(self._master, READ_SIZE)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        self.backlog += data

    def flush(self) -> None:
        """Pass on as much of the backlog as the terminal takes."""
        try:
            while self.backlog:
                del self.backlog[: os.write(self._master, self.backlog[:PIECE])]
        except BlockingIOError:
            return
        except OSError:
            self.backlog.clear()  # the process has just ended; its end is seen at the next read

    def _command(self, main: bool, from_flash: bool) -> list[str]:
        if not self._interpreter:
            return [sys.executable, "-c", START_CPYTHON.format(entry=self._entry)]
        if from_flash:
            program = START_FLASHED.format(main=main)
        else:
            program = START_MAIN.format(entry=self._entry) if main else START_PROMPT
        return [self._interpreter, "-X", f"heapsize={HEAP}", "-c", program]

    def _environment(self, channel: int, flash: int, from_flash: bool) -> dict[str, str]:
        """Only what is named here: nothing of the host's environment may tell the firmware what it looks at."""
        folder = firmware_folder()
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        environment[wire.CHANNEL_VARIABLE], environment[wire.FLASH_VARIABLE] = str(channel), str(flash)
        environment["TERM"] = "dumb"
        if from_flash:  # the board file and the model lie there too
            environment["MICROPYPATH"] = f"{DEVICE}:{folder}:{folder / 'lib'}:.frozen"
            return environment
        extra = f":{self._entry_folder}" if self._entry_folder else ""
        environment["DERMIS_BOARD"] = str(self._board_path)
        environment["DERMIS_STORAGE"] = str(self._storage)
        if self._model:
            environment["DERMIS_MODEL"] = str(self._model)
        if self._interpreter:
            environment["MICROPYPATH"] = f"{extra}:{folder}:{folder / 'lib'}:{DEVICE}:.frozen"
        else:
            environment["PYTHONPATH"] = f"{folder}{extra}"
            environment["PYTHONUNBUFFERED"] = "1"
        return environment

    @staticmethod
    def _console_interrupts(descriptor: int, on: bool) -> None:
        mode = termios.tcgetattr(descriptor)
        mode[3] = mode[3] | termios.ISIG if on else mode[3] & ~termios.ISIG
        for key in (termios.VQUIT, termios.VSUSP):
            mode[6][key] = b"\0"
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
