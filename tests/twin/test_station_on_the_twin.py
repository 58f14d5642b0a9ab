"""The station on the twin: a module from its serial number to its label, and the ends that need a module.

The live procedure before a twin belongs to test_calibrate.py: here its bursts are composed, for the same module.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dermis.core import calibration
from dermis_host import cli
from dermis_host.access.keyring import Keyring
from dermis_host.building import signing
from dermis_host.calibration import procedure, targets
from dermis_host.module import Module
from dermis_host.station import unit_record
from dermis_hw import scenes
from dermis_hw.module_instance import draw
from dermis_models.modules import SimulatedBench

pytest.importorskip("openhtf", reason="the extra eol is not installed: pip install 'dermis[eol]'")

SEED = 7
PROVISIONING = "provisioning.toml"
LIMIT_S = 60.0


@pytest.fixture(scope="module")
def bench(make_shared_twin, tmp_path_factory):
    """A running twin of a drawn module and the folder of a station that stands on it."""
    twin = make_shared_twin("line", provider=None, scene=scenes.builtin("target_white"), module=draw(SEED))
    folder = tmp_path_factory.mktemp("station")
    # The twin's fixture without its climate chamber: temperature points belong to tests of the calibration.
    fixture = [line for line in targets.BUILT_IN_FILE.read_text().splitlines() if not line.startswith("temperatures_c")]
    (folder / "fixture.toml").write_text("\n".join(fixture) + "\n")
    flash = f"[flash]\ncommand = [{sys.executable!r}, '-c', 'print(\"flashed\")']\n"
    (folder / "station.toml").write_text(
        f'id = "line-1"\ntwin = "{twin.state_dir}"\nfixture = "fixture.toml"\noperator = "ada"\n{flash}'
    )
    return twin, folder


def _words(folder: Path, serial: str, file: str = "station.toml") -> list[str]:
    return ["station", "--config", str(folder / file), "--serial", serial, "--yes", "--json"]


def _run(folder: Path, serial: str, capsys, file: str = "station.toml") -> tuple[int, dict, str]:
    code = cli.main(_words(folder, serial, file))
    told = capsys.readouterr()
    return code, json.loads(told.out), told.err


def test_another_serial_number_touches_nothing(bench, capsys):
    twin, folder = bench
    code, told, complained = _run(folder, "DM1-9999", capsys)
    assert code == 1 and told["outcome"] == "unfinished"
    assert [cause["name"] for cause in told["causes"]] == ["wrong_serial"]
    assert draw(SEED).serial in complained and len(complained.strip().splitlines()) == 1
    with Module(twin.url) as module:
        assert not module.calibration_state().records


def test_ctrl_c_in_the_middle_leaves_a_record_and_the_module_as_it_was(bench):
    twin, folder = bench
    scene = twin.status()["scene"]
    # A shell's background job ignores SIGINT, and so would its children.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "dermis_host.cli", *_words(folder, draw(SEED).serial)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heard,
    )
    until = time.monotonic() + LIMIT_S
    while twin.status()["scene"] == scene and time.monotonic() < until:  # the calibration has begun
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=LIMIT_S)
    told = json.loads(said)
    assert process.returncode == 130 and told["causes"][0]["name"] == "stopped"
    assert unit_record.read(Path(told["folder"]) / "unit.json").outcome == "unfinished"
    assert twin.status()["scene"] == scene
    with Module(twin.url) as module:
        assert not module.calibration_state().records


def test_a_module_from_its_serial_number_to_its_label(bench, capsys, monkeypatch):
    twin, folder = bench
    live = procedure.run

    def composed(_bench, *given, **options):
        return live(SimulatedBench(draw(SEED), seed=SEED), *given, **options)

    monkeypatch.setattr(procedure, "run", composed)
    signing.new_key(folder / "update.pem")
    ring = Keyring.create(folder / "ring", fleet="harbour", update_keys=[folder / "update.pem"])
    plain = (folder / "station.toml").read_text()
    (folder / PROVISIONING).write_text(f'keyring = "ring"\nprovision = true\n{plain}')
    code, told, complained = _run(folder, draw(SEED).serial, capsys, PROVISIONING)
    assert code == 0, complained
    place = Path(told.pop("folder"))
    record = unit_record.read(place / "unit.json")
    assert [(phase.name, phase.outcome) for phase in record.phases] == [
        (name, "passed") for name in ("prepare", "flash", "self-test", "calibrate", "verify", "label")
    ]
    assert record.retest == 0 and record.flash.exit_code == 0 and record.flash.output == "flashed\n"
    verdicts = {one.name: one.value for one in record.measurements if one.expected in ("bona_fide", "attack")}
    assert verdicts == {"verdict on bona_fide_light": "bona_fide", "verdict on silicone_mask_3mm": "attack"}
    files = {attachment.file for attachment in record.attachments}
    assert files == {path.name for path in place.iterdir()} - {"unit.json"}
    assert any(one.bench for one in record.measurements)
    assert {one.name: one.value for one in record.measurements}["keys"] == "harbour"
    with Module(twin.url, keyring=ring) as module:
        state, posture = module.calibration_state(), module.posture()
        calibration.decode(module.calibration_record(), {calibration.key_id(key): key for key in [_station_key(ring)]})
    assert (posture.state, posture.fleet, posture.defaults) == ("field", "harbour", [])
    assert record.calibration.slot == state.in_force == "factory"
    assert record.calibration.hash == state.hash == record.calibration.in_force


def _station_key(ring: Keyring) -> bytes:
    return ring.station_key(draw(SEED).serial)


def test_a_station_without_the_keyring_leaves_a_unit_of_the_field_alone(bench, capsys):
    _, folder = bench
    code, told, complained = _run(folder, draw(SEED).serial, capsys)
    assert code == 1 and told["outcome"] == "unfinished" and "--keyring" in complained


def test_a_module_that_goes_away_is_unfinished_and_a_retest(bench, capsys, monkeypatch):
    twin, folder = bench
    live = procedure.run

    def cut(bench, *given, **options):
        twin.kill_module()
        return live(bench, *given, **options)

    monkeypatch.setattr(procedure, "run", cut)
    code, told, complained = _run(folder, draw(SEED).serial, capsys, PROVISIONING)
    assert code == 1 and told["outcome"] == "unfinished" and told["retest"] == 1
    assert told["causes"][0]["name"] in ("module_restarted", "second_host", "unplugged", "no_answer"), complained
    twin.reset()
    with Module(twin.url) as module:
        state = module.calibration_state()
    assert state.in_force == "factory" and len(state.records) == 1
