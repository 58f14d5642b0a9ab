"""The runtime that a user names: what is looked at before it is written, and what is written in its place."""

from __future__ import annotations

import hashlib
import itertools
import struct
from pathlib import Path

import made_images
import pytest
from dermis.core import partitions
from dermis_host import cli
from dermis_host.commands import flash
from dermis_host.errors import UsageError
from dermis_host.flashing import known_runtimes, partition_table, runtime
from dermis_host.flashing.partition_table import APP, DATA, Entry
from dermis_host.flashing.stand_in import APP_AT, TABLE, stand_in

DOCUMENT = Path(__file__).parents[3] / "docs" / "flash.md"


def _with_table(entries, data: bytes = b"") -> bytes:
    data = data or stand_in()
    return data[: partition_table.OFFSET] + partition_table.encode(entries) + data[partition_table.OFFSET + 0x1000 :]


def _said(version: bytes) -> bytes:
    """The stand-in under another version, and so of another hash."""
    data = bytearray(stand_in())
    at = data.index(b"v" + runtime.DESCRIPTION.unpack_from(data, APP_AT + runtime.DESCRIPTION_AT)[3].strip(b"\0v"))
    data[at : at + 32] = version.ljust(32, b"\0")
    return bytes(data)


def _chip(number: int) -> bytes:
    data = bytearray(stand_in())
    data[runtime.CHIP_AT : runtime.CHIP_AT + 2] = struct.pack("<H", number)
    return bytes(data)


def test_the_stand_in_is_known_by_its_hash():
    assert hashlib.sha256(stand_in()).hexdigest() == known_runtimes.STAND_IN.sha256


def test_a_table_is_read_back_and_its_md5_is_checked():
    table = partition_table.encode(TABLE)
    assert tuple(partition_table.parse(table)) == TABLE and len(table) == partition_table.SIZE
    damaged = bytearray(table)
    damaged[4] ^= 1
    with pytest.raises(ValueError, match="MD5"):
        partition_table.parse(bytes(damaged))
    with pytest.raises(ValueError, match="there is none"):
        partition_table.parse(b"\0" * 4096)
    with pytest.raises(ValueError, match="does not end"):
        partition_table.parse(table[:32] + b"\0" * 64)


def test_what_the_runtime_brought_stays_and_its_file_system_gives_way():
    nvs, ota = Entry(DATA, 2, 0x9000, 0x4000, "nvs"), Entry(DATA, 0, 0xD000, 0x2000, "otadata")
    app = Entry(APP, 0x10, 0x10000, 0x200000, "ota_0")
    large = Entry(DATA, 0x81, 0x310000, 0xCD0000, "vfs")
    made = partition_table.with_ours([nvs, ota, app, large])
    assert made[:3] == [nvs, ota, app]
    assert [entry.label for entry in made[3:]] == ["vfs", "slot0", "slot1", "data"]
    spaces = sorted((entry.offset, entry.end) for entry in made)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spaces))
    assert spaces[-1][1] == partitions.FLASH_SIZE


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "does not begin"),
        (b"UF2\n" * 100, "does not begin"),
        (_chip(5), "for an ESP32-C3"),
        (_chip(999), "unknown chip (999)"),
        (stand_in()[:20000], "no partition table"),
        (stand_in().ljust((4 << 20) + 1, b"\xff"), "4194304 are there"),
        (_with_table([Entry(DATA, 2, 0x9000, 0x6000, "nvs")]), "names no application"),
        (_with_table([Entry(APP, 0, 0x10000, 0x400000, "factory")]), "factory ends at 0x410000"),
    ],
)
def test_a_file_that_is_no_runtime_for_this_module(data, said, tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(data)
    with pytest.raises(UsageError) as caught:
        runtime.load(path)
    assert said in str(caught.value)


@pytest.fixture
def named(tmp_path, capsys):
    """`named(runtime's bytes, *words)`: a dry run with that runtime."""
    built = made_images.folder(tmp_path / "built")
    path = tmp_path / "micropython.bin"

    def dry_run(data: bytes, *words: str):
        path.write_bytes(data)
        code = cli.main(["flash", "--dry-run", "--folder", str(built), "--runtime", str(path), *words])
        told = capsys.readouterr()
        assert "Traceback" not in told.err and "a fault of these tools" not in told.err
        return code, told.out, told.err

    return dry_run


def test_an_unknown_runtime_needs_a_word(named):
    data = _said(b"v1.30.0")
    sha256 = hashlib.sha256(data).hexdigest()
    code, _, err = named(data)
    assert code == 2 and sha256 in err and "--allow-unknown" in err and "micropython 1.30.0" in err
    code, out, err = named(data, "--allow-unknown")
    assert code == 0 and "nobody vouches for" in err and "micropython 1.30.0" in out
    code, _, err = named(data, "--runtime-sha256", sha256.upper())
    assert code == 0 and err == ""
    code, _, err = named(data, "--runtime-sha256", "ab" * 32, "--allow-unknown")
    assert code == 2 and sha256 in err


def test_a_runtime_that_is_too_old_for_the_image(named):
    code, _, err = named(_said(b"v1.22.0"), "--allow-unknown")
    assert code == 2 and "micropython 1.29.0 or later" in err and "1.22.0" in err


def test_a_runtime_that_does_not_say_its_version_is_taken(named):
    code, out, _ = named(_said(b"nobody knows"), "--allow-unknown")
    assert code == 0 and "of unknown version" in out


def test_the_runtimes_are_listed(capsys):
    assert cli.main(["flash", "--list-runtimes"]) == 0
    out = capsys.readouterr().out
    assert "camera" in out and "not known" in out


def test_the_document_has_every_option():
    import argparse

    parser = argparse.ArgumentParser()
    flash.add_arguments(parser)
    text = DOCUMENT.read_text()
    options = [word for action in parser._actions for word in action.option_strings if word.startswith("--")]
    missing = [word for word in options if word not in ("--help", "--port", "--verbose", "--chip") and word not in text]
    assert missing == []
