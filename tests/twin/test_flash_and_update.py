"""`dermis flash` through the real esptool onto a blank twin, and `dermis update` in the field: as onto a board."""

from __future__ import annotations

import json
from pathlib import Path

from dermis.core import manifest, slot
from dermis_host import cli
from dermis_host.building import new_key, signed, signing

VERSION = "0.9.0"


def _run(capsys, *words) -> tuple[int, dict, str]:
    code = cli.main([*map(str, words), "--json"])
    told = capsys.readouterr()
    assert "Traceback" not in told.err and "a fault of these tools" not in told.err
    return code, json.loads(told.out), told.err


def _later(image: Path, key: signing.SigningKey) -> bytes:
    """The same body under a later version. The firmware in it tells its own; what tells the two apart is the hash."""
    data = image.read_bytes()
    read = signing.file_image(data)
    fields = {**read.manifest._asdict(), "version": VERSION}
    body = data[read.body_offset : read.body_offset + read.body_size]
    encoded = manifest.encode(
        {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    )
    return signed(body, encoded, read.security_counter, VERSION, key)


def test_a_blank_module_is_flashed_though_the_cable_was_pulled_in_between(make_twin, built, capsys):
    twin = make_twin("blank", blank=True, virtual_time=False)
    words = ("flash", "-p", twin.url, "--folder", built.image.parent, "--runtime", "stand-in")
    twin.fault("cable_pulled", after=100_000)  # in the middle of the image
    code, told, err = _run(capsys, *words, "--verbose")
    assert code == 0, err
    assert "Lost connection" in err
    (module,) = told["modules"]
    assert module["runs"]["board"] == "twin" and module["runs"]["firmware"] == built.version
    assert twin.status()["from_flash"]
    # What is flashed again is flashed over what is there, and the data partition is kept.
    assert next(row["what"] for row in told["plan"] if row["partition"] == "data").startswith("left as it is")


def test_a_module_in_the_field_is_updated_only_with_its_keys(make_flashed_twin, built, tmp_path, capsys):
    """The image lies in the other slot already: what uploads go through is test_update_tools.py's."""
    key, keyring, image = tmp_path / "updates.pem", tmp_path / "keyring", tmp_path / "later.img"
    new_key(key)
    image.write_bytes(_later(built.image, signing.load_key(key)))
    running = built.image.read_bytes()
    marked = (
        running.ljust(slot.MARK_AT, b"\xff") + signing.file_image(running).hash
    )  # as confirmed: else the later wins
    twin = make_flashed_twin(parts={"slot0": marked, "slot1": image.read_bytes()})
    port = ("-p", twin.url, "--keyring", keyring)
    provision = ("--new-keyring", "--update-key", key, "--to", "field", "--yes")
    code, _, err = _run(capsys, "provision", *port, *provision)
    assert code == 0, err

    code, _, err = _run(capsys, "update", "-p", twin.url, image)
    assert code == 2 and "--keyring" in err
    code, told, err = _run(capsys, "update", *port, image)
    assert code == 0, err
    assert told["confirmed"] and told["after"]["update"]["slot"] == "slot1" and not told["after"]["update"]["testing"]
    assert told["sent_bytes"] == 0
    code, _, err = _run(capsys, "update", *port, "--revert")
    assert code == 1 and "key that this module does not know" in err, "the build was signed by the development key"
