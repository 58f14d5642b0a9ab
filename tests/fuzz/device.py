"""The device's parsers as functions of bytes, for CPython (atheris, hypothesis) and for MicroPython alike.

Each takes an input, gives a text that says what came of it, which must be the same under both interpreters, and raises
one of its own refusals (`REFUSALS`) or nothing. `Broken` is a promise that was not kept. Most look at an input twice:
as it is, and put where check characters or digests that are right let it through.
"""

import hashlib
import struct
from binascii import crc32

from dermis.app import audit, fields, keys, settings, utc
from dermis.app.lock import key as panel_key
from dermis.core import (
    audit_chain,
    boot_state,
    calibration,
    cbor,
    manifest,
    mcuboot,
    messages,
    osdp,
    osdp_device,
    partitions,
    smp,
    wiegand,
)
from dermis.core.errors import BadInput, DermisError, WireError
from dermis.drivers import cipher
from dermis.tflite import Model, ModelError

PIECES = (1, 3, 1, 2, 64, 1, 17)  # in which bytes may come
DEEPEST_VIEW = 8  # bytes from which `cbor.loads` gives views, so that small inputs have some
MOST_TFLITE_ARENA, MOST_TFLITE_WORK = 1 << 16, 1 << 12
SERIAL = "DM1-0007"


class Broken(Exception):
    """A parser did not keep what it promises."""


def told(data):
    """A short name of bytes."""
    return f"{len(data)}:{crc32(data) & 0xFFFFFFFF:08x}"


def must(holds, what):
    """Raises Broken with `what` unless it holds."""
    if not holds:
        raise Broken(what)


def either(first, second):
    """What both outcomes are, where each may be a refusal: (function, argument) pairs. Raises the first's refusal where
    both refuse, so that the fuzzer sees it."""
    out, refusal = [], None
    for function, argument in (first, second):
        try:
            out.append(function(argument))
        except (DermisError, ModelError, WireError, osdp.Refused) as error:
            refusal = refusal or error
            out.append(type(error).__name__)
    if refusal is not None and not [one for one in out if not one.isalpha()]:
        raise refusal
    return " | ".join(out)


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


# Images.

_MANIFEST = {
    "version": "0.1.0",
    "released": "2026-01-31",
    "board": "twin",
    "hardware": [1, 2],
    "runtime": ["micropython", "1.28.0"],
    "mpy_abi": 0,
    "schemas": {"calibration": [1, 2]},
    "model_hash": "0123456789abcdef",
    "source_hash": bytes(32),
    "files": 3,
}
FACTS = manifest.Facts("0.1.0", "twin", 1, "micropython 1.29.0", 0, {"calibration": 2}, 1)
BODY = bytes(partitions.BLOCK_SIZE)


def value(kind, content):
    return struct.pack(mcuboot.TLV_HEAD, kind, len(content)) + content


def area(magic, content):
    return struct.pack(mcuboot.TLV_INFO, magic, len(content) + 4) + content


def protected_part(stated=None):
    stated = cbor.dumps(_MANIFEST) if stated is None else stated
    return value(mcuboot.SECURITY_COUNTER, b"\1\0\0\0") + value(mcuboot.MANIFEST, stated)


def image_around(protected, plain=None):
    """An image whose protected values are those bytes; `plain`: its other values, else the right hash alone."""
    protected = area(mcuboot.PROTECTED_MAGIC, protected)
    head = struct.pack(
        mcuboot.HEADER, mcuboot.MAGIC, 0, mcuboot.BODY_OFFSET, len(protected), len(BODY), 0, 0, 1, 0, 0, 0
    )
    signed = head + bytes(mcuboot.BODY_OFFSET - len(head)) + BODY + protected
    if plain is None:
        plain = value(mcuboot.SHA256, hashlib.sha256(signed).digest())
    return signed + area(mcuboot.TLV_MAGIC, plain)


class _Source:
    def __init__(self, data):
        self.data = memoryview(data)

    def read_at(self, offset, buffer):
        must(offset >= 0 and offset + len(buffer) <= len(self.data), "an image is read beyond its end")
        buffer[:] = self.data[offset : offset + len(buffer)]


def read_image(data, in_slot=False):
    """What an image says: hash, manifest, whether it suits. Raises BadImage."""
    image = mcuboot.Image(_Source(data).read_at, len(data), in_slot)
    must(image.length <= len(data), "an image is longer than its file")
    stated = image.manifest
    again = manifest.encode({name: stated[at] for at, name in enumerate(manifest.FIELDS)})
    must(manifest.decode(again) == stated, "a manifest is another one when it is written and read again")
    manifest.acceptable(image, FACTS)
    image.sound()
    return f"{image.length} {told(image.hash)}"


def image_header(data):
    """A file from its first byte, and in a slot."""
    return either((read_image, data), (lambda file: read_image(file, True), data))


