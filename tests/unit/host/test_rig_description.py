"""rig.toml: what is read, and the sentence for each mistake."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from dermis_host.errors import UsageError
from dermis_host.rig import Keys, contract, instruments, kinds, load, of_port, of_twin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

KINDS = Path(instruments.__path__[0])

TWIN = """
format = 1
name = "bench 1"
[module]
kind = "twin"
scene = "bona_fide_dark"
module = "7"
seed = 3
virtual_time = true
[targets]
kind = "twin"
[faults]
kind = "twin"
"""


class Bell:
    """Somebody else's power switch, in this file."""

    def __init__(self, rings: int):
        self.rings = rings

    @classmethod
    def read(cls, keys):
        rings = keys.whole("rings", 1, 3)
        return lambda: cls(rings)

    def identity(self) -> str:
        return f"bell of {self.rings}"

    def close(self) -> None: ...

    def on(self) -> None: ...

    def off(self) -> None: ...


class Mute:
    """Not even that."""


def written(folder: Path, text: str) -> Path:
    path = folder / "rig.toml"
    path.write_text(text)
    return path


def test_a_twin(tmp_path):
    description = load(written(tmp_path, TWIN))
    assert description.name == "bench 1"
    assert description.simulated == ("targets", "faults")
    assert description.flash
    assert description.twin is not None
    assert description.twin["scene"].name == "bona_fide_dark.toml"
    assert (description.twin["seed"], description.twin["virtual_time"]) == (3, True)
    assert description.twin["module"].serial == "DM1-0007"


def test_a_port_and_an_instrument_of_somebody_else(tmp_path):
    (tmp_path / "keys").mkdir()
    text = f"""
format = 1
[module]
port = "rfc2217://bench:4001"
keyring = "keys"
flash = true
[power]
kind = "{__name__}:Bell"
rings = 2
"""
    description = load(written(tmp_path, text))
    assert (description.port, description.name, description.flash) == ("rfc2217://bench:4001", "rig", True)
    assert description.keyring == tmp_path / "keys"
    assert description.openers["power"]().identity() == "bell of 2"


def test_what_needs_no_file():
    assert of_port("/dev/ttyX").port == "/dev/ttyX"
    assert not of_port("/dev/ttyX").openers
    assert set(of_twin().simulated) == set(contract.ROLES)


PORT = 'format = 1\n[module]\nport = "/dev/ttyX"\n'
BELL = f'{PORT}[power]\nkind = "{__name__}:'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "rig.toml: format is missing"),
        ("format = 2", "rig.toml: format is 2; these tools read format = 1"),
        ("format = 1" + "0" * 4000, "rig.toml is no TOML (a whole number is beyond 64 bits): correct it."),
        ("format = 1" + "0" * 18, "rig.toml: format is"),
        ("format = true", "rig.toml: format is of the wrong kind"),
        ("format = ", "is no TOML"),
        ("format = 1" + "0" * 5000, "is no TOML"),
        ("format = " + "[" * 5000, "is no TOML"),
        ("format = 1", "rig.toml: module is missing: give a table"),
        ("format = 1\nmodule = 3", "rig.toml: module is of the wrong kind"),
        ("format = 1\n[module]", "rig.toml: [module] port is missing: give a text"),
        ("format = 1\n[module]\nport = 3", "rig.toml: [module] port is of the wrong kind"),
        ('format = 1\n[module]\nport = ""', "rig.toml: [module] port must be one line"),
        (PORT + "baud = 3", "rig.toml: [module] there is no key baud here; it takes"),
        (PORT + "falsh = true", "rig.toml: [module] there is no key falsh here; did you mean flash?"),
        (PORT + 'keyring = "none"', "rig.toml: [module] keyring names no folder"),
        ('format = 1\n[module]\nport = "socket://h:1"\nflash = true', "rig.toml: [module] flash cannot be true"),
        (PORT + "[powr]\n", "rig.toml: there is no key powr here; did you mean power?"),
        (PORT + "[power]\n", "rig.toml: [power] kind is missing"),
        (PORT + '[power]\nkind = "twinn"', "did you mean twin?"),
        (PORT + '[power]\nkind = "twin"', 'rig.toml: [power] kind can be "twin" only where [module]'),
        (TWIN + "steps = 3", "rig.toml: [faults] there is no key steps here"),
        (TWIN.replace('module = "7"', 'module = "seven"'), "rig.toml: [module] module is no module of the twin"),
        (TWIN.replace("bona_fide_dark", "bona_fide_drak"), "did you mean 'bona_fide_dark' or"),
        (TWIN.replace("bona_fide_dark", "none.toml"), "rig.toml: [module] scene is none (There is no scene file"),
        (BELL + 'Bell"', "rig.toml: [power] rings is missing: give a whole number, 1 to 3"),
        (BELL + 'Bell"\nrings = 4', "rig.toml: [power] rings is 4: it must be 1 to 3"),
        (BELL + 'Bell"\nrings = 1\nloud = true', "rig.toml: [power] there is no key loud here; it takes kind, rings"),
        (BELL + 'Mute"', "is none for [power]: it lacks close, identity, off, on"),
        (BELL + 'Gone"', "cannot be imported"),
        (PORT + '[power]\nkind = "no.such.package:Bell"', "cannot be imported"),
        (PORT + '[power]\nkind = ".relative:Bell"', "cannot be imported"),
        (BELL.replace("[power]", "[light]") + 'Bell"\nrings = 1', "is none for [light]: it lacks set"),
    ],
)
def test_mistakes(tmp_path, text, said):
    with pytest.raises(UsageError) as refused:
        load(written(tmp_path, text))
    assert said in str(refused.value)
    assert "rig.toml" in str(refused.value)


