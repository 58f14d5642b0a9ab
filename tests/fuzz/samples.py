"""Valid inputs of every target, from which the strategies and the first corpus are made. Small, and none of them data
that somebody measured."""

from __future__ import annotations

import functools
import json
import struct
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dermis.core import audit_chain, cbor, messages, osdp, smp

from tests.fuzz import device_images, device_lock, device_records

ROOT = Path(__file__).parents[2]
TEXTS = (
    "utc", "port_name", "pem", "obj", "ply", "audit_export", "scene", "spectrum", "material", "scores", "evaluation",
    "claim", "plan", "board", "fixture", "station", "rig",
)  # fmt: skip

# The wire.

LOG_LINES = b'{"event": "boot", "uptime_ms": 5}\nplain text\r\n\x06\x09!!!!\n'


def identity_frame() -> bytes:
    message = messages.by_name("identity")
    return smp.frame(smp.packet(message.op, smp.VERSION_2, message.group, 1, message.id, b"\xa0"))


def _values_of(message: Any) -> dict[str, Any]:
    kinds = {"int": 1, "str": "name", "bytes": b"1234", "map": {}, "list": [], "bool": False}
    return {field.name: kinds[field.kind] for field in message.request}


KNOWN_FIELDS: dict[str, dict[str, Any]] = {
    "datetime_write": {"datetime": "2026-01-31T12:00:00Z"},
    "calibration_write": {"off": 0, "len": 1000, "data": b"DRMCAL2\n1234"},
    "session_open": {"role": "installer"},
    "session_prove": {"nonce": bytes(32), "proof": bytes(32)},
    "setting_read": {"name": "profile"},
    "setting_write": {"name": "watch_period_ms", "val": b"300"},
    "setting_delete": {"name": "name"},
    "statistics": {"name": "storage"},
    "file_upload": {"name": "notes.txt", "off": 0, "data": b"12", "len": 2},
    "file_download": {"name": "notes.txt", "off": 0},
    "burst_part": {"id": 1, "frame": "850"},
    "image_mark": {"hash": bytes(32), "confirm": True},
    "image_upload": {
        "image": 0,
        "len": 8192,
        "off": 0,
        "sha": bytes(32),
        "data": struct.pack("<I", 0x96F3B83D) + bytes(40),
    },
}


def request_fields(name: str) -> dict[str, Any]:
    """Fields of a sound request, or of one that has a field of each kind."""
    message = messages.by_name(name)
    known = {field.name for field in message.request}
    return {key: value for key, value in {**_values_of(message), **KNOWN_FIELDS.get(name, {})}.items() if key in known}


def _fields() -> list[bytes]:
    every = messages.every()
    return [bytes((number,)) + cbor.dumps(request_fields(message.name)) for number, message in enumerate(every)]


def _server() -> list[bytes]:
    from tests.fuzz import server

    out = []
    for number, name in enumerate(server.NAMES):
        body = cbor.dumps(request_fields(name))
        out.append(bytes((number, len(body))) + body)
    return out


# Records.

BOOT_STATES = (
    {
        "format": 1, "active": 0, "pending": -1, "permanent": False, "tried": False, "calibrated": False, "hash": b"",
        "version": "", "counter": 1, "why": "",
    },
    {
        "format": 1, "active": 0, "pending": 1, "permanent": True, "tried": True, "calibrated": True,
        "hash": bytes(range(32)), "version": "0.2.0", "counter": 3, "why": "crash",
    },
)  # fmt: skip
MANIFEST = device_images.MANIFEST
KEYS = {
    "format": 1, "serial": device_records.SERIAL, "installer": b"i" * 32, "bench": b"b" * 32, "service": b"s" * 32,
    "verdict": b"v" * 32, "station": [b"t" * 32], "update": [bytes(range(64))], "osdp": b"o" * 32, "fleet": "gates",
}  # fmt: skip
STORED = (
    {"profile": "border", "name": "door 7", "watch_period_ms": 300, "lock_output": "off"},
    KEYS,
    {"format": 1, "serial": device_records.SERIAL, "key": b"k" * 16},
)


