"""Which slot starts: every state, every content of the slots, every cause of a start."""

from dermis.core import boot_state as boot
from dermis.core import cbor
from dermis.core.errors import BadInput

MINE, OTHERS = b"m" * 32, b"o" * 32
COUNTER = 5
CAUSES = ("power_on", "hard_reset", "software", "soft_reset", "watchdog", "crash", "unheard of")


def found(content, counter=COUNTER, confirmed=False, version=(0, 1, 0, 0)):
    return boot.Found(content, version, counter, confirmed)


# What may lie in a slot. MINE is what a mark means.
CONTENTS = (
    None,
    found(MINE),
    found(OTHERS),
    found(MINE, COUNTER - 1),
    found(OTHERS, COUNTER - 1),
    found(MINE, COUNTER + 1),
    found(OTHERS, COUNTER, True, (0, 2, 0, 0)),
)


def states():
    """Every state that can be stored, but for versions and counters."""
    for active in (0, 1):
        for why in ("",) + tuple(sorted(boot.WHYS)):
            yield boot.State(active, boot.NO_SLOT, False, False, False, MINE, "0.2.0", COUNTER, why)
        yield boot.fresh(active, COUNTER)
        for permanent in (False, True):
            for tried in (False, True):
                yield boot.State(active, 1 - active, permanent, tried, True, MINE, "0.2.0", COUNTER, "")


def cases():
    for state in states():
        for first in CONTENTS:
            for second in CONTENTS:
                for cause in CAUSES:
                    yield state, (first, second), cause


def may_run(content):
    return content is not None and content.counter >= COUNTER


def is_marked(content):
    return may_run(content) and content.hash == MINE


def counter_of(content):
    return content.counter


def look_in(slots):
    """What `choose` asks for the content of a slot."""
    return lambda number: slots[number]


def test_what_starts_is_whole_and_not_too_old_or_nothing_could():
    for state, slots, cause in cases():
        slot = boot.choose(state, cause, look_in(slots)).slot
        if slot == boot.NO_SLOT:
            assert not may_run(slots[state.active]), (state, slots)
            tested = slots[state.pending] if state.pending != boot.NO_SLOT and not state.tried else None
            assert not may_run(slots[1 - state.active]), (state, slots, tested)
        else:
            assert may_run(slots[slot]), (state, slots)


def test_a_test_is_of_what_was_marked_and_is_noted_before_it_starts():
    seen = 0
    for state, slots, cause in cases():
        choice = boot.choose(state, cause, look_in(slots))
        marked = state.pending != boot.NO_SLOT and not state.tried
        meant = marked and is_marked(slots[state.pending])
        assert choice.testing == meant, (state, slots)
        if choice.testing:
            seen += 1
            assert choice.slot == state.pending and choice.state.tried and choice.state.pending == state.pending
            assert choice.state.active == state.active and choice.state.counter == COUNTER
    assert seen


def test_a_test_that_was_not_confirmed_is_over_whatever_led_to_it():
    for state, slots, cause in cases():
        if not boot.choose(state, "software", look_in(slots)).testing:
            continue
        started = boot.choose(state, "software", look_in(slots)).state
        after = boot.choose(started, cause, look_in(slots))
        assert not after.testing and after.state.pending == boot.NO_SLOT and not after.state.tried
        if may_run(slots[state.active]):
            assert after.slot == state.active and after.state.version == "0.2.0" and after.state.hash == MINE
            told = {"power_on": boot.POWER, "watchdog": boot.WATCHDOG, "crash": boot.CRASH}
            assert after.state.why == told.get(cause, boot.NOT_CONFIRMED)
        else:  # there is nothing to go back to: it runs on, and the damage is told
            assert after.slot == state.pending == after.state.active and after.state.why == boot.LOST


def test_without_a_test_the_next_start_is_the_same_and_changes_nothing():
    for state, slots, cause in cases():
        choice = boot.choose(state, cause, look_in(slots))
        if choice.testing:
            continue
        for next_cause in CAUSES:
            again = boot.choose(choice.state, next_cause, look_in(slots))
            assert (again.slot, again.testing, again.state) == (choice.slot, False, choice.state), (state, slots)


def test_a_sound_active_image_starts_unless_another_is_tried():
    for state, slots, cause in cases():
        choice = boot.choose(state, cause, look_in(slots))
        if not choice.testing and may_run(slots[state.active]):
            assert choice.slot == state.active == choice.state.active


