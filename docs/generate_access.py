"""Prints docs/access.md: its tables from the code, its text from here.

python docs/generate_access.py > docs/access.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dermis.app import free_resets, keys, rights, sessions
from dermis.core import access, messages, posture
from dermis_host.access import posture_words

HEAD = """# Access
Printed by `docs/generate_access.py`; a test compares the two. How a keyring is made and a module provisioned:
[provision.md](provision.md). How images are signed and checked: [update.md](update.md).

Identity, the self-test, verdicts and the audit log are for everybody who holds the port. What changes the module, shows
frames or opens MicroPython's prompt needs a session, or an image that the owner signed. There is no account, no server
and no licence: whoever has the keys owns the module.

## States
A module is in one of three states. `identity` and `posture` tell which, and so does the log line at every start.
"""
STATES = {
    rights.BENCH_STATE: "as it leaves flashing, without keys or with new ones; whoever holds the port owns it",
    rights.FIELD_STATE: "in use: everything but passages needs a session",
    rights.SERVICE_STATE: "as in the field, and marked over restarts as being serviced, so that a terminal can see it",
}
AFTER_STATES = """
From the bench a module goes to the field (`state_change`), once it has keys (`provision`). Between field and service it
goes in a session of the role service. Nothing leads back to the bench but the flasher, which then erases the data
partition and with it keys, calibration and audit log.

What cannot be read is the field. A state that is lost, damaged or unreadable, keys that are damaged, missing or another
module's, and a data partition that cannot be mounted leave a module that gives verdicts, answers `posture`, and grants
nothing: without sound keys there is no session, and the development keys are not in force either. A chip whose data
partition was erased as a whole is a new module in the bench state; it has lost its keys.

## Roles and rights
A message's right stands in the [table of messages](formats/messages.md). A session of a role adds rights to what the
state gives to everybody.
"""
AFTER_RIGHTS = """
`image_mark` marks an image for a test without a session; confirming one and taking a mark back need the right
`update`.

## Keys
`provision` gives a module its keys, in the bench state and once. Every symmetric key has {key} bytes and is derived on
the host:

    key = HMAC-SHA256(master of the use, "dermis/USE/SERIAL")

so that a module that was opened with a microscope gives away itself and no other. The masters stay in the keyring.

| key | number | what it is for |
|---|---|---|
| `installer`, `bench`, `service` | 1 each | proofs of a session of that role |
| `verdict` | 1 | the MAC of bound verdicts and of the audit log's head |
| `station` | 1 to {stations} | calibration records that the module takes |
| `update` | 1 to {updates} | public keys (P-256, x and y) of which images must be signed |
| `osdp` | 0 or 1 | first half: base key of OSDP's secure channel, until the panel sets another ([lock.md](lock.md)) |

Refused are keys of another length, keys that everybody can compute, one key for two uses, and update keys that are no
point of the curve. Calibration records that were signed with the development key end with the provisioning: provision
first, then calibrate.

The file `keys` (at most {file} bytes, CBOR: `format`, `serial`, the keys, `fleet`; then its SHA-256) is written in one
piece after the note of the state, so that a cut of power leaves a module that is provisioned or one that is not. No
message reads a key, and no log line holds one.

Before that a module uses the development keys, derived from a master that stands in the sources: they protect nothing,
and `posture` names them.

## Sessions
1. `session_open` with a role: the module answers with a challenge of {challenge} bytes and its serial number.
2. `session_prove` with a nonce of {nonce} bytes and the host's proof; the module answers with its own.

        proof = HMAC-SHA256(key of the role, "dermis-session-1" 00 SIDE challenge nonce role serial)

   SIDE is `host` or `module`. `dermis.core.access` computes both, on the module and on the host. Proofs are compared in
   a time that does not tell where they differ.

There is one session at a time; it ends with `session_close`, a reset, a change of state, the next session that is
proven, and a wrong proof. It is not bound to an open port, because a console has none: close it.

| limit | value |
|---|---|
"""
LIMITS = (
    ("a challenge is good for", f"{sessions.CHALLENGE_MS // 1000} s and one proof"),
    ("without a request that needs it, a session ends after", f"{sessions.IDLE_MS // 1000} s"),
    ("it ends in any case after", f"{sessions.LONGEST_MS // 60_000} min"),
    (
        "after a wrong proof the next session waits",
        ", ".join(str(sessions.FIRST_WAIT_MS * 2**n // 1000) for n in range(sessions.FREE_GUESSES)) + " s",
    ),
    (f"and from {sessions.FREE_GUESSES + 1} in a row on", f"{sessions.LOCKED_MS // 1000} s each"),
    ("frames stay open for at most", f"{sessions.LONGEST_FRAMES_S} s, and no longer than the session"),
    (
        "resets without a session, outside the bench state",
        f"{free_resets.MOST_IN_A_ROW} of starts that lived shorter than {free_resets.CALM_MS // 1000} s, "
        f"then one in {free_resets.CALM_MS // 1000} s",
    ),
)
AFTER_LIMITS = """
Times are the module's ticks, which the calendar does not touch. Should they run backwards, what is open closes and what
waits begins to wait anew. The count of wrong proofs does not outlive a restart: who can cut the power may guess five
times a start, at a key of 256 bits.

Challenges come from an HMAC-DRBG (SP 800-90A, SHA-256) that is seeded when the first is asked for: from the platform's
random bytes, the clock's ticks, the serial number, and a stored seed that is replaced before anything is given out. A
platform that repeats itself at every start then still never repeats a challenge. The virtual module's random numbers
come from its seed. The ESP32-S3's generator is pseudo-random while Wi-Fi and Bluetooth are off, as they are here
(Espressif, "Random Number Generation"): what stands between two modules is then the stored seed. `posture` says so of
both.

