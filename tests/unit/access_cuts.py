"""Cuts the power at every write of the flash while a module is given its keys and put into its states: under
MicroPython, on its LittleFS.

`micropython -X heapsize=32m access_cuts.py`: at every program or erase of each scenario the power goes once before it,
once in the middle of it and once at its very end, and the module is started again. It must be as it was before or as
it was to be, without a fault, and what was cut off must then succeed. Prints one line a scenario; status 1 with what
was found when any fails.
"""

from __future__ import annotations

import sys

import fakes
from cut_chip import Chip
from dermis.app import free_resets, rights, states
from dermis.app.entropy import Entropy
from dermis.app.keys import Keys
from dermis.core import access
from little_chip import Started

GIVEN: dict = {use: access.derived_key(bytes(32), use, fakes.SERIAL) for use in access.ROLES + (access.VERDICT,)}
GIVEN.update({"station": [bytes([7]) * 32], "update": [bytes([9]) * 64], "osdp": b"", "fleet": "gates"})


def provision(storage):
    """As `app.commands.provision` does it."""
    states.store(storage, rights.BENCH_STATE)
    Keys(storage, fakes.SERIAL).provision(GIVEN)


def to_field(storage):
    states.store(storage, rights.FIELD_STATE)


def to_service(storage):
    states.store(storage, rights.SERVICE_STATE)


def reset(storage):
    free_resets.take(storage, 0)


def draw(storage):
    Entropy(fakes.FakeSystem(), storage, fakes.FakeClock())


def found(storage):
    """(state, whether it has keys) of a module that starts now. Raises AssertionError when anything is wrong."""
    keys = Keys(storage, fakes.SERIAL)
    state, fault = states.loaded(storage, keys)
    assert not fault and not keys.fault, (fault, keys.fault)
    assert not keys.provisioned or keys.role("service") == GIVEN["service"]
    return state, keys.provisioned


def scenarios():
    """(name, what is on the chip before, what is done, what may be found before and after)."""
    blank = Started.cut(Chip().image, lambda storage: None).image
    given = Started.cut(blank, provision).image
    field = Started.cut(given, to_field).image
    service = Started.cut(field, to_service).image
    bench, filled = (rights.BENCH_STATE, False), (rights.BENCH_STATE, True)
    yield "provisioning of a blank chip", Chip().image, provision, bench, filled
    yield "provisioning", blank, provision, bench, filled
    yield "bench to field", given, to_field, filled, (rights.FIELD_STATE, True)
    yield "field to service", field, to_service, (rights.FIELD_STATE, True), (rights.SERVICE_STATE, True)
    yield "service to field", service, to_field, (rights.SERVICE_STATE, True), (rights.FIELD_STATE, True)
    yield "free reset", field, reset, (rights.FIELD_STATE, True), (rights.FIELD_STATE, True)
    yield "new seed", field, draw, (rights.FIELD_STATE, True), (rights.FIELD_STATE, True)


def main():
    for name, image, action, before, after in scenarios():
        writes, cuts, old = Started.cut(image, action).operations, 0, 0
        assert writes, name
        for at in range(1, writes + 1):
            for torn in (0, 1 + at * 37 % 254, 255):
                chip = Started.cut(image, action, at, torn)
                assert chip.dead and chip.operations == at
                with Started(Chip(chip.image)) as storage:
                    seen = found(storage)
                    assert seen in (before, after), f"{name}: cut at write {at} (torn {torn}): {seen}"
                    if seen == before:
                        old += 1
                        action(storage)
                        assert found(storage) == after, name
                cuts += 1
        with Started(Chip(Started.cut(image, action).image)) as storage:
            assert found(storage) == after, name
        print(f"{name}: {writes} writes, {cuts} cuts, {old} times as before")


if __name__ == "__main__":
    main()
    sys.exit(0)
