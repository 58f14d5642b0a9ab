"""Hosts that come to the module's port while it watches, ask for something, and go, some of them without a word."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import serial
from dermis.core.errors import RC_BUSY
from dermis_host import Module
from dermis_host.auditing import export, fetching
from dermis_host.errors import HostError, RequestFailed
from dermis_hw.twin import Twin

from tests.soak.ledger import Ledger

HALF_A_FRAME = b"\x06\x09AAgA"
FILE_NAME, FILE_BYTES = "site", 3000
# The last ones that 31 and 32 bits of seconds can say, one before the module was made, and one of its time.
DATES = ("2038-01-19T03:14:00", "2106-02-07T06:28:00", "1999-12-31T23:59:50", "2026-06-01T12:00:00")
# What a measurement under way holds for a moment, up to 7 kB, is none of the module's growth: of so many looks, spread
# over several measurements, the least differs by 3 kB from one time to the next.
HEAP_SAMPLES, APART_S = 24, 0.03


@dataclass(frozen=True)
class Heap:
    """Bytes alive after a collection at the calmest of some samples, of the whole heap, and the largest free piece."""

    used: int
    size: int
    largest: int


class HeldByHost(Exception):
    """A host took the sensors from a door that watches by itself."""


@dataclass
class Visits:
    """url: of the module's port. log: the exported audit log, continued at each fetch.

    counts: what was done, and what of it came to nothing (`... refused`, `... late`).
    """

    twin: Twin
    ledger: Ledger
    rng: random.Random
    log: Path
    counts: Counter[str] = field(default_factory=Counter)
    lost_entries: int = 0  # of the audit log, as the module told at the last fetch

    def any(self) -> None:
        """One visit at random."""
        self.make(self.rng.choice(list(self._kinds())))

    def every(self, between: Callable[[], object]) -> None:
        """One of each kind: what is loaded when it is asked for has been loaded then. between: called after each, for
        the door goes on meanwhile and the twin remembers the last closures of its relay alone."""
        for name in self._kinds():
            self.make(name)
            between()

    def make(self, name: str, again: bool = True) -> None:
        """That visit. What goes wrong under a fault is counted, what goes wrong without one a problem; but a computer
        that is busy may be too slow for a host's patience, so that what was late is asked once more."""
        begin_s = self.now_s()
        self.counts[name] += 1
        try:
            self._kinds()[name]()
        except RequestFailed as refused:
            self.counts[f"{name} refused"] += 1
            if refused.code != RC_BUSY:
                self._failed(begin_s, name, refused)
        except HeldByHost as problem:
            self.ledger.problems.append(f"at {begin_s:.1f} s {problem}")
        except (HostError, OSError) as problem:
            self.counts[f"{name} late"] += 1
            if again:
                self.make(name, again=False)
            else:
                self._failed(begin_s, name, problem)

    def _failed(self, begin_s: float, name: str, problem: Exception) -> None:
        if not self.ledger.under_fault(begin_s, self.now_s()):
            self.ledger.problems.append(f"the visit {name} at {begin_s:.1f} s failed without a fault: {problem}")

    def now_s(self) -> float:
        return self.twin.status()["world_us"] / 1e6

    def heap(self) -> Heap:
        """What the module's heap holds. Raises HostError."""
        with Module(self.twin.url) as module:
            samples = []
            for _ in range(HEAP_SAMPLES):
                samples.append(module.statistics("heap"))
                time.sleep(APART_S)
        used = min(sample["size"] - sample["free"] for sample in samples)
        return Heap(used, samples[0]["size"], max(sample["largest"] for sample in samples))

    def _kinds(self) -> dict[str, Callable[[], None]]:
        return {
            "look": self._look,
            "audit": self.fetch,
            "clock": self._clock,
            "setting": self._setting,
            "file": self._file,
            "session": self._session,
            "verify": self._verify,
            "self-test": self._self_test,
            "watch": self._watch,
            "half a frame": self._half_a_frame,
            "update begun": self._update_begun,
        }

    def _look(self) -> None:
        with Module(self.twin.url) as module:
            module.identity()
            module.posture()
            module.evidence()
            module.os_info("a")
            for group in module.statistics_list():
                module.statistics(group)

    def fetch(self) -> None:
        """The audit log, continued and checked."""
        earlier = export.read(self.log) if self.log.exists() else None
        with Module(self.twin.url) as module:
            fetched = fetching.fetch(module, module.identity().serial, earlier)
            self.lost_entries = module.statistics("storage")["audit_lost"]
        export.write(fetched, self.log)
        checked = export.check(fetched)
        self.ledger.problems += [f"the audit log: {problem}" for problem in checked.problems]
        self.ledger.problems += [f"the audit log lacks its entries {first} to {last}" for first, last in checked.gaps]

    def _clock(self) -> None:
        with Module(self.twin.url) as module:
            module.datetime_write(self.rng.choice(DATES))
            module.datetime_read()

    def _setting(self) -> None:
        with Module(self.twin.url) as module:
            module.setting_write("name", f"door {self.rng.randrange(100)}".encode())
            module.setting_delete("name")

    def _file(self) -> None:
        with Module(self.twin.url) as module:
            module.write_file(FILE_NAME, self.rng.randbytes(FILE_BYTES))
            module.write_file(FILE_NAME, b"")

    def _session(self) -> None:
        """Asked for and never proven: a challenge is drawn."""
        with Module(self.twin.url) as module:
            module.session_open("bench")

    def _verify(self) -> None:
        self._with_sensors(lambda module: module.verify(nonce=self.rng.randbytes(16)))

    def _self_test(self) -> None:
        self._with_sensors(lambda module: module.selftest())

    def _with_sensors(self, ask: Callable[[Module], object]) -> None:
        window = self.ledger.open(self.now_s(), "a host has the sensors")
        try:
            with Module(self.twin.url) as module:
                ask(module)
        finally:
            window.end_s = self.now_s()

    def _watch(self) -> None:
        """Asked to watch, and gone without a word: the door must not be its."""
        with Module(self.twin.url) as module:
            try:
                module._ask("watch", on=True)
            except RequestFailed as refused:
                if refused.code != RC_BUSY:
                    raise
                return
        raise HeldByHost("the module watches for a host that has gone, and judges no passage any more")

    def _half_a_frame(self) -> None:
        with serial.serial_for_url(self.twin.url) as port:
            port.write(HALF_A_FRAME)

    def _update_begun(self) -> None:
        """The first piece of an image, and no other."""
        with Module(self.twin.url) as module:
            module.image_upload(off=0, data=b"\x3d\xb8\xf3\x96" + bytes(28), len=100_000, sha=bytes(32))
