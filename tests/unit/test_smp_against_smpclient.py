"""Our framing, header and errors against the library that smpclient uses, unmodified."""

import random

import pytest
from dermis.core import cbor, errors, messages, smp
from smp import error as smp_error
from smp import header as smp_header
from smp import os_management, packet


def decoded(lines: bytes) -> bytes:
    """A frame's packet by the library's decoder."""
    decoder = packet.decode()
    next(decoder)
    with pytest.raises(StopIteration) as done:
        for line in lines.splitlines(keepends=True):
            decoder.send(line)
    return done.value.value


@pytest.mark.parametrize("length", [8, 17, 89, 90, 91, 500, smp.LARGEST_PACKET])
@pytest.mark.parametrize("line_length", [8, 127, 128])
def test_frames_both_ways(length, line_length):
    data = random.Random(length).randbytes(length)
    assert decoded(smp.frame(data)) == data
    theirs = b"".join(packet.encode(data, line_length))
    assert smp.Deframer().feed(theirs) == [data]


def test_a_request_of_theirs_is_read():
    request = os_management.EchoWriteRequest(d="Hello", sequence=9)
    header, body = smp.parse(request.BYTES)
    echo = messages.by_name("echo")
    assert (header.group, header.id, header.op, header.sequence) == (echo.group, echo.id, echo.op, 9)
    assert header.version == smp.VERSION_2 and cbor.loads(body) == {"d": "Hello"}


def test_an_answer_of_ours_is_read():
    answer = smp.packet(3, smp.VERSION_2, 0, 9, 0, cbor.dumps({"r": "Hello"}))
    assert os_management.EchoWriteResponse.loads(answer).r == "Hello"
    parameters = smp.packet(1, smp.VERSION_2, 0, 1, 6, cbor.dumps({"buf_size": smp.BUFFER_SIZE, "buf_count": 4}))
    assert os_management.MCUMgrParametersReadResponse.loads(parameters).buf_size == smp.BUFFER_SIZE


@pytest.mark.parametrize("version", [smp.VERSION_1, smp.VERSION_2])
def test_an_error_of_ours_is_read_with_its_sentence(version):
    body = cbor.dumps({"rc": errors.RC_BUSY, "rsn": "the module is busy; ask again"})
    read = os_management.OSManagementErrorV1.loads(smp.packet(3, version, 0, 1, 0, body))
    assert read.rc == smp_error.MGMT_ERR.EBUSY and read.rsn == "the module is busy; ask again"
    assert read.header.version == smp_header.Version(version)


def test_our_codes_are_theirs():
    theirs = {"ok": "EOK", "unknown": "EUNKNOWN", "no_memory": "ENOMEM", "invalid": "EINVAL", "timeout": "ETIMEOUT"}
    theirs |= {"no_entry": "ENOENT", "bad_state": "EBADSTATE", "too_long": "EMSGSIZE", "not_supported": "ENOTSUP"}
    theirs |= {"corrupt": "ECORRUPT", "busy": "EBUSY", "access_denied": "EACCESSDENIED"}
    assert {name: smp_error.MGMT_ERR[theirs[name]].value for name in theirs} == {
        name: code for code, name in errors.NAMES.items()
    }
