"""Lets the flash fail while entries are added to the audit log: under MicroPython, on its LittleFS.

`micropython -X heapsize=32m audit_failures.py`: at each of the first writes of a run of entries the chip does not
answer, once or for some writes; then it is silent for a while, whatever is asked. What the log did not take is counted
in it; its chain must hold, go on from what it was, and hold after another start. Prints one line; status 1 when it does
not.
"""

from __future__ import annotations

import gc

import audit_cuts
from audit_reading import entries_of
from cut_chip import Chip
from dermis.drivers.storage import EIO

WRITES, TIMES = 40, (1, 2, 5)
BEFORE, AFTER = 6, 20  # entries


class Failing(Chip):
    """A chip that does not answer from an operation on, for so many; its driver says so by an exception."""

    fails_at, times = 0, 0
    silent = False

    def readblocks(self, block, buf, offset=0):
        if self.silent:
            raise OSError(EIO)
        super().readblocks(block, buf, offset)

    def _done(self, length):
        done = super()._done(length)
        if self.silent or self.fails_at <= self.operations < self.fails_at + self.times:
            raise OSError(EIO)
        return done


def held(log, before=()):
    """Its entries: those of before among them, and every one that is missing told of."""
    entries = entries_of(log, audit_cuts.SERIAL)
    assert [said.seq for said in entries[: len(before)]] == [said.seq for said in before]
    told = sum([said.fields["count"] for said in entries if said.event == "audit_lost"])
    assert told == log.lost, f"{log.lost} entries were lost, and the log says {told}"
    return entries


def noted(log, count):
    for _ in range(count):
        audit_cuts.entry(log)
        gc.collect()  # what was left open would be closed now


def again(chip, entries):
    """After another start all is there, and goes on."""
    with audit_cuts.Started(chip) as log:
        audit_cuts.entry(log)
        now = entries_of(log, audit_cuts.SERIAL)
        assert [said.seq for said in now[: len(entries)]] == [said.seq for said in entries]
        assert len(now) == len(entries) + 1


def at_a_write(write, times):
    chip = Failing()
    with audit_cuts.Started(chip) as log:
        noted(log, BEFORE)
        chip.fails_at, chip.times = chip.operations + write, times
        noted(log, AFTER)
        assert chip.operations > chip.fails_at + times, "the chip never failed, or still does"
        entries = held(log)
    again(chip, entries)
    return log.lost


def silent_for(lost, asked):
    """asked: how often it is read meanwhile."""
    chip = Failing()
    with audit_cuts.Started(chip) as log:
        noted(log, BEFORE)
        before = held(log)
        chip.silent = True
        noted(log, lost)
        for _ in range(asked):
            try:
                raise AssertionError(log.head(0) if lost else log.read(0, 99))
            except OSError as error:
                assert error.errno == EIO
        chip.silent = False
        noted(log, AFTER)
        assert log.lost == lost
        entries = held(log, before)
    again(chip, entries)
    return lost


def main():
    lost = [at_a_write(write, times) for write in range(1, WRITES + 1) for times in TIMES]
    lost += [silent_for(count, asked) for count in range(4) for asked in range(3)]
    assert sum(lost)
    print(f"{len(lost)} failures of the flash: {sum(lost)} entries lost, all told; the chain holds")


main()
