"""Keys and states: given once, never half, and closed when what storage holds cannot be trusted."""

import fakes
import synthetic
from access_module import (
    BAD_STATE,
    BUSY,
    DENIED,
    INVALID,
    MASTER,
    NONCE,
    P256_G,
    WithStorage,
    asked,
    derived,
    framed,
    in_field,
    log_of,
    opened,
    own_keys,
    passed,
    prove,
    restarted,
    served,
    started,
)
from dermis.app import free_resets, keys, rights, sessions, states
from dermis.app.server import CLOSED
from dermis.core import access, errors, messages, posture
from dermis.drivers.storage import EIO

# Provisioning.


def test_keys_are_given_once_and_in_the_bench_state():
    of = started()
    assert asked(of, "provision", **own_keys()) == {"provisioned": True}
    assert of.keys.provisioned and of.state == "bench"
    before = dict(of.storage.files)
    assert asked(of, "provision", **own_keys(fleet="mine"))["rc"] == BAD_STATE
    of = restarted(of)
    assert asked(of, "provision", **own_keys(fleet="mine"))["rc"] == BAD_STATE
    assert {name: of.storage.files[name] for name in ("keys", "state")} == {
        name: before[name] for name in ("keys", "state")
    }
    assert of.keys.role("bench") == derived("bench") and of.keys.verdict() == derived("verdict")
    assert of.keys.update() == [P256_G] and of.keys.fleet() == "gates" and of.keys.osdp() == b""
    assert list(of.keys.station().values()) == [derived("station")]
    of = in_field()
    assert asked(of, "provision", **own_keys())["rc"] == DENIED
    assert asked(opened(of, "service"), "provision", **own_keys())["rc"] == DENIED


def test_keys_that_are_none():
    development = derived("bench", master=access.DEVELOPMENT_KEY)
    of = started()
    for changes in (
        {"installer": bytes(32)},
        {"bench": bytes(31)},
        {"service": bytes(3000)},
        {"verdict": b""},
        {"bench": development},
        {"bench": derived("service")},
        {"verdict": derived("station")},
        {"station": []},
        {"station": [b"x"]},
        {"station": ["0123456789abcdef0123456789abcdef"]},
        {"station": [derived("a"), derived("b"), derived("c"), derived("d"), derived("e")]},
        {"station": [access.DEVELOPMENT_KEY]},
        {"update": []},
        {"update": [P256_G[:63]]},
        {"update": [P256_G[:63] + b"\xf4"]},
        {"update": [P256_G] * 5},
        {"update": [bytes(64)]},
        {"update": [7]},
        {"osdp": b"short"},
        {"osdp": derived("verdict")},
        {"fleet": "x" * 33},
        {"installer": "0123456789abcdef0123456789abcdef"},
    ):
        answer = asked(of, "provision", **own_keys(**changes))
        assert answer["rc"] == INVALID and not of.keys.provisioned, changes
        assert keys.FILE not in of.storage.files and looked_at(of.storage.files)[0] == "bench", changes
    fields = own_keys()
    fields.pop("verdict")
    assert asked(started(), "provision", **fields)["rc"] == INVALID


def test_a_storage_that_fails_leaves_no_keys():
    for fault in ("broken", "unrenamed", "full"):
        of = started()
        setattr(of.storage, fault, True)
        answer = asked(of, "provision", **own_keys())
        assert answer["rc"] in (errors.RC_UNKNOWN, errors.RC_NO_MEMORY), answer
        assert not of.keys.provisioned and of.state == "bench"
        setattr(of.storage, fault, False)
        assert asked(of, "provision", **own_keys()) == {"provisioned": True}
        setattr(of.storage, fault, True)
        assert asked(of, "state_change", state="field")["rc"] in (errors.RC_UNKNOWN, BAD_STATE) and of.state == "bench"


def record_of(key, operator="somebody"):
    return synthetic.file(key, serial=fakes.SERIAL, sensors=fakes.SENSORS, operator=operator)


def test_records_of_the_development_key_end_with_it():
    of = started()
    store = of.calibration
    for key, slot in (
        (rights.DEVELOPMENT_KEY, "factory"),
        (rights.DEVELOPMENT_KEY, "user"),
        (derived("station"), "user"),
    ):
        record = record_of(key)
        try:
            assert store.receive(0, len(record), record, slot) == len(record)
        except errors.BadInput:
            assert key != rights.DEVELOPMENT_KEY
    assert store.in_force == "user"
    asked(of, "provision", **own_keys())
    assert store.record is None and "key" in store.fault
    record = record_of(derived("station"), "fleet")
    for slot in ("factory", "user"):  # signed anew, and the factory's is then written once again
        assert store.receive(0, len(record), record, slot) == len(record)
    try:
        store.receive(0, len(record), record, "factory")
        raise AssertionError("a factory record was written twice")
    except errors.BadInput:
        pass
    assert asked(of, "calibration_state")["fault"] == "" and restarted(of).calibration.in_force == "user"


# States.


