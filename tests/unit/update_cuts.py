"""Cuts the power at every write of the flash of an update: under MicroPython, by the first stage and the firmware's
own code, on LittleFS and two slots of a chip in memory.

`micropython -X heapsize=64m update_cuts.py FOLDER STEP [SCENARIO ...]`: FOLDER holds the images of
`update_cut_images.py`. At every STEP-th program or erase of each scenario, and at each of its last ones, the power goes
once before it, once in the middle and once at its very end, and the module is started again: a whole image must run,
the one before or, where that was the aim, the new one; what the boot state says must fit; and an update begun anew must
come to its end (one in so many times it is tried). Prints one line a scenario; status 1 with what was found when any
of it fails.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys

import fakes
from cut_chip import Chip
from dermis.app import rights, update
from dermis.core import boot_state, handover, mcuboot, partitions, slot
from dermis.core.errors import BadInput
from dermis.drivers.flash.partitioned import ReadOnlyBlocks
from dermis.drivers.storage.little import MOUNT_POINT, open_little
from dermis.first_stage import start

import vfs  # type: ignore[import-not-found]  # isort: skip

PIECE = 1500  # no part of a block
LAST = 4  # writes of a scenario at each of which the power is cut, whatever the step: there it is decided
CHECK_ALSO = 7  # one in so many restarts is followed by a whole update
TORN = (0, None, 256)  # of 256 parts of a write: nothing, some of it, all
BLOCK = partitions.BLOCK_SIZE
ERASED = b"\xff" * BLOCK


class Flash:
    """The slots, on the same power as the chip that holds the data partition."""

    without_slots = ""

    def __init__(self, chip, blocks=None):
        self._chip = chip
        self.blocks = {key: bytearray(blocks[key]) for key in blocks} if blocks else {}

    def read_at(self, partition, offset, buffer):
        view = memoryview(buffer)
        done = 0
        while done < len(buffer):
            number, at = divmod(offset + done, BLOCK)
            count = min(len(buffer) - done, BLOCK - at)
            view[done : done + count] = self.blocks.get((partition, number), ERASED)[at : at + count]
            done += count

    def erase(self, partition, offset, length):
        if self._chip.dead:
            return
        assert offset % BLOCK == 0 and length == BLOCK
        done = self._chip._done(BLOCK)
        block = self._block(partition, offset // BLOCK)
        block[:done] = ERASED[:done]
        self._chip._end()

    def write(self, partition, offset, data):
        if self._chip.dead:
            return
        total = self._chip._done(len(data))
        done = 0
        while done < total:
            number, at = divmod(offset + done, BLOCK)
            count = min(total - done, BLOCK - at)
            block = self._block(partition, number)
            if block[at : at + count] == ERASED[:count]:
                block[at : at + count] = data[done : done + count]
            else:
                for index in range(count):
                    block[at + index] &= data[done + index]
            done += count
        self._chip._end()

    def mount(self, partition, offset, size, point):
        vfs.mount(vfs.VfsLfs2(ReadOnlyBlocks(self, partition, offset, size)), point, readonly=True)

    def _block(self, partition, number):
        return self.blocks.setdefault((partition, number), bytearray(ERASED))


class Machine:
    """What outlives a cut: the chip's bytes."""

    def __init__(self, data=None, blocks=None):
        self.chip = Chip(data)
        self.flash = Flash(self.chip, blocks)

    def copy(self):
        return Machine(self.chip.image, self.flash.blocks)


class Silent:
    """A log, statistics and a calibration that say nothing."""

    record = None

    def event(self, *_, **__):
        return None

    def failure(self, event, error, **__):
        FAILED.append((event, error))

    def count(self, *_):
        return None


FAILED = []  # what the firmware logged as unforeseen


class NoKeys:
    provisioned, fault = False, ""

    def update(self):
        return []


class Started:
    """The module after a start: what the first stage chose, then what the firmware has of an update.

    version: of the image whose body is mounted. Use it with `with`.
    """

    def __init__(self, machine, cause="power_on"):
        self._machine = machine
        self._cause = cause

    def __enter__(self):
        try:
            return self._start()
        except BaseException:
            self.__exit__()
            raise

    def _start(self):
        flash, chip = self._machine.flash, self._machine.chip
        system = fakes.FakeSystem()
        system.cause = self._cause
        parts = Parts(flash, lambda: open_little(chip), system)
        start.Start(parts, {"board": "twin", "revision": 1}).prepare()
        with open(handover.APP + "/version") as file:
            self.version = file.read()
        with open(handover.APP + "/more", "rb") as file:
            assert file.read() == self.version[2].encode() * len(IMAGES[self.version][1]), "the body is not whole"
        self.storage = open_little(chip)
        self.left = handover.found()
        self.control = update.Update(Module(flash, self.storage, system))
        return self

    def __exit__(self, *_):
        # After a cut LittleFS was left in the middle of something: it is thrown away, as a restart does.
        for point in (MOUNT_POINT, handover.APP):
            try:
                vfs.umount(point)
            except OSError:  # the cut came before it was mounted
                continue
        return False


