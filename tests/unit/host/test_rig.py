"""A rig's life: opened at rest, left at rest, whatever comes between. With instruments that only note what they are
told; and, as a process of its own, with supplies on pseudo-terminals and a Ctrl-C in the worst moment."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dermis_host import cli
from dermis_host.errors import LinkError, UsageError
from dermis_host.rig import RigDescription, RigError, load, of_port, open_rig
from dermis_host.rig import rig as rigs

from tests.unit.host.rig_fakes import FakeSupply, wait_for

NOWHERE = "socket://127.0.0.1:9"  # nothing listens there


class Bench:
    """What was done, in order; `trouble`: what raises or happens instead."""

    def __init__(self):
        self.done: list[str] = []
        self.trouble: dict[str, Callable[[], object]] = {}

    def do(self, what: str) -> None:
        self.done.append(what)
        if what in self.trouble:
            self.trouble[what]()

    def instrument(self, role: str):
        bench = self

        class Noted:
            def __init__(self):
                bench.do(f"{role} opened")

            def identity(self) -> str:
                return f"the {role}"

            def close(self) -> None:
                bench.do(f"{role} closed")

            def on(self) -> None:
                bench.do("on")

            def off(self) -> None:
                bench.do("off")

            def set(self, klux: float) -> None:
                bench.do(f"{klux:g} klux")

            def relay(self) -> bool:
                return False

            def frames(self):
                return []

            def can_trigger(self) -> bool:
                return True

            def trigger(self, on: bool) -> None:
                bench.do(f"trigger {on}")

            def names(self):
                return ["empty"]

            def show(self, target) -> None:
                bench.do(f"show {target}")

        return Noted

    def description(self, *roles: str) -> RigDescription:
        return RigDescription("rig.toml", "noted", NOWHERE, openers={role: self.instrument(role) for role in roles})


@pytest.fixture
def bench() -> Bench:
    return Bench()


def raises(problem: BaseException) -> Callable[[], object]:
    def fail() -> object:
        raise problem

    return fail


OPENED = ["power opened", "light opened", "lock opened", "on", "0 klux", "trigger False"]
LEFT = ["on", "0 klux", "trigger False", "lock closed", "light closed", "power closed"]
ALL = ("power", "light", "lock")


@pytest.fixture(autouse=True)
def python_s_own_keys() -> Iterator[None]:
    """OpenHTF, in another file's tests of the same process, leaves its own handler."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_is_opened_and_left_at_rest(bench, tmp_path):
    with open_rig(bench.description(*ALL), tmp_path) as rig:
        assert bench.done == OPENED
        assert rig.answers() == {
            "power": "the power",
            "light": "the light",
            "lock": "the lock",
            "trigger": "the lock",
        }
        assert rig.power is not None
        rig.power.off()
    assert bench.done[len(OPENED) + 1 :] == LEFT
    rig.close()
    assert bench.done[len(OPENED) + 1 :] == LEFT


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), ValueError("x"), SystemExit(143)])
def test_whatever_ends_it(bench, tmp_path, problem):
    with pytest.raises(type(problem)), open_rig(bench.description(*ALL), tmp_path):
        bench.done.clear()
        raise problem
    assert bench.done == LEFT


def test_power_that_does_not_come_back_is_said(bench, tmp_path):
    with pytest.raises(RigError) as told, open_rig(bench.description(*ALL), tmp_path):
        bench.done.clear()
        bench.trouble = {"on": raises(RigError("It does not confirm.")), "light closed": raises(OSError("gone"))}
    assert str(told.value) == (
        "The module's power may be off, switch it on by hand: It does not confirm. "
        "The instrument of [light] was not closed: Gone."
    )
    assert bench.done == LEFT


def test_it_is_said_also_after_another_problem(bench, tmp_path):
    said = r"lamp may still burn.*: Gone\. \(Before that: The link broke\.\)"
    with pytest.raises(RigError, match=said), open_rig(bench.description(*ALL), tmp_path):
        bench.trouble = {"0 klux": raises(OSError("gone"))}
        raise LinkError("The link broke.")
    said = r"power may be off.*\(Before that: interrupted\.\)"
    with pytest.raises(RigError, match=said), open_rig(bench.description("power"), tmp_path):
        bench.trouble = {"on": raises(RigError("No."))}
        raise KeyboardInterrupt