## Frames
Raw frames show faces. Outside the bench state they leave the module (`burst_part`) in a session with the right `frames`
for as long as `frames_allow` has opened them. The host keeps them sealed.

## The prompt
Ctrl-C at the console leaves MicroPython's prompt in the bench state, and in a session of the role service after
`repl_open`. Both are in the log. At the prompt everything can be read and written, the keys as well: the role service
is the owner's. Reset the module when the work is done; outside the bench the watchdog does it after 15 minutes. The
first lines of a board's `boot.py` and `main.py` turn Ctrl-C off; stock MicroPython listens to it for the moment before
(see below).

## Posture
`posture` (`dermis info --posture`) answers with names of closed lists (`dermis.core.posture`), for which the host has
words:
"""
EVENTS = """
## Events
Every one is a log line and an entry of the [audit log](audit.md): `provisioned` (fleet), `state_changed` (before,
state), `session_opened` (role), `session_closed` (role, reason: closed, idle, longest, replaced, wrong_proof, reset,
state, provisioned, clock), `session_refused` and `session_locked` (role, failed), `repl_opened` (state),
`frames_allowed` (seconds), `osdp_key_set`. `access_fault` (reason) at start tells what is wrong with keys or state.
None holds a key, a proof or a challenge.

## Threats
"""
THREATS = (
    (
        "has a cable and no key",
        "read identity, verdicts and the audit log; upload images; reset a few times; end a session by a wrong proof, "
        "and keep sessions closed by going on with that",
        "change, calibrate or confirm anything, see frames, reach the prompt; use a proof twice, for another role or "
        "for another module",
    ),
    ("listens on the wire", "see what is sent, the requests of a session among it", "learn a key, or open a session"),
    (
        "writes on the wire of an open session",
        "use that session: requests carry no MAC of their own",
        "keep it beyond its limits, or open the next",
    ),
    ("read the keys out of one module's flash", "be that module, and open it", "open another: keys are derived"),
    (
        "has the master of a role",
        "open every module of the fleet in that role",
        "confirm images of others: those need the owner's signature",
    ),
    (
        "reaches the lock's wires",
        "send any card over Wiegand, bridge the relay, cut or disturb OSDP",
        "make an OSDP panel believe a verdict, or tell one again: [lock.md](lock.md)",
    ),
    (
        "opens the case and holds BOOT",
        "read and write the flash through the ROM loader, keys and first stage included",
        "do so where secure boot and flash encryption were burned: [secure-boot.md](secure-boot.md)",
    ),
    (
        "presses Ctrl-C in the very moment in which stock MicroPython starts `boot.py` or `main.py`",
        "reach a board's prompt, if the byte falls before the first lines have run",
        "do so later, or with the virtual module",
    ),
)
TAIL = """
What follows from it: close a session when the work is done, keep foreign devices off the wire meanwhile, and let a
terminal believe bound verdicts alone. The prompt and the service role are for whom you would give the module to keep.
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def quoted(names: Iterable[str]) -> str:
    """Names as code, or a dash for none."""
    return ", ".join(f"`{name}`" for name in names) or "-"


def named(right: str) -> list[str]:
    """The messages that need that right, each once."""
    operations = [message.name for message in messages.every() if message.right == right]
    return list(dict.fromkeys(operations))


def words(heading: str, of: Mapping[str, str], order: Sequence[str]) -> str:
    """One list of posture's names, with its words."""
    return table((heading, "words"), [(f"`{name}`", of[name]) for name in order]) + "\n"


def page() -> str:
    """The whole page."""
    counts = {
        "key": access.KEY_BYTES,
        "stations": access.MOST_STATION_KEYS,
        "updates": access.MOST_UPDATE_KEYS,
        "file": keys.LARGEST_FILE,
        "challenge": access.CHALLENGE_BYTES,
        "nonce": access.NONCE_BYTES,
    }
    without = [("no session", state) for state in rights.STATES]
    rows = [(who, f"`{state}`", quoted(rights.BY_STATE[state])) for who, state in without]
    closed = ", ".join(f"`{state}`" for state in rights.STATES if state != rights.BENCH_STATE)
    rows += [(f"a session of the role `{role}`", closed, quoted(rights.BY_ROLE[role])) for role in access.ROLES]
    out = [HEAD, table(("state", "what it means"), [(f"`{state}`", STATES[state]) for state in rights.STATES])]
    out += [AFTER_STATES, "\n", table(("who", "in the state", "rights"), rows), "\n"]
    out += [table(("right", "messages"), [(f"`{right}`", quoted(named(right))) for right in rights.RIGHTS])]
    out += [AFTER_RIGHTS.format(**counts)]
    out += ["".join(f"| {what} | {value} |\n" for what, value in LIMITS), AFTER_LIMITS, "\n"]
    out += [words("`open`, `locked`", posture_words.OPENABLE, posture.OPENABLE)]
    out += [words("`defaults`", posture_words.DEFAULTS, posture.DEFAULTS)]
    out += [words("`unverifiable`", posture_words.UNVERIFIABLE, posture.UNVERIFIABLE).rstrip("\n"), "\n", EVENTS]
    out += [table(("who", "can", "cannot"), THREATS), TAIL]
    return "".join(out)


if __name__ == "__main__":
    print(page(), end="")
