"""The lock's observer, against a microcontroller that speaks the lines of docs/formats/lock-observer.md."""

from __future__ import annotations

import pytest
from dermis_host.rig import LockObserver, RigError
from dermis_host.rig.instruments import serial_lock

from tests.unit.host.rig_fakes import FakeObserver, keys_of


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(serial_lock, "ANSWER_S", 0.6)
    monkeypatch.setattr(serial_lock, "START_S", 1.0)


@pytest.fixture
def observer():
    with FakeObserver() as device:
        yield device


def lock(tmp_path, device) -> serial_lock.SerialLock:
    return serial_lock.SerialLock.read(keys_of(tmp_path, port=device.port))()


@pytest.mark.parametrize("on", ["pty", "socket"])
def test_all_of_it(tmp_path, on):
    with FakeObserver(on=on) as observer:
        made = lock(tmp_path, observer)
        assert isinstance(made, LockObserver)
        assert made.identity() == "bench-3"
        assert made.frames() == []  # what it saw before is not of this run
        assert not made.relay()
        observer.relay, observer.seen = True, ["1" * 26, "0110"]
        assert made.relay()
        assert made.frames() == [(1,) * 26, (0, 1, 1, 0)]
        assert made.frames() == []
        assert made.can_trigger()
        made.trigger(True)
        assert observer.trigger
        made.trigger(False)
        assert not observer.trigger
        made.close()


def test_one_without_the_wire(tmp_path, observer):
    observer.has_trigger = False
    made = lock(tmp_path, observer)
    assert not made.can_trigger()
    with pytest.raises(RigError, match="no wire to the trigger input"):
        made.trigger(True)


def test_one_that_is_still_starting(tmp_path, observer):
    observer.noise = b"ets Jul 29 2019\r\nrst:0x1\r\n"
    assert lock(tmp_path, observer).identity() == "bench-3"


def test_one_that_lost_frames(tmp_path, observer):
    made = lock(tmp_path, observer)
    observer.lost = 3
    with pytest.raises(RigError, match="lost 3 Wiegand frames"):
        made.frames()
    assert made.frames() == []


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("HELLO?", "LOCK-OBSERVER 2 bench-3 TRIGGER=1", "speaks version 2, and not 1"),
        ("RELAY?", "RELAY 2", r"answered RELAY\? with 'RELAY 2'"),
        ("RELAY?", "ERROR pin 4 floats", r"refused RELAY\?: pin 4 floats"),
        ("FRAMES?", "FRAMES 999 LOST 0", r"answered FRAMES\?"),
        ("FRAMES?", "FRAMES 1 LOST 0\nFRAME 012", "with 'FRAME 012'"),
        ("FRAMES?", "FRAMES 2 LOST 0\nFRAME 01", r"did not answer FRAMES\?"),
    ],
)
def test_nonsense(tmp_path, observer, question, answer, said):
    made = lock(tmp_path, observer) if question != "HELLO?" else None
    observer.answers[question] = answer
    with pytest.raises(RigError, match=said):
        made = made or lock(tmp_path, observer)
        made.relay()
        made.frames()
    if made is not None:
        observer.answers.clear()
        assert not made.relay()
        assert made.frames() in ([], [(0, 1)])


def test_an_answer_that_comes_too_late(tmp_path, observer):
    made = lock(tmp_path, observer)
    observer.delay_s = 0.9
    with pytest.raises(RigError, match=r"did not answer RELAY\?"):
        made.relay()  # the late answer is 0
    observer.delay_s, observer.relay = 0.0, True
    assert made.relay()


def test_silence_and_a_pulled_cable(tmp_path, observer):
    made = lock(tmp_path, observer)
    observer.unplug_at = lambda data: True
    with pytest.raises(RigError, match="is gone"):
        made.relay()
    with FakeObserver() as other:
        other.mute = True
        with pytest.raises(RigError, match=r"did not answer HELLO\? within 1 s"):
            lock(tmp_path, other)
