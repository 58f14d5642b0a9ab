"""Lets the flash fail for some writes while entries are added to the audit log: under MicroPython, on its LittleFS.

`micropython -X heapsize=32m audit_failures.py`: at each of the first writes of a run of entries the chip does not
answer, once or for some writes. What the log did not take is counted in it; its chain must hold, and hold after another
start.
Prints one line; status 1 when it does not.
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

    def _done(self, length):
        done = super()._done(length)
        if self.fails_at <= self.operations < self.fails_at + self.times:
            raise OSError(EIO)
        return done


def main():
    lost = 0
    for write in range(1, WRITES + 1):
        for times in TIMES:
            chip = Failing()
            with audit_cuts.Started(chip) as log:
                for _ in range(BEFORE):
                    audit_cuts.entry(log)
                chip.fails_at, chip.times = chip.operations + write, times
                for _ in range(AFTER):
                    audit_cuts.entry(log)
                    gc.collect()  # what was left open would be closed now
                assert chip.operations > chip.fails_at + times, "the chip never failed, or still does"
                entries = entries_of(log, audit_cuts.SERIAL)
                told = sum([said.fields["count"] for said in entries if said.event == "audit_lost"])
                assert told == log.lost, f"{log.lost} entries were lost, and the log says {told}"
                lost += told
            with audit_cuts.Started(chip) as log:
                audit_cuts.entry(log)
                again = entries_of(log, audit_cuts.SERIAL)
                assert [said.seq for said in again[: len(entries)]] == [said.seq for said in entries]
    assert lost
    print(f"{WRITES * len(TIMES)} failures of the flash: {lost} entries lost, all told; the chain holds")


main()
