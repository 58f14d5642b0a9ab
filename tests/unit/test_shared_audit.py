"""The audit log on the module: chained, bounded, and never in the way of what it tells of."""

import fakes
from audit_reading import entries_of
from dermis.app import audit as audits
from dermis.app.audit import Audit
from dermis.core import audit_chain as chain
from dermis.core import cbor, vocabulary
from dermis.core.errors import BadInput

KEY = b"k" * 32
SERIAL = fakes.SERIAL


class Heard:
    """A log that keeps the names of its events."""

    def __init__(self):
        self.events = []

    def event(self, event, *_, **__):
        self.events.append(event)


def made(storage=None, clock=None):
    storage, clock, heard = storage or fakes.FakeStorage(), clock or fakes.FakeClock(), Heard()
    return Audit(storage, SERIAL, clock, heard), storage, clock, heard


def again(storage, clock):
    """The log after a restart."""
    clock.now = 0
    return Audit(storage, SERIAL, clock, Heard())


def refused(function, *arguments):
    try:
        function(*arguments)
    except BadInput as error:
        return str(error)
    raise AssertionError("it was taken")


def newest(storage):
    return f"audit.{max([int(name[6:]) for name in storage.files if name.startswith(audits.PREFIX)])}"


def test_an_entry_goes_there_and_back():
    entry = chain.encode(7, 1_800_000_000, 12, "attack", {"reasons": ["flat", "screen"], "sure": True, "n": -3})
    assert chain.decode(entry) == (7, 1800000000, 12, "attack", {"reasons": ["flat", "screen"], "sure": True, "n": -3})


def test_what_is_no_entry_is_refused():
    assert "no audit event" in refused(chain.encode, 0, 0, 0, "made_up", {})
    for value in (b"bytes", None, {"a": 1}, [b"x"], [["deep"]]):
        refused(chain.encode, 0, 0, 0, "boot", {"what": value})
    refused(chain.encode, 0, 0, 0, "boot", {"what": "x" * chain.LARGEST_ENTRY})
    for values in ([], [0, 0, 0, "boot"], [0, 0, 0, "boot", {}, 1], ["0", 0, 0, "boot", {}], [True, 0, 0, "boot", {}]):
        refused(chain.decode, cbor.dumps(values))
    # The same values in other bytes would be another hash of the same entry.
    assert "canonical" in refused(chain.decode, b"\x85\x18\x00\x00\x00\x64boot\xa0")


def test_the_chain_begins_with_the_serial_number():
    log, _, _, _ = made()
    head = log.head(0)
    assert head == (0, 0, chain.genesis(SERIAL), chain.genesis(SERIAL), 0) and chain.genesis("DM1-0043") != head.hash


def test_entries_are_chained_and_outlive_a_restart():
    log, storage, clock, _ = made()
    clock.seconds, clock.now = 1_700_000_000, 5_000_000
    log.note("boot", firmware="1.2.3")
    log.note("state_changed", before="bench", state="field")
    told = entries_of(log, SERIAL)
    assert [entry.event for entry in told] == ["boot", "state_changed"]
    assert told[0] == (0, 1_700_000_000, 5000, "boot", {"firmware": "1.2.3"})
    after = again(storage, clock)
    assert (after.next, after.hash) == (2, log.hash)
    after.note("boot")
    assert len(entries_of(after, SERIAL)) == 3


def test_the_head_is_under_a_mac_with_the_nonce():
    log, _, _, _ = made()
    log.note("boot")
    head = log.head(99)
    mac = chain.head_mac(KEY, SERIAL, b"nonce", head)
    assert chain.head_holds(KEY, SERIAL, b"nonce", head, mac)
    assert not chain.head_holds(KEY, SERIAL, b"other", head, mac)  # a replayed head
    assert not chain.head_holds(b"j" * 32, SERIAL, b"nonce", head, mac)
    assert not chain.head_holds(KEY, "DM1-9999", b"nonce", head, mac)
    for name, value in (("first", 1), ("next", 0), ("before", bytes(32)), ("hash", bytes(32)), ("time", 0)):
        values = {field: getattr(head, field) for field in chain.HEAD_FIELDS}
        values[name] = value
        assert not chain.head_holds(KEY, SERIAL, b"nonce", chain.Head(**values), mac), name
    assert not chain.head_holds(KEY, SERIAL, b"nonce", head, b"")


