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


# Runs one command after the other in one process, since the tools take longest to be imported; says [exit code, what
# was said] of each as JSON.
ONE_AFTER_THE_OTHER = """
import contextlib, io, json, runpy, sys
done = []
for words in json.load(sys.stdin):
    sys.argv, said, code = words, io.StringIO(), 0
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            runpy.run_module(words[0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as problem:
        code = 1
        said.write(repr(problem))
    done.append([code, said.getvalue()])
json.dump(done, sys.stdout)
"""


def ran(every: list[list[str]], folder: Path) -> list[tuple[int, str]]:
    """The tools' commands in that folder, on a virtual chip instead of the one at PORT: exit code and what was said."""
    asked = []
    for tool, *rest in every:
        assert tool in TOOLS
        if tool == "espefuse":
            assert rest[:4] == ["--chip", "esp32s3", "--port", "PORT"], "a step that names no chip or no port"
            rest = [*CHIP, *rest[4:]]
        asked.append([tool, *rest])
    command = [sys.executable, "-c", ONE_AFTER_THE_OTHER]
    done = subprocess.run(command, cwd=folder, input=json.dumps(asked), capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return [(code, said) for code, said in json.loads(done.stdout)]


def look(name: str) -> list[str]:
    """The command that writes the virtual chip's eFuses to a file."""
    return ["espefuse", "--chip", "esp32s3", "--port", "PORT", "summary", "--format", "json", "--file", name]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory) -> tuple[Path, dict, dict]:
    """The folder after all steps; the chip before secure boot was turned on, and at the end."""
    folder = tmp_path_factory.mktemp("secure-boot")
    for number, name in enumerate(SIGNED, 1):
        (folder / f"{name}.bin").write_bytes(bytes([0xE9, number]) * 5000)  # a stand-in: it is signed, not run
    every = []
    for words in commands():
        every += [look("before.json"), words] if "SECURE_BOOT_EN" in words else [words]
    every.append(look("last.json"))
    for words, (code, said) in zip(every, ran(every, folder), strict=True):
        assert code == 0, f"{shlex.join(words)}: {said}"
    return folder, json.loads((folder / "before.json").read_text()), json.loads((folder / "last.json").read_text())


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


def test_what_is_burned_cannot_be_burned_otherwise_and_a_signature_of_another_key_is_seen(rehearsal):
    folder, _, _ = rehearsal
    before = (folder / "chip.bin").read_bytes()
    burn = "espefuse --chip esp32s3 --port PORT burn-key-digest BLOCK_KEY0 secure-boot-2.pem SECURE_BOOT_DIGEST0"
    verify = "espsecure verify-signature --version 2 --keyfile secure-boot-2.pem runtime-signed.bin"
    for code, said in ran([shlex.split(burn), shlex.split(verify)], folder):
        assert code != 0, said
    assert (folder / "chip.bin").read_bytes() == before


def test_no_program_of_ours_burns_anything():
    ours = [*REPOSITORY.glob("host_tools/**/*.py"), *REPOSITORY.glob("hw/**/*.py"), REPOSITORY / "Makefile"]
    assert len(ours) > 100
    assert not [path for path in ours if re.search(r"espefuse|burn[-_](efuse|key)", path.read_text())]
