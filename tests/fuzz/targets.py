"""The targets by name: what parses, what it may raise, and what counts as a failure."""

from __future__ import annotations

import contextlib
import importlib
import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.promises import Broken

CORPUS = Path(__file__).parent / "corpus"
SLOWEST_S = 1.0  # of processor time for one input: the same on a busy computer
LONGEST_TOLD, TOLD_A_BYTE = 4000, 8  # characters of a refusal, which should be a sentence; it may quote the input
# For an input, what the device may allocate at once beside what it was given and twice each item of it (CPython's
# objects are larger): a record of 80 kB is made anew where fields of one are changed, a model has an arena of 64 kB.
DEVICE_BYTES, DEVICE_BYTES_A_BYTE = 1 << 20, 400
ROOM = 1 << 30  # bytes that an input may make the process map beyond what it has
TRACE_EVERY = 61  # inputs: looking at each would take most of the time


@dataclass(frozen=True)
class Target:
    """room: the module of `tests.fuzz` that has it. longest: bytes of an input; beyond, nothing new happens. share: of
    a run, against the others'."""

    name: str
    room: str
    meaning: str
    longest: int = 4096
    share: int = 4

    @property
    def device(self) -> bool:
        """Whether MicroPython runs it too."""
        return self.room == "device"

    @property
    def folder(self) -> Path:
        """Its corpus."""
        return CORPUS / self.name


TARGETS = {
    target.name: target
    for target in (
        Target("smp", "device", "SMP's frames and headers on the device", 512, 6),
        Target("cbor", "device", "CBOR", 512, 8),
        Target("fields", "device", "requests against the table of messages", 256, 4),
        Target("image", "device", "an image: header, trailer, manifest", 16384),
        Target("image_values", "device", "an image's TLVs and manifest behind a sound header", 1024),
        Target("boot_state", "device", "the boot state", 256, 3),
        Target("calibration", "device", "a calibration record and its fields", 512),
        Target("stored", "device", "settings and keys as they lie in storage", 768),
        Target("audit", "device", "the audit log's files and entries", 1024),
        Target("tflite", "device", "the .tflite reader, and inference of what loads", 8192, 6),
        Target("osdp", "device", "OSDP: framing, packets, secure channel", 512, 6),
        Target("osdp_channel", "device", "OSDP within a secure channel", 512, 3),
        Target("wiegand", "device", "bits of cards", 64, 1),
        Target("utc", "device", "times", 64, 1),
        Target("server", "server", "the device's server with every handler but those of long work", 512, 1),
        Target("host_link", "host", "the host's link: frames, log lines, answers", 1024, 6),
        Target("port_name", "host", "names of ports", 128, 1),
        Target("host_image", "host", "image files on the host", 1024),
        Target("host_calibration", "host", "calibration files on the host", 512),
        Target("recording", "host", "recordings: zip, .npy, JSON", 2048),
        Target("inputs", "host", ".npy and .npz of inputs", 1024, 3),
        Target("sealed", "host", "sealed files", 256, 2),
        Target("keyring", "host", "keyring.json", 1024, 2),
        Target("pem", "host", "PEM files of keys", 512, 2),
        Target("png", "host", "pictures", 2048),
        Target("obj", "host", "OBJ meshes", 512, 3),
        Target("ply", "host", "PLY meshes", 768, 3),
        Target("partitions", "host", "an ESP32's partition table", 512, 2),
        Target("runtime", "host", "a runtime's image around its partition table", 4096, 2),
        Target("littlefs", "host", "a first stage's LittleFS", 1024, 3),
        Target("module", "host", "module.json", 4096, 2),
        Target("audit_export", "host", "exported audit logs", 2048),
        Target("unit", "host", "a station's records", 4096, 3),
        Target("scene", "texts", "scene TOML", 1024, 6),
        Target("spectrum", "texts", "spectra as CSV", 512, 3),
        Target("material", "texts", "names of materials", 128, 3),
        Target("scores", "texts", "score files", 1024),
        Target("evaluation", "texts", "evaluation plans", 1024),
        Target("claim", "texts", "claims and columns on a command line", 128, 1),
        Target("plan", "texts", "generation plans", 1024),
        Target("board", "texts", "board TOML", 4096),
        Target("fixture", "texts", "calibration fixtures", 2048, 3),
        Target("station", "texts", "station TOML", 1024, 3),
        Target("rig", "texts", "rig TOML", 1024, 3),
    )
}


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Within, this process gets no more than `ROOM` beyond what it has: a length that is believed is a MemoryError."""
    sizes = Path("/proc/self/statm")
    if not sizes.is_file():  # no such limit on other systems
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = int(sizes.read_text().split()[0]) * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


class Slow(Broken):
    """An input took longer than `SLOWEST_S`."""


class Check:
    """A target, ready to be given inputs: `Check(target)(data)` raises what is a failure.

    accepted, refused: how many inputs so far.
    """

    def __init__(self, target: Target):
        room = importlib.import_module(f"tests.fuzz.{target.room}")
        self.target = target
        self.accepted = self.refused = 0
        self._run: Callable[[bytes], object]
        self._run, self._refusals = room.PARSERS[target.name]

    def __call__(self, data: bytes, traced: bool | None = None) -> bool:
        """Whether it was accepted. traced: look at what is allocated; None: at every `TRACE_EVERY`th."""
        if traced is None:
            traced = (self.accepted + self.refused) % TRACE_EVERY == 0
        with _allocation(len(data)) if traced and self.target.device else contextlib.nullcontext():
            start = time.process_time()
            taken = self._taken(data)
        spent = time.process_time() - start
        if spent > SLOWEST_S * (4 if traced else 1):  # tracing takes that much
            raise Slow(f"{len(data)} bytes take {spent:.1f} s of processor time, more than {SLOWEST_S:g}")
        return taken

    def _taken(self, data: bytes) -> bool:
        try:
            self._run(data)
        except self._refusals as problem:
            self.refused += 1
            if not str(problem) or len(str(problem)) > LONGEST_TOLD + TOLD_A_BYTE * len(data):
                raise Broken(f"a refusal of {len(str(problem))} characters") from problem
            return False
        self.accepted += 1
        return True


@contextlib.contextmanager
def _allocation(given: int) -> Iterator[None]:
    limit = DEVICE_BYTES + DEVICE_BYTES_A_BYTE * given
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if peak > limit:
        raise Broken(f"{given} bytes make the parser allocate {peak}, more than {limit}")


def of_file(path: Path) -> str:
    """The target that a kept input belongs to: the name of its folder, or the start of its own. '' for none."""
    for word in (path.parent.name, re.split(r"-", path.name)[0]):
        if word in TARGETS:
            return word
    return ""