def test_what_was_confirmed_is_in_use_and_raises_the_counter():
    for state, slots, cause in cases():
        choice = boot.choose(state, cause, look_in(slots))
        if not choice.testing:
            continue
        kept = boot.confirm(choice.state, choice.slot, slots[choice.slot].counter)
        assert kept.counter == slots[choice.slot].counter >= COUNTER
        after = boot.choose(kept, cause, look_in(slots))
        assert (after.slot, after.testing, after.state) == (choice.slot, False, kept)
        assert boot.confirm(kept, choice.slot, 0).counter == kept.counter  # it never falls


def test_only_what_is_needed_is_looked_at():
    """A look at a slot means a hash over a megabyte."""
    for state, slots, cause in cases():
        looked = []

        def look(number, slots=slots, looked=looked):
            looked.append(number)
            return slots[number]

        choice = boot.choose(state, cause, look)
        if choice.slot == state.active and (state.pending == boot.NO_SLOT or state.tried):
            assert looked == [state.active]
        if choice.testing:
            assert looked == [state.pending]


def test_without_a_state_the_confirmed_comes_first_then_the_newest():
    old, new = found(MINE, version=(0, 1, 9, 0)), found(OTHERS, version=(0, 2, 0, 0))
    kept = found(MINE, confirmed=True, version=(0, 1, 0, 0))
    for slots, expected in (
        ((None, None), boot.NO_SLOT),
        ((old, None), 0),
        ((None, old), 1),
        ((old, new), 1),
        ((new, old), 0),
        ((old, old), 0),
        ((kept, new), 0),
        ((new, kept), 1),
        ((found(MINE, 9), new), 0),
    ):
        choice = boot.choose(None, "power_on", look_in(slots))
        assert choice.slot == expected and not choice.testing
        if expected == boot.NO_SLOT:
            assert choice.state is None
        else:
            assert choice.state == boot.fresh(expected, counter_of(slots[expected]))


def test_states_are_read_back_as_written():
    for state in states():
        data = boot.encode(state)
        assert len(data) <= boot.LARGEST and boot.decode(data) == state
    longest = boot.mark(boot.fresh(1, 1 << 32), found(MINE, 1 << 32), "255.255.65535+4294967295", True, True)
    assert len(boot.encode(longest)) <= boot.LARGEST and boot.decode(boot.encode(longest)) == longest


def refused(data):
    try:
        boot.decode(data)
    except BadInput:
        return True
    return False


def test_what_is_no_state_is_refused():
    marked = boot.mark(boot.fresh(0, 1), found(MINE), "0.2.0", False, True)
    fields = cbor.loads(boot.encode(marked))
    assert not refused(cbor.dumps(fields))
    for name in fields:
        changed = dict(fields)
        del changed[name]
        assert refused(cbor.dumps(changed)), name
    for name, value in (
        ("format", 2),
        ("active", 2),
        ("active", -1),
        ("active", True),
        ("active", "0"),
        ("pending", 0),  # the active one
        ("pending", 2),
        ("pending", boot.NO_SLOT - 1),
        ("tried", 1),
        ("calibrated", 1),
        ("hash", b"short"),
        ("hash", b""),  # of what is to be tried
        ("counter", -1),
        ("why", "bored"),
    ):
        assert refused(cbor.dumps(dict(fields, **{name: value}))), (name, value)
    rest = dict(fields, pending=boot.NO_SLOT)
    assert not refused(cbor.dumps(rest))
    assert refused(cbor.dumps(dict(rest, tried=True))) and refused(cbor.dumps(dict(rest, permanent=True)))
    for data in (b"", b"\xff" * 40, cbor.dumps([1]), boot.encode(marked)[:-1]):
        assert refused(data)


def test_below_the_counter_nothing_is_marked():
    state = boot.fresh(0, COUNTER)
    try:
        boot.mark(state, found(MINE, COUNTER - 1), "0.0.9", False, False)
    except BadInput as error:
        assert "4" in str(error) and "5" in str(error)
    else:
        raise AssertionError("an older image was marked")
    assert boot.mark(state, found(MINE, COUNTER), "0.2.0", False, False).pending == 1


def test_a_test_given_up_says_why_and_of_what():
    state = boot.mark(boot.fresh(1, COUNTER), found(MINE), "0.2.0", True, True)
    over = boot.give_up(state, boot.SELF_TEST)
    assert (over.active, over.pending, over.permanent, over.tried) == (1, boot.NO_SLOT, False, False)
    assert (over.why, over.hash, over.version, over.counter) == (boot.SELF_TEST, MINE, "0.2.0", COUNTER)
    assert boot.mark(over, found(OTHERS), "0.3.0", False, False).why == ""