def test_states_lead_from_the_bench_to_the_field_and_never_back():
    of = started()
    assert asked(of, "state_change", state="field")["rc"] == BAD_STATE  # no keys yet
    asked(of, "provision", **own_keys())
    for state in ("service", "bench", "", "FIELD"):
        assert asked(of, "state_change", state=state)["rc"] == INVALID
    of.storage.files["keys"] = of.storage.files["keys"][:-1]
    assert asked(of, "state_change", state="field")["rc"] == BAD_STATE and of.state == "bench"
    of = in_field()
    assert asked(of, "state_change", state="service")["rc"] == DENIED
    for role in ("installer", "bench"):
        assert asked(opened(of, role), "state_change", state="service")["rc"] == DENIED
    assert asked(opened(of, "service"), "state_change", state="bench")["rc"] == INVALID
    assert asked(of, "state_change", state="service") == {"state": "service"}
    of = restarted(of)
    assert of.state == "service" and asked(of, "calibration_read")["rc"] == DENIED
    assert asked(opened(of, "service"), "state_change", state="field") == {"state": "field"}
    assert restarted(of).state == "field"


def looked_at(files):
    """(state, keys) of a module that starts with these files."""
    storage = fakes.FakeStorage()
    storage.files = dict(files)
    held = keys.Keys(storage, fakes.SERIAL)
    return states.loaded(storage, held)[0], held


def damaged_keys(whole):
    for at in range(0, len(whole), 3):
        yield whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]
    for at in range(0, len(whole), 50):
        yield whole[:at]
    yield from (whole + b"\0", bytes(5000), b"\xff" * 64)


def test_damaged_files_never_open_the_bench():
    sound = in_field().storage.files
    for content in damaged_keys(sound["keys"]):
        for note in (b"field\n", b"bench\n", b"", None):
            files = {"keys": content} if note is None else {"keys": content, "state": note}
            state, held = looked_at(files)
            assert state == "field" and held.fault and held.station() == {} and held.update() == [], content[:8]
    for note in (b"", b"bench", b"bench\n\n", b"fie", b"\xff" * 4000, b"BENCH\n", b"bench\0", b"cench\n"):
        state, held = looked_at({"keys": sound["keys"], "state": note})
        assert state == "field" and held.provisioned, note
        state, held = looked_at({"state": note})
        assert state == "field" and held.fault and not held.provisioned, note


def test_a_module_with_damaged_files_answers_and_opens_nothing():
    sound = in_field().storage.files
    for name, content in (("keys", sound["keys"][:-1]), ("keys", None), ("state", b"bench"), ("state", None)):
        of = started()
        of.storage.files = dict(sound)
        of.storage.files.pop(name)
        if content is not None:
            of.storage.files[name] = content
        of = restarted(of)
        assert of.state == "field" and (of.keys.fault or of.state_fault), (name, content)
        assert asked(of, "calibration_read")["rc"] == DENIED and served(of, [300, b"\x03"])[0] == CLOSED
        assert asked(of, "identity")["state"] == "field" and len(asked(of, "posture")["faults"]) == 1
        if name == "keys":
            assert prove(of, "service")["rc"] == errors.RC_UNKNOWN  # there are no keys, not even known ones
            assert asked(of, "posture")["defaults"] == []
        else:
            assert asked(opened(of, "service"), "state_change", state="field") == {"state": "field"}
            assert restarted(of).state_fault == ""


class OneFileUnreadable(fakes.FakeStorage):
    def __init__(self, files, name):
        super().__init__()
        self.files = dict(files)
        self._name = name

    def read_into(self, name, buffer):
        if name == self._name:
            raise OSError(EIO, name)
        return super().read_into(name, buffer)


def test_one_file_that_cannot_be_read_is_the_field():
    given = started()
    asked(given, "provision", **own_keys())
    for files in ({}, given.storage.files, in_field().storage.files, {"state": b"bench\n"}):
        for name in ("keys", "state"):
            storage = OneFileUnreadable(files, name)
            held = keys.Keys(storage, fakes.SERIAL)
            assert states.loaded(storage, held)[0] == "field", (sorted(files), name)
            assert held.provisioned == (name == "state" and "keys" in files)
            assert held.provisioned or (held.fault and held.station() == {})


def test_keys_are_given_once_to_whoever_holds_them():
    storage = fakes.FakeStorage()
    storage.files["keys"] = b"damaged"
    for held in (in_field().keys, keys.Keys(storage, fakes.SERIAL)):
        try:
            held.provision(own_keys(fleet="mine"))
        except errors.BadInput:
            continue
        raise AssertionError("keys were given twice")
    assert storage.files == {"keys": b"damaged"}


def test_a_storage_that_cannot_be_read_is_the_field():
    before = in_field()
    before.storage.broken = True
    of = restarted(before)
    assert (
        of.state == "field"
        and of.keys.fault
        and asked(of, "datetime_write", datetime="2026-01-31T12:00:00")["rc"] == DENIED
    )
    answer = asked(of, "posture")
    assert answer["state"] == "field" and len(answer["faults"]) >= 2 and not answer["provisioned"]
    assert posture.KEYS in answer["unverifiable"] and posture.STATE in answer["unverifiable"]
    assert asked(of, "session_open", role="service")["rc"] == errors.RC_UNKNOWN


