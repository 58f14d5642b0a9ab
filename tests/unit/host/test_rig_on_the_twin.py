"""The twin as a rig with everything: its supply, its lamp, its lock's side, its faults, its scenes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from dermis_host import cli
from dermis_host.errors import HostError, LinkError
from dermis_host.rig import CAPABILITIES, RigError, checking, load, open_rig
from dermis_host.rig import rig as rigs
from dermis_host.rig.contract import ROLES

from tests.unit.host.rig_fakes import FakeGrbl, FakeObserver, FakeSupply

FACE = "dermis_hw.twin.synthetic:face"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(rigs, "QUICK_GREETING_S", 0.5)


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with open_rig(None, tmp_path_factory.mktemp("rig"), provider=FACE, virtual_time=True) as made:
        yield made


def test_it_has_everything_and_keeps_the_contracts(rig):
    assert rig.virtual
    assert rig.capabilities() == dict.fromkeys(CAPABILITIES, "")
    for role, contract in ROLES.items():
        assert isinstance(getattr(rig, role), contract)
    assert "bona_fide_light" in rig.targets.names()
    assert "silicone_glued_06_1" in rig.targets.names()


def test_power(rig):
    boots = rig.twin.status()["boots"]
    rig.power.off()
    rig.power.off()
    rig.twin.reset()  # its button; and whoever opens the port moves the reset line: nobody hears them
    rig.twin.kill_module()
    assert rig.twin.status()["state"] == "off"
    assert not rig.answers_now()
    with pytest.raises(LinkError, match="does not answer within"):
        rig.wait_for_module(0.3)
    rig.power.on()
    rig.power.on()
    assert rig.wait_for_module() < 30
    assert rig.twin.status()["boots"] == boots + 1
    with rig.module() as module:
        assert module.identity().uptime_ms < 60_000


def test_a_power_cycle(rig):
    boots = rig.twin.status()["boots"]
    assert rig.power_cycle(0.05) > 0
    assert rig.twin.status()["boots"] == boots + 1


def test_a_switch_that_switches_something_else_is_found(rig, monkeypatch):
    class OtherPower:
        """It confirms, of another plug."""

        def on(self) -> None: ...

        def off(self) -> None: ...

    monkeypatch.setattr(rig, "power", OtherPower())
    monkeypatch.setattr(checking, "_scene", lambda rig: "")
    monkeypatch.setattr(checking, "_light", lambda rig: "")
    found = {check.capability: check for check in checking.checks(rig)}
    assert not found["power"].ok
    assert "it switches something else" in found["power"].told
    assert found["module"].ok
    assert found["faults"].ok


def test_lock_and_faults_and_rest(rig):
    assert not rig.lock.relay()
    assert rig.lock.frames() == []
    rig.lock.trigger(True)
    rig.faults.ask("stuck_adc", value=3)
    assert rig.twin.status()["lock"]["inputs"]["trigger"]
    rig.rest()
    assert not rig.twin.status()["lock"]["inputs"]["trigger"]
    assert rig.twin.status()["faults"] == {}
    with pytest.raises(RigError, match="There is no fault 'gremlins'"):
        rig.faults.ask("gremlins")


def test_what_it_refuses(rig):
    with pytest.raises(RigError, match="did you mean 'resin_mask'"):
        rig.targets.show("resin_mas")
    with pytest.raises(RigError, match=r"There is no scene file none\.toml"):
        rig.targets.show("none.toml")
    with pytest.raises(RigError, match="there is none: show one first"):
        rig.light.set(1.0)


def test_a_lamp_beside_a_scene(tmp_path):
    """What the wall of an empty hall sends back without our lights."""
    with open_rig(None, tmp_path, scene="empty_hall", virtual_time=True) as rig:
        assert rig.light is not None
        with rig.module() as module:

            def level() -> float:
                burst = module.burst(("dark",), 2000)
                return float(np.frombuffer(module.frame(burst, "dark"), np.uint8).mean())

            without = level()
            rig.light.set(20.0)
            assert level() > without + 5
        with pytest.raises(RigError, match="The lamp gives 0 to 150 klux"):
            rig.light.set(151)


def test_a_twin_with_less(tmp_path, capsys):
    path = tmp_path / "rig.toml"
    path.write_text(
        'format = 1\n[module]\nkind = "twin"\nscene = "empty"\nswir = false\nvirtual_time = true\n'
        '[power]\nkind = "twin"\n[lock]\nkind = "twin"\n[faults]\nkind = "twin"\n'
    )
    assert cli.main(["rig", str(path), "--check", "--json", "--folder", str(tmp_path / "twin")]) == 0
    told = json.loads(capsys.readouterr().out)
    there = {name for name, found in told["capabilities"].items() if found["there"]}
    assert there == {"power", "lock", "trigger", "faults", "flash"}
    assert told["capabilities"]["swir"]["why"] == "The module has no SWIR head."
    assert told["capabilities"]["scene"]["why"].endswith("rig.toml has no [targets].")
    assert told["simulated"]
    assert [check["capability"] for check in told["checks"]] == ["module", "power", "lock", "trigger", "faults"]
    assert all(check["ok"] for check in told["checks"]), told["checks"]


class TwinsSupply(FakeSupply):
    """A laboratory supply whose output the twin hangs on."""

    def __init__(self, twin):
        self.twin = twin
        super().__init__()

    def answer(self, line):
        told = super().answer(line)
        if line.startswith("OUTP "):
            self.twin.power(self.output)
        return told


def test_a_bench_of_instruments(rig, tmp_path, capsys):
    """Everything that a bench may have, as its ports show it, round a module that is not told to be a twin."""
    path = tmp_path / "rig.toml"
    with TwinsSupply(rig.twin) as power, FakeSupply() as lamp, FakeGrbl() as machine, FakeObserver() as observer:
        path.write_text(
            f'format = 1\n[module]\nport = "{rig.port}"\nflash = true\n'
            f'[power]\nkind = "scpi_power"\nport = "{power.port}"\n'
            f'[light]\nkind = "scpi_light"\nport = "{lamp.port}"\nklux = [[0, 0], [10, 1]]\nsettle_s = 0\n'
            f'[targets]\nkind = "grbl_targets"\nport = "{machine.port}"\nplaces.resin_mask.x = 90\nsettle_s = 0\n'
            f'[lock]\nkind = "serial_lock"\nport = "{observer.port}"\n'
        )
        code = cli.main(["rig", str(path), "--check", "--json"])
        told = json.loads(capsys.readouterr().out)
        assert code == 0, told
        assert (power.output, lamp.output, machine.position[0], observer.trigger) == (True, False, 90.0, False)
    assert not told["simulated"]
    assert [name for name, found in told["capabilities"].items() if not found["there"]] == ["faults"]
    assert told["targets"] == ["resin_mask"]
    assert "silent; on again: answers after" in told["checks"][1]["told"]


def test_a_twin_that_cannot_start(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text('format = 1\n[module]\nkind = "twin"\nscene = "empty"\n')
    (tmp_path / "folder").write_text("no folder")
    with pytest.raises(HostError, match="cannot be written"):
        open_rig(load(path), tmp_path / "folder")