def record_changes() -> tuple[dict[str, Any], ...]:
    """Maps of a record's fields: all but the large ones, so that each may be another."""
    fields = {
        name: value
        for name, value in device_records.calibration_fields().items()
        if not isinstance(value, bytes | bytearray)
    }
    fields.pop("flat")
    full = {
        **fields,
        "monitor_drift": {light: [1, 2] for light in ("850", "970", "1050", "dots")},
        "index_drift": [1, 2],
        "swir_dark": [0] * 5,
        "peaks_dnm": [8500] * 8,
        "measurements": [["flat 970", "% RMS", 420, None, 1000]],
        "temperatures_c": [],
    }
    return full, {"flat": {"850": bytes(442)}}, {"linear": bytes(512), "reference": b""}


def audit_entries() -> bytes:
    out = b""
    for seq, (event, fields) in enumerate(
        (("boot", {}), ("attack", {"reasons": ["flat"]}), ("verdicts", {"attack": 3}))
    ):
        out += audit_chain.framed(audit_chain.encode(seq, 1_800_000_000, 12, event, fields))
    return out


def export_lines() -> bytes:
    before = audit_chain.genesis(device_records.SERIAL)
    lines: list[dict[str, Any]] = [{"format": 1, "serial": device_records.SERIAL, "first": 0, "before": before.hex()}]
    for seq in range(2):
        after = audit_chain.link(before, audit_chain.encode(seq, 0, 5, "boot", {}))
        lines.append({"seq": seq, "time": 0, "uptime_ms": 5, "event": "boot", "fields": {}, "hash": after.hex()})
        before = after
    lines.append({"gap": [2, 4], "after": before.hex()})
    lines.append({"break": 5, "after": before.hex()})
    head = {"first": 0, "next": 5, "before": before.hex(), "hash": before.hex(), "time": 0}
    lines.append({"head": head, "nonce": "00" * 32, "mac": "00" * 32, "at": "2026-01-31T12:00:00Z"})
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@functools.cache
def tflite_seeds() -> list[Any]:
    """Small models of the interpreter's own tests."""
    from tests.campaign import mutations

    packs_folder = ROOT / "tests" / "unit" / "tflite"
    sys.path.insert(0, str(packs_folder))
    import packs  # pyright: ignore[reportMissingImports]

    small = [entry for entry in packs.read("single_ops") if len(entry[1]) <= 3000]
    return [mutations.seed(entry[0], entry[1]) for entry in small[:: max(1, len(small) // 40)]]


# The lock's side.

OSDP_INNER = (
    b"\x60", b"\x61\x00", b"\x62\x00", b"\x68\x00\x01\x0a\x00",
    b"\x69\x00\x00\x02\x05\x05\x01\x01\x00\x00\x01\x05\x05\x02\x02",
    b"\x6e\x05\x80\x25\x00\x00", b"\x03\x11\x01\x76" + bytes(8), b"\x03\x13\x01\x77" + bytes(16),
    b"\x02\x15\x60" + bytes(4),
    b"\x02\x17\x68" + bytes(20), b"\x75\x01\x10" + bytes(16), b"\x80\x01\x02\x03",
)  # fmt: skip


# Pictures: (kind, content).


def _ihdr(width: int, height: int, depth: int = 8, colour: int = 0, interlace: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)


def _idat(content: bytes) -> tuple[bytes, bytes]:
    return b"IDAT", zlib.compress(content, 9)


_END = (b"IEND", b"")
PNG_CHUNKS = (
    (_ihdr(3, 2), _idat(b"\0abc\1def"), _END),
    (_ihdr(3, 2, 16), _idat(b"\0abcdef\2ghijkl"), _END),
    (_ihdr(4, 2, 1), _idat(b"\0a\0b"), _END),
    (_ihdr(3, 2, 8, 2), _idat((b"\0" + bytes(9)) * 2), _END),
    (_ihdr(3, 2, 8, 3), (b"PLTE", bytes(range(12))), _idat(b"\0\0\1\2\0\3\0\1"), _END),
    (_ihdr(3, 2, 8, 6, 1), _idat(bytes(60)), _END),
    (_ihdr(30_000, 30_000), _idat(bytes(200_000)), _END),
    (_ihdr(0xFFFFFFFF, 1), _idat(b""), _END),
    (_ihdr(0, 0), _idat(b""), _END),
)
PNG_EXTRAS = (
    (b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20), 9)),
    (b"iCCP", b"a\0\0" + zlib.compress(bytes(1 << 20), 9)),
    (b"tEXt", b"a\0b"), (b"tRNS", b"\0\1"), (b"acTL", struct.pack(">II", 2, 0)), (b"pHYs", bytes(9)),
    (b"gAMA", bytes(4)),
    (b"fcTL", bytes(26)), (b"eXIf", b"II*\0\x08\0\0\0\xff\xff"), (b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"x" * 99)),
)  # fmt: skip


