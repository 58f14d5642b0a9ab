"""`dermis evaluate --rig` with `keep`: what is kept are the bursts that were judged, and they replay to the verdict."""

import hashlib
import json
import shlex
import time

import numpy as np
import pytest
from dermis.core import access, errors, release
from dermis_host import recording as recordings
from dermis_host.access import sealed
from dermis_host.access.keyring import Keyring
from dermis_host.access.sealed import Secrets
from dermis_host.cli import main
from dermis_host.commands import replay as replay_command
from dermis_host.errors import DeviceCodeError, HostError, RecordingError
from dermis_host.evaluation import on_rig, plan, replays, running, stand
from fake_module import Refused
from locked_module import SERIAL, LockedModule
from rig_evaluations import rows
from rig_of_fakes import MODEL_FILE, TARGETS, Bench, RigModule, toml

ONE = '[rig]\n[[rig.target]]\nshow = "ada"\nkind = "bona_fide"\n'
BOTH = ONE + '[[rig.target]]\nshow = "bo"\nkind = "bona_fide"\n'
REFUSED = ("attack", ["flat", "screen"], 8602)  # what `replayed` says of ada
PASSED = ("bona_fide", [], 9500)  # and of the others


def findings(*reasons):
    return {"findings": [("attack", reason) for reason in reasons], "usable": True, "score": 9500,
            "evidence": {"swir": True}, "verdict": "attack", "reasons": [], "stages_us": {}}  # fmt: skip


@pytest.fixture
def module():
    with RigModule() as made:
        made.bursts["ada"] = 1  # two strong reasons
        made.answers.update(ada=REFUSED, bo=PASSED, mask=PASSED)
        yield made


@pytest.fixture
def replayed(monkeypatch):
    """What the device's code says of kept bursts: of ada's, an attack of two reasons, though she is none."""
    asked = []

    def replay(bursts, model, *, features_only=False, tell=None, **_):
        asked.append([each.truth["target"] for each in bursts])
        return [findings(*(["flat", "screen"] if each.truth["target"] == "ada" else [])) for each in bursts]

    # Imported above: while the other is patched, it would take that one for its own and keep it.
    monkeypatch.setattr(replay_command, "replay", replay)
    monkeypatch.setattr("dermis_host.replaying.replay", replay)
    return asked


def keeping(tmp_path, what, text):
    path = toml(tmp_path, text)
    path.write_text(path.read_text().replace('"none"', f'"{what}"'))
    return path


def numbers(folder):
    """Recording -> the number of the module's burst that it is, by its frames and by its header."""
    found = {}
    for path in sorted((folder / "recordings").iterdir()):
        kept = recordings.load(path)
        by_frames = {int(pixels[0, 0]) for pixels in kept.frames.values()}
        assert by_frames == {kept.meta["temperature_cc"] - 2500} and len(kept.frames) == 6
        found[path.name] = by_frames.pop()
    return found


