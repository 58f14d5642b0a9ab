"""The first stage where no MicroPython is needed: what it is made of, and what it says when it cannot start."""

from __future__ import annotations

import ast
import json
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest
from dermis.core import boot_state
from dermis.core.errors import BadInput
from dermis.first_stage import contents, hardware, start
from dermis_host.building.targets import TARGETS

FIRMWARE = Path(__file__).parents[2] / "firmware"


def source(module: str) -> str:
    path = FIRMWARE.joinpath(*module.split("."))
    for candidate in (path / "__init__.py", path.with_suffix(".py"), FIRMWARE / "lib" / f"{module}.py"):
        if candidate.is_file():
            return candidate.read_text()
    raise AssertionError(f"{module} is listed and is not there")


def imported(module: str) -> set[str]:
    """What a module imports of ours when it runs on a device, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source(module))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{name.name}" for name in node.names if is_module(f"{node.module}.{name.name}")}
    return {name for name in found if name.split(".")[0] == "dermis"} - ONLY_OF_THE_IMAGE - typed_only(module)


# What `launch` starts is loaded from the image, and an image is checked by the firmware: the first stage only asks
# whether it is whole.
ONLY_OF_THE_IMAGE = {"dermis.main", "dermis.core.manifest", "dermis.core.p256"}


def is_module(name: str) -> bool:
    path = FIRMWARE.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def typed_only(module: str) -> set[str]:
    """Imports under `if TYPE_CHECKING:`, which no device does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source(module))):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for inner in node.body:
                if isinstance(inner, ast.ImportFrom) and inner.module:
                    found.add(inner.module)
    return found


@pytest.mark.parametrize("board", sorted(TARGETS))
def test_the_boot_partition_holds_what_its_modules_import_and_no_more(board):
    roots = set(contents.AT_ROOT.values())
    needed: set[str] = set()
    waiting = list(roots)
    while waiting:
        for name in imported(waiting.pop()):
            if name not in needed and TARGETS[board].takes(PurePosixPath(*name.split("."))):
                needed.add(name)
                waiting.append(name)
    packages = {name.rpartition(".")[0] for name in needed if "." in name}
    listed = set(contents.MODULES) | set(contents.BY_BOARD[board])
    assert listed - {"typing", "__future__"} == needed | packages


@pytest.fixture
def boot_partition(monkeypatch, tmp_path):
    """A folder in the boot partition's place: first on the path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_hardware_is_what_the_flasher_wrote(boot_partition):
    (boot_partition / "hardware.json").write_text(json.dumps({"board": "twin", "revision": 2}))
    assert hardware.facts() == {"board": "twin", "revision": 2}


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"board": 7}'])
def test_hardware_that_cannot_be_read_is_said(boot_partition, text):
    if text is not None:
        (boot_partition / "hardware.json").write_text(text)
    with pytest.raises(BadInput, match=r"hardware\.json"):
        hardware.facts()


def test_a_board_without_drivers_is_said_again_and_again(boot_partition, capsys, monkeypatch):
    (boot_partition / "hardware.json").write_text('{"board": "toaster"}')
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(start.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        start.prepare()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 3 and {line["event"] for line in lines} == {"nothing_to_start"}
    assert "toaster" in lines[0]["reason"] and "dermis flash" in lines[0]["remedy"]


class TriedImage(start.Start):
    """Of which the file system cannot be mounted, and which is being tried."""

    testing = True

    def prepare(self):
        self.choice = boot_state.Choice(1, self.testing, boot_state.fresh(0, 1))
        raise BadInput("no file system can be read")


def starting(monkeypatch, boot_partition, kind) -> list[str]:
    """What is done at the start of such an image."""
    (boot_partition / "hardware.json").write_text('{"board": "twin"}')
    done: list[str] = []
    system = SimpleNamespace(reset=lambda: ended("reset"), reset_cause=lambda: "software")

    def ended(how):
        done.append(how)
        raise SystemExit

    monkeypatch.setattr(start, "parts_of", lambda _board: SimpleNamespace(system=system))
    monkeypatch.setattr(start, "Start", kind)
    monkeypatch.setattr(start, "halt", ended)
    with pytest.raises(SystemExit):
        start.prepare()
    return done


def test_a_tried_image_that_cannot_be_mounted_leads_to_the_next_start(boot_partition, monkeypatch):
    assert starting(monkeypatch, boot_partition, TriedImage) == ["reset"]


def test_another_that_cannot_be_mounted_is_said(boot_partition, monkeypatch):
    class Kept(TriedImage):
        testing = False

    assert starting(monkeypatch, boot_partition, Kept) == ["no file system can be read"]


def test_what_nobody_foresaw_is_said_and_is_not_the_prompt(boot_partition, monkeypatch):
    class Fails(TriedImage):
        def prepare(self):
            raise OSError(5)

    assert starting(monkeypatch, boot_partition, Fails) == ["OSError: 5"]
