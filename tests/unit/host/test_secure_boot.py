"""The steps of docs/secure-boot.md, as they stand there, on virtual eFuses; and that nothing of ours burns any."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PAGE = REPOSITORY / "docs" / "secure-boot.md"
TOOLS = ("espefuse", "espsecure")
SIGNED = ("bootloader", "runtime")
CHIP = ["--chip", "esp32s3", "--virt", "--path-efuse-file", "chip.bin", "--do-not-confirm"]


def commands() -> list[list[str]]:
    """The words of each command of the page, in order."""
    lines = [
        line for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL) for line in block.splitlines()
    ]
    return [shlex.split(line) for line in lines]


def ran(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """One of the tools in that folder, on a virtual chip instead of the one at PORT."""
    tool, *rest = words
    assert tool in TOOLS
    if tool == "espefuse":
        assert rest[:4] == ["--chip", "esp32s3", "--port", "PORT"], "a step that names no chip or no port"
        rest = [*CHIP, *rest[4:]]
    command = [sys.executable, "-m", tool, *rest]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def fuses(folder: Path) -> dict[str, dict]:
    """The virtual chip's eFuses by name."""
    words = ["espefuse", "--chip", "esp32s3", "--port", "PORT", "summary", "--format", "json", "--file", "summary.json"]
    (folder / "summary.json").unlink(missing_ok=True)
    done = ran(words, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "summary.json").read_text())


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory) -> tuple[Path, dict, dict]:
    """The folder after all steps; the chip before secure boot was turned on, and at the end."""
    folder = tmp_path_factory.mktemp("secure-boot")
    for number, name in enumerate(SIGNED, 1):
        (folder / f"{name}.bin").write_bytes(bytes([0xE9, number]) * 5000)  # a stand-in: it is signed, not run
    before = {}
    for words in commands():
        if "SECURE_BOOT_EN" in words:
            before = fuses(folder)
        done = ran(words, folder)
        assert done.returncode == 0, f"{shlex.join(words)}: {done.stdout}{done.stderr}"
    return folder, before, fuses(folder)


def test_steps_go_through_and_leave_the_chip_closed(rehearsal):
    folder, before, last = rehearsal
    closed = ("SECURE_BOOT_EN", "DIS_PAD_JTAG", "DIS_USB_JTAG", "DIS_DIRECT_BOOT", "ENABLE_SECURITY_DOWNLOAD")
    assert not any(before[name]["value"] for name in closed)
    assert all(last[name]["value"] for name in closed) and last["SOFT_DIS_JTAG"]["value"] == 7
    digests = set()
    for number in range(3):
        assert last[f"KEY_PURPOSE_{number}"]["value"] == f"SECURE_BOOT_DIGEST{number}"
        block = last[f"BLOCK_KEY{number}"]
        assert block["readable"] and not block["writeable"]
        digests.add(block["value"])
    assert len(digests) == 3
    assert bytes.fromhex(last["BLOCK_KEY0"]["value"]) == (folder / "digest-1.bin").read_bytes()
    assert not last["DIS_DOWNLOAD_MODE"]["value"]  # a signed runtime can still be brought by cable
    assert last["SECURE_BOOT_KEY_REVOKE0"]["value"] and not last["SECURE_BOOT_KEY_REVOKE1"]["value"]


def test_secure_boot_is_turned_on_after_its_keys_are_there(rehearsal):
    _, before, _ = rehearsal
    assert [before[f"KEY_PURPOSE_{number}"]["value"][:-1] for number in range(3)] == ["SECURE_BOOT_DIGEST"] * 3
    assert not before["RD_DIS"]["writeable"]  # nobody can make the digests unreadable, which would end all booting
    burning = [words for words in commands() if "burn-efuse" in words]
    assert ["SECURE_BOOT_EN" in words for words in burning] == [True, False, False]


def test_what_is_burned_cannot_be_burned_otherwise(rehearsal):
    folder, _, _ = rehearsal
    chip = ["espefuse", "--chip", "esp32s3", "--port", "PORT"]
    before = (folder / "chip.bin").read_bytes()
    again = ran([*chip, "burn-key-digest", "BLOCK_KEY0", "secure-boot-2.pem", "SECURE_BOOT_DIGEST0"], folder)
    assert again.returncode != 0
    assert (folder / "chip.bin").read_bytes() == before, again.stdout


def test_a_signature_of_another_key_is_seen(rehearsal):
    folder, _, _ = rehearsal
    words = "espsecure verify-signature --version 2 --keyfile secure-boot-2.pem runtime-signed.bin"
    assert ran(shlex.split(words), folder).returncode != 0


def test_no_program_of_ours_burns_anything():
    ours = [*REPOSITORY.glob("host_tools/**/*.py"), *REPOSITORY.glob("hw/**/*.py"), REPOSITORY / "Makefile"]
    assert len(ours) > 100
    assert not [path for path in ours if re.search(r"espefuse|burn[-_](efuse|key)", path.read_text())]
