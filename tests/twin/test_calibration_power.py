"""The power goes while a record is handed over or chosen: the real firmware on the twin's flash.

Every write of every such act is cut in `tests/unit/test_calibration_cuts.py`; here some are, through the whole module.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from dermis.core import calibration
from dermis_host import Module
from dermis_host.calibration.keys import DEVELOPMENT_KEY
from dermis_host.errors import HostError, RequestFailed

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import synthetic  # type: ignore[import-not-found]

FACTORY, USER, PREVIOUS = "factory", "user", "previous"
CUTS = 2


@pytest.fixture(scope="module")
def started(make_shared_twin):
    """A twin, its module, and what makes records of that module."""
    twin = make_shared_twin()
    with Module(twin.url) as module:
        identity = module.identity()

        def made(operator: str) -> bytes:
            sensors = {"imager": identity.imager, "swir": identity.swir_head}
            return synthetic.file(DEVELOPMENT_KEY, serial=identity.serial, sensors=sensors, operator=operator)

        yield twin, module, made


def in_force(module: Module) -> bytes:
    """The record in force, which must be whole and without a fault."""
    state = module.calibration_state()
    assert not state.fault, state
    record = module.calibration_record()
    assert calibration.name_of(record) == state.hash
    return record


def test_sensors_have_names(started):
    _, module, _ = started
    identity = module.identity()
    assert identity.imager.startswith("twin-") and identity.swir_head.startswith("twin-")


def test_a_cut_leaves_one_whole_record_in_force(started):
    twin, module, made = started
    records = {name: made(name) for name in ("made", "first", "second")}
    module.store_calibration(records["made"], slot=FACTORY)
    module.store_calibration(records["first"])
    before = twin.status()["flash_operations"]
    module.store_calibration(records["second"])
    span = twin.status()["flash_operations"] - before
    draw, lost = random.Random(5), 0
    now, other = "second", "first"
    places = [span] + [draw.randint(1, span - 1) for _ in range(CUTS - 1)]  # the last write decides
    for after in places:
        twin.fault("power_cut", after=after, torn=draw.randint(0, 4096))
        boots = twin.status()["boots"]
        try:
            module.store_calibration(records[other])
        except HostError:
            lost += 1
        twin.fault("clear")
        found = in_force(module)
        assert found in (records[now], records[other])
        assert (twin.status()["boots"] > boots) or found == records[other]
        if found == records[other]:
            now, other = other, now
    assert lost, "the cuts must have hit something"
    assert module.calibration_record(FACTORY) == records["made"]


def test_a_cut_leaves_one_whole_record_chosen(started):
    twin, module, made = started
    module.store_calibration(made("older"))
    module.store_calibration(made("newer"))
    for slot in (PREVIOUS, FACTORY):
        before = module.calibration_state().hash
        held = {entry["slot"]: entry["hash"] for entry in module.calibration_state().records}
        twin.fault("power_cut", after=1, torn=7)
        with pytest.raises(HostError):
            module.calibration_select(slot)
        twin.fault("clear")
        assert module.calibration_state().hash == before and in_force(module)
        assert module.calibration_select(slot).hash == held[slot]
        assert in_force(module)


def test_a_record_of_another_module_or_bench_is_refused_in_a_sentence(started):
    _, module, made = started
    before = in_force(module)
    identity = module.identity()
    sensors = {"imager": identity.imager, "swir": identity.swir_head}
    for record, word in (
        (synthetic.file(DEVELOPMENT_KEY, serial="DM1-9999", sensors=sensors), "DM1-9999"),
        (synthetic.file(bytes(32), serial=identity.serial, sensors=sensors), "does not know"),
    ):
        with pytest.raises(RequestFailed, match=word):
            module.store_calibration(record)
        assert in_force(module) == before
    with pytest.raises(RequestFailed, match="written once"):
        module.store_calibration(made("again"), slot=FACTORY)
    assert in_force(module) == before
