"""smpmgr: an SMP tool of others, on a module's tty."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import serial
from dermis.core import smp
from dermis_host import Module
from dermis_host.building import signing
from dermis_host.rig import Rig

from tests.hil.clients import tools
from tests.hil.clients.conftest import tty_of
from tests.hil.support.spare import LATER, Spare
from tests.unit import update_cut_images

# A module that starts needs longer for its first answer than smpmgr's two seconds.
PATIENT = ("--timeout", "20")
SHORT = ("--timeout", "2")  # its own default: for what gets no answer
# smpmgr asks for no buffer's size on a serial line; told it, it fills the module's buffer.
BUFFER = ("--line-length", "128", "--line-buffers", str(smp.BUFFER_SIZE // 128))
UPLOAD_LIMIT_S = 150.0
SMALL = "0.2.0"  # of `update_cut_images`: signed, and nothing that could be started
# Of an upload, at most: far enough that the module has noted several times how far it is.
CUT_AT = 0.6
BYTES_AN_OPERATION = 1024  # of the flash while it takes an upload: an erase, programs and notes; less in truth


def smpmgr(port: object, *words: object, **options: float) -> str:
    return tools.told("smpmgr", "--port", port, *PATIENT, *words, **options)


def active(port: object) -> tuple[str, bool]:
    """(version, confirmed) of the image that runs, as `image state-read` prints it."""
    for image in smpmgr(port, "image", "state-read").split("ImageState(")[1:]:
        if "active=True" in image:
            version = re.search(r"version='([^'+]+)", image)
            assert version, image
            return version[1], "confirmed=True" in image
    raise AssertionError("no image runs")


def test_echo_statistics_and_what_is_not_served(tty):
    assert "r='hello'" in smpmgr(tty, "os", "echo", "hello")
    said = smpmgr(tty, "statistics", "fetch-all")
    assert all(f"name='{group}'" in said for group in ("link", "verdicts", "storage", "update"))
    refused = smpmgr(tty, "shell", "help")  # that the module refuses is no failure to smpmgr
    assert "ENOTSUP" in refused and "there is no message with group 9" in refused


def test_a_file_goes_over_and_comes_back(tty, tmp_path):
    (tmp_path / "note.txt").write_text("two lines\nof text\n")
    smpmgr(tty, "file", "upload", tmp_path / "note.txt", "note.txt")
    smpmgr(tty, "file", "download", "note.txt", tmp_path / "back.txt")
    assert (tmp_path / "back.txt").read_bytes() == (tmp_path / "note.txt").read_bytes()
    assert "there is no file other.txt" in smpmgr(tty, "file", "read-size", "other.txt")


def test_a_reset_starts_it_anew(rig, tty):
    with rig.module() as module:
        before = module.identity().uptime_ms
    smpmgr(tty, "os", "reset")
    rig.wait_for_module()
    with rig.module() as module:
        assert module.identity().uptime_ms < before
    assert "r='again'" in smpmgr(tty, "os", "echo", "again")


@pytest.fixture(scope="module")
def later(rig: Rig, request, tmp_path_factory) -> Path:
    """A whole image of the same firmware with a higher version, signed with the module's update key."""
    if rig.twin is None:
        pytest.skip("The tests' own build is a twin's; test_hil_update updates a board.")
    folder = request.getfixturevalue("built").image.parent
    return Spare(rig, folder, "stand-in", signing.development_key()).later(tmp_path_factory.mktemp("later"))


@pytest.mark.needs("flash")
def test_a_small_image_is_uploaded_and_taken_out_again(rig, tty, tmp_path):
    update_cut_images.write(tmp_path)
    assert "100.0%" in smpmgr(tty, "image", "upload", tmp_path / SMALL, "--slot", "1")
    assert f"version='{SMALL}" in smpmgr(tty, "image", "state-read")
    smpmgr(tty, "image", "erase", "1")
    assert SMALL not in smpmgr(tty, "image", "state-read")


@pytest.mark.thorough
@pytest.mark.needs("flash", "power")
@pytest.mark.timeout(400)
def test_an_image_is_uploaded_unplugged_resumed_tried_and_kept(rig, tty, later):
    before, _ = active(tty)
    begun = _uploads_begun(rig)
    upload = (*BUFFER, "image", "upload", later, "--slot", "1")
    cut = tools.start("smpmgr", "--port", tty, "--timeout", "6", *upload)
    _wait_until_held(rig, CUT_AT * later.stat().st_size)
    rig.power.off()
    said = tools.ended(cut)
    assert said.code != 0 and re.search("(?i)timeout|disconnected", said.text), said
    rig.power.on()
    rig.wait_for_module()
    assert active(tty) == (before, True), "half an image was started"

    assert "100.0%" in smpmgr(tty, *upload, limit_s=UPLOAD_LIMIT_S)
    assert _uploads_begun(rig) == begun + 1, "it began anew"

    smpmgr(tty, "image", "state-write", signing.file_image(later.read_bytes()).hash.hex())
    smpmgr(tty, "os", "reset")
    rig.wait_for_module()
    assert active(tty) == (LATER, False), "it is not on trial"
    smpmgr(tty, "image", "state-write", "--confirm")
    smpmgr(tty, "os", "reset")
    rig.wait_for_module()
    assert active(tty) == (LATER, True)


def _uploads_begun(rig: Rig) -> int:
    """How often the module has said so; an upload that goes on says nothing."""
    return (rig.folder / "console.log").read_text(errors="replace").count('"update_started"')


def _wait_until_held(rig: Rig, length: float) -> None:
    """Returns when so many bytes of an upload have been written. By the twin's flash, as the port is smpmgr's."""
    assert rig.twin is not None
    began, until = rig.twin.status()["flash_operations"], time.monotonic() + UPLOAD_LIMIT_S
    while rig.twin.status()["flash_operations"] - began < length / BYTES_AN_OPERATION:
        assert time.monotonic() < until, "the upload does not get on"
        time.sleep(0.1)


def test_an_image_that_is_not_there_is_not_marked(tty):
    assert "rsn=" in (said := smpmgr(tty, "image", "state-write", "5a" * 32)), said
    assert active(tty)[1]


def test_a_port_that_is_not_there(nowhere):
    said = tools.run("smpmgr", "--port", nowhere, *SHORT, "os", "echo", "hello")
    assert said.code != 0 and "Transport error" in said.text and str(nowhere) in said.text, said


def test_a_port_that_somebody_else_has_is_shared(rig, tty):
    """smpmgr neither locks a tty nor looks for a lock; whoever had the port goes on with it."""
    with serial.Serial(tty, exclusive=True):
        assert "r='hello'" in smpmgr(tty, "os", "echo", "hello")
    with rig.module() as module:
        assert module.echo("alive") == "alive"


def test_a_module_in_the_field_state_refuses_in_words(field):
    port = tty_of(field)
    before, _ = active(port)
    refused = smpmgr(port, "image", "erase", "1")
    assert "EACCESSDENIED" in refused and "rsn=" in refused, refused
    assert "EACCESSDENIED" in smpmgr(port, "file", "read-size", "note.txt")
    assert "r='hello'" in smpmgr(port, "os", "echo", "hello")
    assert active(port) == (before, True)
    with Module(field.port) as module:
        assert module.posture().state == "field"
