"""Sessions, attacked by somebody with a cable: proofs played back, guessed, made for others; clocks; rights."""

import fakes
from access_module import (
    BAD_STATE,
    BUSY,
    DENIED,
    INVALID,
    MASTER,
    NONCE,
    asked,
    derived,
    framed,
    in_field,
    opened,
    passed,
    prove,
    restarted,
    served,
)
from dermis.app import rights, sessions
from dermis.app.server import CLOSED, PROMPT
from dermis.core import access, cbor, errors, messages, posture, smp

# Proofs.


def test_proofs_differ_in_everything_that_they_are_over():
    key, challenge = derived("bench"), bytes([1] * 32)
    proofs = [
        access.host_proof(key, challenge, NONCE, "bench", "DM1-1"),
        access.module_proof(key, challenge, NONCE, "bench", "DM1-1"),
        access.host_proof(key, NONCE, challenge, "bench", "DM1-1"),
        access.host_proof(key, challenge, NONCE, "service", "DM1-1"),
        access.host_proof(key, challenge, NONCE, "bench", "DM1-11"),
        access.host_proof(derived("service"), challenge, NONCE, "bench", "DM1-1"),
    ]
    assert len(set(proofs)) == len(proofs) and [len(proof) for proof in proofs] == [access.PROOF_BYTES] * 6
    for bad in (
        (key, challenge[:31], NONCE, "bench", "x"),
        (key, challenge, NONCE + b"0", "bench", "x"),
        (key, challenge, NONCE, "", "x"),
        (key, challenge, NONCE, "bench" + "DM1", "x"),
        (b"", challenge, NONCE, "bench", "x"),
    ):
        try:
            access.host_proof(*bad)
        except errors.BadInput:
            continue
        raise AssertionError(bad)


def test_a_proof_as_the_contract_writes_it():
    from dermis.core.hmac import hmac_sha256

    message = b"dermis-session-1\0host" + bytes([1] * 32) + NONCE + b"bench" + b"DM1-1"
    assert access.host_proof(MASTER, bytes([1] * 32), NONCE, "bench", "DM1-1") == hmac_sha256(MASTER, message)
    assert derived("bench", "DM1-1") == hmac_sha256(MASTER, b"dermis/bench/DM1-1")


def test_both_sides_prove_themselves_and_the_module_proves_it_to_nobody_else():
    of = in_field()
    challenge = asked(of, "session_open", role="bench")["challenge"]
    proof = access.host_proof(derived("bench"), challenge, NONCE, "bench", fakes.SERIAL)
    answer = asked(of, "session_prove", nonce=NONCE, proof=proof)
    assert answer["proof"] == access.module_proof(derived("bench"), challenge, NONCE, "bench", fakes.SERIAL)
    assert answer["expires_ms"] == sessions.LONGEST_MS and answer["idle_ms"] == sessions.IDLE_MS
    assert asked(of, "session_prove", nonce=NONCE, proof=proof)["rc"] == BAD_STATE  # played back
    asked(of, "session_open", role="bench")
    assert asked(of, "session_prove", nonce=NONCE, proof=proof)["rc"] == DENIED  # over another challenge
    assert of.session == ""


def test_challenges_never_come_again_even_from_a_platform_that_repeats_itself():
    of = in_field()
    seen = [asked(of, "session_open", role="bench")["challenge"] for _ in range(4)]
    for _ in range(3):
        of = restarted(of)  # the fake platform draws the same bytes at every start
        seen.append(asked(of, "session_open", role="bench")["challenge"])
    assert len(set(seen)) == len(seen)
    of.storage.files.pop("seed")
    assert of.random(32) not in seen


def test_wrong_proofs():
    of = in_field()
    proofs: list = [
        ("another role's key", {"role": "service", "key": derived("installer")}),
        ("another role than asked for", {"role": "installer", "claimed": "service"}),
        ("another module's serial", {"role": "bench", "serial": "DM1-0043"}),
        ("another module's key", {"role": "bench", "key": derived("bench", "DM1-0043")}),
        ("the development key", {"role": "bench", "key": derived("bench", master=access.DEVELOPMENT_KEY)}),
        ("the master itself", {"role": "bench", "key": MASTER}),
        ("an old challenge", {"role": "bench", "challenge": bytes(32)}),
    ]
    for name, how in proofs:
        passed(of, sessions.LOCKED_MS)
        answer = prove(of, **how)
        assert answer["rc"] == DENIED and of.session == "", name
        assert asked(of, "calibration_read")["rc"] == DENIED, name


def test_the_modules_proof_is_no_hosts_proof():
    of = in_field()
    challenge = asked(of, "session_open", role="bench")["challenge"]
    proof = access.module_proof(derived("bench"), challenge, NONCE, "bench", fakes.SERIAL)
    assert asked(of, "session_prove", nonce=NONCE, proof=proof)["rc"] == DENIED