def image_values(data):
    """The values behind a sound header: as the protected ones and as the others; then the manifest among them."""
    out = []
    for protected, plain in ((data, None), (protected_part(), data), (protected_part(data), None)):
        if len(protected) > 0xFF00 or (plain and len(plain) > 0xFF00):
            raise BadInput("longer than an area's length can say")
        try:
            out.append(read_image(image_around(protected, plain)))
        except BadInput as error:
            out.append(getattr(error, "why", "BadInput"))
    return " ".join(out)


# Records that lie in storage.


def boot_record(data):
    """The boot state."""
    state = boot_state.decode(data)
    must(boot_state.decode(boot_state.encode(state)) == state, "a boot state is another one when it is read again")
    return told(boot_state.encode(state))


_record = {}


def calibration_fields():
    """A sound record's fields, made once: any dots and any white do."""
    if not _record:
        reference = bytes([index * 37 % 200 for index in range(256)]) * 300
        node = struct.pack("<221H", *[30000] * 221)
        _record.update(
            {
                "serial": SERIAL,
                "sensors": {"imager": "twin-1", "swir": "twin-2"},
                "created": "2026-11-22T12:00:00",
                "operator": "ada",
                "tool": "dermis 0.1.0",
                "fixture": {"id": "F-7", "due": "2027-10-01", "hash": "0123456789abcdef"},
                "z_ref_um": 450000,
                "exposure_us": 6000,
                "temperature_cc": 2500,
                "linear": struct.pack("<256H", *[code * code for code in range(256)]),
                "monitor": {"850": 40000, "970": 26000, "1050": 16000, "dots": 8000},
                "flat": {"850": node, "970": node, "1050": node},
                "reference": reference,
                "swir_white": [144000] * 5,
                "baseline_um": 40120,
                "z_offset_um": 300,
                "measurements": [],
            }
        )
    return _record


def sealed_record(body):
    """A file whose digest is right; nobody looks at its MAC."""
    head = calibration.MAGIC + bytes(calibration.KEY_ID_BYTES + 32)
    return head + hashlib.sha256(body).digest() + body


def calibration_record(data):
    """A record: from its first byte; with the input as its body; and with the input's fields in a sound record's place
    (null takes one away)."""
    out = []
    for file in (data, sealed_record(data), _changed(data)):
        try:
            out.append("-" if file is None else calibration.decode(file).hash)
        except DermisError as error:
            out.append(type(error).__name__)
    return " ".join(out)


def _changed(data):
    try:
        changes = cbor.loads(data)
    except BadInput:
        return None
    if not isinstance(changes, dict) or not changes:
        return None
    record = dict(calibration_fields(), format=calibration.FORMAT)
    for name in changes:
        if changes[name] is None:
            record.pop(name, None)
        else:
            record[name] = changes[name]
    return sealed_record(cbor.dumps(record))


class _Log:
    def event(self, name, level=None, **fields):
        """Nobody listens."""

    failure = event


class _Clock:
    def ticks_us(self):
        return 1000000

    def unix_time(self):
        return 1769860800


class Storage:
    """`drivers.storage.Storage` with every file the same."""

    def __init__(self, files):
        self.files = files

    def read_into(self, name, buffer):
        if name not in self.files:
            raise OSError(2)
        count = min(len(buffer), len(self.files[name]))
        buffer[:count] = self.files[name][:count]
        return count

    def names(self):
        return sorted(self.files)

    def write(self, name, data):
        self.files[name] = bytes(data)

    def append(self, name, data):
        self.files[name] = self.files[name] + bytes(data)

    def remove(self, name):
        del self.files[name]


def stored_files(data):
    """Settings, keys, and the panel's key as they lie in storage: a module starts with whatever is there."""
    digested = data + hashlib.sha256(data).digest()
    found = settings.Settings(Storage({settings.FILE: data}), "border", _Log())
    out = ["fault" if found.fault else told(cbor.dumps(found._set))]
    for name in ("profile", "name"):
        found.get(name)
    for content in (data, digested):
        held = keys.Keys(Storage({keys.FILE: content}), SERIAL)
        out.append("fault" if held.fault else "keys")
        out.append(str(len(panel_key.base_key(Storage({panel_key.FILE: content}), SERIAL, held))))
    return " ".join(out)


def audit_log(data):
    """A file of the module's ring: the log goes on after it, whatever it holds; each entry reads back."""
    out = []
    for entry, end in audit_chain.split(data):
        must(audit_chain.framed(entry) == data[end - len(entry) - 2 : end], "an entry's frame is not its frame")
        out.append(_entry(entry))
    out.append(_entry(data))
    head = audit_chain.framed(cbor.dumps([audit.FORMAT, 0, audit_chain.genesis(SERIAL)]))
    for content in (data, head + data):
        ring = Storage({"audit.0": content[: audit.SEGMENT_BYTES]})
        log = audit.Audit(ring, SERIAL, _Clock(), _Log())
        found = log.next
        log.note("boot")
        must(log.next - found in (1, 2), "the log does not go on")  # two where damage was found and is told
        head, after = log.head(0), audit.Audit(ring, SERIAL, _Clock(), _Log()).head(0)
        must((head.next, head.hash) == (after.next, after.hash), "the log goes on elsewhere after a restart")
        out.append(str(log.next))
    return " ".join(out)