def test_a_key_pressed_while_it_comes_to_rest_waits(bench, tmp_path):
    with pytest.raises(KeyboardInterrupt), open_rig(bench.description(*ALL), tmp_path):
        bench.done.clear()
        bench.trouble = {"on": lambda: signal.raise_signal(signal.SIGINT)}
    assert bench.done == LEFT
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_key_does_not_hide_what_is_not_at_rest(bench, tmp_path):
    def pressed():
        signal.raise_signal(signal.SIGINT)
        raise RigError("No.")

    said = r"^The module's power may be off, switch it on by hand: No\. \(Before that: interrupted\.\)$"
    with pytest.raises(RigError, match=said), open_rig(bench.description("power"), tmp_path):
        bench.trouble = {"on": pressed}
    bench.trouble = {}
    rig = open_rig(bench.description("power"), tmp_path)
    bench.trouble = {"on": pressed}
    with pytest.raises(RigError, match="switch it on by hand: No"):
        rig.rest()


def test_one_that_does_not_answer_ends_the_opening(bench, tmp_path):
    bench.trouble = {"lock opened": raises(RigError("The lock's observer is silent."))}
    with pytest.raises(RigError, match="observer is silent"):
        open_rig(bench.description(*ALL), tmp_path)
    assert bench.done == ["power opened", "light opened", "lock opened", "on", "0 klux", "light closed", "power closed"]


def test_one_that_does_not_answer_may_be_allowed(bench, tmp_path):
    bench.trouble = {"light opened": raises(RigError("The lamp is silent."))}
    with open_rig(bench.description(*ALL), tmp_path, allow_missing=True) as rig:
        found = rig.capabilities()
        assert (rig.light, found["light"], found["lock"], found["trigger"]) == (None, "The lamp is silent.", "", "")
        assert found["scene"] == "rig.toml has no [targets]."
        assert found["flash"] == "rig.toml has no flash = true."
        assert "cannot be opened" in found["swir"]
        assert not rig.has("swir")
        assert rig.has("power")
        assert rig.trouble == ["The lamp is silent."]
        with pytest.raises(UsageError, match="no capability 'sound'"):
            rig.has("sound")
        with pytest.raises(RigError, match=r"rig.toml has no \[faults\]"):
            raise RigError(found["faults"])


def test_one_that_is_not_at_rest(bench, tmp_path):
    bench.trouble = {"on": raises(RigError("No."))}
    with pytest.raises(RigError) as told:
        open_rig(bench.description("power"), tmp_path)
    assert str(told.value) == "The module's power may be off, switch it on by hand: No."
    rig = open_rig(bench.description("power"), tmp_path, allow_missing=True)
    assert "power may be off" in rig.trouble[0]
    with pytest.raises(RigError, match="power may be off"):
        rig.rest()
    with pytest.raises(RigError, match="power may be off"):
        rig.close()


