"""Cells of the table of faults (tests/hil/faults) that run at every change; the whole table: `make campaign`.

They lie here and not beside the table because tests/hil is a run of its own, whose rig may be a board without faults.
Chosen so that each fault of the issue and each operation comes, the ones that cost a restart seldom: `quick` of a row.
"""

from __future__ import annotations

import threading

import pytest
from dermis_hw.twin import TwinError

from tests.hil.faults import __main__ as runner
from tests.hil.faults import cell, table
from tests.hil.faults.__main__ import cells
from tests.hil.faults.bench import ATTACKS, FACE, Bench, Images
from tests.hil.faults.operations import Outcome

QUICK = cells([], quick=True)


class Benches:
    """One bench for all cells, and a new one after a cell that failed."""

    def __init__(self, folder, images):
        self._folder, self._images = folder, images
        self._bench, self._made = None, 0

    def bench(self) -> Bench:
        if self._bench is None:
            self._made += 1
            self._bench = Bench(self._folder / str(self._made), self._images)
        return self._bench

    def throw_away(self) -> None:
        if self._bench is not None:
            self._bench.close()
            self._bench = None


@pytest.fixture(scope="module")
def benches(tmp_path_factory, built):
    made = Benches(tmp_path_factory.mktemp("faults"), Images(built))
    yield made
    made.throw_away()


@pytest.mark.parametrize(("row", "operation"), QUICK, ids=[f"{row.name}-{operation}" for row, operation in QUICK])
def test_fault(benches, row, operation):
    whole = False
    try:
        result = cell.run(benches.bench(), row, operation)
        whole = not result.wrong
    finally:
        if not whole:
            benches.throw_away()
    assert whole, "\n".join([*result.wrong, f"again: {result.again}"])


ALL_RIGHT = [(FACE, "bona_fide", []), *((attack, "attack", ["not_skin"]) for attack in ATTACKS)]
NAMED = table.Row("made_up", (), table.everywhere("named: imager"))


def judged(outcome: Outcome, row: table.Row = table.NO_FAULT) -> str:
    result = cell.Result(row, table.VERIFY, 0)
    cell._judge(outcome, result)
    return "; ".join(result.wrong)


def test_a_cell_fails_when_an_attack_passes_whatever_else_came():
    passed = [(FACE, "no_decision", ["sensor_fault"]), (ATTACKS[0], "bona_fide", [])]
    assert "passed as bona fide" in judged(Outcome(True, [], ALL_RIGHT + passed[1:]))
    assert "passed as bona fide" in judged(Outcome(False, ["the imager is silent"], passed), NAMED)


def test_a_cell_fails_when_it_is_not_what_its_row_says():
    assert not judged(Outcome(True, [], ALL_RIGHT))
    assert "refused, which is not right" in judged(Outcome(True, [], [(FACE, "attack", ["flat"]), *ALL_RIGHT[1:]]))
    assert "named, which is not right" in judged(Outcome(False, ["LinkError: silent"], ALL_RIGHT[:1]))
    assert "right, which is not named" in judged(Outcome(True, [], ALL_RIGHT), NAMED)
    assert "nothing was said" in judged(Outcome(False, [], ALL_RIGHT[:1]), NAMED)
    assert "none of ['imager']" in judged(Outcome(False, ["LinkError: silent"], []), NAMED)
    assert not judged(Outcome(False, ["sensor_fault", "imager: check its cable"], []), NAMED)


def test_a_cell_fails_that_hangs_or_breaks_with_no_error_of_ours():
    result = cell.Result(table.NO_FAULT, table.VERIFY, 0)
    over = threading.Event()

    def hangs() -> None:
        over.wait()

    with pytest.raises(cell.Hung, match="--only no_fault/verify"):
        cell._bounded(hangs, 0.01, result)
    over.set()
    cell._bounded(lambda: {}["nothing"], 10, result)
    assert result.wrong == ["no error of ours: KeyError: 'nothing'"]


def test_a_record_that_the_module_confirmed_may_not_be_lost(benches):
    bench = benches.bench()
    before = bench.standing.in_force
    assert Outcome(False, records={"new"}).allowed_records(before) == {"new", before}
    assert Outcome(True, records={"new"}).allowed_records(before) == {"new"}
    with bench.open() as module:
        assert bench.lost(module, {before}, entries_too=False) == []
        assert bench.lost(module, {"new"}, entries_too=False) == [f"the calibration record in force is {before}"]