def _entry(entry):
    try:
        said = audit_chain.decode(entry)
    except BadInput:
        return "BadInput"
    must(audit_chain.packed(*said) == entry, "an entry is not written as it is read")
    return told(entry)


# Models.


def tflite_model(data):
    """A model loads and runs, or is refused by name."""
    model = Model(data, MOST_TFLITE_ARENA, MOST_TFLITE_WORK)
    outputs = model.invoke([bytes(tensor.bytes) for tensor in model.inputs])
    return " ".join([told(bytes(output)) for output in outputs])


# The lock's side.


class _Stand(osdp_device.Host):
    def __init__(self, field):
        self.field = field
        self.held = bytes(range(100, 116))
        self.done = 0
        self.count = 0

    def secure_only(self):
        return self.field

    def key(self):
        return self.held

    def set_key(self, key):
        self.held = key

    def random(self, count):
        self.count += 1
        return bytes([self.count + at for at in range(count)])

    def event(self):
        return None

    def command(self, code, data):
        self.done += 1
        if code == 0x70:
            raise osdp.Refused(osdp.UNKNOWN_COMMAND)
        return osdp.ACK, b""

    def channel_changed(self, up):
        """Nothing hangs on it."""


ADDRESS = 5
IDENTITY = b"\x02DM\x01\x01\x2a\x00\x00\x00\x00\x01\x00"


def osdp_closed(control, inner, address=ADDRESS):
    """A packet of that control byte and content, its length and check characters right."""
    rest = 2 if control & osdp.CRC else 1
    length = 5 + len(inner) + rest
    return osdp.closed(bytes([osdp.START[0], address, length & 255, length >> 8, control]) + inner, control)


def osdp_bus(data):
    """The bus: the framer holds less than a packet; in the field nothing is done for a panel without the key; on the
    bench whatever is sound is answered. Then the input as the contents of packets: each behind its length."""
    framer, out, now = osdp.Framer(), [], 0
    packets = []
    for at in range(0, len(data), 7):
        packets.extend(framer.feed(data[at : at + 7], now))
        must(len(framer._held) < osdp.LARGEST, "the framer holds more than a packet")
        now += data[at]
    at = 0
    while at + 2 <= len(data):
        inner = data[at + 2 : at + 2 + data[at]]
        at += 2 + len(inner)
        if len(inner) <= 240:
            packet = osdp_closed(data[at - 1 - len(inner)], inner)
            if len(packet) >= osdp.SHORTEST:  # the framer gives no shorter one
                packets.append(packet)
    for field in (True, False):
        host = _Stand(field)
        device = osdp_device.Device(ADDRESS, IDENTITY, b"\x08\x01\x00", host, cipher)
        for packet in packets:
            must(osdp.SHORTEST <= len(packet) <= osdp.LARGEST and osdp.sound(packet), "a packet is not sound")
            reply = device.answer(packet)
            must(reply is None or osdp.sound(reply), "a reply is not sound")
            out.append("-" if reply is None else told(reply))
        must(not (field and (host.done or host.held != bytes(range(100, 116)))), "somebody without the key was served")
    whole = osdp_closed(osdp.CRC, b"\x60")
    must(framer.feed(whole, now + osdp.CUT_AFTER_MS + 1) == [whole], "after a pause a packet is not taken")
    return " ".join(out)


def wiegand_bits(data):
    """Bits of a card: as many as are said; packed again the same."""
    if not data:
        return ""
    bits = wiegand.unpacked(data[1:], data[0])
    must(len(bits) == data[0], "another number of bits")
    must(wiegand.unpacked(wiegand.packed(bits), len(bits)) == bits, "bits change when they are packed")
    if len(data) >= 5:
        facility, card = data[1] << 8 | data[2], data[3] << 8 | data[4]
        for name in sorted(wiegand.FORMATS):
            form = wiegand.FORMATS[name]
            made = wiegand.frame(name, facility & ((1 << form.facility) - 1), card & ((1 << form.card) - 1))
            must(len(made) == int(name) and made[: form.covered + 1].count("1") % 2 == 0, "the parity is wrong")
    return bits


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
    "image": (image_header, (mcuboot.BadImage,)),
    "image_values": (image_values, (BadInput,)),
    "boot_state": (boot_record, (BadInput,)),
    "calibration": (calibration_record, ()),
    "stored": (stored_files, ()),
    "audit": (audit_log, ()),
    "tflite": (tflite_model, (ModelError,)),
    "osdp": (osdp_bus, ()),
    "wiegand": (wiegand_bits, (BadInput,)),
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
