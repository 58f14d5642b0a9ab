"""The campaign of damaged models finds what is planted: its own small run, and each kind of fault."""

import os
import random
import stat

import pytest

from tests.campaign import __main__ as campaigns
from tests.campaign import guarded, models, mutations
from tests.campaign.interpreter import micropython

COUNT = 120


def case(**fields):
    defaults = {"number": 0, "origin": "x", "how": "flip", "file": b"abc", "here": "ran 5 7", "there": "ran 5 7"}
    return models.Case(**{**defaults, **fields})


@pytest.fixture
def interpreter():
    try:
        return micropython()
    except SystemExit as missing:
        pytest.skip(str(missing))


def test_a_short_campaign_finds_no_fault(interpreter):
    report = models.campaign(COUNT, seed=11)
    assert report.cases == COUNT and report.faults == []
    assert report.outcomes["BadModel"] and report.outcomes["ran, guards whole, both answers equal"]
    assert f"{COUNT} damaged files" in report.text()


def test_a_planted_difference_is_found(interpreter, monkeypatch, capsys):
    right = guarded.outcome
    monkeypatch.setattr(guarded, "outcome", lambda *given, **named: right(*given, **named).replace("ran ", "ran 1"))
    assert models.main(["--count", "40", "--seed", "11"]) == 1
    assert "CPython gives 'ran 1" in capsys.readouterr().out


def test_files_at_fault_are_kept(interpreter, monkeypatch, tmp_path):
    monkeypatch.setattr(guarded, "outcome", lambda *_: "FAULT: planted")
    assert models.main(["--count", "2", "--first", "5", "--keep", str(tmp_path)]) == 1
    again = {f"1-{case.number}.tflite": case.file for case in models.cases(2, 1, 5)}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == again


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"there": "ran 5 8"}, "CPython gives 'ran 5 7', MicroPython 'ran 5 8'"),
        ({"there": "BadModel: no."}, "MicroPython 'BadModel"),
        ({"here": "BadModel: one.", "there": "BadModel: other."}, "'BadModel: other.'"),
        ({"there": ""}, "stopped"),
        ({"assembled": "BadModel: no."}, "for assembler kernels 'BadModel: no.'"),
        ({"assembled": "FAULT: for assembler kernels: KeyError: x"}, "KeyError"),
        ({"here": "FAULT: IndexError: x"}, "IndexError"),
        ({"there": "FAULT: a guard byte is broken"}, "guard"),
        ({"there_ms": 1001}, "1001 ms under MicroPython"),
        ({"here_ms": 1001}, "1001 ms under CPython"),
        ({"here": "loaded 70000", "there": "BadModel: no."}, "loaded 70000"),
    ],
)
def test_what_is_a_fault(fields, word):
    assert word in case(**fields).fault()
    report = models.Report()
    report.take(case(**fields))
    assert len(report.faults) == 1 and word in report.text()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"here": "BadModel: no.", "there": "BadModel: no."},
        {"here": "loaded 70000", "there": "ran 70000 1", "assembled": "loaded"},
        {"there": "BadModel: it does not fit; give a larger heap."},
    ],
)
def test_what_is_none(fields):
    assert case(**fields).fault() == ""


def fake_interpreter(tmp_path, monkeypatch, script):
    path = tmp_path / "micropython"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("DERMIS_MICROPYTHON", str(path))


def test_a_crash_is_laid_to_its_file_and_the_rest_runs_again(tmp_path, monkeypatch):
    fake_interpreter(tmp_path, monkeypatch, "printf '0\\t3\\tran 5 7\\n1\\t'\nkill -SEGV $$\n")
    chunk = [case(number=number, there="") for number in range(5)]
    assert models.run_there(chunk) == 0
    assert [each.there for each in chunk] == ["ran 5 7", "", "ran 5 7", "", "ran 5 7"]
    assert chunk[0].there_ms == 3 and "stopped" in chunk[1].fault()


def test_a_hang_is_laid_to_its_file(tmp_path, monkeypatch):
    fake_interpreter(tmp_path, monkeypatch, "printf '0\\t0\\tran 5 7\\n'\nexec sleep 60\n")
    monkeypatch.setattr(models, "PROCESS_S", 0.5)
    chunk = [case(there=""), case(there="")]
    models.run_there(chunk)
    assert "stopped" in chunk[1].fault() and not chunk[0].fault()


def test_memory_that_stays_taken_is_a_fault(tmp_path, monkeypatch):
    fake_interpreter(tmp_path, monkeypatch, "printf '0\\t0\\tran 5 7\\nmemory\\t999999\\n'\n")
    report = models.campaign(1, seed=1)
    assert any("heap grew by 999999" in fault for _, fault in report.faults)


def test_mutations_repeat_and_every_kind_changes_files():
    origins = models.seeds()["single"][0]
    for name, (mutation, _) in mutations.MUTATIONS.items():
        changed = 0
        for number, origin in enumerate(origins):
            files = [bytearray(origin.file), bytearray(origin.file)]
            for file in files:
                mutation(random.Random(number), file, origin)
            assert files[0] == files[1]
            changed += files[0] != origin.file
        assert changed > len(origins) // 3, name


def test_sites_are_the_numbers_that_the_loader_reads():
    [origin] = [origin for origin in models.seeds()["single"][0] if origin.name == "single_ops/strided_slice_0"]
    kinds = {site.kind for site in origin.sites}
    assert kinds == {mutations.NUMBER, mutations.OFFSET, mutations.LENGTH, mutations.SLOT}
    roles = {site.role for site in origin.sites}
    assert mutations.SHAPES in roles and any(role.startswith("slicing") for role in roles)
    assert all(0 <= site.position <= len(origin.file) - site.width for site in origin.sites)


def test_the_corpus_can_be_read(tmp_path, interpreter):
    pack = tmp_path / "corpus.pack"
    models.main(["--count", "30", "--seed", "11", "--corpus", str(pack)])
    import packs  # pyright: ignore[reportMissingImports]

    packs_data, packs.DATA = packs.DATA, f"{tmp_path}{os.sep}"
    try:
        entries = packs.read("corpus")
    finally:
        packs.DATA = packs_data
    names = [name.split("\t") for name, *_ in entries]
    assert {kept.split(" ")[0] for kept, _ in names} == {"BadModel", "UnsupportedOp", "ran"}
    assert all("/" in origin or origin == "released" for _, origin in names)


def test_a_corpus_grows_only_by_what_is_new(tmp_path, interpreter):
    pack = tmp_path / "corpus.pack"
    report = models.campaign(40, seed=11)
    models.write_corpus(pack, report)
    before = pack.read_bytes()
    models.write_corpus(pack, report)
    assert pack.read_bytes() == before
    report.faults.append((case(file=b"no model"), "FAULT: planted"))
    models.write_corpus(pack, report)
    assert list(models.pack_entries(pack.read_bytes()))[-1] == ("BadModel\tx", b"no model")


def test_unknown_parts_are_told(capsys):
    assert campaigns.main([]) == campaigns.main(["nothing"]) == 2
    assert "models" in capsys.readouterr().err
