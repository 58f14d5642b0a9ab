"""The rig that the tools meet: the suite's own board, in the bench state; in place of its twin a flashed one, in real
time, also on a tty.

A tool opens the port itself: no test here asks for `module` or `dut`, and who talks SMP closes the port first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from dermis_host.access.keyring import Keyring
from dermis_host.building import signing
from dermis_host.rig import Rig, RigDescription, open_rig

from tests.hil.support import options
from tests.hil.support.command import Dermis
from tests.hil.support.ports import NO_MODEM_LINES
from tests.twin.conftest import FACE
from tests.twin.flashed import write_built

START_LIMIT_S = 120.0  # from reset to the first answer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tools meet a module that asks nobody for a session."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "rig" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.needs("bench"))


def flashed_twin(built, folder: Path) -> Rig:
    """A twin that starts the tests' build from its flash, before the synthetic face, with a pseudo-terminal beside its
    port: smpmgr takes no URL."""
    write_built(folder / "twin", built)
    return open_rig(None, folder / "twin", provider=FACE, pty=folder / "tty", virtual_time=False)


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[Rig]:
    """The suite's, where that is a board: it has one port, and instruments that nobody opens twice."""
    description: RigDescription = getattr(request, "param", None) or request.config.stash[options.RIGS][0]
    if description.twin is None:
        board: Rig = request.getfixturevalue("rig")  # the fixture that this one stands before
        board.wait_for_module()
        yield board
        return
    with flashed_twin(request.getfixturevalue("built"), tmp_path_factory.mktemp("clients")) as twin:
        twin.wait_for_module()
        yield twin


def tty_of(rig: Rig) -> str:
    """What a tool opens that takes no URL. Skips where the rig has none."""
    if rig.twin is not None:
        return rig.twin.status()["pty"]
    if "://" in rig.port:
        pytest.skip(f"{rig.port} is no tty, and this tool opens nothing else: give the rig one, or use socat.")
    return rig.port


@pytest.fixture
def tty(rig: Rig) -> str:
    return tty_of(rig)


@pytest.fixture
def lines(rig: Rig) -> None:
    """For what resets a module by its port's lines. Skips where the port has none."""
    if rig.port.startswith(NO_MODEM_LINES):
        pytest.skip(f"{rig.port} has no line that resets a module.")


@pytest.fixture
def nowhere(tmp_path) -> Path:
    """A port that is not there."""
    return tmp_path / "nothing"


@pytest.fixture
def taken(rig: Rig) -> Iterator[str]:
    """The rig's port while somebody else has it open, and alone, which a tty must be asked for."""
    port = serial.serial_for_url(rig.port, timeout=0.2, do_not_open=True)
    port.exclusive = None if "://" in rig.port else True
    port.open()
    with port:
        yield rig.port
    rig.wait_for_module()


@pytest.fixture(scope="session")
def field(rig: Rig, request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[Rig]:
    """A module in the field state, with keys that no tool here has: a twin, as nothing but erasing takes keys back."""
    if not rig.virtual:
        pytest.skip(
            "A module in the field state, whose keys no tool has, is played by a twin: leave --rig and --port out."
        )
    built = request.getfixturevalue("built")
    folder = tmp_path_factory.mktemp("field")
    signing.new_key(folder / "update.pem")
    keyring = Keyring.create(folder / "keyring", fleet="harbour", update_keys=[folder / "update.pem"])
    with flashed_twin(built, folder) as locked:
        _provision(locked, keyring)
        yield locked


def _provision(rig: Rig, keyring: Keyring) -> None:
    rig.wait_for_module(START_LIMIT_S)
    Dermis(rig)("provision", "--to", "field", "--yes", "--keyring", keyring.path)
    rig.wait_for_module(START_LIMIT_S)
    with rig.module() as module:
        assert module.posture().state == "field"