def test_the_module_on_another_port(tmp_path):
    bench = load(written(tmp_path, PORT + "flash = true"))
    assert bench.on("rfc2217://h:1") == dataclasses.replace(bench, port="rfc2217://h:1")
    with pytest.raises(UsageError, match=r"rig.toml: \[module\] flash cannot be true on socket://h:1"):
        bench.on("socket://h:1")
    with pytest.raises(UsageError, match="starts a twin, which has a port of its own"):
        load(written(tmp_path, TWIN)).on("/dev/ttyX")


def test_what_is_not_there_is_told_with_the_file_or_without_one(tmp_path):
    assert load(written(tmp_path, PORT)).lacks("[light]").endswith("rig.toml has no [light].")
    assert of_port("/dev/ttyX").lacks("[light]") == "A port alone has no [light]: a rig.toml can have it."


def test_a_file_of_somebody_else_that_ends_the_program_ends_nothing(tmp_path, monkeypatch):
    """Its exit code would be a command's that did nothing: of an evaluation, that every goal is reached."""
    (tmp_path / "ending_bell.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match="ending_bell:Bell cannot be imported"):
        load(written(tmp_path, PORT + '[power]\nkind = "ending_bell:Bell"'))


def test_a_file_of_somebody_else_that_is_broken(tmp_path, monkeypatch):
    (tmp_path / "broken_bell.py").write_text("class Bell:\n  def on(self\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        UsageError, match=r"rig\.toml: \[power\] kind broken_bell:Bell cannot be imported \('\(' was never"
    ):
        load(written(tmp_path, PORT + '[power]\nkind = "broken_bell:Bell"'))


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match=r"There is no .*absent\.toml"):
        load(tmp_path / "absent.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "rig.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is no TOML"):
        load(tmp_path / "rig.toml")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.just("/dev/x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OF_KIND = {
    name: sorted(set(re.findall(r"keys\.\w+\(\s*\"(\w+)\"", (KINDS / f"{name}.py").read_text())) | {"port", "baud"})
    for name in kinds.names()
    if name != kinds.TWIN
}


@pytest.mark.parametrize("kind", sorted(OF_KIND))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_keys_are_taken_or_refused_in_a_sentence(tmp_path, kind, data):
    """Nothing is opened, and nothing else is raised."""
    values = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys([*OF_KIND[kind], "other"], VALUES)))
    role = {"serial_lock": "lock", "scpi_light": "light"}.get(kind, "targets" if kind.endswith("targets") else "power")
    try:
        assert callable(kinds.read(role, kind, Keys(values, tmp_path / "rig.toml", role)))
    except UsageError as problem:
        assert str(problem).startswith(f"rig.toml: [{role}")
        assert len(str(problem)) < 2000
