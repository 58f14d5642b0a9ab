"""What the module answers, typed. The fields are those of `dermis.core.messages`; a test compares the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parameters:
    """MCUmgr parameters: the largest packet (bytes) and how many requests are held at once."""

    buf_size: int
    buf_count: int


@dataclass(frozen=True)
class Identity:
    """What this module is and what runs on it. Hashes are the first 16 hex digits of a SHA-256."""

    serial: str
    board: str
    firmware: str
    runtime: str
    messages: int
    model: str
    model_hash: str
    profile: str
    calibrated: bool
    calibration: str
    state: str
    swir: bool
    imager: str
    swir_head: str
    uptime_ms: int


@dataclass(frozen=True)
class Verdict:
    """A verdict with its reasons, PAD score (0-10000, higher is more likely bona fide), evidence, the time of each
    stage (us), and what binds it to a face and a passage (docs/formats/bound-verdict.md)."""

    verdict: str
    reasons: list[str]
    score: int
    bursts: int
    evidence: dict[str, Any]
    stages_us: dict[str, int]
    profile: str
    nonce: bytes
    firmware: str
    model_hash: str
    calibration: str
    bound: dict[str, Any]


@dataclass(frozen=True)
class BurstTaken:
    """A burst that the module holds: its number, the frames that can be fetched, its header."""

    id: int
    frames: list[str]
    meta: dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One burst of a verification, held like one of `burst`, and, when it is done, the verdict's map. Its id is 0
    where no burst came."""

    id: int
    frames: list[str]
    meta: dict[str, Any]
    done: bool
    verdict: dict[str, Any]


@dataclass(frozen=True)
class Piece:
    """A piece of something longer: where it starts, how long the whole is (bytes), the bytes."""

    off: int
    len: int
    data: bytes


@dataclass(frozen=True)
class SelfTest:
    """Outcome of the self-test: maps of name, ok, value, unit, low, high, and what to do when a check fails."""

    ok: bool
    checks: list[dict[str, Any]]


@dataclass(frozen=True)
class CalibrationState:
    """Which calibration record is in force, from which slot, and which others the module holds: maps of slot, hash,
    created, fixture, operator, size. fault: why it is none, or not the one chosen."""

    calibrated: bool
    hash: str
    created: str
    in_force: str
    records: list[dict[str, Any]]
    fault: str


@dataclass(frozen=True)
class SessionOpened:
    """A session was asked for: what its proof is made over."""

    challenge: bytes
    serial: str


@dataclass(frozen=True)
class SessionProven:
    """A session is open: the module's own proof, and when it ends (ms): at the latest, and without a request."""

    proof: bytes
    expires_ms: int
    idle_ms: int


@dataclass(frozen=True)
class Posture:
    """How a module stands: names of what is open, locked, still default, unverifiable (docs/access.md)."""

    state: str
    provisioned: bool
    fleet: str
    open: list[str]
    locked: list[str]
    defaults: list[str]
    unverifiable: list[str]
    faults: list[str]
    release: dict[str, Any]
    sessions: dict[str, Any]


@dataclass(frozen=True)
class ImageStates:
    """What lies in the slots: maps of slot, version, hash, bootable, pending, confirmed, active, permanent."""

    images: list[dict[str, Any]]
    splitStatus: int  # MCUmgr's name of it


@dataclass(frozen=True)
class Uploaded:
    """How much of an upload the module holds (bytes). match: after the last piece, whether it is what was announced."""

    off: int
    match: bool


@dataclass(frozen=True)
class UpdateState:
    """How the last update stands; docs/update.md tells what the words mean."""

    slot: str
    testing: bool
    back_s: int
    pending: str
    version: str
    hash: bytes
    why: str
    reason: str
    cause: str
    held: int
    size: int
    refused: str
    refused_why: str
    counter: int
    revision: int


@dataclass(frozen=True)
class AuditHead:
    """Where the audit log begins and ends: numbers, hashes before the first and after the last entry, the module's
    clock (s since 1970; 0: never set), entries that storage did not take, the MAC (docs/formats/audit.md)."""

    first: int
    next: int
    before: bytes
    hash: bytes
    time: int
    lost: int
    mac: bytes


@dataclass(frozen=True)
class AuditEntries:
    """Entries of the audit log, each behind its length, the hash before them, the number to ask for next."""

    entries: bytes
    before: bytes
    next: int


@dataclass(frozen=True)
class StatisticsGroup:
    """The counters of a group."""

    name: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class FilePiece:
    """A piece of a file: where it starts, its bytes, and how long the whole is (bytes)."""

    off: int
    data: bytes
    len: int


@dataclass(frozen=True)
class FileHash:
    """The hash of `len` bytes of a file from `off` on."""

    type: str
    off: int
    len: int
    output: bytes


# The answers with more than one field; the others come back as that field's value.
BY_MESSAGE = {
    "parameters": Parameters,
    "identity": Identity,
    "verify": Verdict,
    "verify_step": Step,
    "burst": BurstTaken,
    "burst_part": Piece,
    "selftest": SelfTest,
    "calibration_state": CalibrationState,
    "calibration_read": Piece,
    "calibration_select": CalibrationState,
    "session_open": SessionOpened,
    "session_prove": SessionProven,
    "posture": Posture,
    "image_state": ImageStates,
    "image_mark": ImageStates,
    "image_upload": Uploaded,
    "update_state": UpdateState,
    "audit_head": AuditHead,
    "audit_read": AuditEntries,
    "statistics": StatisticsGroup,
    "file_download": FilePiece,
    "file_hash": FileHash,
}
