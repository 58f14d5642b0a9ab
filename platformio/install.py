"""PlatformIO without its registry: `make pio`, or `python platformio/install.py`.

PlatformIO takes its build tool as a package of its own, which only its registry has. That package is the SCons of PyPI
beside three small files, which are written here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parent / "build" / "pio"
CORE = FOLDER / "core"  # as platformio.ini has it
PACKAGE = "tool-scons"
START = """import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import SCons.Script

SCons.Script.main()
"""
# Run by the environment's Python, which alone has PlatformIO: the version that it asks for, and where its SCons lies.
ASK = """import json, os, SCons
from platformio.dependencies import get_core_dependencies
print(json.dumps([get_core_dependencies()["tool-scons"], os.path.dirname(SCons.__file__)]))
"""


def install() -> Path:
    """The path of `pio`; installs it unless these pins are installed. Raises subprocess.CalledProcessError."""
    pins = (HERE / "requirements.txt").read_text()
    environment, stamp = FOLDER / "venv", FOLDER / "installed.txt"
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    if stamp.exists() and stamp.read_text() == pins:
        return scripts / "pio"
    venv.create(environment, with_pip=True, clear=True)
    python = str(scripts / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(HERE / "requirements.txt")], check=True)
    asked = subprocess.run([python, "-c", ASK], check=True, capture_output=True, text=True)
    wanted, sources = json.loads(asked.stdout)
    _pack(CORE / "packages" / PACKAGE, wanted.lstrip("~"), Path(sources))
    # What a build machine does is nobody else's business.
    quiet = [scripts / "pio", "settings", "set", "enable_telemetry", "no"]
    subprocess.run(quiet, check=True, cwd=HERE.parent, stdout=subprocess.DEVNULL)
    stamp.write_text(pins)
    return scripts / "pio"


def _pack(package: Path, version: str, sources: Path) -> None:
    """The package as PlatformIO would have unpacked it from its registry."""
    package.mkdir(parents=True, exist_ok=True)
    link = package / "SCons"
    link.unlink(missing_ok=True)
    link.symlink_to(sources, target_is_directory=True)
    (package / "scons.py").write_text(START)
    named = {"name": PACKAGE, "version": version}
    (package / "package.json").write_text(json.dumps({**named, "description": "SCons of PyPI"}))
    spec = {"owner": "platformio", "id": None, "name": PACKAGE, "requirements": None, "uri": None}
    (package / ".piopm").write_text(json.dumps({"type": "tool", **named, "spec": spec}))


if __name__ == "__main__":
    print(install())
