"""The access group of `Module`: one method a message, named as in `dermis.core.messages`."""

from __future__ import annotations

from collections.abc import Sequence

from dermis_host.answers import Posture, SessionOpened, SessionProven
from dermis_host.client import Client

STORE_S = 20.0  # keys are written, synchronised and read back


class AccessMessages(Client):
    """Sessions are opened by `Client` itself where a request needs one; the three messages of a session are here for
    who wants to speak them by hand."""

    def session_open(self, role: str) -> SessionOpened:
        """Asks for a challenge."""
        return self._ask("session_open", role=role)

    def session_prove(self, nonce: bytes, proof: bytes) -> SessionProven:
        """Opens the session that was asked for."""
        return self._ask("session_prove", nonce=nonce, proof=proof)

    def session_close(self) -> None:
        """Ends the session, if one is open."""
        self._ask("session_close")

    def posture(self) -> Posture:
        """What is open, what is locked, which default is in force, what cannot be verified."""
        return self._ask("posture")

    def provision(
        self,
        *,
        installer: bytes,
        bench: bytes,
        service: bytes,
        verdict: bytes,
        station: Sequence[bytes],
        update: Sequence[bytes],
        osdp: bytes = b"",
        fleet: str = "",
    ) -> bool:
        """Gives the module its keys, once, in the bench state; `provisioning.provision` takes them off a keyring."""
        return self._ask(
            "provision",
            STORE_S,
            installer=installer,
            bench=bench,
            service=service,
            verdict=verdict,
            station=list(station),
            update=list(update),
            osdp=osdp,
            fleet=fleet,
        )

    def state_change(self, state: str) -> str:
        """Puts the module into another state and ends the session; returns the state."""
        return self._ask("state_change", STORE_S, state=state)

    def repl_open(self) -> bool:
        """Lets Ctrl-C leave MicroPython's prompt while the session lasts."""
        return self._ask("repl_open")

    def frames_allow(self, seconds: int) -> int:
        """Opens the frames of bursts to this session; returns the milliseconds until they are closed again."""
        return self._ask("frames_allow", seconds=seconds)
