"""Under DERMIS_STRICT=1 a skip fails the run, wherever it happens: CI must install what its tests need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SKIPS = {
    "in a test": "import pytest\ndef test_it():\n    pytest.skip('a tool is missing')\n",
    "by a mark": "import pytest\n@pytest.mark.skipif(True, reason='a tool is missing')\ndef test_it():\n    pass\n",
    "of a whole file": "import pytest\npytest.importorskip('no_such_module_anywhere')\ndef test_it():\n    pass\n",
}


def run(folder: Path, text: str, strict: bool) -> subprocess.CompletedProcess:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_passes.py").write_text("def test_that_passes():\n    pass\n")
    (folder / "test_skips.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)],
        env={**os.environ, "DERMIS_STRICT": "1" if strict else "0"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("where", SKIPS)
def test_a_skip_fails_a_strict_run_only(tmp_path, where):
    strict = run(tmp_path, SKIPS[where], strict=True)
    assert strict.returncode != 0
    assert "allows no skip" in strict.stdout
    assert run(tmp_path, SKIPS[where], strict=False).returncode == 0


@pytest.mark.parametrize("there_is_one", [True, False])
def test_only_a_python_too_new_for_tflite_runtime_excuses(tmp_path, there_is_one):
    text = f"""import pytest
import tests.coral.environment
tests.coral.environment.base_python = lambda: {"python3.11" if there_is_one else None!r}
@pytest.mark.tflite_runtime
def test_it():
    pytest.skip('pip failed')
"""
    assert (run(tmp_path, text, strict=True).returncode != 0) == there_is_one
