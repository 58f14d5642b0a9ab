"""The link's server: bytes to requests, requests to handlers, answers back. One asyncio loop, nothing blocks."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from dermis.app import fields, rights
from dermis.app.handlers import handler_of
from dermis.app.log import WARNING
from dermis.app.server_limits import LARGEST_IN_FLIGHT
from dermis.app.statistics import LINK
from dermis.core import cbor, errors, messages, smp
from dermis.core.errors import BadInput, DermisError, InterlockOpen, WireError

if TYPE_CHECKING:
    from dermis.app.module import Module
    from dermis.drivers.clock import Clock

READ_SIZE = 512
NO_MEMORY = "the module ran out of memory; ask for less, or reset it"
# A reset comes this long after its answer was written, so that the answer has left the port.
RESET_DELAY_MS = 100

# How `Server.run` ended.
CLOSED, PROMPT = "closed", "prompt"

# mpremote and people ask for the prompt with Ctrl-C; the others may come with it.
INTERRUPT = 0x03
PROMPT_BYTES = b"\r\x03\x01\x02\x04"
# Ctrl-C asks for the prompt only where it stands alone after this much silence: noise holds that byte, too.
SILENCE_US = 100_000


class Server:
    def __init__(self, module: Module):
        self._module = module
        self._deframer = smp.Deframer()
        self._tasks: list = []  # answers under way
        self._heard_at = -SILENCE_US
        self._may_ask = False  # since the last silence nothing came that noise or a frame would hold
        self.ignored = 0  # packets that were no request

    async def run(self):
        """Serves until the link closes (CLOSED) or somebody at the console asks for the prompt (PROMPT)."""
        module = self._module
        buffer = bytearray(READ_SIZE)
        view = memoryview(buffer)
        while True:
            try:
                count = await module.link.read(buffer)
            except EOFError:
                return CLOSED
            if self._prompt_asked(view[:count]):
                return PROMPT
            for packet in self._deframer.feed(view[:count]):
                await self._dispatch(packet)

    def _prompt_asked(self, chunk):
        now = self._module.clock.ticks_us()
        if now - self._heard_at > SILENCE_US:
            self._may_ask = True
        self._heard_at = now
        asked = False
        for byte in chunk:
            asked = asked or byte == INTERRUPT
            self._may_ask = self._may_ask and byte in PROMPT_BYTES
        return asked and self._may_ask and self._module.prompt_allowed()

    async def _dispatch(self, packet):
        try:
            header, body = smp.parse(packet)
        except BadInput as error:
            self._module.statistics.count(LINK, "bad_packets")
            self._module.log.event("bad_packet", WARNING, reason=str(error))
            return
        if header.op not in (messages.READ, messages.WRITE):
            self.ignored += 1  # an answer: somebody loops the port back
            return
        if len(self._tasks) >= LARGEST_IN_FLIGHT:
            self._send(header, _error(errors.RC_BUSY, "too many requests at once; wait for the answers"))
            return
        self._tasks.append(asyncio.create_task(self._answer(header, body)))
        await asyncio.sleep(0)

    async def _answer(self, header, body):
        try:
            answer = await self._respond(header, body)
            self._module.statistics.count(LINK, "refused" if "rsn" in answer else "answered")
            self._send(header, answer)
        except MemoryError as error:  # who waits for the answer must still get one
            answer = None
            gc.collect()
            self._module.log.failure("answer_failed", error, group=header.group, id=header.id)
            self._send(header, _error(errors.RC_NO_MEMORY, NO_MEMORY))
        finally:
            self._tasks.remove(asyncio.current_task())
        if self._module.reset_asked:
            clock: Clock = self._module.clock
            await clock.sleep_ms(RESET_DELAY_MS)
            self._module.safe()
            self._module.system.reset()

    async def _respond(self, header, body):
        """The answer's map; what goes wrong becomes {"rc", "rsn"}, in both versions of SMP as MCUmgr has it for its
        own codes."""
        message = messages.by_address(header.group, header.id, header.op)
        if message is None:
            return _error(
                errors.RC_NOT_SUPPORTED,
                "there is no message with group %d, id %d, op %d; see docs/formats/messages.md"
                % (header.group, header.id, header.op),
            )
        if header.version > smp.VERSION_2:
            return _error(errors.RC_NOT_SUPPORTED, "this SMP version is not spoken here; use SMP v1 or v2")
        try:
            self._must_be_granted(message)
            request = fields.taken(message, cbor.loads(body) if len(body) else {})
            return await handler_of(message.name)(self._module, request)
        except WireError as error:
            return _error(error.code, error.reason)
        except BadInput as error:
            return _error(errors.RC_INVALID, str(error))
        except InterlockOpen as error:
            return _error(errors.RC_BAD_STATE, str(error))
        except DermisError as error:
            return _error(errors.RC_UNKNOWN, str(error))
        except MemoryError as error:
            gc.collect()
            self._module.log.failure("handler_failed", error, message=message.name)
            return _error(errors.RC_NO_MEMORY, NO_MEMORY)
        except Exception as error:  # noqa: BLE001 - whatever a handler does wrong, the module goes on
            self._module.log.failure("handler_failed", error, message=message.name)
            return _error(
                errors.RC_UNKNOWN,
                "the module failed while answering %s (%s); its log says more; report it, then try again"
                % (message.name, type(error).__name__),
            )

    def _must_be_granted(self, message):
        module = self._module
        role = module.session
        if not rights.granted(module.state, message.right, role):
            raise WireError(
                errors.RC_ACCESS_DENIED,
                "%s needs the right %r, which the state %r does not grant to %s; %s"
                % (
                    message.name,
                    message.right,
                    module.state,
                    "a session of the role %s" % role if role else "a port without a session",
                    _remedy(message.right),
                ),
            )
        if role and message.right != messages.NONE:
            module.sessions().used()

    def _send(self, header, answer):
        try:
            body = cbor.dumps(answer)
        except BadInput as error:  # a handler's mistake; who waits for the answer must still get one
            self._module.log.failure("answer_failed", error, group=header.group, id=header.id)
            body = cbor.dumps(_error(errors.RC_UNKNOWN, "the answer cannot be sent (%s); report it" % error))
        if len(body) + smp.HEADER_SIZE > smp.LARGEST_PACKET:
            body = cbor.dumps(
                _error(errors.RC_TOO_LONG, "the answer is too long for a packet; ask for a smaller piece")
            )
        version = min(header.version, smp.VERSION_2)
        start = smp.head(header.op + 1, version, header.group, header.sequence, header.id, len(body))
        for line in smp.lines(start, body):
            self._module.link.write(line)


def _remedy(right):
    roles = rights.roles_with(right)
    return "open one of the role %s" % " or ".join(roles) if roles else "only the bench state grants it"


def _error(code, reason):
    return {"rc": code, "rsn": reason}
