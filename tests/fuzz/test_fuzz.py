"""What was found once is mended and stays so: every kept input, under CPython and, for the device's parsers, under
MicroPython in the device's own heap with the same outcome; and inputs that are drawn, the same each time."""

from __future__ import annotations

import importlib.util
import struct
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given

from tests.campaign.interpreter import environment, micropython
from tests.fuzz import __main__ as command
from tests.fuzz import campaign, device, keeping, promises, targets

FUZZ = Path(__file__).parent
NAMES = list(targets.TARGETS)
DEVICE = [name for name in NAMES if targets.TARGETS[name].device]
EXAMPLES, EXAMPLES_OF_SLOW = 25, 4
SLOW = ("server", "recording")
HEAP = "2m"  # the device's
MOST_CORPUS = 1_000_000  # bytes


@pytest.mark.parametrize("name", NAMES)
def test_what_was_found_before(name):
    check = targets.Check(targets.TARGETS[name])
    for path in keeping.kept([name]):
        try:
            with targets.bounded():
                check(path.read_bytes(), traced=True)
        except Exception as problem:
            raise AssertionError(f"{path} fails again") from problem


@pytest.mark.parametrize("name, before", [("spectrum", b"800,"), ("fixture", b"nm,factor\n"), ("scores", b"1,")])
def test_a_field_longer_than_pythons_csv_takes(name, before):
    assert targets.Check(targets.TARGETS[name])(before + b"a" * 140_000) is False


def test_the_device_does_what_cpython_does(tmp_path):
    files = keeping.kept(DEVICE)
    assert files, "there is no corpus"
    pack = tmp_path / "inputs"
    with open(pack, "wb") as out:
        for path in files:
            name, data = path.parent.name.encode(), path.read_bytes()
            out.write(bytes((len(name),)) + name + struct.pack("<I", len(data)) + data)
    result = subprocess.run(
        [micropython(), "-X", f"heapsize={HEAP}", str(FUZZ / "replay.py"), str(pack)],
        env=environment(),
        capture_output=True,
        timeout=120,
    )
    lines = result.stdout.decode().splitlines()
    assert result.returncode == 0 and len(lines) == len(files), (lines[-1:], result.stderr)
    for number, (path, line) in enumerate(zip(files, lines, strict=True)):
        expected = f"{number}\t{device.outcome(path.parent.name, path.read_bytes())}"
        assert line == expected, path


@pytest.mark.parametrize("name", NAMES)
def test_damaged_inputs(name):
    from tests.fuzz import strategies

    check = targets.Check(targets.TARGETS[name])

    @keeping.quiet(EXAMPLES_OF_SLOW if name in SLOW else EXAMPLES)
    @given(strategies.of(name))
    def tried(data):
        check(data)

    tried()
    assert check.accepted + check.refused


def test_the_corpus_is_small():
    assert sum(path.stat().st_size for path in keeping.kept(NAMES)) < MOST_CORPUS
    assert {path.name for path in targets.CORPUS.iterdir()} <= set(targets.TARGETS)


# What would count as a failure is seen as one.


def checked(monkeypatch, run, *refusals):
    monkeypatch.setitem(device.PARSERS, "cbor", (run, refusals))
    return targets.Check(targets.TARGETS["cbor"])


def test_an_exception_that_nobody_documented_is_a_failure(monkeypatch):
    def run(_):
        raise KeyError("x")

    with pytest.raises(KeyError):
        checked(monkeypatch, run, ValueError)(b"")
    assert checked(monkeypatch, run, KeyError)(b"") is False


def test_a_refusal_without_a_word_is_a_failure(monkeypatch):
    def run(_):
        raise ValueError

    with pytest.raises(promises.Broken, match="0 characters"):
        checked(monkeypatch, run, ValueError)(b"")


def test_an_input_that_takes_long_is_a_failure(monkeypatch):
    clock = iter((0.0, 9.0))
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    with pytest.raises(targets.Slow, match=r"9\.0 s"):
        checked(monkeypatch, len)(b"")


