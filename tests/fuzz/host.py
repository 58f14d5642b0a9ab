"""The host's parsers of binary files and of the wire as functions of bytes; like `device`, but for CPython alone."""

from __future__ import annotations

import atexit
import hashlib
import io
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from dermis.core import messages, smp
from dermis_host import client, image_file, inference, link, pictures, recording, wire
from dermis_host.access import keyring, sealed
from dermis_host.auditing import export
from dermis_host.calibration import record_file
from dermis_host.errors import HostError, LinkError, NotDermis, RequestFailed, UsageError
from dermis_host.flashing import partition_table, runtime
from dermis_host.station import unit_record
from dermis_hw.geometry import meshfile
from dermis_hw.module_instance import ModuleInstance, from_text

from tests.fuzz import device_images, device_records, host_littlefs
from tests.fuzz.promises import must


def _folder() -> Path:
    """A folder in memory, where there is one. Under libFuzzer no process ends in order: who starts it names the folder
    that is removed afterwards."""
    if given := os.environ.get("DERMIS_FUZZ_FOLDER"):
        return Path(given).absolute()
    made = Path(tempfile.mkdtemp(prefix="dermis-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


FOLDER = _folder()


def file(name: str, data: bytes) -> Path:
    """A file of this process with that content, written over each time."""
    path = FOLDER / name
    path.write_bytes(data)
    return path


# The wire.


class _Port:
    """A port that gives one piece after the other and takes nothing."""

    def __init__(self, data: bytes):
        self._data = data
        self.in_waiting = len(data)

    def read(self, count: int) -> bytes:
        piece, self._data = self._data[:count], self._data[count:]
        self.in_waiting = len(self._data)
        return piece

    def close(self) -> None:
        """Nothing is open."""


def _link(data: bytes) -> link.Link:
    made = link.Link.__new__(link.Link)
    made.port, made._is_socket = "fuzz", False
    made._lines, made._pending, made._serial = wire.Deframer(), bytearray(), _Port(data)  # type: ignore[assignment]
    return made


def _answer(name: str, packet: bytes) -> None:
    try:
        wire.parse(name, packet)
    except (RequestFailed, NotDermis) as problem:
        must(bool(str(problem)), "a refusal without a word")


def host_link(data: bytes) -> None:
    """The console as the host hears it: packets and log lines; then the input as an answer, behind the byte that
    chooses to which message; then as the packet of a frame."""
    heard = _link(data)
    items = list(heard.receive(0.0))
    while heard._serial.in_waiting:
        items += heard.receive(0.0)
    must(len(heard._pending) < link.LONGEST_LINE, "the link keeps more than a line")
    for item in items:
        if isinstance(item, str):
            client.json_object(item)
        else:
            _answer("identity", item)
    if data:
        every = messages.every()
        _answer(every[data[0] % len(every)].name, bytes(smp.HEADER_SIZE) + data[1:])
        client.json_object("{" + data.decode("utf-8", "replace"))
    if smp.HEADER_SIZE <= len(data) <= smp.LARGEST_PACKET:
        packets = [item for item in _link(smp.frame(data)).receive(0.0) if isinstance(item, bytes)]
        must(packets == [data], "what the device frames is not what the host hears")


def port_name(data: bytes) -> None:
    """A port as a person names it; nothing is opened."""
    link._check(data.decode("utf-8", "surrogateescape"))


# Files that the device's own code reads.


def image(data: bytes) -> None:
    """An image's file; and the values behind a sound header."""
    values = (
        [device_images.image_around(data), device_images.image_around(device_images.protected_part(data))]
        if len(data) < 0xFF00
        else []
    )
    _either(lambda content: image_file.of(content, "the image"), data, *values)


def calibration(data: bytes) -> None:
    """A record's file, with a right digest and with the input's fields changed in a sound one."""
    changed = device_records.changed_record(data)
    others = [device_records.sealed_record(data)] + ([changed] if changed else [])
    _either(lambda content: record_file.parse(content, record_file.keys_of(), "the record"), data, *others)


def _either(parse: Any, *contents: bytes) -> None:
    """Each content; raises the first refusal where all are refused."""
    refusals = []
    for content in contents:
        try:
            parse(content)
        except HostError as problem:
            refusals.append(problem)
    if len(refusals) == len(contents):
        raise refusals[0]


# Recordings and keys.


def zipped(entries: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def npy(content: bytes, header: bytes | None = None) -> bytes:
    """An .npy file of bytes; `header`: as it stands there, else the right one."""
    if header is None:
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }" % len(content)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) & 0xFFFF) + header + content


_FRAME = npy(bytes(240 * 320), b"{'descr': '|u1', 'fortran_order': False, 'shape': (240, 320), }")
META = (
    b'{"format": 1, "width": 320, "height": 240, "frames": ["850"], "order": ["850"], "time_us": {"850": 5}, '
    b'"exposure_us": 1, "gain_q8": 256, "temperature_cc": 2500, "swir": []}'
)
BOARD = (
    b'{"focal_px_q8": 84480, "centre_u_q8": 40960, "centre_v_q8": 30720, "z_near_mm": 250, "z_far_mm": 700, '
    b'"swir_fwhm_urad": 130000, "monitor_columns": [0, 6], "swir_centre_um": [0, 0], "swir": true, "profile": "border"}'
)


def _recording_of(meta: bytes, board: bytes, calibration_entry: bytes) -> bytes:
    return zipped(
        [
            ("frame_850.npy", _FRAME),
            ("meta.npy", npy(meta)),
            ("board.npy", npy(board)),
            ("calibration.npy", calibration_entry),
        ]
    )


def read_recording(data: bytes) -> None:
    """A recording's file; then the input as its meta, its board and the .npy of its calibration, each among sound
    entries. What is taken is the same after `save` and `load`."""
    files = [
        data,
        _recording_of(data, BOARD, npy(b"")),
        _recording_of(META, data, npy(b"")),
        _recording_of(META, BOARD, data),
    ]
    _either(_one_recording, *files)


def _one_recording(content: bytes) -> None:
    made = recording.load(file("in.npz", content))
    made.save(FOLDER / "out.npz")
    again = recording.load(FOLDER / "out.npz")
    same = (again.meta, again.board, again.calibration, again.truth, again.module) == (
        made.meta,
        made.board,
        made.calibration,
        made.truth,
        made.module,
    )
    must(same and set(made.frames) == set(again.frames), "a recording is another one when it is saved and loaded")


def read_inputs(data: bytes) -> None:
    """Inputs of `dermis infer`: an .npy or .npz; and the .npy behind a sound magic."""
    _either(lambda content: inference.read_inputs(file("in.npy", content)), data, b"\x93NUMPY\x01\x00" + data)


MASTERS = {use: hashlib.sha256(use.encode()).hexdigest() for use in keyring.USES}


def _keyring() -> keyring.Keyring:
    return keyring.Keyring(FOLDER, "fuzz", (), {use: bytes.fromhex(text) for use, text in MASTERS.items()})


def open_sealed(data: bytes) -> None:
    """A sealed file under a keyring; and the input sealed, whole again when it is opened."""
    held = sealed.Secrets(_keyring())
    must(held.open(held.seal(data, "DM1-0007"), "the file") == data, "what was sealed is another thing when opened")
    must(data[9:10] != bytes((sealed.BY_PASSPHRASE,)) or not held.passphrase, "a passphrase costs half a second")
    held.open(data, "the file")


def read_keyring(data: bytes) -> None:
    """keyring.json; and the input as a PEM file beside it."""
    folder = FOLDER / "keyring"
    folder.mkdir(mode=0o700, exist_ok=True)
    content = folder / keyring.FILE
    content.touch(mode=0o600)
    content.write_bytes(data)
    _either(lambda _: keyring.Keyring.load(folder), data)


def read_pem(data: bytes) -> None:
    """A public key, or the public half of a private one."""
    key = keyring.raw(keyring.public_key(file("update-1.pem", data)))
    must(len(key) == 64, "a key of another length")


# Pictures and meshes.


def with_sums(data: bytes) -> bytes:
    """A PNG's chunks with right check sums, and its magic, whatever the lengths say."""
    out, at = bytearray(b"\x89PNG\r\n\x1a\n"), 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        content = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + content + struct.pack(">I", zlib.crc32(content))
        at += 12 + length
    return bytes(out)


def png(data: bytes) -> None:
    """A picture as it is, and with right check sums."""

    def read(content: bytes) -> None:
        grey = pictures.read_grey(file("in.png", content))
        must(grey.dtype == np.uint8 and grey.ndim == 2, "a picture of another kind")
        pictures.save_png(grey, FOLDER / "out.png")
        must(np.array_equal(pictures.read_grey(FOLDER / "out.png"), grey), "a picture is another one when it is saved")

    _either(read, data, with_sums(data))


def obj(data: bytes) -> None:
    """An OBJ mesh."""
    _mesh(file("in.obj", data))


def ply(data: bytes) -> None:
    """A PLY mesh; then the input behind a sound header, as little-endian numbers and as text."""
    vertex = b"element vertex %d\nproperty float x\nproperty float y\nproperty float z\n"
    faces = b"element face %d\nproperty list uchar int vertex_indices\nend_header\n"
    contents = [data]
    if data:
        counts = (vertex % (data[0] % 16), faces % (data[0] >> 4))
        for coding in (b"binary_little_endian", b"ascii"):
            contents.append(b"ply\nformat " + coding + b" 1.0\n" + b"".join(counts) + data[1:])
    refusals = []
    for content in contents:
        try:
            _mesh(file("in.ply", content))
        except meshfile.MeshError as problem:
            refusals.append(problem)
    if len(refusals) == len(contents):
        raise refusals[0]


def _mesh(path: Path) -> None:
    made = meshfile.load(path)
    must(bool(np.isfinite(made.vertices).all()), "coordinates that are no numbers")
    must(made.faces.min() >= 0 and made.faces.max() < len(made.vertices), "a face of vertices that are not there")
    made.vertex_normals()


# JSON and tables.


def partitions(data: bytes) -> None:
    """A partition table; the entries that are taken give it again."""
    entries = partition_table.parse(data)
    if len(entries) <= partition_table.MOST_ENTRIES:
        must(partition_table.parse(partition_table.encode(entries)) == entries, "a table is another one when written")
    try:
        partition_table.with_ours(entries)
    except UsageError:
        return  # it names no application, or too large a one


def runtime_image(data: bytes) -> None:
    """A runtime's file, its partition table and what follows it being the input."""
    head = bytearray(partition_table.OFFSET)
    head[0], head[runtime.CHIP_AT] = runtime.IMAGE_MAGIC, 9
    made = runtime.load(file("runtime.bin", bytes(head) + data))
    partition_table.parse(made.written[partition_table.OFFSET :][: partition_table.SIZE])


def littlefs(data: bytes) -> None:
    """A first stage's files: the input as the image, then as its root folder."""
    _either(host_littlefs.contents, data, host_littlefs.image_around(data))


def module(data: bytes) -> None:
    """module.json."""
    made = from_text(str(file("module.json", data)))
    must(ModuleInstance.from_json(made.to_json()) == made, "a module is another one when it is written and read again")


def audit_export(data: bytes) -> None:
    """An exported audit log: read, checked, and the same when it is written."""
    log = export.read(file("audit.jsonl", data))
    export.check(log)
    export.write(log, FOLDER / "again.jsonl")
    must(export.read(FOLDER / "again.jsonl") == log, "a log is another one when it is written and read again")


def unit(data: bytes) -> None:
    """A station's record of a pass."""
    made = unit_record.parse(data)
    must(
        unit_record.parse(made.to_json().encode()) == made, "a record is another one when it is written and read again"
    )


# name -> (function, what it may raise).
PARSERS: dict[str, tuple[Any, tuple[type[Exception], ...]]] = {
    "host_link": (host_link, ()),
    "port_name": (port_name, (UsageError, LinkError)),
    "host_image": (image, (UsageError,)),
    "host_calibration": (calibration, (UsageError,)),
    "recording": (read_recording, (UsageError,)),
    "inputs": (read_inputs, (UsageError,)),
    "sealed": (open_sealed, (UsageError,)),
    "keyring": (read_keyring, (UsageError,)),
    "pem": (read_pem, (UsageError,)),
    "png": (png, (UsageError,)),
    "obj": (obj, (meshfile.MeshError,)),
    "ply": (ply, (meshfile.MeshError,)),
    "partitions": (partitions, (ValueError,)),
    "runtime": (runtime_image, (UsageError,)),
    "littlefs": (littlefs, (HostError,)),
    "module": (module, (ValueError,)),
    "audit_export": (audit_export, (UsageError,)),
    "unit": (unit, (unit_record.UnitRecordError,)),
}