def test_failures_are_kept_and_replay_by_one_command(tmp_path, module, replayed, monkeypatch, capsys):
    path = keeping(tmp_path, "failures", "[rig]\n" + TARGETS)
    bench = Bench(module)
    monkeypatch.setattr(on_rig.rig, "load", lambda _: bench.description)
    folder = tmp_path / "out"
    assert main(["evaluate", str(path), "--rig", "bench.toml", "-o", str(folder), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    found = {row["attempt"]: row for row in rows(folder)}
    assert found["ada-1"]["recording"] == "recordings/ada-1-0.npz"
    assert found["mask-1"]["recording"] == "recordings/mask-1-0.npz" and not found["bo-1"]["recording"]
    assert "module DM1-0007 (esp32s3, firmware 0.9.0), model model.tflite" in result["report"]["target"]
    of_ada, of_mask = [judged for judged in module.judged if len(judged) == 1], numbers(folder)
    assert of_mask.pop("ada-1-0.npz") == of_ada[0][0]
    assert list(of_mask) == ["mask-1-0.npz", "mask-1-1.npz"] and list(of_mask.values()) in module.judged
    assert result["simulated"] is False and any("means over its bursts" in remark for remark in result["remarks"])
    assert len(result["replay"]) == 2 and not (folder / "incidents.txt").exists()
    (command,) = [each for each in result["replay"] if "mask" in each]
    words = shlex.split(command)
    assert words[:3] == ["dermis", "replay", "--presentation"]
    assert words[-2:] == ["--model", str(tmp_path / "model.tflite")]
    assert main([*words[1:], "--json"]) == 0  # bona fide again
    answer = json.loads(capsys.readouterr().out)
    (presentation,) = answer["presentations"]
    assert (presentation["name"], presentation["verdict"], presentation["bursts"]) == ("mask-1", "bona_fide", 2)
    assert (presentation["said"], presentation["differs"]) == ("bona_fide", "") and len(answer["results"]) == 2
    (command,) = [each for each in result["replay"] if "ada" in each]
    assert main(shlex.split(command)[1:]) == 10
    assert "ada-1: attack flat, screen, 1 burst(s), profile border; the module said attack (flat) (screen)" in (
        " ".join(capsys.readouterr().out.split())
    )


def test_of_failures_alone_the_last_burst_is_fetched(tmp_path, go, module, replayed):
    """What went well costs the frames of the bursts before the last, as nobody could know how it would end."""
    go(keeping(tmp_path, "failures", "[rig]\n" + TARGETS), Bench(module))
    a_frame = -(-76800 // 3000)
    fetched = {"ada": 1, "bo": 1, "photo": 1, "mask": 2}
    assert module.parts == 6 * a_frame * sum(fetched.values())
    assert sorted(replayed) == [["ada"], ["mask", "mask"]] and "verify" not in module.asked


def test_all_are_kept_where_the_plan_says_so(tmp_path, go, module, replayed):
    session = go(keeping(tmp_path, "all", BOTH), Bench(module))
    assert sorted(numbers(tmp_path / "out")) == ["ada-1-0.npz", "bo-1-0.npz", "bo-1-1.npz"] and not session.told
    truth = recordings.load(tmp_path / "out" / "recordings" / "bo-1-1.npz").truth or {}
    assert (truth["burst"], truth["said"]) == (1, {"verdict": "bona_fide", "reasons": [], "score": 9500, "bursts": 2})


def test_what_a_stopped_run_left_of_an_attempt_is_not_mixed_with_it(tmp_path, go, module, replayed, monkeypatch):
    path, own = keeping(tmp_path, "all", BOTH), running.Run._row

    def stopped(run, presentation, results):
        row = own(run, presentation, results)
        if presentation.attempt == "bo-1":
            raise KeyboardInterrupt  # its recordings are there, its row is not
        return row

    module.bursts["bo"] = 3
    monkeypatch.setattr(running.Run, "_row", stopped)
    with pytest.raises(KeyboardInterrupt):
        go(path, Bench(module))
    assert "bo-1-2.npz" in numbers(tmp_path / "out")
    monkeypatch.setattr(running.Run, "_row", own)
    module.bursts["bo"] = 2
    go(path, Bench(module))
    assert list(numbers(tmp_path / "out")) == ["ada-1-0.npz", "bo-1-0.npz", "bo-1-1.npz"]
    assert list(numbers(tmp_path / "out").values())[1:] in module.judged


def test_a_module_that_is_busy_after_a_long_verification_is_waited_for(tmp_path, go, module, replayed, monkeypatch):
    """Fetching its frames took longer than anybody waits for a busy module."""
    monkeypatch.setattr(stand, "BUSY_S", 1.0)

    def busy():
        time.sleep(stand.BUSY_S)
        raise Refused(errors.RC_BUSY, "the module is busy with verify; ask again when that has ended")

    module.busy, module.at_burst = busy, {2: "busy"}
    go(keeping(tmp_path, "all", ONE.replace("ada", "bo")), Bench(module))
    assert [row["verdict"] for row in rows(tmp_path / "out")] == ["bona_fide"]


def test_without_recordings_the_module_is_asked_for_a_verdict_at_once(tmp_path, go, module):
    go(toml(tmp_path, BOTH), Bench(module))
    assert "verify_step" not in module.asked and "burst_part" not in module.asked


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("attack", ["flat"], 9500), "verdict bona_fide instead of attack; reasons none instead of flat"),
        (("bona_fide", [], 9499), "score 9500 instead of 9499"),
    ],
)
def test_bursts_that_replay_to_something_else_are_told(tmp_path, go, module, replayed, capsys, said, words):
    module.answers["bo"] = said
    session = go(keeping(tmp_path, "all", BOTH), Bench(module))
    (line,) = session.told
    assert line.startswith("bo-1, bench: ") and words in line and "defect" in line
    path = tmp_path / "out" / "recordings" / "bo-1-0.npz"
    command = ["replay", "--presentation", str(path), "--model", str(tmp_path / "model.tflite")]
    assert rows(tmp_path / "out")[-1]["recording"] and main(command) == 0
    assert f"under another firmware (0.9.0): {words}" in " ".join(capsys.readouterr().out.split())
    for each in (path, path.with_name("bo-1-1.npz")):
        kept = recordings.load(each)
        kept.module = {**(kept.module or {}), "firmware": release.VERSION}
        kept.save(each)
    assert main(command) == 1 and words in " ".join(capsys.readouterr().err.split())
    (tmp_path / "model.tflite").write_bytes(b"another model")  # of which the module said nothing
    assert main(command) == 0
    path.unlink()  # one burst of two says something else with good reason
    (tmp_path / "model.tflite").write_bytes(MODEL_FILE)
    assert main([*command[:2], str(path.with_name("bo-1-1.npz")), *command[3:]]) in (0, 11)


