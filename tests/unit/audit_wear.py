"""Counts what the audit log costs the flash in a day: under MicroPython, on its LittleFS, on the whole data partition.

`micropython -X heapsize=64m audit_wear.py`: a door's day (2,000 passages, one in a hundred an attack, an installer's
visit, a restart) and a day of attacks without end (one every 2 seconds). Prints a line each.
"""

from __future__ import annotations

import sys

import cut_chip
import fakes
from dermis.app import audit as audits
from dermis.app.audit import Audit
from dermis.core import partitions
from dermis.drivers.storage.little import MOUNT_POINT, open_little

import vfs  # type: ignore[import-not-found]  # isort: skip

SERIAL = "DM1-TEST"
DAY_S = 86_400
CYCLES = 100_000  # erases that a block of such a chip is specified for
SETTLED = 4096  # entries there are already, so that the ring has turned over


class WornChip(cut_chip.Chip):
    """Counts erases block by block, and programs."""

    def __init__(self):
        super().__init__()
        self.reset_counts()

    def reset_counts(self):
        self.erases = {}
        self.programs = self.bytes = 0

    def writeblocks(self, block, buf, offset=0):
        self.programs += 1
        self.bytes += len(buf)
        super().writeblocks(block, buf, offset)

    def ioctl(self, op, arg):
        if op == 6:
            self.erases[arg] = self.erases.get(arg, 0) + 1
        return super().ioctl(op, arg)


class Silent:
    """A log that nobody reads."""

    def event(self, *_, **__):
        return None


def door(log, clock):
    """The passages of a day, between six in the morning and ten at night."""
    passages, hours = 2000, 16
    log.note("boot", firmware="0.1.0", cause="power_on", state="field")
    for number in range(passages):
        clock.now += hours * 3_600_000_000 // passages
        if number % 100 == 50:
            log.verdict("attack", ["flat", "screen"])
        elif number % 20 == 7:
            log.verdict("no_decision", ["moving"])
        else:
            log.verdict("bona_fide", [])
        if number == 1000:
            log.note("session_opened", role="installer")
            log.note("setting_changed", name="profile", before="border", now="turnstile", laxer=True)
            log.note("session_closed", reason="asked")
    clock.now += 8 * 3_600_000_000
    log.flush()


def attacks(log, clock):
    for _ in range(DAY_S // 2):
        clock.now += 2_000_000
        log.verdict("attack", ["flat", "screen"])


def main():
    cut_chip.BLOCKS = partitions.partition("data").size // partitions.BLOCK_SIZE
    for name, day in (("a door's day, 2,000 passages", door), ("attacks without end, one every 2 s", attacks)):
        chip, clock = WornChip(), fakes.FakeClock()
        clock.seconds = 1_800_000_000
        log = Audit(open_little(chip), SERIAL, clock, Silent())
        while log.written < SETTLED:
            log.note("file_stored", name="x" * 32, size=log.written)
        assert len(log._firsts) == audits.RING
        chip.reset_counts()
        before = log.written
        day(log, clock)
        most = max(chip.erases.values())
        erases = sum(chip.erases.values())
        years = cut_chip.BLOCKS * CYCLES // erases // 365
        print(
            f"{name}: {log.written - before} entries, {erases} erases and {chip.programs} programs "
            f"({chip.bytes // 1024} KiB); at most {most} erases of one of the {cut_chip.BLOCKS} blocks; "
            f"spread evenly, {CYCLES} erases a block are used up in {years} years"
        )
        vfs.umount(MOUNT_POINT)


if __name__ == "__main__":
    sys.exit(main())
