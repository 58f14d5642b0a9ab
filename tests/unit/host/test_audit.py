"""The audit log on the host: fetched from the device's own code, exported, continued; and whoever edits it is named."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest
from dermis.app import audit as audits
from dermis.app.audit import Audit
from dermis.core import access, audit_chain
from dermis_host.access.keyring import Keyring
from dermis_host.answers import AuditEntries, AuditHead
from dermis_host.auditing import export as exports
from dermis_host.auditing.export import DEVELOPMENT, KEYRING, UNCHECKED, Break, Export, Fetched, Gap, Line, LogsDiffer
from dermis_host.auditing.fetching import fetch
from dermis_host.cli import main
from dermis_host.errors import LinkError, UsageError
from fake_module import FakeModule

sys.path.insert(0, str(Path(__file__).parents[1]))
import fakes  # type: ignore[import-not-found]

SERIAL = "DM1-0007"
NOW = 1_800_000_000


class Silent:
    def event(self, *_, **__):
        return None


class Device:
    """The device's log and key behind the two messages."""

    def __init__(self, key: bytes = access.derived_key(access.DEVELOPMENT_KEY, access.VERDICT, SERIAL)):
        self.storage, self.clock, self.key = fakes.FakeStorage(), fakes.FakeClock(), key
        self.clock.seconds = NOW
        self.most = 3968
        self.restart()

    def restart(self) -> None:
        self.log = Audit(self.storage, SERIAL, self.clock, Silent())

    def note(self, count: int = 1) -> None:
        for _ in range(count):
            self.log.note("file_stored", name="x" * 32, size=self.log.next)

    def audit_head(self, nonce: bytes = b"") -> AuditHead:
        head = self.log.head(NOW)
        return AuditHead(*head, 0, audit_chain.head_mac(self.key, SERIAL, nonce, head))  # type: ignore[call-arg]

    def audit_read(self, off: int) -> AuditEntries:
        return AuditEntries(*self.log.read(off, self.most))


@pytest.fixture
def device() -> Device:
    made = Device()
    made.note(200)
    return made


def problem(export: Export, keyring: Keyring | None = None) -> str:
    """The one problem that there must be."""
    found = exports.check(export, keyring).problems
    assert found, "nothing was found"
    return found[0]


def test_a_log_is_fetched_whole_and_holds(device):
    export = fetch(device, SERIAL)
    checked = exports.check(export)
    assert checked.holds and checked.signed == DEVELOPMENT and not checked.gaps
    assert [line.seq for line in export.entries()] == list(range(200)) and export.entries()[7].fields["size"] == 7
    empty = fetch(Device(), SERIAL)
    assert exports.check(empty).holds and not empty.entries()


def test_pieces_of_any_size_make_the_same_log(device):
    whole = [line.hash for line in fetch(device, SERIAL).entries()]
    for device.most in (100, 333, 1000):
        assert [line.hash for line in fetch(device, SERIAL).entries()] == whole


def test_a_keyring_tells_whose_it_is(tmp_path):
    keyring, other = Keyring.create(tmp_path / "a"), Keyring.create(tmp_path / "b")
    device = Device(keyring.verdict_key(SERIAL))
    device.note()
    export = fetch(device, SERIAL)
    assert exports.check(export, keyring).signed == KEYRING and exports.check(export, keyring).holds
    assert exports.check(export).signed == UNCHECKED and exports.check(export).holds
    assert "not signed with the keyring's key" in problem(export, other)
    assert "development key" in problem(fetch(Device(), SERIAL), keyring)


def test_entries_of_meanwhile_wait_for_the_next_head(device):
    plain = device.audit_read

    def read(off):
        device.note()
        return plain(off)

    device.audit_read = read  # type: ignore[method-assign]
    export = fetch(device, SERIAL)
    assert exports.check(export).holds and export.next() == 200
    device.audit_read = plain  # type: ignore[method-assign]
    assert exports.check(fetch(device, SERIAL, export)).holds


def test_a_replayed_head_is_not_of_this_nonce(tmp_path):
    keyring = Keyring.create(tmp_path / "a")
    device = Device(keyring.verdict_key(SERIAL))
    device.note(3)
    old = device.audit_head(b"n" * 32)
    device.note(3)
    device.audit_head = lambda nonce=b"": old  # type: ignore[method-assign]
    assert "not signed" in problem(fetch(device, SERIAL), keyring)