def png_of(chunks: Sequence[tuple[bytes, bytes]], lie: int = 0) -> bytes:
    """The file of those chunks; `lie` is added to the last but one's length."""
    out = b"\x89PNG\r\n\x1a\n"
    for number, (kind, content) in enumerate(chunks):
        length = len(content) + (lie if number == len(chunks) - 2 else 0)
        out += struct.pack(">I", length & 0xFFFFFFFF) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return out


# JSON.


def _host() -> Any:
    from tests.fuzz import host

    return host


@functools.cache
def module_fields() -> dict[str, Any]:
    from dermis_hw.module_instance import draw

    return json.loads(draw(7).to_json())


@functools.cache
def unit_fields() -> dict[str, Any]:
    sys.path.insert(0, str(ROOT / "tests" / "unit" / "host"))
    import station_records  # pyright: ignore[reportMissingImports]

    return json.loads(station_records.record("DM1-0001").to_json())


RECORDING_TEXTS = (
    {
        "format": 1, "width": 320, "height": 240, "frames": ["850"], "order": ["850"], "time_us": {"850": 5},
        "exposure_us": 1, "gain_q8": 256, "temperature_cc": 2500, "swir": [[1, 2, 3]] * 5, "foreign_frames": 0,
        "dark_levels": [1, 2],
    },
    {
        "focal_px_q8": 84480, "centre_u_q8": 40960, "centre_v_q8": 30720, "z_near_mm": 250, "z_far_mm": 700,
        "swir_fwhm_urad": 130000, "monitor_columns": [0, 6], "swir_centre_um": [0, 0], "swir": True,
        "profile": "border",
    },
)  # fmt: skip
KEYRING = {
    "format": 1,
    "fleet": "gates",
    "masters": {"installer": "01" * 32, "bench": "02" * 32, "frames": "03" * 32},
}


def _partition_table() -> bytes:
    from dermis_host.flashing.partition_table import Entry, encode

    return encode([Entry(1, 2, 0x9000, 0x6000, "nvs"), Entry(0, 0, 0x10000, 0x1F0000, "factory")])[:160]


def _sealed() -> list[bytes]:
    held = _host().sealed.Secrets(_host()._keyring())
    return [held.seal(b"a burst", device_records.SERIAL), b"DERMSEAL\1\1" + bytes(29)]


def _recordings() -> list[bytes]:
    host = _host()
    whole = host._recording_of(host.META, host.BOARD, host.npy(b""))
    return [whole, host.META, host.BOARD, host.npy(b"1234"), host.zipped([("meta.npy", b"")])]


def _inputs() -> list[bytes]:
    host = _host()
    one = host.npy(b"1234", b"{'descr': '|i1', 'fortran_order': False, 'shape': (2, 2), }")
    return [
        one,
        one[8:],
        host.zipped([("input_0.npy", one)]),
        host.zipped([("input_0.npy", one), ("input_1.npy", one)]),
    ]


