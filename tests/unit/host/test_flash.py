"""`dermis flash` before a fake esptool that says what the real one says, and a fake module that answers afterwards."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import made_images
import pytest
from dermis.core import mcuboot, partitions
from dermis_host import cli, port_holders
from dermis_host.errors import UsageError
from dermis_host.flashing import complaints, esptool, flasher, partition_table, plan
from dermis_host.flashing.stand_in import stand_in
from fake_module import FakeModule

FAKE = Path(__file__).with_name("fake_esptool.py")
PORT = "rfc2217://127.0.0.1:9"


@pytest.fixture
def built(tmp_path):
    return made_images.folder(tmp_path / "built")


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """`fake(**story)` sets what esptool will do; returns a function that gives what it was asked."""
    log = tmp_path / "esptool" / "asked.txt"
    log.parent.mkdir()

    def tell(**story):
        monkeypatch.setenv("FAKE_ESPTOOL", json.dumps({"log": str(log), **story}))
        return lambda: [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    monkeypatch.setattr(esptool, "COMMAND", (sys.executable, str(FAKE)))
    monkeypatch.setattr(flasher, "START_S", 0.5)
    monkeypatch.setattr(flasher, "AGAIN_S", 0.01)
    tell()
    return tell


def _module(hash: bytes, **other) -> FakeModule:
    module = FakeModule(image_state=lambda _: {"images": [{"active": True, "hash": hash}], "splitStatus": 0})
    usual = module.identity
    module.handlers["identity"] = lambda _: {**usual(), "firmware": "0.2.0", "runtime": "micropython 1.29.0", **other}
    return module


@pytest.fixture
def answering(monkeypatch, built):
    """A module behind the port once it was flashed; `answering(**identity)` says what it is, and `hash` what runs."""
    opened = []

    def make(hash=None, **other):
        module = _module(made_images.image_hash(built) if hash is None else hash, **other)
        module.__enter__()
        opened.append(module)
        real = flasher.Module
        monkeypatch.setattr(flasher, "Module", lambda _, **given: real(module.url, **given))

    yield make
    for module in opened:
        module.__exit__()


def _run(capsys, *words):
    code = cli.main(["flash", *map(str, words)])
    told = capsys.readouterr()
    assert "Traceback" not in told.err and "a fault of these tools" not in told.err
    return code, told.out, told.err


def _flash(capsys, built, *words, port=PORT):
    return _run(capsys, "-p", port, "--folder", built, "--runtime", "stand-in", *words)


def test_a_module_is_flashed_verified_reset_and_asked_what_runs(capsys, built, fake, answering, tmp_path):
    asked = fake()
    answering()
    code, out, err = _flash(capsys, built, "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    (module,) = told["modules"]
    assert module["outcome"] == "flashed" and module["mac"] == "7c:df:a1:00:00:01" and module["flash"] == "16MB"
    assert module["runs"]["serial"] == "DM1-0007" and module["runs"]["firmware"] == "0.2.0"
    find, write = asked()
    assert find[-1] == "flash-id" and "no-reset" in find
    assert "hard-reset" in write and "erase-region" not in str(asked())
    flash = (tmp_path / "esptool" / "flash.bin").read_bytes()
    slot0, slot1, boot = (partitions.partition(name).offset for name in ("slot0", "slot1", "boot"))
    image = (built / "d.img").read_bytes()
    assert flash[slot0 : slot0 + len(image)] == image
    assert flash[slot1 : slot1 + 4096] == b"\xff" * 4096, "an old image in the other slot could win"
    assert flash[boot : boot + 32768] == (built / "d-boot.bin").read_bytes()
    runtime = stand_in()
    assert flash[: partition_table.OFFSET] == runtime[: partition_table.OFFSET]
    table = partition_table.parse(flash[partition_table.OFFSET : partition_table.OFFSET + partition_table.SIZE])
    places = {entry.label: (entry.offset, entry.size) for entry in table}
    assert places["vfs"] == tuple(partitions.partition("boot"))[1:3]
    assert places["data"] == tuple(partitions.partition("data"))[1:3]


def test_the_data_partition_is_erased_only_when_asked(capsys, built, fake, answering):
    asked = fake()
    answering()
    code, out, _ = _flash(capsys, built, "--erase-data")
    data = partitions.partition("data")
    assert code == 0 and "keys" in out and "are lost" in out
    assert [words[-3:] for words in asked()][1] == ["erase-region", hex(data.offset), hex(data.size)]


def test_a_dry_run_opens_nothing(capsys, built, fake):
    asked = fake()
    code, out, _ = _run(capsys, "--folder", built, "--runtime", "stand-in", "--dry-run", "--json")
    rows = json.loads(out)["plan"]
    assert code == 0 and asked() == []
    assert [row["partition"] for row in rows] == ["runtime", "boot", "slot0", "slot1", "data"]


def test_the_runtime_can_be_kept(capsys, built, fake, answering, tmp_path):
    fake()
    answering()
    code, out, _ = _run(capsys, "-p", PORT, "--folder", built, "--keep-runtime")
    assert code == 0 and "left as it is (the runtime)" in out
    assert (tmp_path / "esptool" / "flash.bin").read_bytes()[:4096] == b"\xff" * 4096


def test_several_modules_at_once_and_one_that_fails_holds_no_other(capsys, built, fake, monkeypatch):
    fake()
    good = "rfc2217://127.0.0.1:1"
    started = []

    def answer(port, stop):
        started.append(port)
        if port != good:
            raise complaints.FlashFailed(f"{port} does not start.")
        return _identity(), made_images.image_hash(built)

    monkeypatch.setattr(flasher, "_started", answer)
    code, out, err = _flash(capsys, built, "-p", "rfc2217://127.0.0.1:2", "--json", port=good)
    outcomes = {module["port"]: module["outcome"] for module in json.loads(out)["modules"]}
    assert code == 1 and outcomes == {good: "flashed", "rfc2217://127.0.0.1:2": "failed"}
    assert "127.0.0.1:2 does not start" in err and len(started) == 2


def _identity(**other):
    from dermis_host.answers import Identity

    told = dict.fromkeys(Identity.__dataclass_fields__, "x")
    return Identity(**{**told, "board": "twin", "firmware": "0.2.0", **other})  # pyright: ignore[reportArgumentType]


TEXT = "\nA fatal error occurred: "
COMPLAINTS = [
    # What esptool says, and what our sentence must hold.
    (
        "Failed to connect to ESP32-S3: Wrong boot mode detected (0x8)! The chip needs to be in download mode.",
        ["BOOT", "RESET", "0x8"],
    ),
    ("Failed to connect to ESP32-S3: No serial data received.", ["No loader answers", "data wires"]),
    (
        "Failed to connect to ESP32-S3: Download mode successfully detected, but getting no sync reply: The serial TX "
        "path seems to be down.",
        ["hears nothing", "RX"],
    ),
    ("This chip is ESP32-C3, not ESP32-S3. Wrong chip argument?", ["is an ESP32-C3", "nothing was written"]),
    (
        "Could not open /dev/ttyACM0, the port is busy or doesn't exist.\n([Errno 11] Could not exclusively lock port)",
        ["Another program", "try again"],
    ),
    (
        "Could not open /dev/ttyACM0, the port is busy or doesn't exist.\n([Errno 13] Permission denied)",
        ["dialout"],
    ),
    (
        "Could not open /dev/ttyACM0, the port is busy or doesn't exist.\n([Errno 2] No such file or directory)",
        ["There is no", "dermis devices"],
    ),
    ("MD5 of file does not match data in flash!", ["its flash or its supply"]),
    ("Secure Boot detected, writing to flash regions < 0x8000 is disabled", ["secure-boot.md"]),
    ("File 'x' (length 8) at offset 0x00740000 will not fit in 4194304 bytes of flash.", ["4 MB of flash", "16 MB"]),
    ("Something nobody has heard of", ["Something nobody has heard of."]),
]


@pytest.mark.parametrize(("said", "holds"), COMPLAINTS)
def test_what_esptool_complains_of_becomes_one_sentence(said, holds, capsys, built, fake):
    fake(say={"flash-id": TEXT + said})
    code, out, err = _flash(capsys, built, "--json")
    assert code == 1 and all(word in err for word in holds), err
    assert err.count("\n") == 1 and json.loads(out)["modules"][0]["outcome"] == "failed"


def test_a_wrong_chip_that_esptool_lets_pass(capsys, built, fake):
    asked = fake(chip="ESP32-P4")
    code, _, err = _flash(capsys, built)
    assert code == 1 and "is ESP32-P4" in err and "nothing was written" in err
    # The chip is left as it was found: out of its loader, nothing written.
    assert [words[-1] for words in asked()] == ["flash-id", "read-mac"] and "hard-reset" in asked()[1]


@pytest.mark.parametrize("size", ["4MB", "8MB", "512KB", ""])
def test_a_flash_that_is_too_small(size, capsys, built, fake):
    asked = fake(flash=size)
    code, _, err = _flash(capsys, built)
    assert code == 1 and "16 MB" in err and "nothing was written" in err
    assert [words[-1] for words in asked()] == ["flash-id", "read-mac"]


@pytest.mark.parametrize(
    ("command", "words", "left"),
    [
        ("flash-id", (), "nothing was written"),
        ("erase-region", ("--erase-data",), "erased in part"),
        ("write-flash", (), "flashed whole"),
    ],
)
def test_a_cable_pulled_at_each_stage(command, words, left, capsys, built, fake):
    fake(dies_after=[command, 5])
    code, _, err = _flash(capsys, built, *words)
    assert code == 1 and left in err and "run the same command again" in err


def test_a_cable_pulled_after_the_last_stage(capsys, built, fake):
    fake()
    code, _, err = _flash(capsys, built)
    assert code == 1 and "was flashed and verified, but no firmware answers" in err


def test_a_part_that_esptool_did_not_verify(capsys, built, fake):
    fake(unverified=1)
    code, _, err = _flash(capsys, built)
    assert code == 1 and "verified 3 of 4 parts" in err


def test_an_esptool_that_hangs_is_ended(capsys, built, fake, monkeypatch):
    fake(hang=["flash-id"])
    monkeypatch.setattr(esptool, "SILENT_S", 0.6)
    code, _, err = _flash(capsys, built)
    assert code == 1 and "took no more data" in err


def test_an_esptool_that_falls_silent_for_good_without_ending_is_ended(capsys, built, fake, monkeypatch):
    quiet = "import os, time; os.close(1); os.close(2); time.sleep(60)"
    monkeypatch.setattr(esptool, "COMMAND", (sys.executable, "-c", quiet))
    monkeypatch.setattr(esptool, "END_S", 0.2)
    code, _, err = _flash(capsys, built)
    assert code == 1 and "took no more data" in err


def test_esptool_that_is_not_there(capsys, built, fake, monkeypatch):
    monkeypatch.setattr(esptool, "COMMAND", (sys.executable, "-c", "import no_such_esptool"))
    code, _, err = _flash(capsys, built)
    assert code == 1 and "no_such_esptool" in err
    monkeypatch.setattr(esptool, "COMMAND", ("/no/such/program",))
    code, _, err = _flash(capsys, built)
    assert code == 1 and "pip install" in err


def test_ctrl_c_ends_every_esptool(built, fake, tmp_path):
    """The whole command in a process of its own, interrupted while two esptools hang."""
    asked = fake(hang=["write-flash"])
    code = f"import sys; sys.path.insert(0, {str(FAKE.parent)!r}); from dermis_host import cli; "
    code += f"from dermis_host.flashing import esptool; esptool.COMMAND = (sys.executable, {str(FAKE)!r}); "
    code += "sys.exit(cli.main())"
    words = ["flash", "-p", "a://1", "-p", "a://2", "--folder", str(built), "--runtime", "stand-in"]
    # A shell's background job ignores SIGINT, and so would its children.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heard,
    )
    until = time.monotonic() + 30
    while len(asked()) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130 and err.strip() == "dermis: interrupted."
    assert _running(str(FAKE)) == []


def _running(what: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if what.encode() in words:
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--folder", "F", "--runtime", "stand-in"), "Name a port"),
        (("-p", "a", "--runtime", "stand-in"), "--folder"),
        (("-p", "a", "--folder", "F", "--image", "x", "--runtime", "stand-in"), "either --folder"),
        (("-p", "a", "--folder", "F"), "--keep-runtime"),
        (("-p", "a", "--folder", "F", "--runtime", "stand-in", "--keep-runtime"), "--keep-runtime"),
        (("-p", "a", "-p", "a", "--folder", "F", "--keep-runtime"), "named twice"),
        (("-p", "socket://a:1", "--folder", "F", "--keep-runtime"), "reset lines"),
        (("-p", "a", "--baud", "1", "--folder", "F", "--keep-runtime"), "--baud"),
        (("-p", "a", "--chip", "esp32", "--folder", "F", "--keep-runtime"), "invalid choice"),
        (("-p", "a", "--folder", "/no/such", "--keep-runtime"), "holds no *-flash.json"),
        (("-p", "a", "--image", "/no/such", "--boot", "/no/such", "--keep-runtime"), "cannot be read"),
        (("-p", "a", "--folder", "F", "--runtime", "/no/such"), "cannot be read"),
    ],
)
def test_wrong_usage_is_one_sentence(words, said, capsys, built, fake, monkeypatch):
    monkeypatch.delenv("DERMIS_PORT", raising=False)
    asked = fake()
    code, _, err = _run(capsys, *(str(built) if word == "F" else word for word in words))
    assert code == 2 and said in err and err.count("\n") == 1 and asked() == []


def test_an_image_for_the_coral_or_for_another_board(capsys, tmp_path, fake):
    asked = fake()
    for board, said in (("coral", "the Coral"), ("esp32s3", "for the board esp32s3, and this is a twin")):
        folder = made_images.folder(tmp_path / board, board=board)
        code, _, err = _flash(capsys, folder)
        assert code == 2 and said in err and asked() == []


def test_an_image_that_is_damaged_or_too_large(capsys, built, tmp_path, fake):
    fake()
    damaged, large = tmp_path / "damaged.img", tmp_path / "large.img"
    data = bytearray((built / "d.img").read_bytes())
    data[5000] ^= 1
    damaged.write_bytes(data)
    large.write_bytes(data.ljust(partitions.partition("slot0").size + 1, b"\0"))
    for image, said in (
        (damaged, "is damaged"),
        (large, f"and a slot {mcuboot.LARGEST}"),
        (built / "d-boot.bin", "MCUboot"),
    ):
        words = ("--image", image, "--boot", built / "d-boot.bin", "--runtime", "stand-in")
        code, _, err = _run(capsys, "-p", PORT, *words)
        assert code == 2 and said in err


def test_a_file_of_the_folder_that_was_changed_since(capsys, built, fake):
    fake()
    (built / "d-boot.bin").write_bytes(made_images.boot(revision=2))
    code, _, err = _flash(capsys, built)
    assert code == 2 and "is not the file that" in err


def test_a_folder_of_several_builds_is_none(built):
    (built / "another-flash.json").write_bytes(b"")
    with pytest.raises(UsageError, match="holds several builds"):
        plan.files_of(built)


def test_a_first_stage_that_is_none(capsys, built, fake):
    fake()
    words = ("--image", built / "d.img", "--boot", built / "d.img", "--runtime", "stand-in")
    code, _, err = _run(capsys, "-p", PORT, *words)
    assert code == 2 and "no first stage" in err


def test_another_firmware_than_was_flashed(capsys, built, fake, answering):
    fake()
    answering(hash=bytes(32), firmware="0.1.0")
    code, _, err = _flash(capsys, built)
    assert code == 1 and "runs 0.1.0" in err and "0.2.0" in err and "--status" in err


def test_progress_counts_all_files(built):
    made = plan.make(built / "d.img", built / "d-boot.bin", None, False)
    slot0 = partitions.partition("slot0").offset
    boot = len(made.writes[0].data)
    assert flasher._written(made, slot0, 0.5) == boot + round(0.5 * len(made.writes[1].data))
    assert flasher._written(made, made.writes[-1].offset, 1.0) == made.total


def test_who_holds_a_port_is_named(tmp_path):
    """A device that another process has open, and a ModemManager that may: a folder that stands for /proc."""
    device = tmp_path / "ttyACM0"
    device.touch()
    for pid, name in ((7, "minicom"), (8, "ModemManager")):
        (tmp_path / "proc" / str(pid) / "fd").mkdir(parents=True)
        (tmp_path / "proc" / str(pid) / "comm").write_text(name + "\n")
    proc = tmp_path / "proc"
    told = port_holders.busy(str(device), proc)
    assert "ModemManager runs here" in told and "systemctl stop ModemManager" in told
    (proc / "7" / "fd" / "3").symlink_to(device)
    told = port_holders.busy(str(device), proc)
    assert told == f"minicom (process 7) has {device} open: end it, then try again."
    assert "Another program" in port_holders.busy("rfc2217://127.0.0.1:1", proc)


def test_a_port_that_is_held_is_not_touched(capsys, built, fake, tmp_path, monkeypatch):
    asked = fake()
    monkeypatch.setattr(port_holders, "holders", lambda *_: [port_holders.Holder(7, "minicom")])
    code, _, err = _flash(capsys, built, port=str(tmp_path / "tty"))
    assert code == 1 and "minicom (process 7)" in err and asked() == []


def test_the_holders_of_this_system_are_found(tmp_path):
    device = tmp_path / "tty"
    device.touch()
    child = subprocess.Popen(["sleep", "20"], stdin=open(device))
    try:
        until = time.monotonic() + 5
        while not (found := port_holders.holders(str(device))) and time.monotonic() < until:
            time.sleep(0.02)
        assert [holder.pid for holder in found] == [child.pid]
    finally:
        child.kill()
        child.wait()


def test_a_stop_between_stages_is_told(built, fake):
    fake(hang=["flash-id"])
    stop = threading.Event()
    made = plan.make(built / "d.img", built / "d-boot.bin", None, False)
    threading.Timer(0.3, stop.set).start()
    watcher = flasher.Watcher(lambda *_: None, lambda *_: None, lambda *_: None)
    outcome = flasher._flash(PORT, made, [], watcher, esptool.CHIP, esptool.BAUD, stop)
    assert outcome.outcome == flasher.STOPPED and "nothing was written" in outcome.sentence
