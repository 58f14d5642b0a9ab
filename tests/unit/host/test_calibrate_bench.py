"""The live bench and its operators: targets placed, other hosts noticed, programs that misbehave, hints that help."""

from __future__ import annotations

import io
import os
import sys
import threading
from datetime import date

import numpy as np
import pytest
from dermis_host import Module
from dermis_host.calibration import clock, hints, live_bench, operators, targets
from dermis_host.calibration.bench import StepVoid
from dermis_host.calibration.live_bench import LiveBench
from dermis_host.calibration.operators import Person, RunningTwin
from dermis_host.calibration.script import Script, ScriptFailed
from dermis_host.errors import HostError, NotDermis, UsageError
from dermis_host.output import Output
from dermis_host.recording import Recording
from dermis_hw.boards import board_file
from dermis_hw.optics import DM1
from fake_module import META, FakeModule

FIXTURE = targets.load()
WHITE, CAP = FIXTURE.targets["white"], FIXTURE.targets["cap"]


class Shown:
    """An operator that only notes what it was asked."""

    def __init__(self):
        self.asked: list = []

    def show(self, target, look):
        self.asked.append(target.name)

    def heat(self, temperature_c, look):
        self.asked.append(temperature_c)

    def close(self):
        self.asked.append("close")


@pytest.fixture
def fake():
    ids = iter(range(1, 100))
    with FakeModule(burst=lambda fields: {"id": next(ids), "frames": list(META["frames"]), "meta": META}) as made:
        yield made


class TestLiveBench:
    def test_a_burst_has_the_frames_asked_for_and_no_record(self, fake):
        with Module(fake.url) as module:
            bench = LiveBench(module, Shown())
            burst = bench.burst(("dark", "970"), exposure_us=3000)
        assert set(burst.frames) == {"dark", "970"} and burst.calibration == b""
        assert "calibration_read" not in fake.asked and bench.serial == "DM1-0007"
        assert bench.sensors == {"imager": "x", "swir": "x"}

    def test_another_host_s_bursts_make_the_step_void_and_the_next_one_counts_anew(self):
        ids = iter([4, 5, 9, 10, 11])
        with (
            FakeModule(burst=lambda _: {"id": next(ids), "frames": ["dark"], "meta": META}) as fake,
            Module(fake.url) as module,
        ):
            bench = LiveBench(module, Shown())
            bench.burst(("dark",))
            bench.burst(("dark",))
            with pytest.raises(StepVoid, match="Another host"):
                bench.burst(("dark",))
            bench.burst(("dark",))
            bench.burst(("dark",))

    def test_a_restart_between_bursts_makes_the_step_void(self, fake):
        with Module(fake.url) as module:
            bench = LiveBench(module, Shown())
            bench.burst(("dark",))
            fake.uptime_ms = 3
            with pytest.raises(StepVoid, match="restarted"):
                bench.burst(("dark",))

    def test_another_module_on_the_port_is_said(self, fake):
        with Module(fake.url) as module:
            bench = LiveBench(module, Shown())
            bench.serial = "DM1-0001"
            with pytest.raises(HostError, match="put that one back"):
                bench.burst()

    def test_a_board_without_a_file_is_said(self):
        class Other:
            def identity(self):
                return type("Identity", (), {"board": "toaster"})()

        with pytest.raises(NotDermis, match="no board file"):
            live_bench._board(Other().identity())  # type: ignore[arg-type]

    def test_heating_waits_for_the_module_s_own_thermometer(self, monkeypatch):
        degrees = iter([2000, 2700, 3900])

        def burst(_):
            count = next(numbers)
            return {"id": count, "frames": ["dark"], "meta": {**META, "temperature_cc": next(degrees)}}

        numbers = iter(range(1, 10))
        monkeypatch.setattr(live_bench, "LOOK_S", 0)
        told: list[str] = []
        operator = Shown()
        with FakeModule(burst=burst) as fake, Module(fake.url) as module:
            LiveBench(module, operator, told.append).heat(40.0)
        assert operator.asked == [40.0] and told[0] == "20.0 degC, waiting for 40" and len(told) == 2

    def test_a_chamber_that_never_gets_there_is_said(self, fake, monkeypatch):
        monkeypatch.setattr(live_bench, "SETTLE_S", -1)
        with Module(fake.url) as module, pytest.raises(HostError, match="chamber"):
            LiveBench(module, Shown()).heat(60.0)