def _pem() -> list[bytes]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.derive_private_key(7, ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    plain = serialization.NoEncryption()
    return [public, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)]


# Texts.

OBJ = (
    b"# a comment\nv 0 0 0\nv 1.5 0 0\nv 0 1e2 0\nvn 0 0 1\nf 1 2 3\n",
    b"v 0 0 0 1\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1/1/1 2//2 3 -1\no name\ng body\n",
)
PLY = (
    b"ply\nformat ascii 1.0\ncomment x\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
    b"element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
    b"ply\nformat ascii 1.0\nelement vertex 1\nproperty list uchar float x\nproperty float y\nproperty float z\n"
    b"element face 1\nproperty float vertex_index\nend_header\n1 0 0 0\n1e999\n",
)
SCORES = (
    b"attempt,subject,species,score\n1,a,,0.9\n2,b,photo,0.1\n3,b,photo,\n",
    b"1,a,,0.5,12,III,yes,,,p,,yes\n2,b,mask,-inf,9,4,no,concealer,mask,q,0.25,yes\n",
    b'attempt;subject;species;score\n"1";"a";"";"0,5"\n',
)
MATERIALS = (
    b"skin:medium", b"skin:r700=0.35", b"skin:medium+lips", b"silicone:1 over skin:dark",
    b"resin:3 over air over white", b"tile:white", b"grey:0.18", b"print:matte", b"white.csv",
    b"glowing:30", b"paint:0.05,depth=2", b"skin:subject-99",
)  # fmt: skip
CLAIMS = (b"apcer=.05", b"apcer:photo=1%", b"bpcer=.02", b"score=pad,species=type")
PORTS = (b"/dev/ttyACM0", b"rfc2217://127.0.0.1:2217", b"socket://[::1]:80?logging=debug", b"COM3")
STATION = (
    b'id = "S1"\nname = "Line"\noutput = "units"\ntwin = "twin"\nserial = "DM1-[0-9]{4}"\noperator = "ada"\n'
    b'page_port = 0\nprovision = false\n[flash]\nfolder = "built"\nruntime = "stand-in"\n'
    b'runtime_sha256 = ""\ntimeout_s = 100\n',
    b'id = "S1"\ntwin = "twin"\n[flash]\ncommand = ["program", "--port", "{port}"]\ntimeout_s = 5\nerase_data = true\n',
)
RIG = (
    b'format = 1\nname = "bench"\n[module]\nport = "/dev/ttyACM0"\nflash = true\n',
    b'format = 1\n[module]\nkind = "twin"\nscene = "empty"\nseed = 7\n[power]\nkind = "twin"\n[light]\nkind = "twin"\n',
)


def _files(*patterns: str) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _evaluations() -> list[bytes]:
    whole = b'format = 1\nsource = "recordings"\nprofile = "border"\nseed = 7\nkeep = "all"\nburst_ms = 900\n'
    whole += (
        b'operating_point = { bpcer = 0.01 }\nclaims = ["bpcer=.02"]\nconcealer = ["make_up"]\n[goals]\nbpcer = 0.01\n'
    )
    whole += (
        b'apcer_at_bpcer = 0.01\n[goals.apcer]\nphoto = 0.05\n[recordings]\nfolder = "r"\n[report]\npai_species = "x"\n'
    )
    return [whole, *_files("models/evaluations/quick.toml")]


def _littlefs() -> list[bytes]:
    from tests.fuzz import host_littlefs

    return [host_littlefs.root()]


def _scenes() -> list[bytes]:
    mesh = b'format = 1\nkind = "attack"\n[[object]]\ngeometry = "mesh.obj"\nmaterial = "white.csv"\n'
    mesh += b"position_mm = [0, 0, 0]\n"
    mesh += b'[expect]\nverdict = "attack"\nreasons = ["flat"]\n[lamp]\n'
    mesh += b'answers = { "850" = 0.1 }\n[module]\ntemperature_c = 30\n'
    return [mesh, *_files("hw/dermis_hw/scenes/builtin/*.toml")[:6]]


