"""Every scene that ships, before a calibrated module: the verdict and the reason that its file expects.

A rig shows what its targets can be; the twin renders them all. `--scene FILE` adds scenes of your own.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from dermis_host.demo import runner
from dermis_hw import scenes

# One of each way a verdict falls, for `make test`; all of them are `make hil`'s.
SHORT = ("bona_fide_medium_spectacles", "silicone_mask_3mm", "photo_matte", "empty")

pytestmark = [pytest.mark.needs("scene"), pytest.mark.render]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scene_file" not in metafunc.fixturenames:
        return
    options = metafunc.config.getoption("scene") or []
    given = [Path(name).resolve() for name in options]
    cases = [pytest.param(path, id=path.stem) for path in given]
    for name in [] if given else runner.scene_names(None):
        marks = () if name in SHORT else (pytest.mark.thorough,)
        cases.append(pytest.param(scenes.builtin(name), id=name, marks=marks))
    metafunc.parametrize("scene_file", cases)


def test_verdict_and_reason(calibrated, module, scene_file):
    name = scene_file.stem
    built_in = scenes.shipped().get(name) == scene_file
    if built_in and name not in calibrated.targets.names():
        pytest.skip(f"The targets of {calibrated.name} cannot be {name}.")
    expected = scenes.load(scene_file).expect
    assert expected is not None, f"{scene_file} has no [expect]"
    calibrated.targets.show(name if built_in else scene_file)
    verdict = module.verify()
    assert expected.met_by(verdict.verdict, verdict.reasons), (expected, verdict)
    assert verdict.calibration == module.identity().calibration


@pytest.mark.thorough
@pytest.mark.needs("light")
def test_a_lamp_at_the_face_makes_no_attack_bona_fide(calibrated, module):
    """Whatever light there is: an instrument stays one, or there is no decision."""
    calibrated.targets.show("silicone_mask_3mm")
    for klux in (0.0, 5.0, 100.0):
        calibrated.light.set(klux)
        assert module.verify().verdict != "bona_fide", f"at {klux} klux"
