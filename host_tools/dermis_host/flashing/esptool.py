"""esptool as a process: started, listened to, ended; its progress as numbers, its complaints as sentences."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from dermis_host.errors import EXIT_INTERRUPTED, HostError
from dermis_host.flashing import complaints
from dermis_host.flashing.complaints import CONNECT, ERASE, WRITE

# `-m` of a wrapper that brings our RFC 2217 client along; tests put a fake in its place.
COMMAND: tuple[str, ...] = (sys.executable, "-m", "dermis_host.flashing.esptool_process")
CHIP = "esp32s3"
CHIPS = (CHIP,)
BAUD = 921600  # of a USB-to-UART bridge; native USB and TCP ignore it

LOOK_S = 0.1
SILENT_S = 60.0  # esptool's own limits are shorter, but for erasing
ERASE_S = 300.0  # of 5.75 MiB: the slowest flash takes 2 s for 64 KiB
END_S = 3.0
KEPT_BYTES = 65536  # of what it said
PROGRESS = re.compile(r"Writing at 0x([0-9a-f]+).*?\s([0-9.]+)%")
VERIFIED = "Hash of data verified"


class Found(NamedTuple):
    """The chip that a loader tells of. flash: such as 16MB, empty when it could not be told; mac: with colons."""

    chip: str
    mac: str
    flash: str

    @property
    def flash_mib(self) -> int:
        number, unit = re.match(r"(\d*)(.*)", self.flash).groups()  # pyright: ignore[reportOptionalMemberAccess]
        return int(number) if number and unit == "MB" else 0


class Stopped(HostError):
    """Somebody ended it."""

    exit_code = EXIT_INTERRUPTED


OnProgress = Callable[[int, float], None]


def _no_progress(offset: int, part: float) -> None:
    """The default: nobody looks."""


class Esptool:
    """esptool on one port.

    on_line: takes what it says, a line at a time. stop: set by another thread, ends what runs (raises Stopped).
    """

    def __init__(
        self,
        port: str,
        chip: str = CHIP,
        baud: int = BAUD,
        on_line: Callable[[str], None] | None = None,
        stop: threading.Event | None = None,
    ):
        self.port = port
        self._chip = chip
        self._words = ["--port", port, "--baud", str(baud)]
        self._on_line = on_line or (lambda line: None)
        self._stop = stop or threading.Event()

    def find(self) -> Found:
        """Who is there; nothing is written, and the chip stays in its loader."""
        said = self._run(["--after", "no-reset"], ["flash-id"], CONNECT, SILENT_S)
        return Found(
            _field(said, r"Connected to (\S+) on|Chip is (\S+)"),
            _field(said, r"MAC:\s+([0-9a-f:]{17})"),
            _field(said, r"Detected flash size:\s+(\S+)"),
        )

    def leave(self) -> None:
        """Starts what the chip has in its flash, whichever chip it is."""
        self._run(["--after", "hard-reset"], ["read-mac"], CONNECT, SILENT_S, chip="auto")

    def erase(self, offset: int, size: int) -> None:
        """Erase a region; the chip stays in its loader."""
        self._run(["--after", "no-reset"], ["erase-region", hex(offset), hex(size)], ERASE, ERASE_S)

    def write(self, files: Sequence[tuple[int, Path]], flash_size: str, on_progress: OnProgress = _no_progress) -> None:
        """Write files at offsets, have the loader hash what lies in the flash then, and reset the chip.

        flash_size: what the bootloader is told, such as 16MB. on_progress: (offset of the file, part of it written).
        Raises HostError when not every file was verified.
        """
        words = ["write-flash", "--flash-size", flash_size]
        for offset, path in files:
            words += [hex(offset), str(path)]
        starts = sorted(offset for offset, _ in files)

        def line(text: str) -> None:
            if found := PROGRESS.search(text):
                at = int(found[1], 16)
                begun = [start for start in starts if start < at] or starts[:1]
                on_progress(begun[-1], float(found[2]) / 100)

        said = self._run(["--after", "hard-reset"], words, WRITE, SILENT_S, line)
        if said.count(VERIFIED) != len(files):
            raise complaints.FlashFailed(
                f"esptool verified {said.count(VERIFIED)} of {len(files)} parts on {self.port}: run the same command "
                "again."
            )

    def _run(
        self,
        before: list[str],
        words: list[str],
        stage: str,
        silent_s: float,
        on_text: Callable[[str], None] | None = None,
        chip: str = "",
    ) -> str:
        """What it said. Raises HostError when it fails, falls silent, or is stopped; it has ended then."""
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "240"}
        try:
            process = subprocess.Popen(
                [*COMMAND, "--chip", chip or self._chip, *self._words, *before, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        except OSError as problem:
            raise HostError(
                f"esptool cannot be started ({problem.strerror or problem}): {complaints.INSTALL}"
            ) from None
        assert process.stdout
        heard = _Lines(process.stdout)
        said: list[str] = []
        try:
            for line in heard.until_the_end(silent_s, self._stop):
                if line is None:
                    raise complaints.silent(self.port, stage, silent_s)
                said.append(line)
                self._on_line(line)
                if on_text:
                    on_text(line)
            if self._stop.is_set():
                raise Stopped(f"Stopped; {self.port}: {complaints.LEFT_BEHIND[stage]}.")
            try:
                code = process.wait(END_S)
            except subprocess.TimeoutExpired:
                raise complaints.silent(self.port, stage, END_S) from None
        finally:
            _end(process)
        whole = "\n".join(said)[-KEPT_BYTES:]
        if code:
            raise complaints.complaint(whole, self.port, stage)
        return whole


class _Lines(threading.Thread):
    """Reads a pipe in a thread, so that a silent one does not hold us."""

    def __init__(self, pipe: IO[bytes]):
        super().__init__(daemon=True)
        self._pipe = pipe
        self._blocks: queue.Queue[bytes] = queue.Queue()
        self.start()

    def run(self) -> None:
        with self._pipe:
            while block := os.read(self._pipe.fileno(), 4096):
                self._blocks.put(block)
        self._blocks.put(b"")

    def until_the_end(self, silent_s: float, stop: threading.Event):
        """Lines as they come; None, and the end, after a silence. Ends early when `stop` is set."""
        pending = b""
        last = time.monotonic()
        while not stop.is_set():
            try:
                block = self._blocks.get(timeout=LOOK_S)
            except queue.Empty:
                if time.monotonic() - last > silent_s:
                    yield None
                    return
                continue
            last = time.monotonic()
            if not block:
                if pending:
                    yield _clean(pending)
                return
            *lines, pending = re.split(rb"[\r\n]", pending + block)
            yield from (_clean(line) for line in lines if line.strip())


def _clean(line: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line.decode("utf-8", "replace")).rstrip()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing is left that writes to a module."""
    for end in (process.terminate, process.kill):
        if process.poll() is not None:
            return
        end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_S)


def _field(said: str, pattern: str) -> str:
    found = re.search(pattern, said)
    return next((group for group in found.groups() if group), "") if found else ""
