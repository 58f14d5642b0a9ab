"""A record onto the module: refused before the module is touched where it cannot be meant, read back afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dermis.core import calibration as record_format
from dermis.core.errors import DermisError

from dermis_host.answers import CalibrationState
from dermis_host.calibration.record_file import RecordFile
from dermis_host.commands.calibrate.common import require_terminal_or, say_state, state_row, way_back
from dermis_host.errors import CalibrationFailed, HostError, sentence
from dermis_host.module import FACTORY, USER, Module
from dermis_host.output import Output


class NotForThisModule(HostError):
    """The record belongs to another module, or is not sound; the module was not touched."""


@dataclass(frozen=True)
class Stored:
    """What was done. written: False when the module had it in force already."""

    hash: str
    slot: str
    written: bool
    state: CalibrationState

    def row(self) -> dict[str, Any]:
        """For --json."""
        return {"hash": self.hash, "slot": self.slot, "written": self.written, **state_row(self.state)}


def check(record: RecordFile, module: Module) -> None:
    """Raises NotForThisModule or CalibrationFailed with the reason, without changing anything on the module."""
    outside = [
        name
        for name, _, value, low, high in record.fields["measurements"]
        if (low is not None and value < low) or (high is not None and value > high)
    ]
    if outside:
        raise CalibrationFailed(f"The record says itself that it did not pass ({', '.join(outside)}): calibrate again.")
    if record.mac.startswith("WRONG"):
        raise NotForThisModule(f"The record's MAC is {record.mac}; make it again. The module was not touched.")
    identity = module.identity()
    sensors = {"imager": identity.imager, "swir": identity.swir_head}
    try:
        record_format.check_module(record_format.decode(record.data), identity.serial, sensors)
    except DermisError as problem:
        raise NotForThisModule(f"{sentence(problem)} The module was not touched.") from None


def store(module: Module, record: RecordFile, slot: str, yes: bool, output: Output) -> Stored:
    """Checks, asks before what cannot be undone, writes, reads back, and looks which record is in force.

    Raises NotForThisModule, RequestFailed, LinkError, CalibrationFailed.
    """
    check(record, module)
    state = module.calibration_state()
    if slot == USER and state.in_force == USER and state.hash == record.hash:
        return Stored(record.hash, slot, False, state)
    if slot == FACTORY:
        there = [row["hash"] for row in state.records if row["slot"] == FACTORY]
        if there:
            raise HostError(
                f"The module has its factory record ({there[0]}), which is written once: commit without --factory. "
                "The module was not touched."
            )
        require_terminal_or(yes, "The factory record can be written once and never again.", output)
    with output.progress() as progress:
        task = progress.add_task("writing", total=len(record.data))
        module.store_calibration(record.data, lambda count: progress.advance(task, count), slot)
    state = module.calibration_state()
    held = {row["slot"]: row["hash"] for row in state.records}
    if held.get(slot) != record.hash or (slot == USER and state.hash != record.hash):
        raise CalibrationFailed("The module stored the record but does not use it: run `dermis selftest`.")
    return Stored(record.hash, slot, True, state)


def say_stored(stored: Stored, output: Output) -> None:
    """What was done, what is in force, and how to get back."""
    if not stored.written:
        output.say(f"Record {stored.hash} is in force already; nothing was written.")
    else:
        in_force = "is in force"
        if stored.slot != stored.state.in_force:
            in_force = f"is kept; the {stored.state.in_force} record {stored.state.hash} stays in force"
        output.say(f"Written and read back: {stored.slot} record {stored.hash} {in_force}. {way_back(stored.state)}")
    say_state(stored.state, output)
