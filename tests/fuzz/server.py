"""The device's whole server behind a fake link, as a function of bytes."""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any

from dermis.app import module as modules
from dermis.app.server import PROMPT, Server
from dermis.core import cbor, errors, messages, smp
from dermis.core.errors import BadInput

from tests.fuzz.promises import Broken, must

sys.path.insert(
    0, str(Path(__file__).parents[1] / "unit")
)  # the fakes are shared with MicroPython, which has no packages
fakes: Any = importlib.import_module("fakes")

EVERY = messages.every()
# These take bursts, which a fake camera makes in tens of milliseconds; `tests/unit` asks them.
LONG = ("burst", "selftest", "verify", "verify_step", "watch", "monitor_baseline")
NAMES = [message.name for message in EVERY if message.name not in LONG]
PATIENCE = 60  # turns of the loop in which the last answers are written
FAILED = (b'"handler_failed"', b'"answer_failed"')


def request(number: int, sequence: int, body: bytes) -> bytes:
    """The frame of a request: which message, and its body whatever that is."""
    message = messages.by_name(NAMES[number % len(NAMES)])
    return smp.frame(smp.packet(message.op, smp.VERSION_2, message.group, sequence, message.id, body))


def parted(data: bytes) -> list[tuple[int, bytes]]:
    """(number of a message, body) of an input: number, length and so many bytes, again and again."""
    out, at = [], 0
    while at + 2 <= len(data) and len(out) < 8:
        out.append((data[at], data[at + 2 : at + 2 + data[at + 1]]))
        at += 2 + data[at + 1]
    return out


def server(data: bytes) -> None:
    """Requests one after the other, then the input as it is: each request is answered once and by CBOR, no handler
    fails, and a request that is sound is answered after all."""
    drivers = fakes.drivers()
    drivers.clock.seconds = 1769860800
    module = modules.Module(drivers, dict(fakes.BOARD), None)
    link = module.link
    asked = parted(data)
    last = smp.packet(messages.READ, smp.VERSION_2, messages.GROUP_PAD, 255, messages.by_name("identity").id, b"\xa0")
    link.written, link.patience = bytearray(), PATIENCE
    link.incoming = [request(number, sequence, body) for sequence, (number, body) in enumerate(asked)]
    link.incoming += [20, data, b"\n", 20, smp.frame(last)]
    ended = asyncio.run(Server(module).run())
    written = bytes(link.written)
    for sign in FAILED:
        if sign in written:
            raise Broken("a handler failed: " + written[written.find(sign) - 40 :][:400].decode("ascii", "replace"))
    answers = [smp.parse(packet) for packet in smp.Deframer(65536).feed(written)]
    for _, body in answers:
        try:
            said = cbor.loads(body)
        except BadInput as problem:
            raise Broken("an answer that is no CBOR") from problem
        must(isinstance(said, dict), "an answer that is no map")
        must("rsn" not in said or said["rc"] in errors.NAMES, "a refusal without a code")
    if ended != PROMPT and not drivers.system.resets:
        must(any(header.sequence == 255 for header, _ in answers), "a sound request is not answered any more")


PARSERS = {"server": (server, ())}
