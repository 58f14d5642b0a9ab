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


def test_a_twin_that_cannot_start(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text('format = 1\n[module]\nkind = "twin"\nscene = "empty"\n')
    (tmp_path / "folder").write_text("no folder")
    with pytest.raises(HostError, match="cannot be written"):
        open_rig(load(path), tmp_path / "folder")
