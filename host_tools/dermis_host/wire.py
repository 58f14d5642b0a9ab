"""SMP requests and responses, made from the table of messages.

`smp` (the library under smpclient) gives the header, the CBOR and the serial framing; the table gives the groups,
the identifiers and the fields. Nothing of the protocol is written down here a second time.
"""

from __future__ import annotations

import struct
from typing import Any

import cbor2
from dermis.core import messages
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from smp import exceptions as smp_exceptions
from smp import header as smp_header
from smp import message as smp_message
from smp import packet as smp_packet

from dermis_host.errors import NotDermis, RequestFailed

SmpRequest = smp_message.Request
KINDS: dict[str, Any] = {"int": int, "bool": bool, "str": str, "bytes": bytes, "map": dict, "list": list}

START, CONTINUE, END = smp_packet.START_DELIMITER, smp_packet.CONTINUE_DELIMITER, smp_packet.END_DELIMITER
HEADER_SIZE = smp_header.Header.SIZE


def _fields(rows, default_of) -> dict[str, Any]:
    return {row.name: (KINDS[row.kind], Field(default_of(row), strict=True)) for row in rows}


def _default(row):
    # Only what the caller sets goes on the wire (the library leaves out unset fields): the module owns the defaults.
    return ... if row.default == messages.REQUIRED else row.default


def _make(message) -> tuple[type[smp_message.Request], type[BaseModel]]:
    read = message.op == messages.READ
    request = create_model(
        f"{message.name}_request",
        __base__=smp_message.ReadRequest if read else smp_message.WriteRequest,
        **_fields(message.request, _default),
    )
    request._GROUP_ID, request._COMMAND_ID = message.group, message.id
    # None of the library's own: its answers have a `version` and a `sequence` of the header, which fields of ours of
    # these names would lose. A newer firmware may add fields; an older host must still read the ones it knows.
    ignoring = ConfigDict(extra="ignore", protected_namespaces=())
    return request, create_model(f"{message.name}_response", __config__=ignoring, **_fields(message.response, _default))


_CLASSES = {message.name: _make(message) for message in messages.every()}


def request(name: str, /, **fields: Any) -> smp_message.Request:
    """The SMP request of that name (`dermis.core.messages`).

    Raises KeyError for a name that is not in the table, ValueError for a field of the wrong kind.
    """
    made, _ = _CLASSES[name]
    known = {row.name for row in messages.by_name(name).request}
    if unknown := sorted(set(fields) - known):
        raise ValueError(f"the message {name} has no field {', '.join(unknown)}")
    try:
        return made(**fields)
    except ValidationError as problem:
        # Without the value, which the library's sentence has: some are keys.
        told = ", ".join(f"{error['loc'][0]} ({error['msg']})" for error in problem.errors(include_input=False))
        raise ValueError(f"fields of the message {name} are of the wrong kind: {told}") from None


def frame_lines(packet: bytes) -> bytes:
    """The packet as MCUmgr's serial lines, ready for the port."""
    return b"".join(smp_packet.encode(packet))


class Deframer:
    """Lines of the port to SMP packets: `feed` returns a packet when its last line came, else None.

    A damaged frame is dropped; `damaged` counts them. A start line always begins anew.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._decoder = None

    def feed(self, line: bytes) -> bytes | None:
        """`line` with its delimiter and its newline."""
        if line.startswith(START):
            self._decoder = smp_packet.decode()
            next(self._decoder)
        if self._decoder is None:
            self.damaged += 1
            return None
        try:
            self._decoder.send(line)
        except StopIteration as end:
            self._decoder = None
            return end.value
        except (smp_exceptions.SMPDecodeError, ValueError, IndexError, struct.error):
            self._decoder = None
            self.damaged += 1
        return None


def answers(packet: bytes, asked: smp_message.Request) -> bool:
    """Whether this packet is the response to that request: sequence, group, identifier and operation fit."""
    if len(packet) < HEADER_SIZE:
        return False
    op_and_version, _, _, group, sequence, identifier = smp_header.Header._STRUCT.unpack(packet[:HEADER_SIZE])
    header = asked.header
    expected = (int(header.op) + 1, int(header.group_id), header.sequence, int(header.command_id))
    return (op_and_version & 0b111, group, sequence, identifier) == expected


def parse(name: str, packet: bytes) -> dict[str, Any]:
    """The fields of a response.

    Raises RequestFailed when the module refused, NotDermis when the packet is not what the table says.
    """
    try:
        body = cbor2.loads(packet[HEADER_SIZE:])
    except (cbor2.CBORDecodeError, UnicodeDecodeError):
        raise NotDermis(f"The answer to {name} is not CBOR: update the module or these tools.") from None
    if not isinstance(body, dict):
        raise NotDermis(f"The answer to {name} is no map: update the module or these tools.")
    sentence = body.get("rsn", "") if isinstance(body.get("rsn", ""), str) else ""
    error = body.get("err")
    if isinstance(error, dict) and isinstance(error.get("rc"), int):
        raise RequestFailed(name, error["rc"], sentence or _text(error.get("rsn")))
    if isinstance(body.get("rc"), int) and body["rc"] != 0:
        raise RequestFailed(name, body["rc"], sentence)
    return fields(name, body)


def fields(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The fields of what answers `name`, checked against the table of messages. Raises NotDermis."""
    _, response = _CLASSES[name]
    try:
        parsed = response.model_validate(body)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NotDermis(
            f"The answer to {name} does not fit the table of messages (field {where}: {first['msg']}): "
            "update the module or these tools."
        ) from None
    return {row.name: getattr(parsed, row.name) for row in messages.by_name(name).response}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