def test_the_ring_keeps_the_newest_and_its_files_fit_a_block():
    log, storage, clock, _ = made()
    kept, audits.RING = audits.RING, 8
    try:
        while log.written < 800:
            log.note("file_stored", name="x" * 32, size=log.written)
    finally:
        audits.RING = kept
    files = [name for name in storage.files if name.startswith("audit.")]
    assert len(files) == 8
    assert max([len(storage.files[name]) for name in files]) <= audits.SEGMENT_BYTES
    told = entries_of(log, SERIAL)
    assert told[0].seq > 0 and told[-1].seq == 799 and len(told) > 300
    assert log.read(0, 3968) == (b"", b"", told[0].seq)  # what is gone is named by where it goes on
    assert log.read(800, 3968) == log.read(1 << 40, 3968) == (b"", log.hash, 800)
    after = again(storage, clock)
    assert entries_of(after, SERIAL)[-1] == told[-1] and after.hash == log.hash


def test_attacks_without_end_cost_a_bounded_number_of_entries():
    """100,000 in an hour: sixty are told one by one, the others counted, and nothing older is pushed out."""
    log, _, clock, _ = made()
    log.note("boot")
    for number in range(100000):
        clock.now = number * 35999
        log.verdict("attack", ["flat", "screen"])
    clock.now = 3_600_000_001
    log.verdict("bona_fide", [])
    told = entries_of(log, SERIAL)
    assert told[0].event == "boot" and len(told) < 90
    attacks = [entry for entry in told if entry.event == "attack"]
    assert len(attacks) == 60 and attacks[0].fields == {"reasons": ["flat", "screen"]}
    kept_out = [entry.fields for entry in told if entry.event == "suppressed"]
    assert kept_out == [{"attack": 100000 - 60}]
    counted = sum([entry.fields.get("attack/flat", 0) for entry in told if entry.event == "verdicts"])
    assert counted == 100000
    log.verdict("attack", ["model"])  # a new hour, and attacks are told again
    assert entries_of(log, SERIAL)[-1].event == "attack"


def test_verdicts_are_counted_and_noted_when_due():
    log, _, clock, _ = made()
    for number in range(audits.MOST_COUNTED):
        log.verdict("no_decision", ["no_face"]) if number % 4 else log.verdict("bona_fide", [])
    told = entries_of(log, SERIAL)
    assert [entry.fields for entry in told] == [{"bona_fide": 64, "no_decision/no_face": 192}]
    log.verdict("bona_fide", [])
    assert log.written == 1
    clock.now += 3_600_000_000
    log.verdict("bona_fide", [])
    assert entries_of(log, SERIAL)[-1].fields == {"bona_fide": 1}  # of the hour that has ended


def test_every_verdict_fits_an_entry():
    log, _, _, _ = made()
    for reason in vocabulary.ATTACK_REASONS:
        for _ in range(100):
            log._counts["attack/" + reason] = 1 << 30
    for reason in vocabulary.NO_DECISION_REASONS:
        log._counts["no_decision/" + reason] = 1 << 30
    log._counted = 1
    log.flush()
    log.note("attack", reasons=list(vocabulary.ATTACK_REASONS))
    assert len(entries_of(log, SERIAL)) == 2


def test_long_texts_are_cut():
    log, _, _, _ = made()
    log.note("update_refused", reason="x" * 1000)
    assert entries_of(log, SERIAL)[0].fields == {"reason": "x" * chain.LONGEST_TEXT}


def test_a_clock_at_1970_or_jumping_changes_no_order():
    log, _, clock, _ = made()
    for seconds in (0, 1_800_000_000, 5, 4_000_000_000, 0):
        clock.seconds = seconds
        log.note("clock_set")
    told = entries_of(log, SERIAL)
    assert [entry.seq for entry in told] == [0, 1, 2, 3, 4]
    assert [entry.time for entry in told] == [0, 1_800_000_000, 5, 4_000_000_000, 0]