def test_keys_of_another_module_are_none():
    before = in_field()
    drivers = fakes.drivers()
    drivers.system.serial = lambda: "DM1-0043"
    of = started(WithStorage(drivers, before.storage))
    assert of.state == "field" and "another module" in of.keys.fault


def test_a_module_that_was_never_provisioned_is_open_and_says_so():
    of = started()
    answer = asked(of, "posture")
    assert answer["state"] == "bench" and not answer["provisioned"] and answer["faults"] == []
    assert sorted(answer["defaults"]) == sorted(posture.DEFAULTS) and answer["locked"] == []
    assert sorted(answer["open"]) == sorted(posture.OPENABLE)
    assert prove(of, "bench", key=derived("bench", master=access.DEVELOPMENT_KEY)).get("proof")


def test_posture_in_the_field():
    of = in_field()
    answer = asked(of, "posture")
    assert sorted(answer["open"]) == sorted(posture.ALWAYS_OPEN) and answer["provisioned"]
    assert sorted(answer["locked"]) == sorted(posture.BY_RIGHT + (posture.PROMPT,))
    assert answer["defaults"] == [posture.OSDP_KEY] and answer["fleet"] == "gates"
    assert set(answer["unverifiable"]) <= set(posture.UNVERIFIABLE) and posture.CLOCK in answer["unverifiable"]
    assert answer["release"]["age_days"] == -1 and answer["sessions"]["role"] == ""
    opened(of, "bench")
    asked(of, "frames_allow", seconds=60)
    of.clock.set_unix_time(1_800_000_000)
    answer = asked(of, "posture")
    facts = answer["sessions"]
    assert facts["role"] == "bench" and 59_000 < facts["frames_ms"] <= 60_000 and not facts["repl"]
    assert 0 < facts["idle_ms"] <= sessions.IDLE_MS and answer["release"]["age_days"] == 54
    assert posture.CLOCK not in answer["unverifiable"]


# Resets.


def test_resets_are_free_a_few_times_in_a_row():
    of = in_field()
    for _ in range(free_resets.MOST_IN_A_ROW):
        assert asked(of, "reset") == {} and of.system.resets == 1
        of = restarted(of)
    assert asked(of, "reset")["rc"] == BUSY and of.system.resets == 0
    passed(of, free_resets.CALM_MS)
    assert asked(of, "reset") == {} and of.system.resets == 1
    of = restarted(of)
    for _ in range(free_resets.MOST_IN_A_ROW - 1):
        assert asked(of, "reset") == {}
        of = restarted(of)
    assert asked(of, "reset")["rc"] == BUSY
    assert asked(opened(of, "installer"), "reset") == {}
    of = restarted(of)
    of.storage.broken = True
    assert asked(of, "reset")["rc"] == BUSY
    of = started()
    for _ in range(free_resets.MOST_IN_A_ROW + 3):
        assert asked(of, "reset") == {}  # the bench is free
        of = restarted(of)


# What is said.


def test_nothing_secret_is_logged_or_answered():
    of = started()
    written = served(of, [framed("provision", own_keys()), 200])[1]
    written += served(of, [framed("state_change", {"state": "field"}), 200])[1]
    said = log_of(written)
    for role in access.ROLES:
        challenge = asked(of, "session_open", role=role)["challenge"]
        for key in (MASTER, derived(role)):
            passed(of, 2000)
            challenge = asked(of, "session_open", role=role)["challenge"]
            proof = access.host_proof(key, challenge, NONCE, role, fakes.SERIAL)
            now = served(of, [framed("session_prove", {"nonce": NONCE, "proof": proof}), 200])[1]
            said += log_of(now)
            for secret in (derived(role), MASTER, proof, challenge):
                assert secret not in now and secret.hex().encode() not in now
    events = [line["event"] for line in said]
    assert events[:2] == ["provisioned", "state_changed"] and events.count("session_refused") == 3
    assert events.count("session_opened") == 3
    for line in said:
        allowed = {"t_ms", "level", "event", "role", "failed", "reason", "fleet", "before", "state"}
        assert set(line) <= allowed, line


def test_a_seed_that_cannot_be_kept_is_said():
    of = in_field()
    of.storage.full = True
    assert "challenge" in asked(of, "session_open", role="bench")
    answer = asked(of, "posture")
    assert posture.SEED in answer["unverifiable"] and "seed" in answer["faults"][0]


def test_answers_have_the_fields_of_the_table():
    of = started()
    answers = {"provision": asked(of, "provision", **own_keys())}
    answers["state_change"] = asked(of, "state_change", state="field")
    answers["session_prove"] = prove(of, "service")
    for name in answers:
        expected = [field.name for field in messages.by_name(name).response]
        assert sorted(answers[name]) == sorted(expected), name


def test_the_states_note_is_one_of_three():
    storage = fakes.FakeStorage()
    for state in rights.STATES:
        states.store(storage, state)
        assert states.NOTES[storage.files[states.FILE]] == state