def test_a_last_burst_that_cannot_be_had_leaves_the_verdict(tmp_path, go, module, replayed):
    path = keeping(tmp_path, "all", ONE + "repeats = 2\n")
    module.at_part = {3: "hangs_up"}
    session = go(path, Bench(module))
    found = rows(tmp_path / "out")
    assert [row["verdict"] for row in found] == ["attack", "attack"]
    assert [bool(row["recording"]) for row in found] == [False, True]
    assert len(session.told) == 1 and "ada-1, bench: no recordings are kept" in session.told[0]


@pytest.mark.parametrize(("fate", "reason"), [("resets", "reset"), ("hangs_up", "silent")])
def test_a_module_that_goes_away_between_two_bursts_gave_no_verdict(tmp_path, go, module, replayed, fate, reason):
    path = keeping(tmp_path, "all", ONE.replace("ada", "bo") + "repeats = 2\n")
    module.at_burst = {2: fate}
    go(path, Bench(module))
    first, second = rows(tmp_path / "out")
    assert (first["verdict"], first["reasons"], first["score"], first["recording"]) == ("no_decision", reason, "", "")
    assert second["verdict"] == "bona_fide" and sorted(numbers(tmp_path / "out")) == ["bo-2-0.npz", "bo-2-1.npz"]


def test_frames_that_do_not_come_between_two_bursts_leave_no_verdict(tmp_path, go, module, replayed):
    module.at_part = {3: "hangs_up"}
    go(keeping(tmp_path, "all", ONE.replace("ada", "bo") + "repeats = 2\n"), Bench(module))
    assert [(row["verdict"], row["reasons"]) for row in rows(tmp_path / "out")] == [
        ("no_decision", "silent"), ("bona_fide", ""),
    ]  # fmt: skip


def test_a_verification_that_the_module_gave_up_is_begun_anew_a_few_times(tmp_path, go, module, replayed):
    path = keeping(tmp_path, "all", ONE.replace("ada", "bo"))
    module.at_burst = {2: "loses", 4: "loses"}
    session = go(path, Bench(module))
    assert module.judged[-1] == [5, 6] and list(numbers(tmp_path / "out").values()) == [5, 6]
    assert len(session.told) == 2 and "begun anew" in session.told[0] and "goes on after that burst" in session.told[0]
    module.at_burst = dict.fromkeys((8, 10, 12), "loses")
    with pytest.raises(HostError, match="no verification goes on"):
        go(path, Bench(module), folder=tmp_path / "other")


