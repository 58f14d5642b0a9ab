"""Every file of tests/unit whose name starts with `test_shared_` runs a second time under `micropython`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"


def micropython() -> str:
    found = os.environ.get("DERMIS_MICROPYTHON") or shutil.which("micropython")
    beside_python = Path(os.sys.executable).parent / "micropython"  # type: ignore[attr-defined]
    if not found and beside_python.exists():
        found = str(beside_python)
    if not found:
        pytest.skip("no micropython for this platform; DERMIS_MICROPYTHON names one")
    return found


@pytest.mark.parametrize("path", sorted(HERE.rglob("test_shared_*.py")), ids=lambda path: path.stem)
def test_same_file_under_micropython(path):
    result = subprocess.run(
        [micropython(), "-X", "heapsize=16m", str(HERE / "mpy_runner.py"), str(path)],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen"},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ok test_" in result.stdout
