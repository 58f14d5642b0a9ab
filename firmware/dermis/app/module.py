"""The module: what is composed at start, and the few things that change while it runs."""

from __future__ import annotations

import gc
import json
import sys
from typing import TYPE_CHECKING

from dermis.app import rights, settings, states
from dermis.app.audit import Audit
from dermis.app.burst_taker import BurstTaker
from dermis.app.calibration_store import CalibrationStore
from dermis.app.keys import Keys
from dermis.app.log import ERROR, WARNING, Log
from dermis.app.pipeline import Pipeline
from dermis.app.settings import Settings
from dermis.app.spoof_model import SpoofModel, load
from dermis.app.statistics import VERDICTS, Statistics
from dermis.core import profiles, release
from dermis.core.errors import BadInput, DermisError

if TYPE_CHECKING:
    from typing import Any

FIRMWARE_VERSION = release.VERSION


class Module:
    """drivers: named as `dermis.drivers` has them (clock, camera, emitters, swir, thermometer, storage, link, system,
    model_class). board: the board file's values. model_path: of the .tflite file, or None.

    busy: name of what uses the sensors, or ''. burst, burst_id: the burst held for `burst_part` (None before the
    first and after the buffers were used again) and the number of bursts taken. stepped: the verification that goes on
    after it (app.stepped), or None. evidence: of the last burst analysed. upload: of a file (app.files), None before
    the first. update: of the firmware (app.update), None until it is asked for. watch: the task that watches, or None.
    lock_side: what a verdict drives, or None. sensors: identities of the imager and of the SWIR head.
    """

    def __init__(self, drivers: Any, board: dict, model_path: str | None = None):
        self.clock = drivers.clock
        self.emitters = drivers.emitters
        self.swir = drivers.swir
        self.thermometer = drivers.thermometer
        self.storage = drivers.storage
        self.link = drivers.link
        self.system = drivers.system
        self.flash = drivers.flash
        self.board = board
        self.profile = profiles.by_name(board["profile"])
        self.log = Log(self.clock, self.link.write)
        gc.collect()  # what compiling the sources left behind shall not lie between the big buffers
        self.sensors = {"imager": drivers.camera.identity(), "swir": self.swir.identity()}
        self.keys = Keys(self.storage, self.system.serial())
        self.state, self.state_fault = states.loaded(self.storage, self.keys)
        for fault in (self.keys.fault, self.state_fault):
            if fault:
                self.log.event("access_fault", WARNING, reason=fault)
        self._sessions: Any = None
        self._entropy: Any = None
        # First of all what is large, into a heap that is still in one piece.
        self.taker = BurstTaker(
            board, self.clock, drivers.camera, self.emitters, self.swir, self.thermometer, self.system
        )
        self.pipeline = Pipeline(board, None, self.clock.ticks_us)
        self.burst: Any = None
        self.burst_id = 0
        self.stepped: Any = None
        self.calibration = CalibrationStore(
            self.storage,
            self.system.serial(),
            self.sensors,
            self.keys.station(),
            self.log,
            self._lend_room,
            self.pipeline.adopt,
        )
        self.settings = Settings(self.storage, self.profile.name, self.log)
        self.profile = profiles.by_name(self.settings.get(settings.PROFILE))
        self._lock = drivers.lock
        self.lock_side: Any = self._lock_side(drivers.bus)
        self.audit = Audit(self.storage, self.system.serial(), self.clock, self.log)
        self.statistics = Statistics()
        self.model: SpoofModel | None = None
        self.model_fault = ""
        self._load_model(model_path, drivers.model_class)
        self.pipeline.model = self.model
        gc.collect()
        self.busy = ""
        self.evidence = {}
        self.upload: Any = None
        self.watch: Any = None
        self.update: Any = None
        self.reset_asked = False

    def _lock_side(self, bus):
        """`app.lock.service.LockSide`, or None: only a module whose settings ask for it pays for its sources."""
        if not self.settings.any_set(settings.LOCK_PREFIX) or not (self._lock or bus):
            return None
        from dermis.app.lock import settings as lock_settings

        if not lock_settings.wanted(self.settings):
            return None
        from dermis.app.lock.service import LockSide

        return LockSide(self, self._lock, bus)

    def safe(self) -> None:
        """Every light dark, the relay open, nothing sent and nothing shown."""
        try:
            self.emitters.dark()
        finally:
            if self._lock:
                self._lock.safe()

    def give_up_burst(self) -> None:
        """The frames' memory is used anew: nothing goes on from the burst held."""
        self.burst = self.stepped = None

    def _lend_room(self):
        self.give_up_burst()  # a part of it lies there
        return self.taker.room

    def _load_model(self, path, model_class):
        if not path:
            self.model_fault = "no spoof model is installed; install one and restart"
        else:
            try:
                self.model = load(path, model_class)
            except OSError:
                self.model_fault = "the spoof model cannot be read; install it again and restart"
            except DermisError as error:
                self.model_fault = str(error)
        if self.model_fault:
            self.log.event("model_fault", ERROR, reason=self.model_fault)

    # Access. Sessions and what they need are loaded when somebody asks for one: most modules in passages never do.

    @property
    def session(self) -> str:
        """The role of the link's session, or "" when there is none."""
        return self._sessions.role() if self._sessions else ""

    def sessions(self) -> Any:
        """The link's `app.sessions.Sessions`."""
        if self._sessions is None:
            from dermis.app.sessions import Sessions

            self._sessions = Sessions(self.clock, self.random, self.keys, self.system.serial(), self.note)
        return self._sessions

    def end_session(self, reason: str) -> None:
        """Close the session, if there is one; `reason` (a word) goes into the log."""
        if self._sessions:
            self._sessions.close(reason)

    def random(self, count: int) -> bytes:
        """Bytes that nobody can foretell, from a DRBG (`app.entropy`)."""
        if self._entropy is None:
            from dermis.app.entropy import Entropy

            self._entropy = Entropy(self.system, self.storage, self.clock)
        return self._entropy.generate(count)

    def entropy_fault(self) -> str:
        """Why there is no stored seed to count on, or "" (also before the first random byte was asked for)."""
        return self._entropy.fault if self._entropy else ""

    def prompt_allowed(self) -> bool:
        """Whether Ctrl-C at the console may end the firmware and leave MicroPython's prompt."""
        return self.state == rights.BENCH_STATE or bool(self._sessions and self._sessions.repl_allowed())

    def frames_allowed(self) -> bool:
        """Whether frames of a burst may leave the module."""
        return self.state == rights.BENCH_STATE or bool(self._sessions and self._sessions.frames_left_ms())

    def note(self, event: str, **fields: Any) -> None:
        """One event of access for the log line and the audit log. Nothing secret."""
        self.log.event(event, **fields)
        self.audit.note(event, **fields)

    def uptime_ms(self) -> int:
        return self.clock.ticks_us() // 1000

    def model_hash(self) -> str:
        return self.model.hash if self.model else ""

    def model_name(self) -> str:
        return self.model.name if self.model else ""

    def verdict_key(self) -> bytes:
        """What signs bound verdicts and the head of the audit log. Raises DermisError when there is none."""
        return self.keys.verdict()

    def judged(self, outcome: dict, by_host: bool = True) -> None:
        """Counts a verdict and tells the audit log of it, and the lock's side of one that the host asked for."""
        self.statistics.count(VERDICTS, outcome["verdict"])
        self.audit.verdict(outcome["verdict"], outcome["reasons"])
        if by_host and self.lock_side:
            self.lock_side.judged(outcome)

    def threshold(self) -> int | None:
        """What the session is to start from; None: its default."""
        return self.model.threshold(self.profile) if self.model else None


def runtime() -> str:
    """The Python that runs this: name and version."""
    version = sys.implementation.version
    return "%s %d.%d.%d" % (sys.implementation.name, version[0], version[1], version[2])


def read_board(path: str) -> dict:
    """The board file. Raises BadInput with one sentence when there is none or it is none."""
    try:
        with open(path) as file:
            board = json.load(file)
    except OSError:
        raise BadInput("the board file %s cannot be read; write it with the flasher and restart" % path)
    except ValueError:
        raise BadInput("the board file %s is no JSON; write it with the flasher and restart" % path)
    if not isinstance(board, dict) or board.get("format") != 1:
        raise BadInput("the board file %s has another format than 1; write it with the flasher of this version" % path)
    return board
