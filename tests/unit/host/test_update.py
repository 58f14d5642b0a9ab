"""`dermis update` before a fake module with two slots, on a link that breaks anywhere."""

from __future__ import annotations

import json

import made_images
import pytest
from dermis.core import mcuboot
from dermis_host import cli
from dermis_host.building import new_key
from dermis_host.updating import image_messages, updater
from fake_slots import FakeSlots

OLD = made_images.image(version="0.1.0")
# Some 20 kB: twenty pieces and more.
NEW = made_images.image(version="0.2.0", body=bytes(range(256)) * 80)
LIAR_S = 5.0


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(updater, "AGAIN_S", 0.05)
    monkeypatch.setattr(updater, "RECONNECT_S", 60.0)  # on a busy computer, too


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "new.img"
    path.write_bytes(NEW)
    return path


@pytest.fixture
def module():
    with FakeSlots(OLD) as fake:
        yield fake


def _run(capsys, module, *words):
    code = cli.main(["update", "-p", module.url, *map(str, words)])
    told = capsys.readouterr()
    assert "Traceback" not in told.err and "a fault of these tools" not in told.err
    return code, told.out, told.err


def test_an_image_is_uploaded_tried_tested_and_kept(capsys, module, image):
    code, out, err = _run(capsys, module, image, "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["before"]["identity"]["firmware"] == "0.1.0" and told["after"]["identity"]["firmware"] == "0.2.0"
    assert told["confirmed"] and told["sent_bytes"] == len(NEW) and told["breaks"] == 0
    assert (module.running, module.active, module.testing) == (1, 1, False)
    # The self-test before the update and the one after it; nothing was confirmed before the second.
    order = [name for name in module.asked if name in ("selftest", "image_mark", "reset")]
    assert order == ["selftest", "image_mark", "reset", "selftest", "image_mark"]


def test_people_are_told_before_and_after(capsys, module, image):
    code, out, _ = _run(capsys, module, image)
    assert code == 0 and "0.1.0" in out and "0.2.0 is in use and kept" in out and "bytes sent in" in out


def test_an_image_that_runs_already_is_not_sent(capsys, module, tmp_path):
    path = tmp_path / "old.img"
    path.write_bytes(OLD)
    code, out, _ = _run(capsys, module, path)
    assert code == 0 and "already" in out and module.received == 0 and "reset" not in module.asked


def test_an_image_that_lies_in_the_slot_already_is_not_sent_again(capsys, module, image):
    module.slots_held[1] = NEW
    code, _, _ = _run(capsys, module, image)
    assert code == 0 and module.received == 0 and module.active == 1


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"board": "esp32s3"}, ["0.2.0 is for the board esp32s3", "this is a twin"]),
        ({"board": "coral"}, ["0.2.0 is for the board coral"]),
        ({"hardware": [2, 3]}, ["revisions 2 to 3", "revision 1", "an earlier image"]),
        (
            {"runtime": ["micropython", "1.40.0"]},
            ["micropython 1.40.0 or later", "runs micropython 1.29.0", "dermis flash"],
        ),
        ({"counter": 0}, ["counter 0", "below 1", "a later image"]),
    ],
)
def test_what_the_module_cannot_run_is_refused_before_a_byte_is_sent(other, said, capsys, module, tmp_path):
    path = tmp_path / "other.img"
    path.write_bytes(made_images.image(**other))
    code, _, err = _run(capsys, module, path)
    assert code == 2 and all(word in err for word in said), err
    assert module.received == 0


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:-40], "ends after"),
        (lambda data: data + b"\0" * 8, "bytes follow"),
        (lambda data: data[:5000] + bytes((data[5000] ^ 1,)) + data[5001:], "is damaged"),
        (lambda data: b"", "0 bytes are no image"),
        (lambda data: b"PK\x03\x04" + data, "MCUboot"),
        (lambda data: data.ljust(4 << 20, b"\0"), f"and a slot {mcuboot.LARGEST}"),
    ],
)
def test_a_file_that_is_no_whole_image_is_refused(damage, said, capsys, module, tmp_path):
    path = tmp_path / "damaged.img"
    path.write_bytes(damage(NEW))
    code, _, err = _run(capsys, module, path)
    assert code == 2 and said in err and module.received == 0


def test_what_only_the_module_knows_it_refuses_itself(capsys, module, image, tmp_path):
    module.refuses_image = (
        "the image is signed by a key that this module does not know; take one from who provisioned it"
    )
    other = tmp_path / "other-key.img"
    other.write_bytes(made_images.image(key=new_key(tmp_path / "key.pem")))
    code, _, err = _run(capsys, module, other)
    assert code == 1 and "unknown_key" in err and "does not know" in err and module.running == 0


def test_a_module_that_runs_from_sources(capsys, module, image):
    module.running = -1
    code, _, err = _run(capsys, module, image)
    assert code == 2 and "was not started from its flash" in err and module.received == 0


# The link breaks: at each message of an update, before it is done and after it.

