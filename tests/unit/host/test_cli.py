"""The command line: exit codes, one sentence on stderr, one JSON object on stdout, never a traceback."""

from __future__ import annotations

import functools
import importlib
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from dermis_host import cli, verdicts
from dermis_host.commands import COMMANDS
from fake_module import FakeModule, Refused
from PIL import Image
from test_module import VERDICT


def run(capsys, *words):
    """(exit code, stdout, stderr) of one command."""
    code = cli.main(list(words))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err and "a fault of these tools" not in captured.err
    return code, captured.out, captured.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_and_says_how_to_use_it(name, capsys):
    module = importlib.import_module(f"dermis_host.commands.{name}")
    assert module.__doc__ and callable(module.run) and callable(module.add_arguments)
    code, out, _ = run(capsys, name, "--help")
    assert code == 0 and COMMANDS[name].split()[0] in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required"),
        (("nothing-like-it",), "invalid choice"),
        (("info", "--what"), "unrecognized"),
        (("info",), "Name a port"),
        (("capture", "-p", "x"), "--output"),
        (("verify", "-p", "x", "--nonce", "xyz"), "not hex"),
        (("verify", "-p", "x", "--nonce", "00" * 33), "33 bytes"),
        (("verify", "-p", "x", "--time-limit-ms", "-1"), "negative"),
        (("watch", "-p", "x", "--count", "0"), "1 or more"),
        (("replay", "/no/such.npz"), "no file"),
        (("calibrate",), "WORD"),
        (("calibrate", "run", "-p", "x"), "person"),
        (("calibrate", "run", "-p", "x", "--yes"), "--twin"),
        (("calibrate", "run", "-p", "x", "--twin", "a", "--script", "b"), "name one"),
        (("calibrate", "run", "--twin", "a", "--fresh", "--redo", "dark"), "--redo"),
        (("calibrate", "run", "--twin", "a", "--operator", "x" * 41), "40 characters"),
        (("calibrate", "run", "--twin", "a", "--fixture", "/no/such.toml"), "fixture"),
        (("calibrate", "run", "--twin", "a", "--key", "/no/such.key"), "key file"),
        (("calibrate", "show", "/no/such.cal"), "no file"),
        (("calibrate", "show"), "Name a port"),
        (("calibrate", "diff", "here", "there"), "no record of the module"),
        (("calibrate", "commit", "/no/such", "-p", "x"), "no file"),
        (("calibrate", "import", "/no/such.cal", "-p", "x"), "no file"),
        (("calibrate", "verify", "-p", "x", "--target", "moon"), "grey_75"),
        (("twin", "--port", "99999"), "TCP port"),
        (("twin", "--scene", "no-such-scene"), "no built-in scene"),
        (("twin", "--scene", "/no/such.toml"), "no scene file"),
        (("demo", "--scenes", "moon"), "no scene moon"),
        (("demo", "--seed", "-1"), "negative"),
    ],
)
def test_wrong_usage_is_two_and_one_sentence(capsys, monkeypatch, words, said):
    monkeypatch.delenv("DERMIS_PORT", raising=False)
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "") and said in err
    assert len(err.strip().splitlines()) == 1 and err.startswith("dermis: ")


def test_wrong_usage_under_json_is_an_object_too(capsys):
    for words in (("info", "--json", "--what"), ("verify", "--json", "-p", "x", "--nonce", "xyz")):
        code, out, err = run(capsys, *words)
        assert code == 2 and json.loads(out)["exit_code"] == 2 and len(err.splitlines()) == 1


@pytest.mark.parametrize(("words", "an_object"), [(("--json",), True), (("--json", "lot.json"), False)])
def test_a_report_that_goes_to_a_file_is_refused_on_stderr_alone(capsys, words, an_object):
    code, out, err = run(capsys, "station", "lot", "/no/such", *words)
    assert code and bool(out) == an_object and len(err.splitlines()) == 1


def test_a_failed_selftest_gives_its_checks_and_no_second_object(capsys):
    with FakeModule(selftest=lambda _: {"ok": False, "checks": [{"name": "imager", "ok": False}]}) as fake:
        code, out, _ = run(capsys, "selftest", "-p", fake.url, "--json")
    assert code == 1 and json.loads(out)["checks"][0]["name"] == "imager"


def test_the_command_can_be_interrupted_before_heavy_imports():
    """Until `main` runs, a Ctrl-C is a traceback: what is imported by then must be little."""
    listed = "import sys, dermis_host.cli; print(*{'numpy', 'serial', 'smp', 'rich', 'PIL'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


