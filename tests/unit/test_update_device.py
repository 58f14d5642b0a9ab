"""Images on their way into a module: uploaded, refused, marked, tried, kept and given up; and clients that lie."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dermis.app import rights, update
from dermis.core import boot_state, errors, mcuboot, slot
from dermis_host.building import signing
from update_module import BLOCK, COUNTER, PIECE, Bench, hash_of, image, refusal

OLD, NEW = image("0.1.0", COUNTER), image("0.2.0")


@pytest.fixture
def bench() -> Bench:
    return Bench(OLD)


@pytest.fixture
def field() -> Bench:
    """A module in the field, before somebody without a session."""
    return Bench(OLD, state=rights.FIELD_STATE)


def stored(bench: Bench) -> boot_state.State:
    return boot_state.decode(bench.drivers.storage.read(boot_state.FILE))


def table(bench: Bench) -> dict[int, list[str]]:
    """Slot -> what it is marked as."""
    words = ("pending", "confirmed", "active", "permanent")
    return {entry["slot"]: [word for word in words if entry[word]] for entry in bench.update.slots.table()}


# --- the way it should go


def test_an_image_is_uploaded_tried_and_kept(bench):
    answer = bench.upload(NEW)
    assert answer == {"off": len(NEW), "match": True}
    assert bench.content("slot1", len(NEW)) == NEW
    assert table(bench) == {0: ["confirmed", "active"], 1: []}
    bench.mark(hash_of(NEW))
    assert table(bench)[1] == ["pending"]
    assert bench.update.state()["pending"] == "slot1" and bench.update.state()["version"] == "0.2.0"
    bench.restart()
    state = bench.update.state()
    assert state["testing"] and state["slot"] == "slot1" and state["pending"] == ""
    assert table(bench) == {0: ["confirmed"], 1: ["active"]}
    bench.mark(confirm=True)
    counted = bench.module.statistics.fields("update", bench.module)
    assert (counted["confirmed"], counted["reverted"]) == (1, 0)
    assert table(bench) == {0: [], 1: ["confirmed", "active"]} and not bench.update.state()["testing"]
    bench.restart("power_on")
    assert bench.left == {"slot": 1, "testing": False, "cause": "power_on", "board": "twin", "revision": 1}
    assert bytes(bench.content("slot1", slot.SIZE)[slot.MARK_AT :]) == hash_of(NEW)


def test_a_test_that_nobody_confirms_goes_back(bench):
    bench.upload(NEW)
    bench.mark(hash_of(NEW))
    bench.restart()
    bench.restart("watchdog")
    state = bench.update.state()
    assert (state["slot"], state["testing"], state["why"]) == ("slot0", False, boot_state.WATCHDOG)
    assert state["version"] == "0.2.0" and state["hash"] == hash_of(NEW) and "watchdog" in state["reason"]
    bench.mark(hash_of(NEW))  # it may be tried again, without another upload
    bench.restart()
    assert bench.update.state()["testing"]


def test_an_image_that_confirms_itself_is_marked_permanent(bench):
    bench.upload(NEW)
    bench.mark(hash_of(NEW), confirm=True)
    assert table(bench)[1] == ["pending", "permanent"]
    bench.restart()
    assert bench.left["testing"] and stored(bench).permanent  # app.trial confirms it


def test_what_is_tried_can_be_given_up_by_naming_the_other(bench):
    bench.upload(NEW)
    bench.mark(hash_of(NEW))
    bench.restart()
    assert refusal(bench.mark, bytes(32)).code == errors.RC_NO_ENTRY
    bench.mark(hash_of(OLD))
    bench.restart()
    assert bench.update.state()["slot"] == "slot0" and bench.update.state()["why"] == boot_state.ASKED


def test_the_counter_rises_with_the_confirmation_and_no_sooner(bench):
    newer = image("0.3.0", COUNTER + 2)
    bench.upload(newer)
    bench.mark(hash_of(newer))
    assert stored(bench).counter == COUNTER
    bench.restart()
    assert stored(bench).counter == COUNTER
    bench.mark(confirm=True)
    assert stored(bench).counter == COUNTER + 2
    bench.restart()
    assert refusal(bench.mark, hash_of(OLD)).code == errors.RC_INVALID
    bench.upload(NEW)
    assert bench.update.refused_why == mcuboot.OLDER_COUNTER


def test_the_same_file_again_is_not_uploaded_again(bench):
    bench.upload(NEW)
    writes = bench.drivers.flash.writes
    assert list(bench.pieces(NEW)) == [{"off": len(NEW)}]
    bench.restart()
    assert list(bench.pieces(NEW)) == [{"off": len(NEW)}]
    assert bench.drivers.flash.writes == writes
    bench.mark(hash_of(NEW))
    bench.restart()
    assert list(bench.pieces(NEW)) == [{"off": len(NEW)}]  # it runs already


def test_the_header_comes_last(bench):
    """Whatever is asked in the meantime, and wherever the power goes: what was not checked is no image."""
    flash = bench.drivers.flash
    write, early = flash.write, []

    def watched(partition, offset, data):
        if partition == "slot1" and offset < slot.HEADER_BYTES:
            early.append(bench.update.coming.off)
        write(partition, offset, data)

    flash.write = watched
    for answer in bench.pieces(NEW):
        if answer["off"] < len(NEW):
            assert bench.update.slots.image(1) is None
            assert refusal(bench.mark, hash_of(NEW)).code == errors.RC_NO_ENTRY
    assert early == [len(NEW)]


# --- a lost link, a restart


def test_an_upload_goes_on_after_a_lost_link(bench):
    for answer in bench.pieces(NEW):
        if answer["off"] > 5000:
            break
    assert next(bench.pieces(NEW)) == answer
    assert bench.upload(NEW)["match"]


def test_an_upload_goes_on_after_a_restart_where_it_was_noted():
    long = image("0.4.0", blocks=40)
    bench = Bench(OLD)
    for answer in bench.pieces(long):
        if answer["off"] > 100_000:
            break
    bench.restart("power_on")
    first = next(bench.pieces(long))["off"]
    assert first % BLOCK == 0 and 100_000 - 65536 - BLOCK < first <= 100_000
    # What comes after the note is erased with its block: here some of it had been written.
    assert bench.upload(long)["match"] and bench.content("slot1", len(long)) == long


def test_a_client_that_goes_on_by_itself_is_told_where():
    long = image("0.4.0", blocks=40)
    bench = Bench(OLD)
    for answer in bench.pieces(long):
        if answer["off"] > 100_000:
            break
    bench.restart()
    off = bench.piece(answer["off"], long[answer["off"] : answer["off"] + PIECE])["off"]
    assert off % BLOCK == 0 and off < answer["off"]
    while off < len(long):
        off = bench.piece(off, long[off : off + PIECE])["off"]
    assert bench.update.slots.hash(1) == hash_of(long)


def test_an_upload_that_was_whole_at_the_restart_is_checked_then(bench):
    kept = bench.update._check

    async def never(_coming):
        bench.update._task = None

    bench.update._check = never
    bench.upload(NEW)
    assert bench.update.slots.image(1) is None and kept
    bench.restart()
    assert bench.update.state()["held"] == bench.update.state()["size"] == len(NEW)
    assert bench.upload(NEW) == {"off": len(NEW), "match": True}
    assert bench.update.slots.hash(1) == hash_of(NEW)


def test_a_damaged_note_means_starting_anew(bench):
    half = NEW[:6000]
    bench.piece(0, half, len(NEW), hashlib.sha256(NEW).digest())
    for note in (b"", b"\xff" * 300, b"\xa0"):
        bench.drivers.storage.files["upload.state"] = note
        bench.restart()
        assert bench.update.state()["size"] == 0
    assert bench.upload(NEW)["match"]


# --- clients that lie or err


def test_lengths_and_offsets_that_cannot_be(bench):
    sha = hashlib.sha256(NEW).digest()
    for arguments, code in (
        ((-1, NEW[:PIECE], len(NEW), sha), errors.RC_INVALID),
        ((0, NEW[:PIECE], -1, sha), errors.RC_INVALID),
        ((0, NEW[:PIECE], 0, sha), errors.RC_INVALID),
        ((0, NEW[:PIECE], PIECE - 1, sha), errors.RC_INVALID),
        ((0, NEW[:PIECE], mcuboot.LARGEST + 1, sha), errors.RC_TOO_LONG),
        ((0, NEW[:PIECE], 1 << 40, sha), errors.RC_TOO_LONG),
        ((0, NEW[:31], len(NEW), sha), errors.RC_INVALID),
        ((0, b"", len(NEW), sha), errors.RC_INVALID),
        ((0, b"x" * PIECE, len(NEW), sha), errors.RC_INVALID),
        ((0, NEW[:PIECE], len(NEW), sha[:-1]), errors.RC_INVALID),
        ((0, NEW[:PIECE], len(NEW), sha, 2), errors.RC_INVALID),
        ((0, NEW[:PIECE], len(NEW), sha, -1), errors.RC_INVALID),
    ):
        assert refusal(bench.piece, *arguments).code == code, arguments
    assert bench.drivers.flash.writes == 2  # the image that runs and its mark: nothing was erased
    assert bench.piece(5000, NEW[:100]) == {"off": 0}
    assert bench.piece(0, NEW[:PIECE], len(NEW), sha) == {"off": PIECE}
    for off in (1, PIECE - 1, PIECE + 1, 1 << 40):
        assert bench.piece(off, NEW[:PIECE]) == {"off": PIECE}
    error = refusal(bench.piece, PIECE, bytes(len(NEW)))
    assert error.code == errors.RC_INVALID and str(len(NEW)) in error.reason
    assert bench.piece(PIECE, b"") == {"off": PIECE}
    assert bench.upload(NEW)["match"]


def test_a_hash_that_does_not_fit_leaves_nothing(bench):
    wrong = hashlib.sha256(b"another").digest()
    assert bench.upload(NEW, sha=wrong) == {"off": len(NEW), "match": False}
    assert bench.update.slots.image(1) is None and "upload.state" not in bench.drivers.storage.files
    assert bench.update.refused_why == mcuboot.WRONG_HASH
    assert "does not agree" in refusal(bench.mark, hash_of(NEW)).reason
    assert bench.upload(NEW)["match"]


def test_two_uploads_at_once_do_no_harm(bench):
    """The later one begins anew; whoever lost learns it by the offset, and what is mixed is no image."""
    other = image("0.3.0")
    shas = [hashlib.sha256(data).digest() for data in (NEW, other)]
    assert bench.piece(0, NEW[:PIECE], len(NEW), shas[0]) == {"off": PIECE}
    assert bench.piece(PIECE, NEW[PIECE : 2 * PIECE]) == {"off": 2 * PIECE}
    assert bench.piece(0, other[:PIECE], len(other), shas[1]) == {"off": PIECE}
    assert bench.piece(2 * PIECE, NEW[2 * PIECE : 3 * PIECE]) == {"off": PIECE}
    off, turn = PIECE, 0
    while off < len(other):
        data = (NEW, other)[turn % 2]
        answer = bench.piece(off, data[off : min(off + PIECE, len(other))])
        off, turn = answer["off"], turn + 1
    assert answer["match"] is False and bench.update.slots.image(1) is None


def test_mixed_pieces_without_a_hash_are_no_image(bench):
    other = image("0.3.0")
    bench.piece(0, NEW[:PIECE], len(NEW))
    off = PIECE
    while off < len(NEW):
        data = other if 5000 < off < 9000 else NEW  # of its body: signatures may differ in length
        off = bench.piece(off, data[off : off + PIECE])["off"]
    assert bench.update.refused_why == mcuboot.WRONG_HASH and bench.update.slots.image(1) is None


def test_an_image_that_must_not_run_is_refused_with_its_reason(bench):
    private = ec.derive_private_key(7, ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    other = signing.SigningKey(private, "x", numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))
    damaged = bytearray(NEW)
    damaged[BLOCK + 5] ^= 1
    assert bench.update.slots.running == 0  # and its mark is in the slot from now on
    running = bench.content("slot0", slot.SIZE)
    for data, why, words in (
        (image(key=other), mcuboot.UNKNOWN_KEY, ("key",)),
        (bytes(damaged), mcuboot.WRONG_HASH, ("damaged",)),
        (NEW + b"more", mcuboot.TRAILING_BYTES, ("4 bytes",)),
        (NEW[:-3], mcuboot.CUT_SHORT, ("ends",)),
        (image(counter=COUNTER - 1), mcuboot.OLDER_COUNTER, ("2", "3", "0.2.0", "0.1.0")),
        (image(board="esp32s3"), mcuboot.WRONG_BOARD, ("esp32s3", "twin")),
        (image(hardware=(2, 4)), mcuboot.WRONG_HARDWARE, ("2 to 4", "revision 1")),
    ):
        assert bench.upload(data)["match"] is True  # it is what the client sent
        state = bench.update.state()
        assert state["refused_why"] == why and all(word in state["refused"] for word in words), state["refused"]
        assert bench.update.slots.image(1) is None and state["size"] == 0
        assert state["refused"] in refusal(bench.mark, bytes(32)).reason
        assert bench.content("slot0", slot.SIZE) == running
    bench.upload(NEW)
    assert bench.update.refused == ""


def test_only_a_newer_one_where_that_was_asked_for(bench):
    bench.upload(image("0.1.0", COUNTER, 4), upgrade=True)
    assert bench.update.refused_why == update.NOT_NEWER and "0.1.0" in bench.update.refused
    bench.upload(NEW, upgrade=True)
    assert bench.update.slots.hash(1) == hash_of(NEW)


def test_no_upload_over_what_is_marked_or_needed_to_go_back(bench):
    bench.upload(NEW)
    bench.mark(hash_of(NEW))
    other = image("0.3.0")
    assert "marked" in refusal(bench.upload, other).reason
    bench.restart()
    assert "go back" in refusal(bench.upload, other).reason
    assert "go back" in refusal(bench.erase).reason
    assert refusal(bench.erase, 1).code == errors.RC_BAD_STATE  # it runs
    assert bench.content("slot0", len(OLD)) == OLD


def test_erase_takes_the_image_and_its_mark_away(bench):
    assert refusal(bench.erase, 0).code == errors.RC_BAD_STATE and refusal(bench.erase, 2).code == errors.RC_INVALID
    bench.upload(NEW)
    bench.mark(hash_of(NEW))
    bench.erase(1)
    assert table(bench) == {0: ["confirmed", "active"]} and stored(bench).pending == boot_state.NO_SLOT
    bench.restart()
    assert bench.update.state()["slot"] == "slot0" and bench.upload(NEW)["match"]


def test_marks_that_make_no_sense(bench):
    assert refusal(bench.mark).code == errors.RC_INVALID
    assert refusal(bench.mark, hash_of(OLD)).code == errors.RC_BAD_STATE
    assert refusal(bench.mark, hash_of(NEW)).code == errors.RC_NO_ENTRY
    assert refusal(bench.mark, b"short").code == errors.RC_NO_ENTRY
    bench.mark(confirm=True)  # it was confirmed: nothing changes
    assert stored(bench) == boot_state.fresh(0, COUNTER)


def test_what_the_flasher_put_into_a_slot_is_checked_before_it_is_tried(bench):
    unsigned = bytearray(NEW)
    unsigned[-1] ^= 1  # in the signature, which no hash covers
    bench.drivers.flash.write("slot1", 0, unsigned)
    assert refusal(bench.mark, hash_of(NEW)).code == errors.RC_INVALID
    assert bench.update.refused_why == mcuboot.BAD_SIGNATURE and stored(bench).pending == boot_state.NO_SLOT


def test_while_an_image_is_looked_at_nothing_touches_it(bench):
    """Two clients on one link: what the other asks meanwhile is put off."""
    bench.upload(NEW)
    bench.restart()  # so that the mark checks the signature anew
    control = bench.update

    async def both():
        marking = asyncio.create_task(control.mark(hash_of(NEW), False))
        await asyncio.sleep(0)
        for other in (control.receive(0, OLD, 0, len(OLD), b"", False), control.erase(-1), control.mark(b"", True)):
            with pytest.raises(errors.WireError) as refused:
                await other
            assert refused.value.code == errors.RC_BUSY
        await marking

    asyncio.run(both())
    assert stored(bench).pending == 1 and bench.content("slot1", len(NEW)) == NEW


def test_from_sources_an_image_comes_in_and_cannot_be_tried():
    bench = Bench()
    assert bench.update.slots.table() == [] and bench.update.state()["slot"] == ""
    assert bench.upload(NEW)["match"] and bench.content("slot1", len(NEW)) == NEW
    assert "flash" in refusal(bench.mark, hash_of(NEW)).reason
    bench.erase()
    assert bench.update.slots.image(1) is None


# --- rights and rates


def test_in_the_field_an_image_is_tried_by_anybody_and_kept_by_a_session(field):
    field.upload(NEW)
    assert refusal(field.mark, hash_of(NEW), True).code == errors.RC_ACCESS_DENIED
    field.mark(hash_of(NEW))
    field.restart()
    error = refusal(field.mark, confirm=True)
    assert error.code == errors.RC_ACCESS_DENIED and "installer" in error.reason
    field.restart("power_on")
    assert field.update.state()["slot"] == "slot0"


def test_without_a_session_uploads_and_tests_are_few(field):
    for _ in range(update.UPLOADS_AN_HOUR):
        assert field.piece(0, NEW[:PIECE], len(NEW)) == {"off": PIECE}
    assert refusal(field.piece, 0, NEW[:PIECE], len(NEW)).code == errors.RC_BUSY
    field.drivers.clock.now += update.HOUR_MS * 1000
    field.upload(NEW)
    field.mark(hash_of(NEW))
    field.restart()
    field.restart()
    field.drivers.clock.now = 5_000_000
    error = refusal(field.mark, hash_of(NEW))
    assert error.code == errors.RC_BUSY and "596 s" in error.reason
    field.drivers.clock.now = update.TEST_PAUSE_MS * 1000 + 1000
    field.mark(hash_of(NEW))


def test_a_state_that_is_lost_in_a_test_does_not_keep_what_is_tried(bench):
    bench.upload(NEW)
    bench.mark(hash_of(NEW))
    bench.restart()
    bench.drivers.storage.broken = True
    assert bench.update.state()["testing"]
    bench.drivers.storage.broken = False
    bench.mark(hash_of(OLD))
    assert stored(bench).active == 0 and stored(bench).counter == COUNTER
    bench.restart()
    assert bench.update.state()["slot"] == "slot0" and not bench.update.state()["testing"]


def test_a_reset_does_not_begin_the_hour_anew(field):
    for _ in range(update.UPLOADS_AN_HOUR):
        assert field.piece(0, NEW[:PIECE], len(NEW)) == {"off": PIECE}
        field.restart()
        field.drivers.clock.now = 0
    error = refusal(field.piece, 0, NEW[:PIECE], len(NEW))
    assert error.code == errors.RC_BUSY and "3600 s" in error.reason
    field.drivers.clock.now = update.HOUR_MS * 1000
    assert field.piece(0, NEW[:PIECE], len(NEW)) == {"off": PIECE}


def test_an_upload_that_cannot_be_counted_is_not_free(field):
    field.drivers.clock.now = 0
    field.update  # noqa: B018 - made while storage is well
    field.drivers.storage.broken = True
    assert refusal(field.piece, 0, NEW[:PIECE], len(NEW)).code == errors.RC_BUSY


# --- storage that fails


def test_a_full_or_broken_storage_is_said_and_nothing_is_erased(bench):
    bench.upload(NEW)
    writes = bench.drivers.flash.writes
    for fault in ("full", "broken"):
        setattr(bench.drivers.storage, fault, True)
        assert refusal(bench.upload, image("0.3.0")).code == errors.RC_UNKNOWN
        assert refusal(bench.mark, hash_of(NEW)).code == errors.RC_UNKNOWN
        setattr(bench.drivers.storage, fault, False)
    assert bench.drivers.flash.writes == writes and bench.update.slots.hash(1) == hash_of(NEW)
    bench.mark(hash_of(NEW))
    assert stored(bench).pending == 1
