"""What lies in a module's storage, as functions of bytes. See `device`."""

import hashlib
import struct

from dermis.app import audit, keys, settings
from dermis.app.lock import key as panel_key
from dermis.core import audit_chain, boot_state, calibration, cbor
from dermis.core.errors import BadInput, DermisError

from tests.fuzz.promises import must, told

SERIAL = "DM1-0007"


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
    for file in (data, sealed_record(data), changed_record(data)):
        try:
            out.append("-" if file is None else calibration.decode(file).hash)
        except DermisError as error:
            out.append(type(error).__name__)
    return " ".join(out)


def changed_record(data):
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