class TestPerson:
    def person(self, monkeypatch, typed):
        monkeypatch.setattr(operators, "KEY_S", 0.01)
        output = Output()
        said = io.StringIO()
        output.err.file = said
        monkeypatch.setattr(sys, "stdin", typed)
        return Person(output), said

    def test_the_guide_is_said_and_looks_go_on_until_enter(self, monkeypatch):
        reader, writer = os.pipe()
        person, said = self.person(monkeypatch, os.fdopen(reader))
        looks = []

        def look():
            looks.append(1)
            if len(looks) == 3:
                os.write(writer, b"\n")
            return f"level {len(looks)}"

        person.show(WHITE, look)
        os.close(writer)
        assert len(looks) >= 3 and "450 mm" in said.getvalue() and "Press Enter" in said.getvalue()

    def test_the_end_of_input_is_wrong_usage(self, monkeypatch):
        person, _ = self.person(monkeypatch, io.StringIO(""))
        with pytest.raises(UsageError, match="terminal"):
            person.show(CAP, lambda: "dark")


SCRIPT = """
import sys
for line in sys.stdin:
    word = line.split()
    {body}
"""


def script(tmp_path, body):
    path = tmp_path / "arm.py"
    path.write_text(SCRIPT.format(body=body))
    return path


class TestScript:
    def test_the_protocol_as_documented(self, tmp_path):
        path = script(
            tmp_path,
            "open('heard', 'a').write(line); print('# moving' if word[0] == 'show' else ''); print('ok', flush=True)",
        )
        told: list[str] = []
        before = os.getcwd()
        os.chdir(tmp_path)
        try:
            arm = Script(path, "DM1-0007", told.append)
            arm.show(WHITE, str)
            arm.show(CAP, str)
            arm.heat(-10.0, str)
            arm.close()
        finally:
            os.chdir(before)
        assert (tmp_path / "heard").read_text() == "hello 1 DM1-0007\nshow white 450\nshow cap 0\nheat -10\nend\n"
        assert told == ["moving", "moving"]

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("print('the gripper is stuck', flush=True)", "answered 'hello 1 A' with: the gripper is stuck"),
            ("break", "ended without an answer"),
            ("import time; time.sleep(9)", "gave no answer"),
        ],
    )
    def test_a_program_that_does_not_do_it_is_told_in_a_sentence(self, tmp_path, body, said, monkeypatch):
        monkeypatch.setattr("dermis_host.calibration.script.END_S", 0.2)
        with pytest.raises(ScriptFailed, match=said):
            Script(script(tmp_path, body), "A", lambda _: None, answer_s=0.6)

    def test_files_that_are_no_programs(self, tmp_path):
        with pytest.raises(UsageError, match="no script"):
            Script(tmp_path / "none", "A", print)
        plain = tmp_path / "plain"
        plain.write_text("nothing")
        with pytest.raises(UsageError, match="chmod"):
            Script(plain, "A", print)
        plain.chmod(0o755)
        with pytest.raises(UsageError, match="#!"):
            Script(plain, "A", print)


class Twin:
    """A control socket's other end."""

    def __init__(self, scene="/face.toml", faults=None):
        self.scene, self.faults, self.done = scene, faults or {}, []

    def status(self):
        return {"url": "rfc2217://x", "scene": self.scene, "faults": self.faults}

    def set_scene(self, path):
        self.done.append(f"scene {path.name}")

    def fault(self, name, arguments):
        self.done.append((name, arguments))


def test_a_twin_gets_back_its_scene_and_the_faults_it_had():
    twin = Twin(faults={"dead_light": {"light": "970"}})
    operator = RunningTwin(twin)  # type: ignore[arg-type]
    operator.show(CAP, str)
    operator.heat(50.0, str)
    operator.close()
    assert twin.done == [
        "scene target_cap.toml",
        ("hot_module", {"temperature_c": 50.0}),
        ("clear", {}),
        ("dead_light", {"light": "970"}),
        "scene face.toml",
    ]