def test_fields_of_other_sizes_and_kinds_open_nothing():
    of = in_field()
    assert asked(of, "session_prove", nonce=NONCE, proof=bytes(32))["rc"] == BAD_STATE  # nothing was asked for
    for nonce, proof in ((b"", bytes(32)), (bytes(33), bytes(32)), (NONCE, b""), (NONCE, bytes(3000))):
        asked(of, "session_open", role="bench")
        assert asked(of, "session_prove", nonce=nonce, proof=proof)["rc"] == INVALID
        assert asked(of, "session_prove", nonce=NONCE, proof=bytes(32))["rc"] == BAD_STATE  # the challenge is gone
    for role in ("", "BENCH", "field", "installer\0", "service" * 400):
        assert asked(of, "session_open", role=role)["rc"] == INVALID
    assert asked(of, "session_open", role=b"bench")["rc"] == INVALID
    assert asked(of, "session_open")["rc"] == INVALID
    assert of.sessions().facts()["failed"] == 0


def test_a_challenge_is_good_for_ten_seconds_and_the_newest_alone():
    of = in_field()
    first = asked(of, "session_open", role="bench")["challenge"]
    asked(of, "session_open", role="bench")
    old = access.host_proof(derived("bench"), first, NONCE, "bench", fakes.SERIAL)
    assert asked(of, "session_prove", nonce=NONCE, proof=old)["rc"] == DENIED
    passed(of, 1000)
    challenge = asked(of, "session_open", role="bench")["challenge"]
    passed(of, sessions.CHALLENGE_MS)
    proof = access.host_proof(derived("bench"), challenge, NONCE, "bench", fakes.SERIAL)
    assert asked(of, "session_prove", nonce=NONCE, proof=proof)["rc"] == BAD_STATE


# Guessing.


