"""A twin's module is calibrated as a technician does it: by the command, before the rendered targets."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from dermis_host.calibration import targets
from dermis_host.rig import Rig

from tests.hil.support.command import Dermis

FOLDER = "calibration"  # in the rig's folder: what `calibrate run` writes


def calibrate(rig: Rig) -> Path:
    """The folder of the run, committed."""
    folder = rig.folder / FOLDER
    dermis, twin = Dermis(rig), ("--twin", rig.folder)
    fixture = _at_one_temperature(rig.folder / "fixture")
    dermis("calibrate", "run", *twin, "--yes", "--fixture", fixture, "--output", folder, port=False)
    dermis("calibrate", "commit", folder, *twin, port=False)
    return folder


def _at_one_temperature(folder: Path) -> Path:
    """The built-in fixture without its warm and cold steps, which take their time and which tests/twin has."""
    folder.mkdir()
    for table in targets.BUILT_IN_FILE.parent.glob("*.csv"):
        shutil.copy(table, folder)
    fixture = folder / "fixture.toml"
    fixture.write_text(re.sub(r"temperatures_c = .*", "", targets.BUILT_IN_FILE.read_text()))
    return fixture
