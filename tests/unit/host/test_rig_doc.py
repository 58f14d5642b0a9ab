"""docs/rig.md: its example of an instrument works as printed, its example of a rig.toml is read, its table is whole."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from dermis_host.rig import CAPABILITIES, RigError, kinds, load, open_rig
from dermis_host.rig.instruments import serial_lock

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "rig.md").read_text()
LINES = (DOCS / "formats" / "lock-observer.md").read_text()
NOWHERE = "socket://127.0.0.1:9"

# A labgrid-client that has one place, and prints what the real one does.
CLIENT = """#!{python}
import pathlib, sys
place, word, action = sys.argv[2:]
state = pathlib.Path(__file__).with_name("state")
if place != "module-3":
    sys.exit(f"labgrid-client: error: place {{place}} is not acquired")
if action == "get":
    print(f"power for place {{place}} is {{state.read_text()}}")
elif not state.with_name("stuck").exists():
    state.write_text(action)
"""


def blocks(language: str, sign: str) -> list[str]:
    """The page's code in a language that holds some words."""
    return [found for found in re.findall(rf"```{language}\n(.*?)```", PAGE, re.S) if sign in found]


@pytest.fixture
def place(tmp_path, monkeypatch):
    (example,) = blocks("python", "class LabgridPower")
    (tmp_path / "labgrid_power.py").write_text(example)
    (tmp_path / "client").write_text(CLIENT.format(python=sys.executable))
    (tmp_path / "client").chmod(0o755)
    (tmp_path / "state").write_text("off")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("labgrid_power", None)


def written(folder: Path, place: str = "module-3") -> Path:
    path = folder / "rig.toml"
    path.write_text(
        f'format = 1\n[module]\nport = "{NOWHERE}"\n[power]\nkind = "labgrid_power:LabgridPower"\n'
        f'client = "{folder / "client"}"\nplace = "{place}"\n'
    )
    return path


def test_the_example_instrument(place):
    with open_rig(load(written(place)), place) as rig:
        assert (place / "state").read_text() == "on"
        assert rig.answers() == {"power": "labgrid place module-3"}
        assert rig.power is not None
        rig.power.off()
        assert (place / "state").read_text() == "off"
    assert (place / "state").read_text() == "on"


def test_the_example_instrument_says_what_is_wrong(place):
    said = r"labgrid refused `power get` of module-4 \(labgrid-client: error: place module-4 is not acquired\)"
    with pytest.raises(RigError, match=said):
        open_rig(load(written(place, "module-4")), place)
    (place / "stuck").touch()
    with pytest.raises(RigError) as told:
        open_rig(load(written(place)), place)
    assert str(told.value) == (
        "The module's power may be off, switch it on by hand: Labgrid switched module-3 on, and it is not: look at its "
        "power port."
    )
    (place / "client").unlink()
    with pytest.raises(RigError, match="labgrid-client cannot be asked about module-3"):
        open_rig(load(written(place)), place)


def test_the_example_rig(tmp_path):
    (example,) = blocks("toml", "bench 3")
    (tmp_path / "keyring").mkdir()
    (tmp_path / "rigs").mkdir()
    path = tmp_path / "rigs" / "rig.toml"
    path.write_text(example)
    description = load(path)
    assert (description.name, description.flash) == ("bench 3", True)
    assert sorted(description.openers) == ["power", "targets"]


def test_every_kind_and_capability_is_told():
    listed = set(re.findall(r"^\|[^|]*\| `(\w+)`:", PAGE, re.M))
    assert listed == set(kinds.names()) - {kinds.TWIN}
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M)) == set(CAPABILITIES)


def test_every_key_is_told():
    """Each key that a kind asks for stands in its row."""
    rows = dict(re.findall(r"^\|[^|]*\| `(\w+)`:[^|]*\| (.*) \|$", PAGE, re.M))
    scpi = {"port", "baud", "timeout_s", "first"}
    folder = Path(serial_lock.__file__).parent
    for kind, row in rows.items():
        source = (folder / f"{kind}.py").read_text()
        asked = set(re.findall(r'keys\.(?:text|choice|flag|whole|number|texts|rows|path|table)\(\s*"(\w+)"', source))
        asked |= {"port"} & set(re.findall(r"keys\.(port)\(\)", source)) | {"baud"} & set(
            re.findall("keys.(baud)", source)
        )
        told = set(re.findall(r"`(\w+)`", row)) | (scpi if "those of a SCPI instrument" in row else set())
        assert asked, kind
        assert asked <= told, (kind, asked - told)


def test_the_lock_observers_lines():
    version = re.search(r"`LOCK-OBSERVER (\d+) NAME TRIGGER=1`", LINES)
    assert version is not None
    assert int(version[1]) == serial_lock.VERSION
    assert f"{serial_lock.BAUD} baud" in LINES
    assert f"keeps {serial_lock.MOST_FRAMES}" in LINES
    assert "within 1 s" in LINES
    assert serial_lock.ANSWER_S == 1.0
