"""The module's audit log over the port: whole, continued by what is done to it, and an export that shows edits."""

from __future__ import annotations

import pytest
from dermis_host.access.keyring import Keyring
from dermis_host.auditing import export as exports
from dermis_host.auditing.fetching import fetch


@pytest.fixture
def keyring(rig) -> Keyring | None:
    return Keyring.load(rig.keyring) if rig.keyring else None


def test_the_chain_verifies(module, keyring):
    export = fetch(module, module.identity().serial)
    checked = exports.check(export, keyring)
    assert checked.holds and not checked.gaps, checked
    assert checked.signed != exports.WRONG and export.entries()


def test_a_restart_is_in_it_and_the_export_is_continued(module, keyring, tmp_path):
    serial = module.identity().serial
    before = fetch(module, serial)
    exports.write(before, tmp_path / "audit.jsonl")
    module.reset()
    earlier = exports.read(tmp_path / "audit.jsonl")
    after = fetch(module, serial, earlier)
    fresh = [line.event for line in after.entries() if line.seq >= before.next()]
    assert "boot" in fresh, fresh
    assert exports.check(after, keyring).holds


def test_an_edited_export_does_not_hold(module, dermis, tmp_path):
    path = tmp_path / "audit.jsonl"
    export = fetch(module, module.identity().serial)
    exports.write(export, path)
    lines = path.read_text().splitlines()
    victim = next(number for number, line in enumerate(lines) if '"boot"' in line)
    path.write_text(
        "\n".join((*lines[:victim], lines[victim].replace('"boot"', '"root"'), *lines[victim + 1 :])) + "\n"
    )
    told = dermis("audit", "--verify", path, code=1, port=False)
    assert not told["holds"] and told["problems"]