def test_wrong_proofs_wait_longer_and_longer_and_then_a_minute():
    of = in_field()
    waits = []
    for _ in range(7):
        answer = prove(of, "bench", key=MASTER)
        assert answer["rc"] == DENIED, answer
        waits.append(of.sessions().facts()["locked_ms"] // 1000)
        assert prove(of, "bench")["rc"] == BUSY and of.session == ""  # the right one waits, too
        assert asked(of, "session_open", role="bench")["rc"] == BUSY  # not even a challenge
        passed(of, of.sessions().facts()["locked_ms"] - 1500)
        assert of.sessions().facts()["locked_ms"] and asked(of, "session_prove", nonce=NONCE, proof=NONCE)["rc"] == BUSY
        passed(of, 2000)
    # The first request after a wait may find some milliseconds gone.
    assert [round(wait) for wait in waits] in ([1, 2, 4, 8, 60, 60, 60], [0, 1, 3, 7, 59, 59, 59]), waits
    opened(of, "bench")
    assert of.sessions().facts()["failed"] == 0


def test_a_wrong_proof_ends_the_session_that_was_open():
    of = opened(in_field(), "service")
    assert prove(of, "installer", key=MASTER)["rc"] == DENIED and of.session == ""


def test_another_session_takes_the_place_of_the_one_before():
    of = opened(in_field(), "service")
    asked(of, "session_open", role="installer")
    assert of.session == "service"  # asking alone changes nothing
    opened(of, "installer")
    assert asked(of, "repl_open")["rc"] == DENIED


def test_two_challenges_at_once_are_one_session():
    of = in_field()
    _, written = served(of, [framed("session_open", {"role": role}) for role in ("installer", "service")] + [200])
    answers = [cbor.loads(smp.parse(packet)[1]) for packet in smp.Deframer(65536).feed(written)]
    first = access.host_proof(derived("installer"), answers[0]["challenge"], NONCE, "installer", fakes.SERIAL)
    second = access.host_proof(derived("service"), answers[1]["challenge"], NONCE, "service", fakes.SERIAL)
    assert asked(of, "session_prove", nonce=NONCE, proof=second).get("proof") and of.session == "service"
    assert asked(of, "session_prove", nonce=NONCE, proof=first)["rc"] == BAD_STATE and of.session == "service"


# How long.


def test_a_session_ends_when_idle_and_reading_verdicts_does_not_keep_it():
    of = opened(in_field(), "installer")
    for _ in range(3):
        passed(of, sessions.IDLE_MS - 1000)
        assert asked(of, "datetime_write", datetime="2026-11-22T12:00:00") == {}
    passed(of, sessions.IDLE_MS // 2)
    assert asked(of, "echo", d="x") == {"r": "x"} and of.session
    passed(of, sessions.IDLE_MS // 2)
    assert asked(of, "datetime_write", datetime="2026-11-22T12:00:00")["rc"] == DENIED


def test_a_session_ends_after_a_quarter_of_an_hour_whatever_it_does():
    of = opened(in_field(), "installer")
    for _ in range(sessions.LONGEST_MS // 30_000 - 1):
        passed(of, 30_000)
        assert asked(of, "datetime_write", datetime="2026-11-22T12:00:00") == {}
    passed(of, 30_000)
    assert asked(of, "datetime_write", datetime="2026-11-22T12:00:00")["rc"] == DENIED


def test_a_clock_that_runs_backwards_closes():
    of = in_field()
    passed(of, 7_200_000)
    asked(opened(of, "service"), "repl_open")
    of.clock.now -= 5_000_000
    assert of.session == "" and not of.prompt_allowed()
    assert prove(of, "bench", key=MASTER)["rc"] == DENIED
    of.clock.now -= 3_600_000_000
    assert 0 < of.sessions().facts()["locked_ms"] <= 1000  # it waits from now, and no longer than before
    passed(of, 5000)
    asked(of, "session_open", role="bench")
    of.clock.now -= 500_000
    assert asked(of, "session_prove", nonce=NONCE, proof=bytes(32))["rc"] == BAD_STATE
    opened(of, "bench")
    of.clock.set_unix_time(0)  # the calendar has no part in it
    assert of.session == "bench"


def test_close_reset_state_change_and_restart_end_it():
    of = opened(in_field(), "service")
    assert asked(of, "session_close") == {} and of.session == ""
    assert asked(of, "session_close") == {}
    asked(opened(of, "service"), "reset")
    assert of.session == ""
    of.reset_asked = False
    opened(of, "service")
    assert asked(of, "state_change", state="service") == {"state": "service"} and of.session == ""
    assert restarted(opened(of, "service")).session == ""


# Rights.


def test_each_role_opens_its_rights_and_no_others():
    needs = {message.name: message.right for message in messages.every() if message.right != messages.NONE}
    assert set(needs.values()) == set(rights.RIGHTS) - {messages.NONE}
    for state in (rights.FIELD_STATE, rights.SERVICE_STATE):
        for role in ("",) + access.ROLES:
            for right in rights.RIGHTS[1:]:
                expected = role != "" and right in rights.BY_ROLE[role]
                assert rights.granted(state, right, role) == expected, (state, role, right)
    assert rights.roles_with(messages.PROVISION) == [] and rights.roles_with(messages.SERVICE) == ["service"]
    for role in access.ROLES:
        of = opened(in_field(), role)
        for name, right in needs.items():
            answer = None if right in rights.BY_ROLE[role] else asked(of, name)
            assert answer is None or answer["rc"] == DENIED, (role, name)
    assert "service" in asked(opened(in_field(), "bench"), "repl_open")["rsn"]


def test_a_state_that_there_is_not_grants_nothing():
    for role in ("",) + access.ROLES:
        assert not [right for right in rights.RIGHTS if rights.granted("lost", right, role)]


def test_the_prompt_is_off_in_the_field_until_a_service_session_opens_it():
    of = in_field()
    asking = [300, b"\x03"]
    assert served(of, asking)[0] == CLOSED
    opened(of, "service")
    assert served(of, asking)[0] == CLOSED
    assert asked(of, "repl_open") == {"open": True}
    assert posture.PROMPT in asked(of, "posture")["open"]
    assert served(of, asking)[0] == PROMPT
    asked(of, "session_close")
    assert served(of, asking)[0] == CLOSED
    opened(of, "service")
    assert served(of, asking)[0] == CLOSED  # the next session has not asked for it
    asked(of, "repl_open")
    passed(of, sessions.IDLE_MS)
    assert served(of, asking)[0] == CLOSED


def test_frames_need_the_right_and_a_time():
    of = opened(in_field(), "bench")
    served(of, [framed("burst", {"lights": ["850"]}), 20000])
    assert sorted(of.burst.frames) == ["850", "dark"]
    part = {"id": of.burst_id, "frame": "850"}
    assert asked(of, "burst_part", **part)["rc"] == DENIED
    for seconds in (-1, 601, 1 << 40):
        assert asked(of, "frames_allow", seconds=seconds)["rc"] == INVALID
    assert asked(of, "frames_allow", seconds=30) == {"expires_ms": 30_000}
    assert "data" in asked(of, "burst_part", **part)
    passed(of, 30_000)
    assert asked(of, "burst_part", **part)["rc"] == DENIED
    asked(of, "frames_allow", seconds=600)
    assert asked(of, "frames_allow", seconds=0) == {"expires_ms": 0}
    assert asked(of, "burst_part", **part)["rc"] == DENIED
    asked(of, "frames_allow", seconds=600)
    opened(of, "service")  # another session has not asked for them
    assert asked(of, "burst_part", **part)["rc"] == DENIED
    asked(of, "frames_allow", seconds=600)
    of.clock.now += 10_000_000
    assert of.frames_allowed()
    asked(of, "session_close")
    assert not of.frames_allowed()