@pytest.mark.parametrize(("verdict", "code"), [("bona_fide", 0), ("attack", 10), ("no_decision", 11)])
def test_exit_code_and_json_of_a_verdict(capsys, verdict, code):
    with FakeModule(verify=lambda _: {**VERDICT, "verdict": verdict}) as fake:
        found, out, err = run(capsys, "verify", "-p", fake.url, "--json", "--nonce", "0102")
    assert found == code and err == ""
    answer = json.loads(out)
    assert (answer["verdict"], answer["nonce"], answer["stages_us"]) == (verdict, "0102", {"capture": 500000})


def test_verdict_for_people(capsys):
    with FakeModule(verify=lambda _: VERDICT) as fake:
        _, out, _ = run(capsys, "verify", "-p", fake.url)
    for part in ("attack", "flat", "score 12", "relief", "1 mm", "capture"):
        assert part in out


def test_several_verdicts_fail_closed():
    assert verdicts.worst(["bona_fide", "bona_fide"]) == 0
    assert verdicts.worst(["bona_fide", "no_decision"]) == 11
    assert verdicts.worst(["no_decision", "attack", "bona_fide"]) == 10


def test_info_selftest_and_capture(capsys, tmp_path):
    checks = [
        {"name": "imager", "ok": True, "value": 1, "unit": "", "low": 0, "high": 2},
        {"name": "thermometer", "ok": True, "value": 2550, "unit": "1/100 degree Celsius", "low": -2000, "high": 7000},
        {"name": "led 970", "ok": False, "value": 0, "unit": "counts", "low": 5, "todo": "replace the LED"},
    ]
    with FakeModule() as fake:
        code, out, _ = run(capsys, "info", "-p", fake.url, "--json")
    assert code == 0 and json.loads(out)["serial"] == "DM1-0007"
    with FakeModule(selftest=lambda _: {"ok": False, "checks": checks}) as fake:
        code, out, err = run(capsys, "selftest", "-p", fake.url)
    assert code == 1 and "replace the LED" in out and "led 970" in err
    assert "25.5 degree Celsius" in out and "-20 .. 70" in out
    path = tmp_path / "burst.npz"
    with FakeModule() as fake:
        code, out, _ = run(capsys, "capture", "-p", fake.url, "-o", str(path), "--json")
    assert code == 0 and json.loads(out)["bytes"] == path.stat().st_size
    code, _, err = run(capsys, "capture", "-p", "x", "-o", str(path))
    assert code == 2 and "--force" in err


def test_watch_prints_an_object_a_line(capsys):
    def watch(fields):
        if fields["on"]:
            fake.say(b'{"event": "verdict", "verdict": "attack", "score": 3}\n' * 2)
        return {"on": fields["on"]}

    with FakeModule(watch=watch) as fake:
        code, out, _ = run(capsys, "watch", "-p", fake.url, "--count", "2", "--json")
    assert code == 0 and [json.loads(line)["score"] for line in out.splitlines()] == [3, 3]


def test_devices_probes_what_is_named(capsys):
    with FakeModule() as fake:
        code, out, _ = run(capsys, "devices", fake.url, "socket://127.0.0.1:1", "--json")
    named = {device["port"]: device for device in json.loads(out)["devices"]}
    assert code == 0 and named[fake.url]["serial"] == "DM1-0007"
    assert "refused" in named["socket://127.0.0.1:1"]["why"]


def test_failures_of_the_module_are_one_and_one_sentence(capsys):
    def refuse(_):
        raise Refused(6, "calibrate the module first")

    with FakeModule(verify=refuse) as fake:
        code, out, err = run(capsys, "verify", "-p", fake.url, "--json")
    assert code == 1 and "bad_state" in err and "calibrate the module first" in err
    failure = json.loads(out)
    assert failure["exit_code"] == 1 and err == f"dermis: {failure['error']}\n"
    code, out, err = run(capsys, "info", "-p", "/dev/no-such-port")
    assert (code, out) == (1, "") and len(err.strip().splitlines()) == 1
    assert "(No such file or directory)" in err


@pytest.fixture
def images(tmp_path):
    dots = np.random.default_rng(1).integers(0, 255, (96, 128), dtype=np.uint8)
    Image.fromarray(dots).save(tmp_path / "reference.png")
    Image.fromarray(np.roll(dots, 3, axis=1)).save(tmp_path / "frame.png")
    Image.fromarray(dots[:50]).save(tmp_path / "small.png")
    (tmp_path / "no.png").write_text("no image")
    return tmp_path


def depth_words(folder, **changes):
    values = {
        "reference": folder / "reference.png",
        "frame": folder / "frame.png",
        "focal-px": 100,
        "baseline-mm": 50,
        "reference-mm": "inf",
        "min-disparity": -8,
        "max-disparity": 8,
        **changes,
    }
    return [word for name, value in values.items() for word in (f"--{name}", str(value))]


