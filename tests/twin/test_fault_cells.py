"""Cells of the table of faults (tests/hil/faults) that run at every change; the whole table: `make campaign`.

They lie here and not beside the table because tests/hil is a run of its own, whose rig may be a board without faults.
Chosen so that each fault of the issue and each operation comes, the ones that cost a restart seldom: `quick` of a row.
"""

from __future__ import annotations

import pytest

from tests.hil.faults import cell, table
from tests.hil.faults.__main__ import cells
from tests.hil.faults.bench import Bench, Images

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