def test_a_run_that_was_killed_leaves_word_of_the_scene_for_the_next():
    twin = Twin(scene="/target_white.toml", faults={"hot_module": {"temperature_c": 50.0}})
    operator = RunningTwin(twin, "/face.toml")  # type: ignore[arg-type]
    assert operator.scene == "/face.toml"
    operator.close()
    assert twin.done == [("clear", {}), "scene face.toml"]


BOARD = board_file("twin")


def looked_at(target, factor=1.0, shape=1.0, room=0.0):
    """What the hint says of an even target: `factor` on its level, `shape` over the frame, `room` of full scale."""
    level = DM1.electrons_per_us["850"] * DM1.exposure_us / DM1.full_well_e
    reflectance = target.reflectance("850") * (DM1.z_ref_mm / max(target.distance_mm, 1)) ** 2
    lit = np.broadcast_to(np.clip(level * reflectance * factor * shape + room, 0, 1), (240, 320))
    frames = {
        name: np.round(4 + 251 * np.broadcast_to(values, (240, 320)) ** (1 / 2.2)).astype(np.uint8)
        for name, values in (("dark", np.full((240, 320), room)), ("850", lit))
    }
    return hints.Hint(target, BOARD).line(Recording(META, frames, b"", BOARD))


EDGE = np.linspace(-1, 1, 320)[None, :]


@pytest.mark.parametrize(
    ("target", "given", "said"),
    [
        ("white", {}, "looks right"),
        ("near", {}, "looks right"),
        ("far", {}, "looks right"),
        ("white", {"factor": 1.2}, "looks right"),
        ("white", {"factor": 0.8}, "looks right"),
        ("white", {"factor": 2.0}, "too near"),
        ("grey_75", {"factor": 0.5}, "too far, or the wrong target"),
        ("white", {"factor": 4.0}, "saturated"),
        ("white", {"shape": 1 + 0.1 * EDGE}, "its upper edge is too near"),
        ("white", {"shape": 1 - 0.1 * EDGE}, "its lower edge is too near"),
        ("white", {"shape": np.where(EDGE < 0.7, 1.0, 0.1)}, "does not fill the frame"),
        ("white", {"room": 0.05}, "switch lights off"),
        ("white", {"factor": 0.0}, "place the target"),
        ("cap", {"factor": 0.0}, "looks right"),
        ("cap", {"room": 0.05}, "press the cap on"),
    ],
)
def test_hints(target, given, said):
    assert said in looked_at(FIXTURE.targets[target], **given)


class TestClock:
    certified, due = date(2026, 11, 1), date(2027, 11, 1)

    @pytest.mark.parametrize(
        ("today", "said"),
        [
            (date(1970, 1, 1), "tools were released"),
            (date(2026, 1, 1), "tools were released"),
            (date(2106, 2, 7), "after 2099"),
        ],
    )
    def test_a_clock_that_cannot_be_right(self, today, said):
        with pytest.raises(clock.WrongClock, match=said):
            clock.check_clock(today, self.certified)

    def test_a_fixture_certified_in_the_future(self):
        with pytest.raises(clock.WrongClock, match="certified on 2030-01-01"):
            clock.check_clock(date(2028, 1, 1), date(2030, 1, 1))
        clock.check_clock(date(2028, 1, 1), self.certified)

    def test_an_overdue_fixture_must_be_allowed(self):
        with pytest.raises(clock.Overdue, match="--allow-overdue"):
            clock.check_due(date(2027, 11, 2), self.due, "F-7", False)
        assert clock.check_due(date(2027, 11, 2), self.due, "F-7", True)
        assert not clock.check_due(self.due, self.due, "F-7", False)


def test_threads_of_programs_end(tmp_path):
    before = threading.active_count()
    arm = Script(script(tmp_path, "print('ok', flush=True)"), "A", print)
    arm.close()
    assert arm._process.returncode is not None and threading.active_count() <= before + 1