def test_an_attack_that_passes_once_afterwards_is_no_matter_of_another_try(benches, monkeypatch):
    result = cell.Result(table.NO_FAULT, table.VERIFY, 0)
    monkeypatch.setattr("tests.hil.faults.bench.ATTACKS", (FACE,))
    bench = benches.bench()
    cell._recovers(bench, result, {bench.standing.in_force})
    assert result.wrong == [f"afterwards the attack {FACE} passed as bona fide"]


LOST = "somebody's light may pass for 850 on the monitor tab; keep flashing lamps away and try again"
UNLIKE = "it came to named, which is not right"


@pytest.mark.parametrize(
    ("reasons", "wrong", "runs"),
    [
        ([LOST], [], 1),
        ([LOST], [UNLIKE], 2),
        (["LinkError: silent"], [UNLIKE], 1),
        ([LOST], [UNLIKE, f"the attack {ATTACKS[0]} passed as bona fide"], 1),
    ],
    ids=["it holds", "unlike its row", "no burst was lost", "and an attack passed"],
)
def test_a_cell_is_run_once_more_only_when_a_lost_burst_alone_makes_it_unlike_its_row(
    monkeypatch, reasons, wrong, runs
):
    made = []

    def once(_bench: object, row: table.Row, operation: str, seed: int) -> cell.Result:
        made.append(cell.Result(row, operation, seed, "named", reasons, list(wrong), wrong[:1], seconds=2.0))
        return made[-1]

    monkeypatch.setattr(cell, "_run_once", once)
    result = cell.run(None, table.NO_FAULT, table.VERIFY)  # pyright: ignore[reportArgumentType]
    assert len(made) == runs and result is made[-1]
    assert result.wrong == wrong and result.seconds == 2.0 * runs


@pytest.mark.parametrize("problem", [cell.Hung("it did not end"), TwinError("the twin is gone")])
def test_a_cell_that_cannot_be_run_fails_in_the_table(monkeypatch, problem):
    def breaks(*_: object) -> cell.Result:
        raise problem

    monkeypatch.setattr(cell, "run", breaks)
    result, whole = runner._one(None, table.NO_FAULT, table.VERIFY, 7)  # pyright: ignore[reportArgumentType]
    assert not whole and str(problem) in "".join(result.wrong)
    printed = runner.printed([result], "text")
    assert "FAILED" in printed and "1 failed" in printed and "--seed 7 --only no_fault/verify" in printed


def test_every_fault_and_every_operation_comes_in_the_quick_cells():
    assert {operation for _, operation in QUICK} == set(table.OPERATIONS)
    kinds = {kind for row, _ in QUICK for kind in KINDS if row.name.startswith(kind)}
    assert kinds == set(KINDS)


# As issue H lists them: what a row of each begins with.
KINDS = (
    "serial_loss",
    "serial_duplication",
    "serial_corruption",
    "serial_stall",
    "reset",
    "power_cut",
    "led_dead",
    "led_dim",
    "leds_swapped",
    "projector_off",
    "projector_shifted",
    "imager_frozen",
    "imager_saturated",
    "imager_late",
    "swir_very_noisy",
    "swir_stuck",
    "hot",
    "flash_full",
    "flash_bad_block",
    "clock",
    "two_hosts",
)


def test_names_of_cells_are_found_and_wrong_ones_are_told():
    assert [(row.name, operation) for row, operation in cells(["hot/audit"], quick=False)] == [("hot", "audit")]
    assert len(cells([], quick=False)) == len(table.ROWS) * len(table.OPERATIONS)
    with pytest.raises(ValueError, match="no fault cold"):
        cells(["cold"], quick=False)
    with pytest.raises(ValueError, match="no operation sleep"):
        cells(["hot/sleep"], quick=False)


def test_an_interrupted_run_prints_what_it_has_come_to(monkeypatch, capsys):
    def stopped(*_: object):
        yield cell.Result(table.NO_FAULT, table.VERIFY, 0, came_to=table.RIGHT)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", stopped)
    assert runner.main(["--only", "no_fault"]) == 130
    assert "1 cells, 0 failed" in capsys.readouterr().out