MESSAGES = ("identity", "update_state", "image_state", "selftest", "parameters", "image_upload", "image_mark", "reset")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", MESSAGES)
def test_the_cable_is_pulled_at_each_stage(name, after, capsys, module, image):
    module.cuts, module.cut_after = {name: {2 if name in ("identity", "image_upload") else 1}}, after
    code, out, err = _run(capsys, module, image, "--json")
    told = json.loads(out)
    assert code == 0, err
    assert told["after"]["identity"]["firmware"] == "0.2.0" and told["confirmed"] and told["breaks"] >= 1
    assert module.active == 1


def test_an_upload_goes_on_where_it_was(capsys, module, image):
    module.cuts = {"image_upload": {8, 15, 21}}
    code, out, _ = _run(capsys, module, image, "--json")
    told = json.loads(out)
    assert code == 0 and told["breaks"] == 3
    # Each break costs the pieces under way and the first one again, not the whole.
    assert module.received < len(NEW) + 3 * 4 * 1024


@pytest.mark.parametrize(("resets", "code"), [(1, 0), (2, 1)])
def test_a_module_without_memory_is_restarted_once_and_the_upload_goes_on(resets, code, capsys, module, image):
    module.memory_after_resets = resets
    ended, out, err = _run(capsys, module, image)
    assert ended == code and "ran out of memory" in out + err
    assert module.active == (1 if code == 0 else 0)


def test_a_link_that_breaks_at_every_piece_ends_with_a_sentence(capsys, module, image):
    module.cuts = {"image_upload": set(range(2, 1000))}
    module.handlers["image_upload"] = lambda fields: {"off": 1, "match": True}
    code, _, err = _run(capsys, module, image)
    assert code == 1 and "times in a row" in err and "goes on" in err and module.running == 0


def test_a_module_that_does_not_come_back(capsys, module, image, monkeypatch):
    monkeypatch.setattr(updater, "RECONNECT_S", 0.3)
    module.cuts = {"image_mark": {1}}
    listener = module._listener

    def gone(fields):
        listener.close()
        module._client.close()
        raise OSError("cut")

    module.handlers["selftest"] = gone
    code, _, err = _run(capsys, module, image)
    assert code == 1 and "goes on" in err


def test_another_run_goes_on_after_one_that_was_killed(capsys, module, image):
    module.slots_held[1] = NEW
    module.pending, module.version = 1, "0.2.0"
    assert _run(capsys, module, image)[0] == 0 and module.active == 1 and module.received == 0


def test_another_run_confirms_what_is_being_tried(capsys, module, image):
    module.slots_held[1] = NEW
    module.running, module.testing = 1, True
    code, out, _ = _run(capsys, module, image)
    assert code == 0 and "is in use and kept" in out and module.active == 1 and "reset" not in module.asked


# Going back.


def test_an_image_that_crashes_goes_back_and_the_reason_is_told(capsys, module, image):
    module.breaks_image = ("0.2.0", "crash")
    code, _, err = _run(capsys, module, image)
    assert code == 1 and "went back to 0.1.0 from 0.2.0" in err and "it crashed (crash)" in err


def test_a_self_test_that_fails_only_under_the_new_image_sends_it_back(capsys, module, image):
    module.failing = {"0.1.0": ["swir_1450"], "0.2.0": ["swir_1450", "imager"]}
    code, _, err = _run(capsys, module, image)
    assert code == 1 and "(imager)" in err and "went back to 0.1.0" in err and module.running == 0


def test_what_failed_before_does_not_hold_an_update(capsys, module, image):
    module.failing = {"0.1.0": ["swir_1450"], "0.2.0": ["swir_1450"]}
    assert _run(capsys, module, image)[0] == 0 and module.active == 1


def test_an_image_can_be_left_to_somebody_else_to_keep(capsys, module, image):
    code, out, _ = _run(capsys, module, image, "--no-confirm")
    assert code == 0 and "is being tried" in out and "600 s" in out and module.testing
    code, out, _ = _run(capsys, module, "--status")
    assert code == 0 and "0.2.0 is being tried" in out
    assert _run(capsys, module, "--confirm")[0] == 0 and module.active == 1
    code, _, err = _run(capsys, module, "--confirm")
    assert code == 1 and "nothing to keep" in err


def test_a_second_image_finds_no_room_while_one_is_tried(capsys, module, image, tmp_path):
    module.slots_held[1], module.running, module.testing = NEW, 1, True
    third = tmp_path / "third.img"
    third.write_bytes(made_images.image(version="0.3.0"))
    code, _, err = _run(capsys, module, third)
    assert code == 2 and all(word in err for word in ("0.2.0", "0.1.0", "0.3.0", "--confirm", "--revert"))
    module.running, module.testing, module.pending, module.version = 0, False, 1, "0.2.0"
    code, _, err = _run(capsys, module, third)
    assert code == 2 and "--erase" in err and module.received == 0


def test_revert_goes_back_at_once_while_an_image_is_tried(capsys, module):
    module.slots_held[1], module.running, module.testing = NEW, 1, True
    assert _run(capsys, module, "--revert")[0] == 0
    assert (module.running, module.testing) == (0, False)


