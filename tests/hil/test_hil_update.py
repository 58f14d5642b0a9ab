"""A blank module is flashed, updated, sent back, and given keys: by the command, as an integrator does it.

The tests build on one another. Of a twin's rig they take another twin; a board is the rig's own, and must be allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dermis_host.building import new_key

from tests.hil.support import spare as spares
from tests.hil.support.command import Dermis
from tests.hil.support.spare import LATER, Spare

pytestmark = [pytest.mark.needs("flash"), pytest.mark.thorough, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def spare(rig, request, tmp_path_factory) -> Iterator[Spare]:
    build = request.getfixturevalue("built").image.parent if rig.virtual else Path()
    yield from spares.spare(rig, request.config, build, tmp_path_factory.mktemp("spare"))


@pytest.fixture(scope="module")
def later(spare, tmp_path_factory) -> Path:
    return spare.later(tmp_path_factory.mktemp("later"))


@pytest.fixture
def on_spare(spare, heard) -> Dermis:
    """The command on the spare module, whose log is the one to report."""
    heard.listen_to(spare.rig)
    return Dermis(spare.rig)


def runs(dermis: Dermis) -> tuple[str, str, bool]:
    """(slot, version, on trial) of what runs."""
    told = dermis("update", "--status")
    (active,) = [image for image in told["images"] if image["active"]]
    return told["update"]["slot"], active["version"].partition("+")[0], told["update"]["testing"]


@pytest.fixture(scope="module")
def first(spare) -> str:
    """The version that was flashed; every test of this file begins with that."""
    words = ("--folder", spare.folder, "--runtime", spare.runtime)
    told = Dermis(spare.rig)("flash", *words)
    (module,) = told["modules"]
    assert module["runs"]["board"], module
    return module["runs"]["firmware"]


def test_it_is_flashed_and_answers(on_spare, first):
    assert on_spare("info")["firmware"] == first
    assert runs(on_spare) == ("slot0", first, False)


def test_a_damaged_image_is_refused_and_nothing_changes(on_spare, first, later, tmp_path):
    damaged = bytearray(later.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.img").write_bytes(damaged)
    done = on_spare.run("update", tmp_path / "damaged.img")
    assert done.code in (1, 2) and done.told["error"], done
    assert runs(on_spare)[:2] == ("slot0", first)


def test_an_update_that_nobody_confirms_goes_back(on_spare, spare, first, later):
    told = on_spare("update", later, "--no-confirm")
    assert not told["confirmed"]
    assert runs(on_spare) == ("slot1", LATER, True)
    with spare.rig.module() as module:
        module.reset()
    assert runs(on_spare) == ("slot0", first, False)


def test_an_update_is_tried_and_kept_over_a_restart(on_spare, spare, first, later):
    told = on_spare("update", later)
    assert told["confirmed"] and told["after"]["update"]["slot"] == "slot1"
    with spare.rig.module() as module:
        module.reset()
    assert runs(on_spare) == ("slot1", LATER, False)


def test_it_is_taken_back(on_spare, first):
    on_spare("update", "--revert")
    assert runs(on_spare) == ("slot0", first, False)
    events = [entry["event"] for entry in on_spare("audit", "--last", "50")["entries"]]
    assert "boot" in events


@pytest.mark.needs("keys")
def test_provisioned_and_in_the_field_it_obeys_its_keys_alone(on_spare, spare, first, tmp_path):
    ring, key = tmp_path / "keyring", tmp_path / "updates.pem"
    new_key(key)
    words = ("--new-keyring", "--fleet", "harbour", "--update-key", key, "--keyring", ring)
    told = on_spare("provision", *words, "--to", "field", "--yes")
    try:
        assert told["given"] and told["posture"]["state"] == "field"
        posture = on_spare("info", "--posture")
        assert posture["provisioned"] and not posture["defaults"] and "prompt" in posture["locked"]
        without_keys = on_spare.run("capture", "-o", tmp_path / "face.npz")
        assert without_keys.code == 2 and "keyring" in without_keys.told["error"]
        sealed = on_spare("capture", "-o", tmp_path / "face.npz", "--keyring", ring)
        assert sealed["sealed"]
        verdict = on_spare.run("verify", "--keyring", ring)
        assert verdict.code == 11 and verdict.told["binding"]["signed"] == "keyring", verdict
        assert on_spare("audit", "--keyring", ring)["signed"] == "keyring"
    finally:
        if not spare.rig.virtual:
            on_spare("flash", "--folder", spare.folder, "--runtime", spare.runtime, "--erase-data")