def test_an_allocation_that_a_length_asked_for_is_a_failure(monkeypatch):
    def run(_):
        return len(bytes(targets.DEVICE_BYTES + 1000))

    with pytest.raises(promises.Broken, match="allocate"):
        checked(monkeypatch, run)(b"")


def test_a_parser_that_does_not_round_trip_is_a_failure(monkeypatch):
    from dermis.core import cbor

    monkeypatch.setattr(cbor, "dumps", lambda _: b"\x05")
    with pytest.raises(promises.Broken):
        targets.Check(targets.TARGETS["cbor"])(b"\x06")


def test_repeat_tells_what_comes_of_a_file(tmp_path, capsys, monkeypatch):
    good = tmp_path / "utc-1"
    good.write_bytes(b"2026-01-31T12:00:00Z")
    assert command.main(["--repeat", str(good)]) == 0 and "accepts" in capsys.readouterr().out
    good.write_bytes(b"x")
    assert command.main(["--repeat", str(good)]) == 0 and "refuses" in capsys.readouterr().out
    monkeypatch.setitem(device.PARSERS, "utc", (lambda _: 1 / 0, ()))
    assert command.main(["--repeat", str(good)]) == 1 and "fails" in capsys.readouterr().out
    assert command.main(["--repeat", str(tmp_path / "other")]) == 2


def test_a_python_without_atheris_and_an_interrupted_run_are_told_in_a_sentence(tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    words = ["utc", "--work", str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert command.main(words) == 2 and "no atheris" in capsys.readouterr().err
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    monkeypatch.setattr(campaign, "run", interrupted)
    assert command.main(words) == command.INTERRUPTED and "Interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--seconds -1", "--executions 0", "--seconds 5 --executions 5"])
def test_a_run_without_length_is_wrong_usage(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(words.split())
    assert "more than 0" in capsys.readouterr().err


def test_a_finding_is_read_from_what_the_process_left(tmp_path):
    said = "INFO: x\n#2 INITED cov: 5 ft: 7 corp: 1/1b exec/s: 0\nKeyError: 'x'\n==5== ERROR: libFuzzer: y\n"
    assert campaign._why(said) == "KeyError: 'x'"
    report = tmp_path / "report"
    report.write_text('{"accepted": 3, "refused": 1, "seconds": 1.0, "memory": [[10, 5], [50, 1000], [99, 4000]]}')
    said = "#90\tDONE   cov: 5 ft: 7 corp: 2/9b exec/s: 0\nstat::number_of_executed_units: 100\n"
    result = campaign._result(targets.TARGETS["cbor"], said, report, 2.0)
    assert (result.executions, result.edges, result.features, result.corpus) == (100, 5, 7, 2)
    assert (result.accepted, result.growth) == (75, 3995)


@pytest.mark.parametrize(
    "code, said, growth, why, finding",
    [
        (0, "stat::number_of_executed_units: 9\n", 0, "", ""),
        (0, "stat::number_of_executed_units: 0\n", 0, "before it was given an input", ""),
        (0, "", 0, "before it was given an input", ""),
        (None, "", 0, "was not started", ""),
        (0, "stat::number_of_executed_units: 9\n", 49 << 20, "grew by 49 MB", ""),
        (77, "KeyError: 'x'\n==5== ERROR: libFuzzer: y\nTest unit written to a b/utc-1\n", 0, "KeyError", "a b/utc-1"),
        (1, "MemoryError\n", 0, "MemoryError", ""),
    ],
)
def test_a_target_that_was_not_tried_is_not_done(tmp_path, code, said, growth, why, finding):
    result = campaign._result(targets.TARGETS["utc"], said, tmp_path / "report", 1.0)
    result.growth = growth
    judged = campaign._judged(result, code, said, tmp_path / "log")
    assert (why in judged.why) and bool(judged.why) == bool(why) and judged.finding == finding


@pytest.mark.parametrize("name", NAMES)
def test_libfuzzer_begins_with_an_input_that_is_accepted(name):
    """One longer than what it may draw would be cut, and nothing behind the first refusal ever be reached."""
    from tests.fuzz import samples

    target = targets.TARGETS[name]
    check = targets.Check(target)
    assert any(len(data) <= target.longest and check(data, traced=False) for data in samples.of(name))
