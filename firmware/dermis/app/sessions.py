"""The session of the link: a challenge, two proofs, a role for a while. One at a time; none outlives a restart.

Times are the module's ticks. Should they ever run backwards, what is open closes and what waits begins to wait anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import access
from dermis.core.errors import RC_ACCESS_DENIED, RC_BAD_STATE, RC_BUSY, RC_INVALID, WireError
from dermis.core.hmac import equal

if TYPE_CHECKING:
    from typing import Any

CHALLENGE_MS = 10_000  # two computers and a slow line need a tenth of it; who steals it must be as quick
IDLE_MS = 60_000  # whoever walks away from the bench leaves it closed
LONGEST_MS = 15 * 60_000  # a calibration takes less; a host that has the key opens the next one unseen
LONGEST_FRAMES_S = 600  # raw frames show faces: a capture takes minutes

# After each wrong proof the next session waits, twice as long each time; from the fifth on a minute. A key cannot be
# guessed at any rate: this keeps the log readable, and the module free for passages.
FIRST_WAIT_MS = 1_000
FREE_GUESSES = 4
LOCKED_MS = 60_000


class Sessions:
    """clock: `drivers.clock.Clock`. random(n): n bytes that nobody can foretell. keys: `Keys`. serial: the module's.
    note(event, **fields): takes what goes into the log.

    opened: sessions so far, the number of the one that is open."""

    def __init__(self, clock: Any, random: Any, keys: Any, serial: str, note: Any):
        self._clock = clock
        self._random = random
        self._keys = keys
        self._serial = serial
        self._note = note
        self._asked: Any = None  # (role, challenge, ms) of the session that was asked for
        self.opened = 0
        self._role = ""
        self._opened_ms = 0
        self._used_ms = 0
        self._repl = False
        self._frames_ms = 0  # 0: closed
        self._failed = 0
        self._failed_ms = 0

    # Opening and closing.

    def challenge(self, role: str) -> bytes:
        """The challenge for a session of that role, 32 bytes. Raises WireError; DermisError when there are no keys."""
        if role not in access.ROLES:
            raise WireError(RC_INVALID, "there is no role %r; there are: %s" % (role, ", ".join(access.ROLES)))
        self._must_not_wait()
        self._keys.role(role)
        challenge = self._random(access.CHALLENGE_BYTES)
        self._asked = (role, challenge, self._now())
        return challenge

    def prove(self, nonce: bytes, proof: bytes) -> bytes:
        """Open the session that was asked for; the module's proof. Raises WireError; a wrong proof ends what is open,
        DermisError when there are no keys."""
        self._must_not_wait()
        asked, self._asked = self._asked, None  # one challenge, one answer
        now = self._now()
        if asked is None or not 0 <= now - asked[2] < CHALLENGE_MS:
            raise WireError(RC_BAD_STATE, "there is no challenge to answer, or it is too old; ask for a session again")
        role, challenge, _ = asked
        if len(nonce) != access.NONCE_BYTES or len(proof) != access.PROOF_BYTES:
            raise WireError(RC_INVALID, "nonce and proof have %d bytes each; ask again" % access.PROOF_BYTES)
        key = self._keys.role(role)
        if not equal(access.host_proof(key, challenge, nonce, role, self._serial), proof):
            raise self._refused(role)
        self.close("replaced")
        self._role, self._opened_ms, self._used_ms = role, now, now
        self.opened += 1
        self._failed = 0
        self._note("session_opened", role=role)
        return access.module_proof(key, challenge, nonce, role, self._serial)

    def close(self, reason: str) -> None:
        """End the session and forget the challenge; `reason` (a word) goes into the log when one was open."""
        role = self._role
        self._role, self._asked = "", None
        self._repl, self._frames_ms = False, 0
        if role:
            self._note("session_closed", role=role, reason=reason)

    # What is open.

    def role(self) -> str:
        """The role of the session, or "" when there is none (any more)."""
        if self._role:
            now = self._now()
            if now < self._used_ms:
                self.close("clock")
            elif now - self._used_ms >= IDLE_MS:
                self.close("idle")
            elif now - self._opened_ms >= LONGEST_MS:
                self.close("longest")
        return self._role

    def used(self) -> None:
        """A request needed the session: it is not idle."""
        self._used_ms = self._now()

    def allow_repl(self) -> None:
        """Ctrl-C gives the prompt while the session lasts."""
        self._repl = True

    def repl_allowed(self) -> bool:
        return bool(self.role()) and self._repl

    def allow_frames(self, seconds: int) -> None:
        """Frames may be fetched for so long, while the session lasts; 0: no more."""
        self._frames_ms = self._now() + seconds * 1000 if seconds else 0

    def frames_left_ms(self) -> int:
        """How long frames may still be fetched; 0: not."""
        if not self.role() or not self._frames_ms:
            return 0
        left = self._frames_ms - self._now()
        if not 0 < left <= LONGEST_FRAMES_S * 1000:
            self._frames_ms = 0
            return 0
        return left

    def facts(self) -> dict:
        """What `posture` tells."""
        role, now = self.role(), self._now()
        return {
            "role": role,
            "expires_ms": LONGEST_MS - (now - self._opened_ms) if role else 0,
            "idle_ms": IDLE_MS - (now - self._used_ms) if role else 0,
            "failed": self._failed,
            "locked_ms": self._wait_ms(),
            "repl": self.repl_allowed(),
            "frames_ms": self.frames_left_ms(),
        }

    # Guessing.

    def _refused(self, role):
        self.close("wrong_proof")  # somebody else is on this line, or the host has lost its way
        self._failed += 1
        self._failed_ms = self._now()
        wait_s = self._wait_ms() // 1000
        self._note(
            "session_locked" if self._failed > FREE_GUESSES else "session_refused", role=role, failed=self._failed
        )
        return WireError(
            RC_ACCESS_DENIED,
            "the proof is wrong: this is not the key of the role %r of the module %s; ask again in %d s with its own"
            % (role, self._serial, wait_s),
        )

    def _wait_ms(self):
        """How long the next session must still wait."""
        if not self._failed:
            return 0
        wait_ms = LOCKED_MS if self._failed > FREE_GUESSES else FIRST_WAIT_MS << (self._failed - 1)
        now = self._now()
        if now < self._failed_ms:
            self._failed_ms = now
        return max(0, wait_ms - (now - self._failed_ms))

    def _must_not_wait(self):
        wait_ms = self._wait_ms()
        if wait_ms:
            raise WireError(
                RC_BUSY, "%d wrong proofs in a row; ask again in %d s" % (self._failed, (wait_ms + 999) // 1000)
            )

    def _now(self):
        return self._clock.ticks_us() // 1000
