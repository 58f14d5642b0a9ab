"""Which slot starts, and what is remembered of it: no flash, no clock, so that every case can be tried.

    mark -> choose (the test boot, noted as tried before it starts) -> confirm, or give_up -> choose

The state lies in the data partition as `boot.state`, a CBOR map replaced in one step. A test boot that is not
confirmed is over with the next boot, whatever led to it. See docs/update.md.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING

from dermis.core import cbor
from dermis.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FILE = "boot.state"
FORMAT = 1
LARGEST = 256  # bytes of the file
SLOTS = ("slot0", "slot1")
NO_SLOT = -1
HASH_BYTES = 32
LONGEST_VERSION = 24  # 255.255.65535+4294967295

# Why the last test was given up, or the slot changed.
CRASH, WATCHDOG, POWER, SELF_TEST = "crash", "watchdog", "power", "self_test"
NOT_CONFIRMED, DAMAGED, NOT_STORED, ASKED, LOST = "not_confirmed", "damaged", "not_stored", "asked", "lost"
WHYS = {
    CRASH: "it crashed",
    WATCHDOG: "it hung until the watchdog ended it",
    POWER: "the power went before it was confirmed",
    SELF_TEST: "its self-test failed",
    NOT_CONFIRMED: "it was not confirmed",
    DAMAGED: "it was no longer whole when it was to start",
    NOT_STORED: "storage did not take the note that it is being tried",
    ASKED: "somebody with the right to do so asked for it",
    LOST: "the slot in use held no whole image any more, so the other one's is in use",
}
_CAUSES = {"crash": CRASH, "watchdog": WATCHDOG, "power_on": POWER}

# active: slot in use when nothing is tried. pending: slot to be tried, or NO_SLOT. permanent: it confirms itself when
# its self-test passes. tried: it was started. calibrated: a calibration record was in force before it. hash, version:
# of the image to be tried, or of the one given up. counter: the highest security counter that was confirmed. why: a
# key of WHYS, or "".
FIELDS = ("active", "pending", "permanent", "tried", "calibrated", "hash", "version", "counter", "why")
State = namedtuple("State", FIELDS)
_KINDS = (int, int, bool, bool, bool, bytes, str, int, str)

# What lies whole in a slot. version: a tuple that sorts. counter: its security counter. confirmed: it was, once.
Found = namedtuple("Found", ("hash", "version", "counter", "confirmed"))

# slot: what starts, or NO_SLOT. testing: it is tried. state: what must be stored before it starts.
Choice = namedtuple("Choice", ("slot", "testing", "state"))


def fresh(slot: int, counter: int) -> State:
    """The state of a module whose only past is the image in that slot."""
    return State(slot, NO_SLOT, False, False, False, b"", "", counter, "")


def encode(state: State) -> bytes:
    """The file's bytes."""
    fields: dict[str, Any] = {"format": FORMAT}
    for name, value in zip(FIELDS, state):
        fields[name] = value
    return cbor.dumps(fields)


def decode(data) -> State:
    """Raises BadInput for what is no state."""
    fields = cbor.loads(data)
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise BadInput("the boot state has another format than %d" % FORMAT)
    values = []
    for name, kind in zip(FIELDS, _KINDS):
        value = fields.get(name)
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise BadInput("the boot state lacks %s" % name)
        values.append(value)
    state = State(*values)
    sound = (
        0 <= state.active < len(SLOTS)
        and (state.pending == NO_SLOT or state.pending == other(state.active))
        and (state.pending != NO_SLOT or not (state.permanent or state.tried))
        and (len(state.hash) == HASH_BYTES or (not state.hash and state.pending == NO_SLOT))
        and state.counter >= 0
        and (state.why == "" or state.why in WHYS)
    )
    if not sound:
        raise BadInput("the boot state contradicts itself")
    return state


def other(slot: int) -> int:
    """The other one of two."""
    return 1 - slot


def mark(state: State, found: Found, version: str, permanent: bool, calibrated: bool) -> State:
    """The image in the slot that is not active is to be tried at the next boot. Raises BadInput below the counter."""
    if found.counter < state.counter:
        raise BadInput("its security counter %d is below %d, which was confirmed" % (found.counter, state.counter))
    return State(
        state.active,
        other(state.active),
        permanent,
        False,
        calibrated,
        found.hash,
        version[:LONGEST_VERSION],
        state.counter,
        "",
    )


def give_up(state: State, why: str) -> State:
    """Nothing is to be tried any more, and why; hash and version tell of what."""
    return State(state.active, NO_SLOT, False, False, False, state.hash, state.version, state.counter, why)


def confirm(state: State, slot: int, counter: int) -> State:
    """The image in that slot, which runs, is the one in use from now on."""
    return fresh(slot, max(state.counter, counter))


def choose(state: State | None, cause: str, look: Callable) -> Choice:
    """What starts now.

    state: as stored, None when there is none or it cannot be read. cause: of this start, as `System.reset_cause` has
    it. look: slot -> `Found`, or None when no whole image lies there; asked only as far as needed.
    """
    if state is None:
        return _without_state(look)
    if state.pending != NO_SLOT:
        if state.tried:
            state = give_up(state, _CAUSES.get(cause, NOT_CONFIRMED))
        else:
            found = look(state.pending)
            if found is not None and found.hash == state.hash and found.counter >= state.counter:
                return Choice(state.pending, True, _tried(state))
            state = give_up(state, DAMAGED)
    for slot in (state.active, other(state.active)):
        found = look(slot)
        if found is not None and found.counter >= state.counter:
            if slot != state.active:
                # Stored, so that a later test that fails does not lead back into the damaged slot.
                state = State(slot, NO_SLOT, False, False, False, b"", "", state.counter, LOST)
            return Choice(slot, False, state)
    return Choice(NO_SLOT, False, state)


def _tried(state):
    return State(
        state.active,
        state.pending,
        state.permanent,
        True,
        state.calibrated,
        state.hash,
        state.version,
        state.counter,
        state.why,
    )


def _without_state(look):
    """Of what lies whole in the slots, what was confirmed once comes first, then the newest, then slot 0."""
    best, chosen = None, NO_SLOT
    for slot in range(len(SLOTS)):
        found = look(slot)
        if found is not None and (best is None or _rank(found) > _rank(best)):
            best, chosen = found, slot
    if best is None:
        return Choice(NO_SLOT, False, None)
    return Choice(chosen, False, fresh(chosen, best.counter))


def _rank(found):
    return (1 if found.confirmed else 0, found.counter) + tuple(found.version)
