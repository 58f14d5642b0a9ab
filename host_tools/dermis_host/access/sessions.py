"""Sessions: which role a request needs, and the proofs that open one (docs/access.md)."""

from __future__ import annotations

import hmac
import secrets
from typing import Any, Protocol

from dermis.core import access, errors, messages

from dermis_host.access.keyring import Keyring
from dermis_host.errors import AccessDenied, Impostor, RequestFailed

# Right -> the roles that have it, the least first; the module's own table is `dermis.app.rights` (a test compares).
ROLES_WITH = {
    messages.SETUP: (access.INSTALLER, access.BENCH, access.SERVICE),
    messages.UPDATE: (access.INSTALLER, access.BENCH, access.SERVICE),
    messages.FRAMES: (access.BENCH, access.SERVICE),
    messages.SERVICE: (access.SERVICE,),
}
OPENING = ("session_open", "session_prove")
# How long frames stay open for one session, in seconds: the module's most is 600. A capture takes a few.
FRAMES_OPEN_S = 300


class Exchange(Protocol):
    """Sends one message and returns its answer."""

    def __call__(self, name: str, /, **fields: Any) -> dict[str, Any]: ...


def helps(refused: RequestFailed, name: str) -> bool:
    """Whether a session could get what was refused. What nobody needs a right for can still be refused in part."""
    message = messages.by_name(name)
    beyond = message.right == messages.PROVISION or name in OPENING
    return refused.code == errors.RC_ACCESS_DENIED and not beyond


class Sessions:
    """role: of the session that is thought to be open, or empty. The module may have ended it; its refusal tells."""

    def __init__(self, exchange: Exchange, keyring: Keyring | None):
        self.role = ""
        self._exchange = exchange
        self._keyring = keyring

    def open_for(self, name: str, role: str = "") -> None:
        """Opens a session for the message of that name, of that role or else of the first that `roles_for` names; opens
        the frames, too, for one about frames.

        Raises AccessDenied when the keyring has no such role or the module refuses it, Impostor when what answers
        does not hold the key.
        """
        self.open(role or self.roles_for(name)[0])
        if messages.by_name(name).right == messages.FRAMES:
            self._exchange("frames_allow", seconds=FRAMES_OPEN_S)

    def roles_for(self, name: str) -> list[str]:
        """The roles that the keyring has and that may do it, the least first; below the one that served last, none:
        otherwise two kinds of requests in turn would end each other's session. Raises AccessDenied without any."""
        assert self._keyring is not None
        all_of_them = ROLES_WITH.get(messages.by_name(name).right, access.ROLES)
        first = all_of_them.index(self.role) if self.role in all_of_them else 0
        roles = [role for role in all_of_them[first:] if self._keyring.has(role)]
        if not roles:
            raise AccessDenied(
                name,
                errors.RC_ACCESS_DENIED,
                f"it needs a session of the role {' or '.join(all_of_them)}",
                f"the keyring {self._keyring.path} has no such key, so use one that has",
            )
        return roles

    def open(self, role: str) -> None:
        """Opens a session of that role. Raises as `open_for` does."""
        assert self._keyring is not None
        self.role = ""
        try:
            asked = self._exchange("session_open", role=role)
            challenge, serial = asked["challenge"], asked["serial"]
            if len(challenge) != access.CHALLENGE_BYTES:
                raise Impostor(
                    f"What answers as {serial} sent no challenge: it is no Dermis module, or another version."
                )
            key = self._keyring.role_key(serial, role)
            nonce = secrets.token_bytes(access.NONCE_BYTES)
            proof = access.host_proof(key, challenge, nonce, role, serial)
            answer = self._exchange("session_prove", nonce=nonce, proof=proof)
        except RequestFailed as refused:
            raise AccessDenied(f"a session of the role {role}", refused.code, refused.sentence) from None
        if not hmac.compare_digest(answer["proof"], access.module_proof(key, challenge, nonce, role, serial)):
            raise Impostor(
                f"What answers as {serial} does not hold that module's key: it is not the module that it says it is, "
                "so nothing was sent to it."
            )
        self.role = role
