"""A module with keys of its own, and somebody with a cable who asks it things: for the tests of access."""

import asyncio
import json

import fakes
from dermis.app import module
from dermis.app.server import Server
from dermis.core import access, cbor, errors, messages, smp

MASTER = bytes(range(32))
P256_G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296).to_bytes(32, "big") + (
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5
).to_bytes(32, "big")
DENIED, BUSY, INVALID, BAD_STATE = errors.RC_ACCESS_DENIED, errors.RC_BUSY, errors.RC_INVALID, errors.RC_BAD_STATE
NONCE = bytes(32)


def derived(use, serial=fakes.SERIAL, master=MASTER):
    return access.derived_key(master, use, serial)


def own_keys(**changes):
    fields: dict = {use: derived(use) for use in ("installer", "bench", "service", "verdict")}
    fields["station"], fields["update"], fields["fleet"] = [derived("station")], [P256_G], "gates"
    fields.update(changes)
    return fields


def started(drivers=None):
    """A module as after a start, on these drivers (their storage is what outlives a restart)."""
    return module.Module(drivers or fakes.drivers(), dict(fakes.BOARD), None)


class WithStorage:
    """Drivers with another storage. (MicroPython's namedtuple has no `_replace`.)"""

    def __init__(self, drivers, storage):
        self._drivers = drivers
        self.storage = storage

    def __getattr__(self, name):
        return getattr(self._drivers, name)


def restarted(before):
    """The same module after a restart."""
    return started(WithStorage(fakes.drivers(seed=7), before.storage))


def served(of, incoming):
    of.link.incoming = list(incoming)
    of.link.written = bytearray()
    of.link.patience = 100  # turns; nothing here takes more
    ended = asyncio.run(Server(of).run())
    return ended, bytes(of.link.written)


def framed(name, fields, sequence=1):
    message = messages.by_name(name)
    body = cbor.dumps(fields)
    return smp.frame(smp.packet(message.op, smp.VERSION_2, message.group, sequence, message.id, body))


def asked(of, name, **fields):
    _, written = served(of, [framed(name, fields), 200])
    [packet] = smp.Deframer(65536).feed(written)
    return cbor.loads(smp.parse(packet)[1])


def passed(of, duration_ms):
    of.clock.now += duration_ms * 1000


def in_field():
    """A provisioned module in the field, after a restart."""
    of = started()
    assert asked(of, "provision", **own_keys()) == {"provisioned": True}
    assert asked(of, "state_change", state="field") == {"state": "field"}
    of = restarted(of)
    assert of.state == "field" and of.keys.provisioned
    return of


def prove(of, role, key=None, nonce=NONCE, serial=fakes.SERIAL, challenge=None, claimed=None):
    """The answer to a proof of that role after a challenge for `claimed` (the same role)."""
    answer = asked(of, "session_open", role=claimed or role)
    if "rc" in answer:
        return answer
    proof = access.host_proof(key or derived(role), challenge or answer["challenge"], nonce, role, serial)
    return asked(of, "session_prove", nonce=nonce, proof=proof)


def opened(of, role):
    answer = prove(of, role)
    assert "proof" in answer and of.session == role, answer
    return of


def log_of(written):
    return [json.loads(line) for line in written.split(b"\n") if line.startswith(b"{")]
