"""Putting another record in force, for `rollback` and `factory`."""

from __future__ import annotations

from dermis_host.calibration.differences import differences
from dermis_host.calibration.keys import StationKeys
from dermis_host.commands.calibrate.common import IN_FORCE, held_record, say_state, state_row
from dermis_host.errors import EXIT_OK
from dermis_host.module import Module
from dermis_host.output import Output


def select(module: Module, slot: str, back: str, output: Output) -> int:
    """Puts the slot's record in force and says what that changes; `back`: how to undo it."""
    keys = StationKeys(keyring=module.keyring)
    wanted = held_record(module, slot, keys)  # refused here, before anything, where there is none
    before = module.calibration_state()
    if before.in_force == slot:
        output.say(f"The {slot} record {wanted.hash} is in force already; nothing was changed.")
        output.result({"changed": False, **state_row(before), "differences": []})
        return EXIT_OK
    changes = []
    if before.calibrated:
        old = held_record(module, IN_FORCE, keys)
        changes = differences(old.fields, wanted.fields)
    state = module.calibration_select(slot)
    output.say(f"In force: {state.in_force} record {state.hash}. {back}")
    for change in changes:
        output.say(f"  {change.sentence}")
    say_state(state, output)
    output.result({"changed": True, **state_row(state), "differences": [change.row() for change in changes]})
    return EXIT_OK