def test_depth_of_a_shifted_pattern(capsys, images):
    out_path, preview = images / "out.npz", images / "out.png"
    words = depth_words(images, output=out_path, preview=preview)
    code, out, _ = run(capsys, "depth", *words, "--json")
    assert code == 0 and json.loads(out)["valid_fraction"] > 0.5
    with np.load(out_path, allow_pickle=False) as found:
        assert sorted(found.files) == ["confidence", "depth_mm", "disparity_px", "u_px", "v_px", "valid"]
        valid = found["valid"]
        assert np.allclose(found["disparity_px"][valid], 3, atol=0.15)
        assert np.allclose(found["depth_mm"][valid], 100 * 50 / 3, rtol=0.05)
        assert np.array_equal(np.isnan(found["depth_mm"]), ~valid)
        assert np.all(np.diff(found["u_px"], axis=1) > 0) and np.all(np.diff(found["v_px"], axis=0) > 0)
    with Image.open(preview) as image:
        assert image.mode == "RGB"


def test_depth_with_the_projector_on_the_other_side_sees_nothing(capsys, images):
    code, out, _ = run(capsys, "depth", *depth_words(images, projector="minus"), "--json")
    assert code == 0 and json.loads(out)["valid_fraction"] == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"frame": "no.png"}, "no image"),
        ({"frame": "none.png"}, "no file"),
        ({"frame": "small.png"}, "of one size"),
        ({"focal-px": 0}, "--focal-px"),
        ({"baseline-mm": "nan"}, "--baseline-mm"),
        ({"reference-mm": -450}, "--reference-mm"),
        ({"window": 8}, "odd"),
        ({"heap": "lots"}, "no size"),
        ({"heap": "99999999m"}, "this computer has"),
        ({"heap": "100k"}, "--heap"),
    ],
)
def test_depth_refuses_with_a_sentence(capsys, images, changes, said):
    changes = {name: images / value if name == "frame" else value for name, value in changes.items()}
    code, out, err = run(capsys, "depth", *depth_words(images, **changes))
    assert code in (1, 2) and out == "" and said in err
    assert len(err.strip().splitlines()) == 1


def test_device_code_under_cpython_says_so_once(capsys, images, monkeypatch):
    monkeypatch.setattr("dermis_host.device_code.find_micropython", lambda: None)
    code, out, err = run(capsys, "depth", *depth_words(images), "--json")
    assert code == 0 and json.loads(out)["interpreter"] == "cpython"
    assert err.count("no MicroPython") == 1


def test_a_micropython_that_is_not_there_is_said(capsys, images, monkeypatch):
    monkeypatch.setenv("DERMIS_MICROPYTHON", "/no/such/micropython")
    for words in (("depth", *depth_words(images)), ("twin", "--state", str(images)), ("demo", "--scenes", "empty")):
        code, _, err = run(capsys, *words)
        assert code == 2 and "DERMIS_MICROPYTHON" in err


def test_ctrl_c_ends_a_command_with_130():
    with FakeModule(verify=lambda _: None) as fake:
        command = [sys.executable, "-m", "dermis_host.cli", "verify", "-p", fake.url]
        # A shell's background job ignores SIGINT, and so would its children.
        heard = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
        until = time.monotonic() + 20
        while "verify" not in fake.asked and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert process.returncode == 130 and "Traceback" not in err


def test_a_recording_or_array_cut_short_is_wrong_usage(capsys, tmp_path):
    path = tmp_path / "cut.npz"
    np.savez(path, input_0=np.zeros((1, 4), np.int8))
    path.write_bytes(path.read_bytes()[:100])
    for words in (("infer", "model.tflite", str(path), "-o", str(tmp_path / "out")), ("replay", str(path))):
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "") and str(path) in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_full_disk_under_stdout_is_one_sentence(more):
    command = [sys.executable, "-m", "dermis_host.cli", "devices", *more]
    with open("/dev/full", "w") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert found.returncode == 1 and found.stderr == "dermis: No space left on device.\n"


@pytest.mark.parametrize("command", ["twin", "demo"])
def test_without_the_simulation_it_is_said_what_to_install(capsys, monkeypatch, command):
    monkeypatch.setattr("dermis_host.twin_access.SIMULATION", ("no_such_renderer",))
    code, out, err = run(capsys, command)
    assert (code, out) == (1, "") and "pip install 'dermis[sim]'" in err
    assert len(err.strip().splitlines()) == 1


def test_nobody_answers_where_no_twin_runs(capsys, tmp_path):
    for words in (("twin", "status"), ("twin", "stop"), ("twin", "fault", "clear"), ("twin", "scene", "empty")):
        code, out, err = run(capsys, *words, "--state", str(tmp_path))
        assert (code, out) == (1, "") and "no twin runs" in err.lower()
    code, _, err = run(capsys, "calibrate", "run", "--twin", str(tmp_path), "--yes")
    assert code == 1 and "no twin runs" in err.lower()
