"""Random walks of a stranger, an owner and time around one module's sessions, judged from the whole history.

The judge does not keep a session: at each step it asks the history whether there may be one, as docs/access.md says.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from dermis.app import sessions
from dermis.core import access
from dermis.core.errors import WireError

SERIAL = "DM1-0042"
KEYS = {role: bytes([number + 1]) * access.KEY_BYTES for number, role in enumerate(access.ROLES)}
NONCE = bytes(access.NONCE_BYTES)
WALKS, STEPS = 60, 120
PAUSES_MS = (1, 500, 1_500, 5_000, sessions.CHALLENGE_MS, 30_000, sessions.IDLE_MS, 400_000)


class Clock:
    def __init__(self) -> None:
        self.now_us = 7_200_000_000

    def ticks_us(self) -> int:
        return self.now_us


class Held:
    def role(self, role: str) -> bytes:
        return KEYS[role]


class Walk:
    """history: (ms, what, role), in order. challenges: all that were given out."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.clock = Clock()
        self.notes: list[str] = []
        self.sessions = sessions.Sessions(
            self.clock, self.random.randbytes, Held(), SERIAL, lambda event, **_: self.notes.append(event)
        )
        self.history: list[tuple[int, str, str]] = []
        self.challenges: list[tuple[str, bytes]] = []

    @property
    def now_ms(self) -> int:
        return self.clock.now_us // 1000

    def did(self, what: str, role: str = "") -> None:
        self.history.append((self.now_ms, what, role))

    def step(self) -> None:
        self.random.choice(
            (self.ask, self.answer, self.answer, self.guess, self.replay, self.use, self.use, self.wait, self.close)
        )()
        if self.random.random() < 0.02:
            self.clock.now_us -= self.random.choice((1_000, 2_000_000, 3_000_000_000))
            self.did("back")

    def ask(self) -> None:
        role = self.random.choice(access.ROLES)
        try:
            self.challenges.append((role, self.sessions.challenge(role)))
        except WireError:
            return
        self.did("asked", role)

    def send(self, challenge: bytes, role: str, key: bytes) -> bool:
        try:
            proof = access.host_proof(key, challenge, NONCE, role, SERIAL)
            answer = self.sessions.prove(NONCE, proof)
        except WireError:
            return False
        assert answer == access.module_proof(KEYS[role], challenge, NONCE, role, SERIAL)
        return True

    def answer(self) -> None:
        if self.challenges:
            role, challenge = self.challenges[-1]
            self.did("opened" if self.send(challenge, role, KEYS[role]) else "refused", role)

    def guess(self) -> None:
        if self.challenges:
            role, challenge = self.challenges[-1]
            key = self.random.choice([self.random.randbytes(32), *[KEYS[each] for each in KEYS if each != role]])
            before = self.failed()
            assert not self.send(challenge, role, key)
            self.did("wrong" if self.failed() > before else "refused", role)

    def replay(self) -> None:
        """An old challenge's right answer, while another one, or none, is waiting."""
        if len(self.challenges) > 1:
            role, challenge = self.random.choice(self.challenges[:-1])
            before = self.failed()
            assert not self.send(challenge, role, KEYS[role])
            self.did("wrong" if self.failed() > before else "refused", role)

    def use(self) -> None:
        if self.sessions.role():
            self.sessions.used()
            self.did("used")

    def wait(self) -> None:
        self.clock.now_us += self.random.choice(PAUSES_MS) * 1000
        self.did("waited")
        self.sessions.role()

    def close(self) -> None:
        if self.random.random() < 0.3:
            self.sessions.close("closed")
            self.did("closed")

    def failed(self) -> int:
        facts: dict[str, Any] = self.sessions.facts()
        return facts["failed"]

    def may_be_open(self) -> str:
        """The role that the history allows, or ""."""
        used = None
        for at in range(len(self.history) - 1, -1, -1):
            when, what, role = self.history[at]
            if what in ("wrong", "closed"):
                return ""
            if used is None and what in ("used", "opened"):
                used = when
                if not 0 <= self.now_ms - used < sessions.IDLE_MS:
                    return ""
            if what == "opened":
                return role if 0 <= self.now_ms - when < sessions.LONGEST_MS else ""
        return ""


@pytest.mark.parametrize("start", range(0, WALKS, 20))
def test_a_session_is_open_only_when_the_history_allows_it(start):
    opened = closed = 0
    for seed in range(start, start + 20):
        walk = Walk(seed)
        for _ in range(STEPS):
            walk.step()
            role = walk.sessions.role()
            assert role in ("", walk.may_be_open()), (seed, walk.history[-12:])
            # A clock that went back may have closed it before the history would have.
            went_back = any(what == "back" for _, what, _ in walk.history)
            assert went_back or role == walk.may_be_open(), (seed, walk.history[-12:])
            opened += bool(role)
            closed += not role
        assert walk.notes.count("session_opened") == sum(what == "opened" for _, what, _ in walk.history)
    assert opened > 100 and closed > 100, "the walks saw one side only"


def test_guesses_are_few_however_fast_they_come():
    walk = Walk(1)
    wrong, hours = 0, 3
    for _ in range(hours * 3600):
        walk.clock.now_us += 1_000_000
        walk.ask()
        if walk.history and walk.history[-1][1] == "asked":
            before = walk.failed()
            walk.guess()
            wrong += walk.failed() > before
    assert 10 < wrong <= sessions.FREE_GUESSES + 1 + hours * 3600 * 1000 // sessions.LOCKED_MS
