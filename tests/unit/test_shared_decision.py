"""The sequential verdict fails closed: nothing but agreement makes a bona fide."""

from dermis.core import decision, profiles, vocabulary
from dermis.core.errors import BadInput
from dermis.core.vocabulary import ATTACK, BONA_FIDE, NO_DECISION


class Seen:
    def __init__(self, *findings, usable=True, swir=True):
        self.findings = list(findings)
        self.usable = usable
        self.evidence = {"swir": swir}


CLEAN = Seen()
FLAT = (ATTACK, vocabulary.FLAT)
SWIR = (ATTACK, vocabulary.NOT_SKIN_SWIR)
MOVING = Seen((NO_DECISION, vocabulary.MOVING), usable=False)


def test_border_wants_two_bursts_in_agreement():
    session = decision.Session("border")
    assert not session.add(CLEAN, 9000, 300)
    assert session.add(CLEAN, 9500, 600)
    assert session.result() == (BONA_FIDE, [], 9250)


def test_one_burst_is_enough_at_a_turnstile():
    session = decision.Session("turnstile")
    assert session.add(CLEAN, 9000, 300)
    assert session.result()[0] == BONA_FIDE


def test_two_reasons_in_one_burst_are_final():
    session = decision.Session("border")
    assert session.add(Seen(FLAT, SWIR), 9000, 300)
    verdict, reasons, score = session.result()
    assert verdict == ATTACK and set(reasons) == {vocabulary.FLAT, vocabulary.NOT_SKIN_SWIR}
    assert score < session.threshold


def test_one_reason_must_be_seen_twice():
    session = decision.Session("border")
    assert not session.add(Seen(FLAT), 9000, 300)
    assert session.add(Seen(FLAT), 9000, 600)
    assert session.result()[:2] == (ATTACK, [vocabulary.FLAT])


def test_low_score_is_an_attack():
    session = decision.Session("turnstile")
    assert not session.add(CLEAN, 100, 300)
    assert session.add(CLEAN, 100, 600)
    assert session.result() == (ATTACK, [vocabulary.MODEL], 100)


def test_score_just_below_the_threshold_of_the_profile():
    strict, lax = decision.Session("border", threshold=5000), decision.Session("turnstile", threshold=5000)
    assert strict.threshold == 6000 and lax.threshold == 5000
    assert lax.add(CLEAN, 5500, 1) and lax.result()[0] == BONA_FIDE
    strict.add(CLEAN, 5500, 1)
    strict.add(CLEAN, 5500, 2)
    assert strict.result()[0] == ATTACK


def test_an_attack_costs_one_more_bona_fide():
    session = decision.Session("turnstile")
    assert not session.add(Seen(FLAT), 9000, 300)
    assert not session.add(CLEAN, 9000, 600)
    assert session.add(CLEAN, 9000, 900)
    assert session.result()[0] == BONA_FIDE


def test_no_decision_is_retried_until_the_time_is_up():
    session = decision.Session("border", time_limit_ms=1000)
    assert not session.add(MOVING, None, 400)
    assert not session.add(MOVING, None, 800)
    assert session.add(Seen((NO_DECISION, vocabulary.TOO_NEAR), usable=False), None, 1000)
    assert session.result() == (NO_DECISION, [vocabulary.MOVING, vocabulary.TOO_NEAR], 0)


def test_attempts_run_out():
    session = decision.Session("turnstile")
    added = 1
    while not session.add(MOVING, None, 0):
        added += 1
    assert added == profiles.by_name("turnstile").attempts
    assert session.result()[0] == NO_DECISION


def test_too_few_bona_fide_bursts_in_the_time():
    session = decision.Session("border", time_limit_ms=500)
    assert session.add(CLEAN, 9000, 600)
    assert session.result()[0] == NO_DECISION


def test_a_single_attack_stands_when_time_is_up():
    session = decision.Session("border", time_limit_ms=500)
    assert session.add(Seen(FLAT), 9000, 600)
    assert session.result()[0] == ATTACK


def test_moving_attack_is_not_bona_fide():
    session = decision.Session("border", time_limit_ms=500)
    session.add(Seen(FLAT, (NO_DECISION, vocabulary.MOVING), usable=False), None, 600)
    assert session.result()[:2] == (NO_DECISION, [vocabulary.MOVING])


def test_without_swir_or_model_no_bona_fide():
    for seen, score in ((Seen(swir=False), 9900), (CLEAN, None), (Seen(usable=False), 9900)):
        session = decision.Session("border", time_limit_ms=500)
        session.add(seen, score, 100)
        session.add(seen, score, 600)
        assert session.result()[:2] == (NO_DECISION, [vocabulary.SENSOR_FAULT])


def test_nothing_added_is_no_decision():
    assert decision.Session("border").result()[0] == NO_DECISION


def test_a_longer_limit_is_cut_to_the_profile():
    assert decision.Session("turnstile", 99999).time_limit_ms == profiles.by_name("turnstile").time_limit_ms


def test_unknown_profile():
    try:
        decision.Session("lounge")
    except BadInput as error:
        assert "border" in str(error)
    else:
        raise AssertionError("there is no such profile")


def test_no_profile_is_laxer_than_a_model_asks():
    for profile in profiles.PROFILES:
        assert profile.threshold_offset >= 0 and profile.needs_swir
        assert profile.threshold_offset <= profiles.DEFAULT.threshold_offset
        assert profile.agreement <= profiles.DEFAULT.agreement


def test_whatever_comes_only_agreement_of_clean_bursts_is_bona_fide():
    """Every sequence of six kinds of bursts, ended by the session itself or by the time after any of them."""
    kinds = (
        (CLEAN, 9900),
        (Seen(FLAT), 9900),
        (Seen(FLAT, SWIR), 9900),
        (CLEAN, 100),
        (MOVING, 9900),
        (Seen(usable=False), 9900),
    )
    clean, attacks, strong = (0,), (1, 2, 3), (2,)
    seen = set()
    for profile in profiles.PROFILES:
        for length in range(1, 5):
            for number in range(len(kinds) ** length):
                session = decision.Session(profile)
                taken = []
                while len(taken) < length and not session.done:
                    kind = number // len(kinds) ** len(taken) % len(kinds)
                    taken.append(kind)
                    late = profile.time_limit_ms if len(taken) == length else 0
                    session.add(kinds[kind][0], kinds[kind][1], late)
                verdict = session.result()[0]
                seen.add(verdict)
                if verdict == BONA_FIDE:
                    against = len([kind for kind in taken if kind in attacks])
                    assert against < 2 and not [kind for kind in taken if kind in strong], (profile, taken)
                    assert len([kind for kind in taken if kind in clean]) >= profile.agreement + against, taken
                    decided = [kind for kind in taken if kind in clean or kind in attacks]
                    assert decided[-1] in clean, taken
    assert sorted(seen) == sorted(vocabulary.VERDICTS)