def test_power_comes_back_after_a_key_in_the_dark(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(rigs.time, "sleep", raises(KeyboardInterrupt()))
    with open_rig(bench.description("power"), tmp_path) as rig:
        bench.done.clear()
        monkeypatch.setattr(rigs.time, "sleep", lambda _: raises(KeyboardInterrupt())())
        with pytest.raises(KeyboardInterrupt):
            rig.power_cycle()
        assert bench.done == ["off", "on"]
        monkeypatch.undo()
        with pytest.raises(LinkError, match=r"The module does not answer within 0.1 s\. The port .* cannot be opened"):
            rig.power_cycle(0.0, limit_s=0.1)


def test_a_thread_that_goes_on_cannot_undo_it(bench, tmp_path):
    with open_rig(bench.description(*ALL), tmp_path) as rig:
        power, light = rig.power, rig.light
        assert power is not None
        assert light is not None
        begun, go_on = threading.Event(), threading.Event()
        bench.trouble = {"off": lambda: (begun.set(), go_on.wait(5))}
        thread = threading.Thread(target=power.off)
        thread.start()
        begun.wait(5)
        threading.Timer(0.1, go_on.set).start()
    thread.join()
    assert bench.done[-7:] == ["off", *LEFT]  # the rest waited for it
    with pytest.raises(RigError, match="The rig is being closed"):
        power.off()
    with pytest.raises(RigError, match="The rig is being closed"):
        light.set(1)
    assert bench.done[-7:] == ["off", *LEFT]


def test_a_module_alone(tmp_path):
    with open_rig(of_port(NOWHERE), tmp_path, seed=3) as rig:
        assert not rig.virtual
        with pytest.raises(RigError, match=r"A port alone has no \[power\]"):
            rig.power_cycle()
        assert rig.answers() == {}


# --- as a process


@pytest.fixture
def supplies():
    with FakeSupply() as power, FakeSupply() as lamp:
        lamp.output = False
        yield power, lamp


@pytest.fixture
def mute_module():
    """Something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"socket://127.0.0.1:{listener.getsockname()[1]}"


def written(folder: Path, module: str, power: FakeSupply, lamp: FakeSupply) -> Path:
    path = folder / "rig.toml"
    path.write_text(
        f'format = 1\n[module]\nport = "{module}"\n'
        f'[power]\nkind = "scpi_power"\nport = "{power.port}"\n'
        f'[light]\nkind = "scpi_light"\nport = "{lamp.port}"\nklux = [[0, 0], [10, 1]]\nsettle_s = 60\n'
    )
    return path


# The command, with waits that a test can stand, except for the one in which it is interrupted; and not asking a module
# that is none who it is.
HURRIED = """
import sys
from dermis_host import cli
from dermis_host.commands import rig as command
from dermis_host.rig import checking, rig
rig.QUICK_GREETING_S, rig.GREETING_S = 30, 0.1
rig.Rig.wait_for_module = lambda self: 0.0
checking._module = lambda rig: ""
command._surveyed = lambda *_: {"module": {}}
checking._power = checking._power if sys.argv.pop(1) == "off" else lambda rig: ""
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("number", "code", "moment"), [(signal.SIGINT, 130, "off"), (signal.SIGTERM, 143, "lit")])
def test_ctrl_c_leaves_the_power_on_and_the_lamp_dark(tmp_path, supplies, mute_module, number, code, moment):
    power, lamp = supplies
    path = written(tmp_path, mute_module, power, lamp)
    process = subprocess.Popen(
        [sys.executable, "-c", HURRIED, moment, "rig", str(path), "--check"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: not power.output if moment == "off" else lamp.output, 20)
        time.sleep(0.2)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == code, errors
    assert (power.output, lamp.output) == (True, False)


def test_the_command_says_what_does_not_answer(tmp_path, supplies, capsys):
    power, lamp = supplies
    lamp.mute = True
    path = written(tmp_path, NOWHERE, power, lamp)
    path.write_text(path.read_text() + "timeout_s = 0.1\n")
    assert cli.main(["rig", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["ok"] is False
    assert told["capabilities"]["power"] == {"there": True, "why": "", "answers": "ACME,PSU-1,SN7,1.02"}
    assert "did not answer *IDN?" in told["capabilities"]["light"]["why"]
    assert "did not answer *IDN?" in err
    assert "cannot be opened" in err


def test_wrong_usage(tmp_path, capsys):
    assert cli.main(["rig", str(tmp_path / "none.toml")]) == 2
    assert cli.main(["rig", str(tmp_path / "none.toml"), "-p", "x"]) == 2
    (tmp_path / "rig.toml").write_text("format = 1\n[module]\n")
    assert cli.main(["rig", str(tmp_path / "rig.toml")]) == 2
    assert "rig.toml: [module] port is missing: give a text." in capsys.readouterr().err


def test_a_port_is_a_rig(capsys):
    assert cli.main(["rig", "-p", NOWHERE]) == 1
    out, err = capsys.readouterr()
    assert out.count(NOWHERE) == 2  # as the title, and where it says why there is no telling of a SWIR head
    assert "A port alone has no [power]" in " ".join(out.split())
    assert "cannot be opened" in err


def test_load_is_what_the_command_reads(tmp_path, supplies):
    description = load(written(tmp_path, NOWHERE, *supplies))
    assert sorted(description.openers) == ["light", "power"]