def test_an_export_goes_to_a_file_and_back(device, tmp_path):
    path = tmp_path / "log.jsonl"
    export = fetch(device, SERIAL)
    exports.write(export, path)
    again = exports.read(path)
    assert again == export and exports.check(again).holds
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_every_line_that_is_edited_is_named(device, tmp_path):
    path = tmp_path / "log.jsonl"
    exports.write(fetch(device, SERIAL), path)
    lines = path.read_text().splitlines()
    for change in (
        {"time": 5},
        {"uptime_ms": 7},
        {"event": "attack"},
        {"fields": {}},
        {"fields": {"name": "x" * 32, "size": 49, "more": True}},
        {"hash": "00" * 32},
    ):
        edited = list(lines)
        edited[51] = json.dumps({**json.loads(lines[51]), **change})  # entry 50; the first line is the file's head
        path.write_text("\n".join(edited))
        assert "Entry 50 is not the one" in problem(exports.read(path)) or change == {"hash": "00" * 32}
        assert not exports.check(exports.read(path)).holds, change
    path.write_text("\n".join([*lines[:51], *lines[53:]]))
    assert "Entries 50 to 51 are missing" in problem(exports.read(path))
    path.write_text("\n".join([*lines[:51], lines[50], *lines[51:]]))
    assert "Entry 49 comes again" in problem(exports.read(path))
    path.write_text("\n".join([*lines[:51], lines[52], lines[51], *lines[53:]]))
    assert not exports.check(exports.read(path)).holds


def test_ends_that_are_cut_off_are_seen(device):
    export = fetch(device, SERIAL)
    cut = dataclasses.replace(export, lines=export.lines[:100])
    assert "its end was cut off" in problem(cut)
    cut = dataclasses.replace(export, lines=[*export.lines[:100], export.lines[-1]])
    assert "taken out or put in" in problem(cut)
    front = export.entries()[29]
    cut = Export(SERIAL, 30, front.hash, export.lines[30:])
    assert "Entries 0 to 29 were fetched" in problem(cut)


def test_a_log_rewritten_from_a_place_on_does_not_end_in_the_head(device):
    export = fetch(device, SERIAL)
    after, lines = export.before, []
    for line in export.entries():
        if line.seq == 120:
            line = dataclasses.replace(line, event="boot")
        after = audit_chain.link(after, line.packed())
        lines.append(dataclasses.replace(line, hash=after))
    assert "head of" in problem(Export(SERIAL, 0, export.before, [*lines, export.lines[-1]]))


def test_another_modules_log_does_not_pass_for_it(device):
    export = fetch(device, SERIAL)
    assert "another module's" in problem(Export("DM1-0008", 0, export.before, export.lines))


def test_an_export_is_continued(device, tmp_path):
    path = tmp_path / "log.jsonl"
    for count in (0, 1, 150):
        earlier = exports.read(path) if path.exists() else None
        device.note(count)
        exports.write(fetch(device, SERIAL, earlier), path)
    export = exports.read(path)
    assert exports.check(export).holds and [line.seq for line in export.entries()] == list(range(351))
    assert len([line for line in export.lines if isinstance(line, Fetched)]) == 3


def test_what_the_ring_lost_in_between_is_a_gap_with_numbers(device, monkeypatch, tmp_path):
    monkeypatch.setattr(audits, "RING", 4)
    earlier = fetch(device, SERIAL)
    device.note(600)
    export = fetch(device, SERIAL, earlier)
    checked = exports.check(export)
    oldest = device.log.head(0).first
    assert not checked.problems and checked.gaps == [(200, oldest - 1)] and not checked.holds
    path = tmp_path / "log.jsonl"
    exports.write(export, path)
    device.note(3)
    further = fetch(device, SERIAL, exports.read(path))
    assert exports.check(further).gaps == [(200, oldest - 1)] and not exports.check(further).problems


def test_a_log_that_was_edited_after_an_export_is_named(device):
    earlier = fetch(device, SERIAL)
    other = Device()
    other.note(120)
    other.clock.seconds += 1
    other.note(200)
    with pytest.raises(LogsDiffer, match="at entry 120"):
        fetch(other, SERIAL, earlier)
    short = Device()
    short.note(10)
    with pytest.raises(LogsDiffer, match="ends before entry 10, but the file goes up to 199"):
        fetch(short, SERIAL, earlier)
    with pytest.raises(LogsDiffer, match="this module is DM1-0008"):
        fetch(device, "DM1-0008", earlier)


def harmed(device: Device, which: int, at: int) -> str:
    name = sorted((name for name in device.storage.files), key=lambda name: int(name[6:]))[which]
    data = bytearray(device.storage.files[name])
    data[at] ^= 0x01
    device.storage.files[name] = bytes(data)
    return name


def test_flash_that_was_edited_under_the_log_breaks_its_chain(device):
    """A number within an entry of an old file: the entry is sound to look at, and the next file's hash tells."""
    name = "audit.0"
    data = device.storage.files[name]
    at = data.index(b"xxxx")
    device.storage.files[name] = data[:at] + b"y" + data[at + 1 :]
    export = fetch(device, SERIAL)
    breaks = [line for line in export.lines if isinstance(line, Break)]
    assert len(breaks) == 1 and "The chain breaks before entry" in problem(export)
    device.restart()
    assert not exports.check(fetch(device, SERIAL)).holds


def test_flash_that_lost_entries_is_a_gap(device):
    harmed(device, 1, 3)  # the head of a file
    export = fetch(device, SERIAL)
    firsts = device.log._firsts
    assert next(line for line in export.lines if isinstance(line, Gap)).first == firsts[1]
    assert exports.check(export).gaps == [(firsts[1], firsts[2] - 1)] and not exports.check(export).problems