def test_storage_that_fails_stops_nothing_and_is_told_of():
    log, storage, _, heard = made()
    log.note("boot")
    storage.broken = True
    for _ in range(3):
        log.note("clock_set")
        log.verdict("attack", ["flat"])
    assert log.lost == 6 and heard.events == ["audit_failed"]
    storage.broken = False
    log.note("provisioned", fleet="f")
    told = entries_of(log, SERIAL)
    assert [entry.event for entry in told] == ["boot", "audit_lost", "provisioned"]
    assert told[1].fields == {"count": 6}


def test_a_log_that_cannot_be_read_at_the_start_is_kept_on_later():
    _, storage, clock, _ = made()
    first = Audit(storage, SERIAL, clock, Heard())
    first.note("boot")
    storage.broken = True
    heard = Heard()
    log = Audit(storage, SERIAL, clock, heard)
    log.note("boot")
    assert heard.events == ["audit_failed"]
    storage.broken = False
    log.note("boot")
    assert [entry.event for entry in entries_of(log, SERIAL)] == ["boot", "audit_lost", "boot"]


def test_a_full_partition_gives_up_what_is_oldest():
    log, storage, _, _ = made()
    while len(log._firsts) < 5:
        log.note("file_stored", name="x" * 32)
    oldest, plain = log._firsts[0], fakes.FakeStorage.remove

    def remove(name):
        storage.full = False
        plain(storage, name)

    storage.remove, storage.full = remove, True
    log.note("provisioned", fleet="f")
    told = entries_of(log, SERIAL)
    assert told[-1].event == "provisioned" and told[0].seq > oldest and log.lost == 0


def test_a_full_partition_with_nothing_to_give_up_is_told_of():
    log, storage, _, _ = made()
    storage.full = True
    log.note("boot")
    storage.full = False
    log.note("boot")
    assert [entry.event for entry in entries_of(log, SERIAL)] == ["audit_lost", "boot"]


def test_damage_is_told_of_and_the_log_goes_on():
    """An edit, a cut end and rubbish in the newest file; the sound part stays, and what follows is chained to it."""
    for harm in ("cut", "edit", "rubbish", "head", "empty"):
        log, storage, clock, _ = made()
        while len(log._firsts) < 3:
            log.note("file_stored", name="x" * 32, size=len(log._firsts))
        log.note("provisioned", fleet="f")
        name = newest(storage)
        data = bytearray(storage.files[name])
        if harm == "cut":
            data = data[:-5]
        elif harm == "edit":
            data[-1] ^= 0xFF
        elif harm == "rubbish":
            data += b"\xff\xff\xff"
        elif harm == "head":
            data[3] ^= 0xFF
        else:
            data = b""
        storage.files[name] = bytes(data)
        after = again(storage, clock)
        after.note("boot")
        told = entries_of(after, SERIAL)
        assert [entry.event for entry in told[-2:]] == ["audit_damaged", "boot"], harm
        assert told[-2].fields == {"file": name}
        third = again(storage, clock)
        third.note("boot")
        assert [entry.event for entry in entries_of(third, SERIAL)[-3:]] == ["audit_damaged", "boot", "boot"], harm


def test_a_file_that_is_gone_is_a_gap_that_has_a_number():
    log, storage, _, _ = made()
    while len(log._firsts) < 4:
        log.note("file_stored", name="x" * 32)
    gone, following = log._firsts[1], log._firsts[2]
    del storage.files[f"audit.{gone}"]
    assert log.read(gone, 3968) == (b"", b"", following)
    del storage.files[f"audit.{log._firsts[0]}"]
    assert log.head(0).first == log._firsts[2]


def test_an_unknown_event_is_a_mistake_of_ours():
    log, _, _, _ = made()
    assert "no audit event" in refused(log.note, "made_up")
    log.note("boot")
    assert len(entries_of(log, SERIAL)) == 1


def test_a_file_that_has_lost_its_entries_but_not_its_head_leaves_no_size_behind():
    _, storage, clock, _ = made()
    head = chain.framed(cbor.dumps([audits.FORMAT, 0, chain.genesis(SERIAL)]))
    storage.files["audit.0"] = head
    audit = again(storage, clock)
    audit.note("boot")
    assert audit.next == 1 and len(entries_of(audit, SERIAL)) == 1
    storage.files["audit.1"] = chain.framed(cbor.dumps([audits.FORMAT, 1, audit.hash]))
    audit = again(storage, clock)
    audit.note("boot")
    assert audit.next == 2 and len(entries_of(audit, SERIAL)) == 2