def test_a_fault_in_place_of_a_burst_is_told_and_not_replayed(tmp_path, go, module, replayed, capsys):
    module.at_burst = {2: "fails"}
    session = go(keeping(tmp_path, "all", ONE.replace("ada", "bo")), Bench(module))
    (row,) = rows(tmp_path / "out")
    assert (row["verdict"], row["reasons"]) == ("no_decision", "sensor_fault") and not session.told and not replayed
    path = tmp_path / "out" / row["recording"]
    assert numbers(tmp_path / "out") == {"bo-1-0.npz": 1}
    main(["replay", "--presentation", str(path), "--model", str(tmp_path / "model.tflite")])
    assert "no_decision (sensor_fault): the imager is silent" in " ".join(capsys.readouterr().out.split())
    module.at_burst = {3: "fails"}  # before there is any
    go(keeping(tmp_path, "all", ONE.replace("ada", "bo")), Bench(module), folder=tmp_path / "other")
    assert rows(tmp_path / "other")[0]["recording"] == ""


def test_recordings_that_cannot_be_replayed_here_are_kept(tmp_path, go, module, monkeypatch):
    def replay(*_, **__):
        raise DeviceCodeError("There is no MicroPython.")

    monkeypatch.setattr("dermis_host.replaying.replay", replay)
    session = go(keeping(tmp_path, "all", ONE), Bench(module))
    assert list(numbers(tmp_path / "out")) == ["ada-1-0.npz"] and "kept and not replayed" in session.told[0]


def test_a_firmware_that_cannot_do_it_is_told(tmp_path, go, module):
    def unknown(_):
        raise Refused(errors.RC_NOT_SUPPORTED, "there is no message with group 68")

    module.handlers["verify_step"] = unknown
    with pytest.raises(HostError, match=r'The firmware 0\.9\.0 of DM1-0007 gives no bursts .*keep = "none"'):
        go(keeping(tmp_path, "all", ONE), Bench(module))


def test_a_verdict_that_lacks_something_is_none(tmp_path, go, module):
    own = module.handlers["verify_step"]

    def lacking(fields):
        answer = own(fields)
        answer["verdict"].pop("score", None)
        return answer

    module.handlers["verify_step"] = lacking
    session = go(keeping(tmp_path, "all", ONE), Bench(module))
    assert "does not fit the table of messages (field score" in session.told[0]
    assert rows(tmp_path / "out")[0]["verdict"] == "no_decision"


def test_recordings_of_a_module_in_the_field_are_sealed(tmp_path, go, replayed, monkeypatch):
    """By an installed keyring: the module opens a session and its frames, and nothing of them lies open."""
    monkeypatch.delenv("DERMIS_KEYRING", raising=False)
    ring = Keyring.create(tmp_path / "ring")
    device = LockedModule("field")
    keys = {role: ring.role_key(SERIAL, role) for role in access.ROLES}
    device.keys._held = {**keys, "verdict": b"", "station": [], "update": [], "osdp": b"", "fleet": ""}
    path = keeping(tmp_path, "failures", ONE)
    says = RigModule()
    says.standing, says.answers["ada"], says.bursts["ada"] = "ada", REFUSED, 2
    own = {"verify_step": says.handlers["verify_step"], "identity": lambda _: {**says.identity(), "state": "field"}}
    with device.open(**own) as fake:
        says.url = fake.url
        go(path, Bench(says), keyring=ring)
    assert ("verify_step", "bench") in device.asked and len(says.judged) == 1
    (row,) = rows(tmp_path / "out")
    kept = tmp_path / "out" / row["recording"]
    opened = recordings.load(kept, Secrets(ring))
    assert sealed.file_is_sealed(kept) and (opened.truth or {})["presentation"] == "ada-1"
    assert np.ptp(opened.frames["dark"]) > 0
    with pytest.raises(RecordingError, match="is sealed under a keyring"):
        recordings.load(kept)
    made = plan.load(path)
    (command,) = replays.of_failures(tmp_path / "out" / "presentations.csv", made, {row["module"]: ring.path})
    assert command.endswith(f"--keyring {ring.path}")
    assert hashlib.sha256(MODEL_FILE).hexdigest().startswith(says.model_hash)