class Parts:
    storage_point = MOUNT_POINT

    def __init__(self, flash, opens, system):
        self.flash, self.open_storage, self.system = flash, opens, system


class Module:
    """What `app.update` asks of a module."""

    board = fakes.BOARD
    state, session = rights.BENCH_STATE, ""

    def __init__(self, flash, storage, system):
        self.flash, self.storage, self.system = flash, storage, system
        self.log = self.statistics = self.calibration = Silent()
        self.keys = NoKeys()
        self.clock = fakes.FakeClock()

    def note(self, *_, **__):
        return None

    def uptime_ms(self):
        return 0


# What is done.


def upload(started, version):
    asyncio.run(_upload(started.control, IMAGES[version][0]))


async def _upload(control, data):
    sha = hashlib.sha256(data).digest()
    answer = await control.receive(0, data[:PIECE], 0, len(data), sha, False)
    while answer["off"] < len(data):
        off = answer["off"]
        answer = await control.receive(off, data[off : off + PIECE], 0, -1, b"", False)
    await control.settled()


def mark(started, version, permanent=False):
    asyncio.run(started.control.mark(IMAGES[version][2], permanent))


def whole_update(machine, version):
    """From whatever state to that image, as a host does it."""
    with Started(machine) as started:
        if started.control.slots.testing:
            # What a host that finds a test under way does first, when it wants another image.
            mark(started, running_before(started))
    with Started(machine, "software") as started:
        if started.version == version:
            return
        if started.control.slots.pending != boot_state.NO_SLOT:
            asyncio.run(started.control.erase(-1))
        upload(started, version)
        assert started.control.refused == "", started.control.refused
        mark(started, version)
    with Started(machine, "software") as started:
        assert started.version == version and started.control.slots.testing
        started.control.confirm()
    with Started(machine) as started:
        assert started.version == version and not started.control.slots.testing


def running_before(started):
    wanted = started.control.slots.hash(started.control.slots.free)
    return next(version for version in IMAGES if IMAGES[version][2] == wanted)


def scenarios():
    """(name, the module before, what is done, the version that it is updated to afterwards, (version, testing) that
    runs when nothing went wrong, and what else may run after a cut)."""
    fresh = Machine()
    fresh.flash.write("slot0", 0, IMAGES["0.1.0"][0])
    old = after(fresh, lambda started: None)
    uploaded = after(old, lambda started: upload(started, "0.2.0"))
    marked = after(uploaded, lambda started: mark(started, "0.2.0"))
    tried = after(marked, lambda started: None)
    kept = after(marked, lambda started: started.control.confirm())
    third = after(kept, lambda started: upload(started, "0.3.0"))
    before, now = ("0.1.0", False), ("0.2.0", False)
    trial = ("0.2.0", True)
    yield "first start of a flashed module", fresh, lambda started: None, "0.3.0", before, ()
    yield "upload", old, lambda started: upload(started, "0.2.0"), "0.2.0", before, ()
    yield "upload of more than is noted at once", old, lambda started: upload(started, "0.4.0"), "0.4.0", before, ()
    yield "upload over another image", uploaded, lambda started: upload(started, "0.3.0"), "0.2.0", before, ()
    yield "mark", uploaded, lambda started: mark(started, "0.2.0"), "0.2.0", trial, (before,)
    yield "mark for good", uploaded, lambda started: mark(started, "0.2.0", True), "0.3.0", trial, (before,)
    yield "test boot", marked, lambda started: None, "0.2.0", before, (trial,)
    yield "test boot, then confirmed", marked, lambda started: started.control.confirm(), "0.3.0", now, (before, trial)
    yield "test boot, then given up", marked, give_up, "0.2.0", before, (trial,)
    yield "going back after a test", tried, lambda started: None, "0.2.0", before, ()
    yield "going back by hand", marked, lambda started: mark(started, "0.1.0"), "0.3.0", before, (trial,)
    yield "mark, then erase", uploaded, mark_and_erase, "0.2.0", before, (trial,)
    yield "upload into the first slot", kept, lambda started: upload(started, "0.3.0"), "0.3.0", now, ()
    yield "mark in the first slot", third, lambda started: mark(started, "0.3.0"), "0.3.0", ("0.3.0", True), (now,)