def of(name: str) -> list[bytes]:
    """Valid inputs of a target, or what is nearly valid."""
    values = [
        device_images.protected_part(),
        device_images.value(0x10, bytes(32)) + device_images.value(0x01, bytes(32)),
        cbor.dumps(MANIFEST),
    ]
    made: dict[str, Any] = {
        "smp": lambda: [identity_frame(), smp.packet(0, 1, 0, 1, 0, b"\xa0"), LOG_LINES + identity_frame()],
        "cbor": lambda: [cbor.dumps(MANIFEST), b"\x9f\x01\xff", b"\xbf\x61a\x5f\x41a\x41b\xff\xff", b"\x7f\x61a\xff"],
        "fields": _fields,
        "server": _server,
        "image": lambda: [device_images.image_around(device_images.protected_part())],
        "image_values": lambda: values,
        "host_image": lambda: values,
        "boot_state": lambda: [cbor.dumps(state) for state in BOOT_STATES],
        "calibration": lambda: [cbor.dumps(change) for change in record_changes()],
        "host_calibration": lambda: [cbor.dumps(change) for change in record_changes()],
        "stored": lambda: [cbor.dumps(content) for content in STORED],
        "audit": lambda: [audit_entries(), audit_entries()[2:60]],
        "tflite": lambda: [origin.file for origin in tflite_seeds()],
        "osdp": lambda: (
            [bytes((osdp.CRC, len(inner))) + inner for inner in OSDP_INNER]
            + [device_lock.osdp_closed(osdp.CRC, inner) for inner in OSDP_INNER]
        ),
        "osdp_channel": lambda: [bytes((inner[0], len(inner) - 1)) + inner[1:] for inner in OSDP_INNER],
        "wiegand": lambda: [b"\x1a\x01\x02\x03\x04", b"\x22" + bytes(5), b"\x08\xff"],
        "utc": lambda: [b"2026-01-31T12:00:00Z", b"1970-01-01T00:00:00", b"2028-02-29T23:59:59+00:00"],
        "host_link": lambda: (
            [LOG_LINES + identity_frame(), b"\0" + cbor.dumps({"r": "x"}), b"\x05" + cbor.dumps({"rc": 3})]
            + [bytes((number,)) + cbor.dumps({"err": {"rc": 2}, "rsn": "x"}) for number in range(3)]
        ),
        "port_name": lambda: list(PORTS),
        "recording": _recordings,
        "inputs": _inputs,
        "sealed": _sealed,
        "keyring": lambda: [json.dumps(KEYRING).encode()],
        "pem": _pem,
        "png": lambda: [png_of(chunks) for chunks in PNG_CHUNKS],
        "obj": lambda: list(OBJ),
        "ply": lambda: [*PLY, b"\x33" + struct.pack("<9f", *range(9)) + b"\x03" + struct.pack("<3i", 0, 1, 2)],
        "partitions": lambda: [_partition_table()],
        "runtime": lambda: [_partition_table(), _partition_table() + bytes(0x8000)],
        "littlefs": _littlefs,
        "module": lambda: [json.dumps(module_fields()).encode()],
        "audit_export": lambda: [export_lines()],
        "unit": lambda: [json.dumps(unit_fields()).encode()],
        "scene": _scenes,
        "spectrum": lambda: [b"wavelength_nm,reflectance\n800,0.5\n1650,0.5\n", b"# x\n700,0\n1200,1\n1700,0.25\n"],
        "material": lambda: list(MATERIALS),
        "scores": lambda: list(SCORES),
        "evaluation": _evaluations,
        "claim": lambda: list(CLAIMS),
        "plan": lambda: _files("models/plans/*.toml"),
        "board": lambda: _files("hw/dermis_hw/boards/*.toml"),
        "fixture": lambda: (
            _files("host_tools/dermis_host/calibration/reference.toml") + [b"nm,factor\n700,0.5\n1700,0.5\n"]
        ),
        "station": lambda: list(STATION),
        "rig": lambda: list(RIG),
    }
    return made[name]()
