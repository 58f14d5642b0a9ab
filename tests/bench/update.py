"""Throughput of an upload: ours and smpmgr's on one link, in one run.

`python -m tests.bench update`: a twin with a build in its flash; the same image goes up by each program in turn, over
the twin's pseudo-terminal, because smpmgr takes no URL; ours over RFC 2217 besides. Between two uploads the slot is
erased. The time of an upload alone is ours to measure from inside; smpmgr's is what it took less what an echo took. The
module's processor time is printed beside it: on a desktop the module, which takes packets apart in Python, is what the
wall clock measures, and it shares its processors; a board's USB is slower than that.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dermis_host.building import build, signing
from dermis_host.module import Module
from dermis_hw.twin import Twin

from tests.twin.flashed import write_built

FACE = "dermis_hw.twin.synthetic:face"
ROUNDS = 3
KIB = 1024
# As it comes, smpmgr fills two lines of 128 bytes a packet; told what the module takes, it fills the module's buffer.
SMPMGR = {
    "smpmgr, told of the module's buffer": ["--line-length", "128", "--line-buffers", "32"],
    "smpmgr, as it comes": [],
}
TIMEOUT_S = 300


class Run(NamedTuple):
    """One upload: seconds of the wall clock, seconds of the module's processor."""

    wall_s: float
    module_s: float


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench update", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="uploads of each (default: %(default)s)")
    rounds = parser.parse_args(words).rounds
    smpmgr = shutil.which("smpmgr") or shutil.which(str(Path(sys.executable).parent / "smpmgr"))
    if not smpmgr:
        print("smpmgr is not installed: `make setup` installs it from Python 3.11 on", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = build("twin", None, folder / "built")
        image = folder / "later.img"
        image.write_bytes(_later(built.image))
        write_built(folder / "twin", built)
        link = folder / "module"
        with Twin(folder / "twin", provider=FACE, pty=link) as twin:
            return _compare(twin, link, image, smpmgr, rounds)


def _compare(twin: Twin, link: Path, image: Path, smpmgr: str, rounds: int) -> int:
    data = image.read_bytes()
    with Module(twin.url) as module:
        pid = twin.status()["module_pid"]
        parameters = module.parameters()
    print(f"image of {len(data)} bytes; packets of {parameters.buf_size} bytes; simulated: a twin, not a board")
    echo_s = min(_timed(lambda: _smpmgr(smpmgr, link, [], "os", "echo", "a")) for _ in range(2))
    ways: dict[str, Callable[[], float]] = {
        "dermis update, on the same pty": lambda: _ours(str(link), data),
        "dermis update, over RFC 2217": lambda: _ours(twin.url, data),
    }
    for title, given in SMPMGR.items():
        upload = ("image", "upload", str(image))
        ways[title] = lambda given=given, upload=upload: _timed(lambda: _smpmgr(smpmgr, link, given, *upload)) - echo_s
    found: dict[str, list[Run]] = {title: [] for title in ways}
    for _ in range(rounds):
        for title, way in ways.items():
            if title == "smpmgr, as it comes" and found[title]:
                continue  # minutes, and it only shows what its own defaults cost
            with Module(str(link)) as module:
                module.image_erase()
            before = _processor_s(pid)
            wall_s = way()
            found[title].append(Run(wall_s, _processor_s(pid) - before))
            with Module(str(link)) as module:
                held = module.image_state().images[-1]
            if held["hash"] != signing.file_image(data).hash:
                print(f"{title}: what arrived is not what was sent", file=sys.stderr)
                return 1
    for title, runs in found.items():
        wall = statistics.median(run.wall_s for run in runs)
        module_s = statistics.median(run.module_s for run in runs)
        spread = " ".join(f"{run.wall_s:.1f}" for run in runs)
        print(
            f"  {title:38} {len(data) / KIB / wall:6.1f} KiB/s  ({spread} s; the module's processor {module_s:.1f} s)"
        )
    return 0


def _ours(port: str, data: bytes) -> float:
    with Module(port) as module:
        buf_size = module.parameters().buf_size
        return _timed(lambda: module.upload_image(data, hashlib.sha256(data).digest(), buf_size))


def _smpmgr(program: str, link: Path, given: list[str], *words: str) -> None:
    command = [program, "--port", str(link), "--timeout", "20", *given, *words]
    made = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    if made.returncode:
        raise SystemExit(f"smpmgr failed: {made.stdout[-500:]}{made.stderr[-500:]}")


def _later(image: Path) -> bytes:
    """The same image under a later version: another hash, the same size."""
    from dermis.core import manifest

    data = image.read_bytes()
    read = signing.file_image(data)
    fields = {**read.manifest._asdict(), "version": "0.9.0"}
    encoded = manifest.encode(
        {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    )
    body = data[read.body_offset : read.body_offset + read.body_size]
    return signing.signed(body, encoded, read.security_counter, "0.9.0+0", signing.development_key())


def _timed(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def _processor_s(pid: int) -> float:
    """Seconds that a process has computed so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