def test_revert_goes_back_to_the_image_before_after_it_was_kept(capsys, module):
    module.slots_held[1], module.running, module.active = NEW, 1, 1
    code, out, _ = _run(capsys, module, "--revert", "--json")
    assert code == 0 and json.loads(out)["after"]["identity"]["firmware"] == "0.1.0"
    assert (module.running, module.active, module.testing) == (0, 0, False)


def test_revert_without_another_image(capsys, module):
    code, _, err = _run(capsys, module, "--revert")
    assert code == 2 and "nothing to go back to" in err


def test_the_slot_that_is_not_in_use_can_be_emptied(capsys, module):
    module.slots_held[1] = NEW
    assert _run(capsys, module, "--erase")[0] == 0 and not module.slots_held[1]


# In the field.


def test_in_the_field_a_session_is_asked_for_before_anything_is_sent(capsys, image):
    module = FakeSlots(OLD, state="field")
    with module:
        code, _, err = _run(capsys, module, image)
        assert code == 2 and "--keyring" in err and "--no-confirm" in err and module.received == 0
        assert _run(capsys, module, image, "--no-confirm")[0] == 0 and module.testing
        code, _, err = _run(capsys, module, "--confirm")
        assert code == 1 and "needs a session" in err


# A lying module.


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda fields: {"off": -5, "match": True}, "holds -5"),
        (lambda fields: {"off": 1 << 30, "match": True}, "cannot be"),
        (lambda fields: {"off": 0, "match": True}, "takes no more"),
        (lambda fields: {"off": fields["off"], "match": True}, "takes no more"),
        (lambda fields: {"off": len(NEW), "match": False}, "does not agree"),
    ],
)
def test_a_module_that_lies_about_what_it_holds(answer, said, capsys, module, image, monkeypatch):
    monkeypatch.setattr(updater, "MOST_BREAKS", 2)
    module.handlers["image_upload"] = answer
    code, _, err = _run(capsys, module, image)
    assert code == 1 and said in err and module.running == 0


def test_a_module_that_says_it_is_done_and_holds_nothing(capsys, module, image):
    module.handlers["image_upload"] = lambda fields: {"off": len(NEW), "match": True}
    code, _, err = _run(capsys, module, image)
    assert code == 1 and "no slot holds that image" in err


def test_pieces_that_the_module_wants_in_another_order(capsys, module, image):
    """It forgets what it holds now and then: the host follows, and every byte arrives."""
    real, calls = module.upload, []

    def forgets(fields):
        calls.append(fields["off"])
        if len(calls) in (5, 9):
            del module.coming[len(module.coming) // 2 :]
        return real(fields)

    module.handlers["image_upload"] = forgets
    code, _, err = _run(capsys, module, image)
    assert code == 0 and module.slots_held[1] == NEW, err


def test_two_uploads_at_once_end_with_one_whole_image(module, image):
    """Two hosts cannot hold one port, but two files can come in turns: the second begins anew, the first is told."""
    from dermis_host.module import Module

    other = made_images.image(version="0.3.0", body=bytes(20000))
    with Module(module.url) as one:
        one.image_upload(0, NEW[:500], len=len(NEW), sha=b"1" * 32)
        assert one.image_upload(500, NEW[500:900]).off == 900
        one.image_upload(0, other[:500], len=len(other), sha=b"2" * 32)
        assert one.image_upload(900, NEW[900:1300]).off == 500, "it belongs to another image"


def test_packets_keep_to_what_the_module_takes(module):
    room = image_messages._room("image_upload", 1020, off=len(NEW))
    from dermis_host import wire

    assert len(wire.request("image_upload", off=len(NEW), data=bytes(room)).BYTES) <= 1020
    assert len(wire.request("image_upload", off=len(NEW), data=bytes(room + 1)).BYTES) > 1020


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "Name an image"), (("x", "--status"), "Name an image"), (("--status", "--revert"), "not allowed with")],
)
def test_wrong_words(words, said, capsys):
    assert cli.main(["update", "-p", "socket://127.0.0.1:1", *words]) == 2
    assert said in capsys.readouterr().err


def test_the_status_of_an_upload_and_of_a_refusal(capsys, module):
    module.coming, module.announced = bytearray(500), (9000, b"")
    module.refused, module.why, module.reason, module.version = "it was damaged", "power", "the power went", "0.2.0"
    code, out, _ = _run(capsys, module, "--status")
    assert code == 0 and "500 of 9000 bytes" in out and "it was damaged" in out
    assert "(0.2.0) was given up: the power went" in out


def test_a_clock_at_1970_on_either_side_does_not_matter(capsys, module, image, monkeypatch):
    import time

    monkeypatch.setattr(time, "time", lambda: 0.0)
    module.handlers["datetime_read"] = lambda _: {"datetime": "1970-01-01T00:00:00"}
    assert _run(capsys, module, image)[0] == 0 and module.active == 1