def give_up(started):
    started.control.give_up(boot_state.SELF_TEST)


def mark_and_erase(started):
    mark(started, "0.2.0")
    asyncio.run(started.control.erase(1))


def after(machine, action):
    """The module after one more start and what is done then."""
    later = machine.copy()
    with Started(later, "software") as started:
        action(started)
    return later


def cut(machine, action, at=0, torn=0):
    """The module after the power went at that write; 0: never."""
    later = machine.copy()
    later.chip.operations, later.chip.cut_at, later.chip.torn = 0, at, torn
    try:
        with Started(later, "software") as started:
            action(started)
    except Exception:  # whatever still runs finds a chip without power
        if not later.chip.dead:
            raise
    later.chip.cut_at = 0
    FAILED.clear()
    return later


def look(machine, allowed, target=""):
    """What runs after a restart; with `target`, the module is then updated to it. Raises AssertionError."""
    again = machine.copy()
    with Started(again) as started:
        control = started.control
        found = (started.version, control.slots.testing)
        assert found in allowed, f"{found} runs, which is not among {allowed}"
        state = control.slots.state
        assert boot_state.decode(started.storage.read(boot_state.FILE)) == state
        assert state.active == control.slots.running or control.slots.testing
        for name in boot_state.SLOTS:
            headers = [IMAGES[version][0][: slot.HEADER_BYTES] for version in IMAGES]
            header = bytearray(slot.HEADER_BYTES)
            again.flash.read_at(name, 0, header)
            if bytes(header) in headers:  # it comes last: whatever has it is whole
                slot.image_in(again.flash, name).sound()
    if target:
        whole_update(again, target)
    assert not FAILED, FAILED
    return found


def enumerate_cuts(step, chosen):
    total = 0
    for name, machine, action, target, aim, besides in scenarios():
        if chosen and name not in chosen:
            continue
        clean = cut(machine, action)
        assert not clean.chip.dead
        assert look(clean, (aim,), target) == aim
        writes, cuts, seen = clean.chip.operations, 0, {}
        assert writes, name
        for at in range(1, writes + 1):
            if at % step and writes - at >= LAST:
                continue
            for part in TORN:
                machine_after = cut(machine, action, at, 1 + at * 37 % 255 if part is None else part)
                assert machine_after.chip.dead and machine_after.chip.operations == at
                try:
                    after_cut = Machine(machine_after.chip.image, machine_after.flash.blocks)
                    found = look(after_cut, (aim,) + besides, "" if cuts % CHECK_ALSO else target)
                except Exception as error:
                    print(f"{name}: cut at write {at} (part {part}): {error!r}")
                    raise
                cuts += 1
                seen[found] = seen.get(found, 0) + 1
        total += cuts
        told = ", ".join(f"{seen[k]} times {k[0]}{' on trial' if k[1] else ''}" for k in sorted(seen))
        print(f"{name}: {writes} writes, {cuts} cuts, {told}")
    print(f"{total} cuts in all")


def damaged():
    """An image that is no longer whole does not start: the other one does, or nothing."""
    machine = Machine()
    machine.flash.write("slot0", 0, IMAGES["0.1.0"][0])
    machine = after(machine, lambda started: upload(started, "0.2.0"))
    for name, runs in (("slot0", "0.2.0"), ("slot1", "")):
        machine.flash._block(name, 1)[7] ^= 1  # in the body, where the file system does not look
        try:
            with Started(machine) as started:
                assert started.version == runs and started.control.state()["why"] == boot_state.LOST
        except BadInput:
            assert not runs, "nothing started"
    print("damaged images: none started")


def images(folder):
    """Version -> (file, what its body holds beside the version, hash)."""
    found = {}
    for version in ("0.1.0", "0.2.0", "0.3.0", "0.4.0"):
        with open(folder + "/" + version, "rb") as file:
            data = file.read()

        def read_at(offset, buffer, data=data):
            buffer[:] = data[offset : offset + len(buffer)]

        image = mcuboot.Image(read_at, len(data))
        files = vfs.VfsLfs2(ReadOnlyBlocks(InMemory(data), "slot0", image.body_offset, image.body_size))
        vfs.mount(files, "/look", readonly=True)
        with open("/look/more", "rb") as file:
            more = file.read()
        vfs.umount("/look")
        found[version] = (data, more, image.hash)
    return found


class InMemory:
    def __init__(self, data):
        self._data = data

    def read_at(self, _partition, offset, buffer):
        buffer[:] = self._data[offset : offset + len(buffer)]


if __name__ == "__main__":
    start.say = lambda *_, **__: None
    IMAGES = images(sys.argv[1])
    damaged()
    enumerate_cuts(int(sys.argv[2]), sys.argv[3:])