def test_a_module_that_lies_is_no_endless_work(device):
    answers = {"audit_read": device.audit_read}

    def lying(**fields):
        def read(off):
            return dataclasses.replace(answers["audit_read"](off), **fields)

        return read

    for fields, word in (({"next": 0}, "no entry after"), ({"entries": b"\x00\x05abc"}, "cut short")):
        device.audit_read = lying(**fields)  # type: ignore[method-assign]
        with pytest.raises(LinkError, match=word):
            fetch(device, SERIAL)
    device.audit_read = lambda off: answers["audit_read"](off + 1)  # type: ignore[method-assign]
    with pytest.raises(LinkError, match="gave entry 1 where 0 belongs"):
        fetch(device, SERIAL)


def test_files_that_are_no_export_get_a_sentence(device, tmp_path):
    path = tmp_path / "log.jsonl"
    good = path.with_name("good")
    exports.write(fetch(device, SERIAL), good)
    first = good.read_text().splitlines()[0]
    for content, word in (
        (b"", "empty"),
        (b"\xff\xfe", "no text"),
        (b"hello", "is no exported audit log"),
        (b"[]", "is no exported audit log"),
        (b"{}", "is no exported audit log"),
        (b'{"format": 2}', "format 2"),
        (b'{"format": 1, "serial": 3, "first": 0, "before": ""}', "no exported audit log"),
        (first.encode() + b'\n{"seq": true}', "damaged in line 2"),
        (first.encode() + b'\n{"seq": 0, "time": 0, "uptime_ms": 0, "event": "x", "fields": [], "hash": ""}', "line 2"),
        (first.encode() + b'\n{"gap": [1]}', "damaged in line 2"),
        (first.encode() + b'\n{"head": {}}', "damaged in line 2"),
    ):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=word):
            exports.read(path)
    odd = '{"seq": 0, "time": 0, "uptime_ms": 0, "event": "x", "fields": {"a": 0.5}, "hash": ""}'
    path.write_text(first + "\n" + odd)
    assert "edited" in problem(exports.read(path))
    with pytest.raises(UsageError, match="cannot be read"):
        exports.read(tmp_path / "nothing")


def test_events_of_a_newer_module_are_kept():
    """A host that does not know an event must not call it an edit."""
    packed = audit_chain.packed(0, 0, 0, "brand_new", {"list": [1, "a", True]})
    before = audit_chain.genesis(SERIAL)
    line = Line(0, 0, 0, "brand_new", {"list": [1, "a", True]}, audit_chain.link(before, packed))
    head = audit_chain.Head(0, 1, before, line.hash, 0)
    assert exports.check(Export(SERIAL, 0, before, [line, Fetched(head, b"", b"", "now")])).holds


# The command.


def serving(device: Device) -> FakeModule:
    def head(fields: dict) -> dict:
        return dataclasses.asdict(device.audit_head(fields.get("nonce", b"")))

    def read(fields: dict) -> dict:
        return dataclasses.asdict(device.audit_read(fields["off"]))

    return FakeModule(audit_head=head, audit_read=read)


def test_the_command_exports_continues_and_checks(device, tmp_path, capsys):
    path = tmp_path / "log.jsonl"
    with serving(device) as fake:
        assert main(["audit", "-p", fake.url, "-o", str(path), "--last", "2"]) == 0
    said = " ".join(capsys.readouterr().out.split())  # a long path breaks the line somewhere
    assert "200 entries, 0 to 199" in said and "development key" in said and said.count("file_stored") == 2
    device.note(5)
    with serving(device) as fake:
        assert main(["audit", "-p", fake.url, "-o", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["holds"] and result["next"] == 205 and len(result["entries"]) == 205
    assert main(["audit", "--verify", str(path)]) == 0
    path.write_text(path.read_text().replace('"size": 7}', '"size": 8}'))
    capsys.readouterr()
    assert main(["audit", "--verify", str(path)]) == 1
    assert "entry 7 is not the one" in capsys.readouterr().err
    with serving(device) as fake:
        assert main(["audit", "-p", fake.url, "-o", str(path)]) == 2
    assert "cannot be continued" in capsys.readouterr().err


def test_what_looks_like_markup_in_an_entry_is_shown_as_it_is(device, capsys):
    device.log.note("setting_changed", name="name", value="[/red] door")
    with serving(device) as fake:
        assert main(["audit", "-p", fake.url, "--last", "1"]) == 0
    assert "[/red] door" in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path, capsys):
    assert main(["audit", "-p", "socket://127.0.0.1:9", "-o", str(tmp_path / "no" / "log.jsonl")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_the_command_says_which_entries_are_lost(device, tmp_path, capsys):
    harmed(device, 1, 3)
    with serving(device) as fake:
        assert main(["audit", "-p", fake.url]) == 1
    assert "are lost: the module kept none" in capsys.readouterr().err


def test_the_command_without_a_port_or_with_both_is_refused(tmp_path, capsys):
    assert main(["audit", "-o", "a", "--verify", "b"]) == 2
    assert main(["audit", "--last", "-1", "--verify", "b"]) == 2
    assert "Name a port" in capsys.readouterr().err or main(["audit"]) == 2
