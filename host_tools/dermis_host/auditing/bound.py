"""A bound verdict checked: it is this module's, of this passage and time, and nobody changed it."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Any

from dermis.core import access, binding
from dermis.core.errors import BadInput

from dermis_host.access.keyring import Keyring
from dermis_host.answers import Verdict
from dermis_host.auditing.export import DEVELOPMENT, KEYRING, UNCHECKED, WRONG


@dataclass(frozen=True)
class Bound:
    """What checking found. holds: the MAC is the keyring's, over what was asked for. signed: UNCHECKED (no keyring),
    DEVELOPMENT, KEYRING or WRONG. problems: sentences why not to act on it; remarks: what could not be told."""

    signed: str
    problems: list[str]
    remarks: list[str]

    @property
    def holds(self) -> bool:
        return self.signed == KEYRING and not self.problems


def check(
    verdict: Verdict,
    serial: str,
    keyring: Keyring | None,
    *,
    nonce: bytes = b"",
    transaction: bytes = b"",
    now: float | None = None,
) -> Bound:
    """Checks a verdict as it came. serial: of the module that was meant. nonce, transaction: as they were asked for.

    now: seconds since 1970 at which it is to be acted on; None: at once. Raises UsageError when the keyring has no
    key for it.
    """
    # What the terminal acts on is what must be signed: a second value of that name in `bound` does not count.
    facts: dict[str, Any] = {**verdict.bound, **dataclasses.asdict(verdict)}
    signed = _signed(facts, serial, keyring)
    problems, remarks = [], []
    if signed == WRONG:
        problems.append(f"The verdict's MAC is not {serial}'s: it was changed on the way, or the keyring is another's.")
    if signed == DEVELOPMENT and keyring is not None:
        problems.append(f"The verdict is signed with the development key, which everybody knows: provision {serial}.")
    for name, asked, said in (
        ("serial number", serial, facts.get("serial")),
        ("nonce", nonce, facts.get("nonce")),
        ("transaction", transaction, facts.get("transaction")),
    ):
        if asked != said:
            problems.append(f"The verdict has another {name} than was asked for: it belongs to another passage.")
    if not nonce:
        remarks.append("without a nonce a verdict from before could be sent again")
    return Bound(signed, problems + _late(facts, now, bool(nonce), remarks), remarks)


def _signed(facts: dict[str, Any], serial: str, keyring: Keyring | None) -> str:
    claimed = facts.get("mac")

    def holds(key: bytes) -> bool:
        try:
            return isinstance(claimed, bytes) and binding.check(key, facts, claimed)
        except (BadInput, TypeError):
            return False

    if keyring is not None and holds(keyring.verdict_key(serial)):
        return KEYRING
    if holds(access.derived_key(access.DEVELOPMENT_KEY, access.VERDICT, serial)):
        return DEVELOPMENT
    return UNCHECKED if keyring is None else WRONG


def _late(facts: dict[str, Any], now: float | None, fresh: bool, remarks: list[str]) -> list[str]:
    """fresh: a nonce shows that it was made after it was asked for."""
    made, lasts = facts.get("time"), facts.get("expires_s")
    if not isinstance(made, int) or not isinstance(lasts, int):
        return ["The verdict does not say how long it may be acted on: update the module."]
    if made == 0:
        if not fresh:
            return ["Neither a clock nor a nonce shows when the verdict was made: ask with a nonce."]
        remarks.append("the module's clock was never set, so that only the nonce shows when the verdict was made")
        return []
    at = time.time() if now is None else now
    if made - lasts <= at <= made + lasts:
        return []
    if now is None and fresh:  # it came this moment: the clocks disagree
        remarks.append(f"the module's clock differs from this computer's by {abs(at - made):.0f} s")
        return []
    return [f"The verdict was made {at - made:.0f} s before and may be acted on for {lasts} s: ask for a new one."]
