"""`Client`: one request and its answer, whatever happens on the way: restarts, silence, other devices, and sessions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from dermis.core import messages

from dermis_host import wire
from dermis_host.access.keyring import Keyring
from dermis_host.access.sessions import Sessions, helps
from dermis_host.answers import BY_MESSAGE
from dermis_host.errors import AccessDenied, LinkError, ModuleReset, NotDermis, RequestFailed, RequestTimeout
from dermis_host.link import BAUD, Link
from dermis_host.wire import SmpRequest

# How long to wait for an answer, in seconds. The module itself limits what it does; these only end a wait for
# one that will not answer, so they are generous: a twin on a busy computer is several times slower than a module.
ANSWER_S = 8.0
FIRST_ANSWER_S = 1.0  # then ask again: the module may have been starting
GREETING_S = 12.0  # from reset to the first answer, model loaded
PROBE_S = 3.0
ALIVE_S = 4.0  # in a long wait, how often the module is asked whether it is still there
SILENT_S = 11.0  # no sign of life for so long, two questions unanswered: it is not

# What MicroPython's prompt makes of a packet; some programs leave a module there.
PROMPT_SIGNS = (">>> ", 'File "<stdin>"')
BOOT_EVENTS = ("boot", "start", "started", "reset")

LogCallback = Callable[[str], None]


def _ignore(line: str) -> None:
    """The default for log lines: nobody asked for them."""


class Client:
    """What `Module` stands on: a port, and `_ask`.

    keyring: with it, a request that the module refuses for want of a session is asked again in one, of the least role
    that the keyring has a key for and that the request needs; the session ends with the client.
    """

    def __init__(
        self,
        port: str,
        *,
        on_log: LogCallback | None = None,
        baud: int = BAUD,
        greeting_s: float = GREETING_S,
        keyring: Keyring | None = None,
    ):
        self.port = port
        self.keyring = keyring
        self._on_log = on_log or _ignore
        self._sessions = Sessions(self.exchange, keyring)
        self._events: list[dict[str, Any]] = []
        self._uptime_ms = 0
        self._restarted = False
        self._watching = False
        self._lines_heard = 0
        self._at_prompt = False
        self._link = Link(port, baud)
        try:
            self._greet(greeting_s)
        except BaseException:
            self._link.close()
            raise

    def close(self) -> None:
        """End the session, if one is open, and give the port back."""
        try:
            if self._sessions.role:
                self._try("session_close", PROBE_S, {})
        except (LinkError, ModuleReset, RequestFailed) as problem:
            # The module ends it by itself a minute later, and why it does not answer has been said already.
            self._on_log(f"the session was not ended in order: {problem}")
        finally:
            self._link.close()

    def _ask(self, name: str, /, time_out_s: float = ANSWER_S, **fields: Any) -> Any:
        """Asks; a request that only reads is asked once more after a restart of the module."""
        may_repeat = messages.by_name(name).op == messages.READ
        try:
            answer = self._in_session(name, time_out_s, fields)
        except ModuleReset:
            if not may_repeat:
                raise
            self._greet(GREETING_S)
            answer = self._in_session(name, time_out_s, fields)
        made = BY_MESSAGE.get(name)
        if made is not None:
            return made(**answer)
        return next(iter(answer.values())) if answer else None

    def _in_session(self, name: str, time_out_s: float, fields: dict[str, Any]) -> dict[str, Any]:
        """The answer, in a session where the module asks for one. Raises AccessDenied without a keyring for it."""
        try:
            return self._exchange(name, time_out_s, fields)
        except RequestFailed as refused:
            if not helps(refused, name):
                raise
            if self.keyring is None:
                remedy = "name the fleet's keyring with --keyring, or in DERMIS_KEYRING"
                raise AccessDenied(name, refused.code, refused.sentence, remedy) from None
            denied = refused
        # What was refused has not been done, so it can be asked again whatever it is. Some requests need more than
        # their message does (a setting of the owner's), so that a higher role may be granted what a lower one was not.
        for role in self._sessions.roles_for(name):
            self._sessions.open_for(name, role)
            try:
                return self._exchange(name, time_out_s, fields)
            except RequestFailed as refused:
                if not helps(refused, name):
                    raise
                denied = refused
        raise AccessDenied(name, denied.code, denied.sentence)

    def exchange(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """One message and its answer as they are: no session is opened for it, and it is asked once."""
        return self._exchange(name, ANSWER_S, fields)

    def _exchange(self, name: str, time_out_s: float, fields: dict[str, Any]) -> dict[str, Any]:
        answer = self._try(name, time_out_s, fields)
        if answer is not None:
            return answer
        self._still_there(name)
        raise RequestTimeout(
            f"The module on {self.port} is alive but gave no answer to {name} within {time_out_s:g} s: "
            "try again, or reset it."
        )

    def _still_there(self, name: str) -> None:
        """Asks a module that is silent whether it is there; `name` is what was waited for.

        Raises LinkError when it is not, ModuleReset when it has started anew since it was asked last.
        """
        uptime_before = self._uptime_ms
        probe = self._try("identity", PROBE_S, {})
        if probe is None and not self._restarted:
            raise LinkError(
                f"The module on {self.port} fell silent during {name}: check its power and its cable, then try again."
            )
        if self._restarted or (probe is not None and probe["uptime_ms"] < uptime_before):
            self._restarted = False
            raise _restarted(self.port, name)
        if probe is not None:
            self._uptime_ms = probe["uptime_ms"]

    def _try(self, name: str, time_out_s: float, fields: dict[str, Any]) -> dict[str, Any] | None:
        """The answer, or None when none came in time. Raises ModuleReset when the module said that it started.

        A long wait is cut short when the module does not even say who it is any more.
        """
        for item in self._link.receive(0.0):  # what came before the request is no answer to it, nor a sign of its fate
            if isinstance(item, str):
                self._heard(item)
        self._restarted = False
        return self._answer(name, self._post(name, fields), time_out_s)

    def _post(self, name: str, fields: dict[str, Any]) -> SmpRequest:
        """Sends a request; `_answer` waits for what comes back. Several may be under way, as many as the module says
        that it holds (`parameters`)."""
        request = wire.request(name, **fields)
        self._link.send(request.BYTES)
        return request

    def _answer(self, name: str, request: SmpRequest, time_out_s: float) -> dict[str, Any] | None:
        """The answer to a request that was sent, as `_try` has it. Of several under way, ask for the oldest first."""
        end = time.monotonic() + time_out_s
        sign_of_life = time.monotonic()
        while True:
            for item in self._link.receive(min(end, time.monotonic() + ALIVE_S)):
                sign_of_life = time.monotonic()
                if isinstance(item, str):
                    self._heard(item)
                    if self._restarted and name != "reset":
                        self._restarted = False
                        raise _restarted(self.port, name)
                elif wire.answers(item, request):
                    return wire.parse(name, item)
            now = time.monotonic()
            if now >= end or now - sign_of_life >= SILENT_S:
                return None
            self._link.send(wire.request("identity").BYTES)  # whatever it answers is a sign of life

    def _greet(self, time_limit_s: float) -> None:
        """Waits for the module's first answer. Raises NotDermis when there is none, or another one."""
        end = time.monotonic() + time_limit_s
        noise_before = self._link.damaged_frames
        lines_before = self._lines_heard
        while True:
            wait = max(0.05, min(FIRST_ANSWER_S, end - time.monotonic()))
            try:
                answer = self._try("identity", wait, {})
            except ModuleReset:
                continue  # its boot line: the answer comes next
            except RequestFailed as refused:
                raise NotDermis(
                    f"{self.port} speaks SMP but is no Dermis module ({refused.name}): name another port; "
                    "`dermis devices --probe` looks for modules."
                ) from None
            if answer is not None:
                self._uptime_ms = answer["uptime_ms"]
                return
            if self._at_prompt or time.monotonic() >= end:
                noisy = self._lines_heard > lines_before or self._link.damaged_frames > noise_before
                raise NotDermis(self._who_is_there(noisy, time_limit_s))

    def _who_is_there(self, noisy: bool, waited_s: float) -> str:
        if self._at_prompt:
            return (
                f"{self.port} is at MicroPython's prompt, where another program left it: start the firmware with "
                f"`mpremote connect {self.port} reset`."
            )
        if noisy:
            return (
                f"Something on {self.port} sends data but no SMP answer within {waited_s:g} s: it is another device, "
                "or another baud rate; `dermis devices --probe` looks for modules."
            )
        return (
            f"Nothing on {self.port} answered SMP within {waited_s:g} s: is it a Dermis module, and is it running? "
            "`dermis devices --probe` looks for modules."
        )

    def _heard(self, line: str) -> None:
        """Sorts a line between the frames: an event, the sign of a restart, or a log line; all go to the callback."""
        self._lines_heard += 1
        self._at_prompt = self._at_prompt or any(sign in line for sign in PROMPT_SIGNS)
        event = json_object(line)
        if event is not None:
            if event.get("event") in BOOT_EVENTS:
                self._restarted = True
            elif self._watching and "verdict" in event:
                self._events.append(event)
        self._on_log(line)


def _restarted(port: str, name: str) -> ModuleReset:
    return ModuleReset(
        f"The module on {port} restarted in the middle of {name}, so it is not known whether that took effect: "
        "look at its state (`dermis info`) and ask again."
    )


def json_object(line: str) -> dict[str, Any] | None:
    """The event that a line is, or None."""
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
