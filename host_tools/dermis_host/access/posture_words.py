"""A module's posture for people: words for every name that `dermis.core.posture` has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dermis.core import posture as names
from rich.console import Group
from rich.markup import escape

from dermis_host.answers import Posture
from dermis_host.output import table

STATES = {
    "bench": "bench: whoever holds the port may do everything; `dermis provision --to field` ends that",
    "field": "field: verdicts and self-tests for everybody; what changes the module needs a session",
    "service": "service: as in the field, and marked as being serviced; `dermis provision --to field` ends that",
}
OPENABLE = {
    names.VERDICTS: "verdicts, evidence, identity",
    names.SELF_TEST: "the self-test",
    names.UPLOAD: "upload and test of a signed image, a few an hour",
    names.AUDIT: "reading the audit log",
    names.SETUP: "calibration, settings, files, the clock",
    names.FRAMES: "frames of bursts, which show faces",
    names.UPDATE: "confirming and erasing images",
    names.PROVISION: "giving the module its keys",
    names.SERVICE: "opening the prompt, changing the state",
    names.PROMPT: "MicroPython's prompt, by Ctrl-C at the console",
}
DEFAULTS = {
    names.ROLE_KEYS: "keys of the roles: everybody can compute them",
    names.VERDICT_KEY: "key of bound verdicts and of the audit log: everybody can compute it",
    names.STATION_KEY: "key of calibration records: the development key, which everybody knows",
    names.UPDATE_KEYS: "key of updates: the development key, with which everybody can sign",
    names.OSDP_KEY: "no key for OSDP's secure channel",
}
UNVERIFIABLE = {
    names.RUNTIME: "the MicroPython under the firmware: nothing in hardware checks it (docs/secure-boot.md)",
    names.FLASH: "the flash: whoever opens the module can read its keys, and change its first stage",
    names.REQUESTS: "requests within a session: who taps the wire of an open session can use it",
    names.RANDOM: "its random numbers: from a seed in a virtual module, from a weak source beside one in an ESP32-S3",
    names.CLOCK: "the time: its clock was not set since it started",
    names.STATE: "its state: the note of it is lost or damaged",
    names.KEYS: "its keys: they are damaged",
    names.SEED: "its stored seed of random numbers: it cannot be read or written",
    names.WIEGAND: "Wiegand: whoever reaches its two wires can send any card (docs/lock.md)",
    names.RELAY: "the relay's contact: whoever reaches its two wires can bridge them",
}
STALE_DAYS = 365  # a module that has seen no update for a year has missed corrections, whatever they were
NO_AGE = -1


def words(of: Mapping[str, str], name: str) -> str:
    """The words for a name; a newer firmware may have one that these tools do not know."""
    return of.get(name, f"{name} (unknown to these tools: update them)")


def release_words(release: Mapping[str, Any]) -> str:
    """Version, date and age of the firmware, and whether it is stale."""
    age = release.get("age_days", NO_AGE)
    told = f"{release.get('version', '?')}, released {release.get('released', '?')}"
    if age < 0:
        return f"{told}; its age is unknown, since the module's clock is not set"
    if age > STALE_DAYS:
        return f"{told}, {age} days ago: stale, ask for an update"
    return f"{told}, {age} days ago"


def session_words(sessions: Mapping[str, Any]) -> str:
    """The session of the link, as seen by the module."""
    parts = [f"role {sessions['role']}" if sessions.get("role") else "none open"]
    if sessions.get("failed"):
        parts.append(f"{sessions['failed']} wrong proofs in a row")
    if sessions.get("locked_ms"):
        parts.append(f"closed to proofs for {(sessions['locked_ms'] + 999) // 1000} s")
    if sessions.get("repl"):
        parts.append("the prompt is open")
    if sessions.get("frames_ms"):
        parts.append(f"frames are open for {(sessions['frames_ms'] + 999) // 1000} s")
    return ", ".join(parts)


def rows(posture: Posture) -> list[tuple[str, str]]:
    """(what, words), in the order in which they matter."""
    told = [
        ("state", words(STATES, posture.state)),
        ("keys", _keys(posture)),
        ("firmware", release_words(posture.release)),
        ("session", session_words(posture.sessions)),
    ]
    told += _rows("open", OPENABLE, posture.open)
    told += _rows("locked", OPENABLE, posture.locked)
    told += _rows("still default", DEFAULTS, posture.defaults)
    told += _rows("cannot be verified", UNVERIFIABLE, posture.unverifiable)
    told += [("fault", fault) for fault in posture.faults]
    return told


def page(posture: Posture, serial: str) -> Group:
    """The rows as a table, each heading once."""
    made = table("what", "", title=f"Posture of {serial}")
    before = ""
    for what, told in rows(posture):
        made.add_row("" if what == before else what, escape(told))
        before = what
    return Group(made)


def _keys(posture: Posture) -> str:
    if posture.faults and not posture.provisioned:
        return "none that can be used"
    if not posture.provisioned:
        return "none of its own yet; `dermis provision` gives it some"
    return f"of the fleet {posture.fleet}" if posture.fleet else "its own"


def _rows(what: str, of: Mapping[str, str], those: Sequence[str]) -> list[tuple[str, str]]:
    return [(what, words(of, name)) for name in those] or [(what, "nothing")]
