"""The data partition: what is written stays, whole or not at all, and one that is broken says so and goes on."""

from __future__ import annotations

import pytest
from dermis.drivers.storage import EINVAL, EIO, ENOENT

from tests.contracts.benches.machine import Unbreakable
from tests.contracts.machine_benches import bench, machines, replaced

LONG = bytes(at * 31 & 255 for at in range(9000))


def fails(number, work, *arguments):
    with pytest.raises(OSError) as caught:
        work(*arguments)
    assert caught.value.errno == number, caught.value


def keeps_files(storage):
    driver = storage.driver
    fails(ENOENT, driver.read, "cal")
    driver.remove("cal")
    driver.write("cal", LONG)
    driver.write("note", b"")
    storage.restart()
    driver = storage.driver
    assert driver.read("cal") == LONG and driver.read("note") == b"" and driver.size("cal") == len(LONG)
    assert sorted(driver.names()) == ["cal", "note"]
    buffer = bytearray(100)
    assert driver.read_into("cal", buffer) == 100 and bytes(buffer) == LONG[:100]
    assert driver.read_at("cal", len(LONG) - 40, buffer) == 40 and bytes(buffer[:40]) == LONG[-40:]
    driver.append("cal", b"more")
    driver.append("new", b"more")
    assert driver.read("cal") == LONG + b"more" and driver.read("new") == b"more"
    driver.remove("cal")
    fails(ENOENT, driver.read, "cal")
    fails(ENOENT, driver.size, "cal")


def replaces_at_once(storage):
    driver = storage.driver
    driver.write("cal", b"old")
    driver.stage("cal", 0, LONG[:4000])
    driver.stage("cal", 4000, LONG[4000:])
    assert driver.read("cal") == b"old"
    buffer = bytearray(len(LONG))
    assert driver.read_staged("cal", buffer) == len(LONG) and bytes(buffer) == LONG
    driver.replace("cal")
    assert driver.read("cal") == LONG
    driver.stage("cal", 0, b"half")
    driver.unstage("cal")
    driver.unstage("cal")
    driver.stage("cal", 0, b"half")
    storage.restart()
    assert storage.driver.read("cal") == LONG and storage.driver.names() == ["cal"]
    fails(ENOENT, storage.driver.read_staged, "cal", buffer)


def takes_names_alone(storage):
    for name in ("../escape", "", ".hidden", "a/b", "x.new"):
        fails(EINVAL, storage.driver.write, name, b"1")


def knows_its_room(storage):
    before = storage.driver.free_bytes()
    assert before > 1_000_000
    storage.driver.write("cal", LONG)
    assert storage.driver.free_bytes() <= before - len(LONG)


CHECKS = (keeps_files, replaces_at_once, takes_names_alone, knows_its_room)


@pytest.mark.parametrize("board", machines())
@pytest.mark.parametrize("check", CHECKS)
def test_the_storage_keeps_its_contract(board, check):
    with bench(board, "storage") as storage:
        check(storage)


def says_that_it_is_broken(storage, what):
    storage.driver.write("cal", LONG)
    storage.break_(what)
    before = bytes(storage.chip.flash.data["data"]) if what == "damaged" else b""
    storage.restart()  # the module must start all the same
    driver = storage.driver
    for work in (
        lambda: driver.read("cal"),
        lambda: driver.write("cal", b"2"),
        lambda: driver.append("cal", b"2"),
        lambda: driver.names(),
        lambda: driver.size("cal"),
        lambda: driver.remove("cal"),
    ):
        fails(EIO, work)
    assert driver.free_bytes() == 0
    if before:
        assert bytes(storage.chip.flash.data["data"]) == before, "what may still be read out is erased"


@pytest.mark.parametrize("board", machines())
@pytest.mark.parametrize("what", ["broken", "missing", "damaged"])
def test_a_partition_that_cannot_be_used_is_said_again_and_again(board, what):
    with bench(board, "storage") as storage:
        try:
            says_that_it_is_broken(storage, what)
        except Unbreakable:
            return


def test_a_chip_that_breaks_later_fails_each_call():
    with bench("esp32s3", "storage") as storage:
        storage.driver.write("cal", LONG)
        storage.chip.flash.broken = True
        for work in (lambda: storage.driver.write("cal", b"2"), lambda: storage.driver.read("cal")):
            with pytest.raises(OSError):
                work()


def test_wrong_storages_are_caught():
    from dermis.drivers.storage import little

    with bench("esp32s3", "storage") as storage:
        from dermis.drivers.storage import esp32s3

        current = storage.driver.__class__.__mro__[1]

        def in_place(self, name, data):
            self.stage(name, 0, data)

        wrong = [
            (keeps_files, current, {"write": in_place}),
            (replaces_at_once, current, {"replace": lambda self, name: None}),
            (takes_names_alone, current, {"_path": lambda self, name: self._root + "/" + name.replace("/", "_")}),
        ]
        for check, thing, names in wrong:
            with replaced(thing, **names), pytest.raises((AssertionError, OSError, pytest.fail.Exception)):
                check(storage)
        assert little

        def erasing(flash):
            import vfs  # type: ignore[import-not-found]

            device = flash.device("data")
            vfs.VfsLfs2.mkfs(device)
            return esp32s3.open_little(device)

        with replaced(esp32s3, open_storage=erasing), pytest.raises((AssertionError, pytest.fail.Exception)):
            says_that_it_is_broken(storage, "damaged")
