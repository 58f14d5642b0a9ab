"""QEMU's Xtensa core: its memory, and running it until it reaches a breakpoint, over the GDB remote protocol."""

from __future__ import annotations

import re
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAM = "qemu-system-xtensa"
MISSING = f"{PROGRAM} is missing: install Debian's qemu-system-misc (7.2 or later) to run the Xtensa core model."
CORE = "de233_fpu"  # windowed registers, 32-bit multiply and divide, as the ESP32-S3's LX7; RAM at 0
CLOCK_KHZ = 40_000  # of this core in QEMU's board "sim"
# One instruction is 2**5 ns of virtual time, hence 1.28 steps of CCOUNT: more than one, so that every instruction
# shows. `sleep=off`, as otherwise time passes on the host's clock too, and counts drift.
SHIFT = 5
CCOUNT_PER_MILLION = CLOCK_KHZ << SHIFT
MILLION = 1_000_000
START_LIMIT_S = 20
ANSWER_LIMIT_S = 60  # the longest kernel takes a tenth of a second
PACKET_BYTES = 1024  # of memory; QEMU takes packets of 4,096 characters


NEWER = (8, 1)  # QEMU's version from which the option for single instructions has another name


class MachineError(Exception):
    """QEMU does not do what is asked of it; the message says what."""


def is_installed() -> bool:
    return shutil.which(PROGRAM) is not None


def one_at_a_time() -> tuple[str, ...]:
    """Options that make QEMU translate single instructions.

    Within a longer block of translated code QEMU (7.2 at least) may take a MAC16 operand register as it was before an
    earlier instruction of the block loaded it.
    """
    told = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version (\d+)\.(\d+)", told)
    if found is None:
        raise MachineError(f"{PROGRAM} does not tell its version.")
    newer = (int(found[1]), int(found[2])) >= NEWER
    return ("-accel", "tcg,one-insn-per-tb=on") if newer else ("-singlestep",)


class Machine:
    """A stopped core with empty memory. A context manager; raises MachineError when QEMU does not start."""

    def __init__(self) -> None:
        if not is_installed():
            raise MachineError(MISSING)
        self._socket = socket.socket(socket.AF_UNIX)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gdb"
            command = [
                PROGRAM,
                "-M",
                "sim",
                "-cpu",
                CORE,
                "-icount",
                f"shift={SHIFT},sleep=off",
                "-S",
                *one_at_a_time(),
            ]
            command += ["-chardev", f"socket,id=gdb,path={path},server=on,wait=off", "-gdb", "chardev:gdb"]
            command += ["-display", "none", "-monitor", "none", "-serial", "none"]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                self._connect(path)
                self._ask("?")
            except BaseException:
                self.close()
                raise

    def _connect(self, path: Path) -> None:
        limit = time.monotonic() + START_LIMIT_S
        while self._socket.connect_ex(str(path)):
            if self._process.poll() is not None or time.monotonic() > limit:
                raise MachineError(f"{PROGRAM} does not start with -cpu {CORE}: it must be of version 7.2 or later.")
            time.sleep(0.01)

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.close()

    def _ask(self, request: str) -> str:
        self._socket.sendall(b"$%s#%02x" % (request.encode(), sum(request.encode()) & 255))
        received = b""
        while True:
            start = received.find(b"$")
            end = received.find(b"#", start)
            if start >= 0 and 0 <= end <= len(received) - 3:  # two digits of checksum follow
                break
            if not select.select([self._socket], [], [], ANSWER_LIMIT_S)[0]:
                raise MachineError(f"The core has not come to an end within {ANSWER_LIMIT_S} s.")
            part = self._socket.recv(1 << 16)
            if not part:
                raise MachineError(f"{PROGRAM} has ended.")
            received += part
        self._socket.sendall(b"+")
        return received[start + 1 : end].decode()

    def write(self, address: int, data: bytes) -> None:
        for start in range(0, len(data), PACKET_BYTES):
            part = data[start : start + PACKET_BYTES]
            if self._ask(f"M{address + start:x},{len(part):x}:{part.hex()}") != "OK":
                raise MachineError(f"The core has no memory at {address + start:#x}.")

    def read(self, address: int, count: int) -> bytes:
        starts = range(0, count, PACKET_BYTES)
        return b"".join(
            bytes.fromhex(self._ask(f"m{address + start:x},{min(PACKET_BYTES, count - start):x}")) for start in starts
        )

    def write_words(self, address: int, *values: int) -> None:
        """Writes 32-bit words, modulo 2**32."""
        self.write(address, struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values)))

    def read_words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", self.read(address, 4 * count))

    def break_at(self, address: int) -> None:
        if self._ask(f"Z0,{address:x},3") != "OK":
            raise MachineError("QEMU refuses a breakpoint.")

    def run_from(self, address: int) -> None:
        """Runs until a breakpoint. Other registers than the program counter, the first, stay as they are."""
        self._set_counter(address)
        self._ask("c")

    def step_from(self, address: int, stop: int) -> int:
        """Runs one instruction at a time until `stop`; their number. Slow, and owes nothing to any clock."""
        self._set_counter(address)
        steps = 0
        while struct.unpack("<I", bytes.fromhex(self._ask("g")[:8]))[0] != stop:
            self._ask("s")
            steps += 1
        return steps

    def _set_counter(self, address: int) -> None:
        self._ask("G" + struct.pack("<I", address).hex())


def retired(ccount: int) -> int:
    """Instructions since reset at a reading of CCOUNT, floor(n * 1.28): each reading belongs to one n.

    Raises MachineError for a reading that belongs to none: time has passed otherwise than by instructions.
    """
    count = -(-ccount * MILLION // CCOUNT_PER_MILLION)
    if count * CCOUNT_PER_MILLION // MILLION != ccount:
        raise MachineError("The core's clock does not follow its instructions: this QEMU does not count exactly.")
    return count
