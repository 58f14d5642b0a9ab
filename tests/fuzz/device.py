"""The device's parsers as functions of bytes, for CPython (atheris, hypothesis) and for MicroPython alike.

Each takes an input, gives a text that says what came of it, which must be the same under both interpreters, and raises
one of its own refusals (`REFUSALS`) or nothing. `Broken` is a promise that was not kept. Most look at an input twice:
as it is, and put where check characters or digests that are right let it through.
"""

from dermis.app import fields, utc
from dermis.core import cbor, mcuboot, messages, smp
from dermis.core.errors import BadInput, WireError
from dermis.tflite import Model, ModelError

from tests.fuzz import device_images, device_lock, device_records
from tests.fuzz.promises import must, told

PIECES = (1, 3, 1, 2, 64, 1, 17)  # in which bytes may come
DEEPEST_VIEW = 8  # bytes from which `cbor.loads` gives views, so that small inputs have some
MOST_TFLITE_ARENA, MOST_TFLITE_WORK = 1 << 16, 1 << 12


# SMP's frames and CBOR.


def smp_frames(data):
    """The console: in any pieces the same packets, and what `frame` wrote comes back."""
    whole, single = smp.Deframer(), smp.Deframer()
    packets = whole.feed(data)
    again, at = [], 0
    while at < len(data):
        piece = PIECES[at % len(PIECES)]
        again.extend(single.feed(data[at : at + piece]))
        at += piece
    must(packets == again, "the pieces in which bytes come decide what packets they hold")
    counters = [(one.packets, one.text_lines, one.bad_lines, one.bad_crc, one.too_long) for one in (whole, single)]
    must(counters[0] == counters[1], "the pieces in which bytes come decide what is counted")
    known = [_packet(packet) for packet in packets]
    if smp.HEADER_SIZE <= len(data) <= smp.LARGEST_PACKET:
        deframer = smp.Deframer()
        deframer.feed(b"\n")
        must(deframer.feed(smp.frame(data)) == [data], "a frame does not give back its packet")
        known.append(_packet(data))
    return f"{len(packets)} {counters[0]} {known}"


def _packet(packet):
    try:
        header, body = smp.parse(packet)
        again = smp.packet(header.op, header.version, header.group, header.sequence, header.id, bytes(body))
        must(again[2:] == packet[2:], "a packet is not written as it is read")
        return f"{header.group} {header.id} {told(body)}"
    except BadInput:
        return "BadInput"


def cbor_item(data):
    """An item that is taken can be written, and is the same when it is read again."""
    made = cbor.loads(data)
    written = cbor.dumps(made)
    must(cbor.loads(written) == made, "what was read is another thing when it is written and read again")
    must(cbor.dumps(cbor.loads(data, DEEPEST_VIEW)) == written, "views hold other bytes than copies")
    return told(written)


def message_fields(data):
    """A request: the first byte chooses the message, the rest is its body."""
    every = messages.every()
    if not data:
        return ""
    message = every[data[0] % len(every)]
    taken = fields.taken(message, cbor.loads(data[1:]))
    must(sorted(taken) == sorted([field.name for field in message.request]), "fields are missing or too many")
    return message.name


# Models and times.


def tflite_model(data):
    """A model loads and runs, or is refused by name."""
    model = Model(data, MOST_TFLITE_ARENA, MOST_TFLITE_WORK)
    outputs = model.invoke([bytes(tensor.bytes) for tensor in model.inputs])
    return " ".join([told(bytes(output)) for output in outputs])


def utc_text(data):
    """Times as the messages and the provisioning have them."""
    text = str(data, "utf-8")
    seconds = utc.seconds(text)
    must(utc.text(seconds) == text[: utc.LENGTH], "a time is another one when it is written again")
    return str(seconds)


# name -> (function, what it may raise).
PARSERS = {
    "smp": (smp_frames, ()),
    "cbor": (cbor_item, (BadInput,)),
    "fields": (message_fields, (BadInput, WireError)),
    "image": (device_images.image_header, (mcuboot.BadImage,)),
    "image_values": (device_images.image_values, (BadInput,)),
    "boot_state": (device_records.boot_record, (BadInput,)),
    "calibration": (device_records.calibration_record, ()),
    "stored": (device_records.stored_files, ()),
    "audit": (device_records.audit_log, ()),
    "tflite": (tflite_model, (ModelError,)),
    "osdp": (device_lock.osdp_bus, ()),
    "osdp_channel": (device_lock.osdp_channel, ()),
    "wiegand": (device_lock.wiegand_bits, (BadInput,)),
    "utc": (utc_text, (BadInput, UnicodeError)),
}


def outcome(name, data):
    """What a parser makes of an input, a refusal by its name. Raises what is no refusal."""
    function, refusals = PARSERS[name]
    try:
        return function(data)
    except refusals as error:
        must(len(str(error)) > 0, "a refusal without a word")
        return "refused: " + type(error).__name__
