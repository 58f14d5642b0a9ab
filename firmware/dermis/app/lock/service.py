"""Passages: who asks for a verdict, and what the verdict drives.

A passage is one question and one answer. Its bona fide is that of a verification which began after the question was
asked; nothing of an earlier one is ever used. What it drives goes by itself: the relay opens when its time is over,
whatever the panel, the host or the next passage do meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import namedtuple
from typing import TYPE_CHECKING

from dermis.app.lock import settings as lock_settings
from dermis.app.lock.signals import SHOWN_MS, Signals
from dermis.app.log import ERROR, INFO, WARNING
from dermis.app.sensor_claim import SensorClaim
from dermis.app.verification import verification
from dermis.core import vocabulary
from dermis.core.errors import BadInput, DermisError, WireError
from dermis.drivers.lock import Inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from dermis.drivers.clock import Clock
    from dermis.drivers.lock import Lock

# How often inputs are read and signals driven. In real time, as the watchdog is fed; what changes counts when it is
# seen twice, so that a contact's bounce is none.
LOOK_EVERY_S = 0.02
AGAIN_MS = 250  # between two verifications of one passage, so that a sensor that fails at once does not fill the log
RESTART_MS = 1000  # after a failure of the lock's side
BUSY = "busy"  # the one reason beside the vocabulary's: the sensors were somebody else's until the time was up

PANEL = "panel"  # who asked, beside the settings' trigger, watch and host
# Inputs that cannot be read are taken for the worst.
UNREADABLE = Inputs(False, True, False)

# number: of the passage since the start. transaction: the panel's, 4 bytes, or b"". card: bits, or "".
Passage = namedtuple("Passage", ("number", "asked_by", "transaction", "card"))


class LockSide:
    """module: `app.module.Module`. lock, bus: drivers, or None where there are none.

    inputs: as they are now. relay_closed: whether we hold it. panel: `app.lock.panel.Panel`, or None.
    """

    def __init__(self, module: Any, lock: Any, bus: Any):
        self._module = module
        self._clock: Clock = module.clock
        self._lock = lock
        self._bus = bus
        self._start = module.settings.get(lock_settings.START) if lock else lock_settings.OFF
        self.inputs = Inputs(False, False, True)
        self._let_go = False  # the trigger was seen open: closed at the start, or after a fault, it has asked nothing
        self._faulty: set = set()  # of "inputs", "signals": told already
        self.relay_closed = False
        self._relay_until_us = 0
        self._passages = 0
        self._passage: Any = None  # the task of the one under way
        self._beside: list = []  # tasks that outlive a passage: the relay's, the last frame's
        self.signals: Any = Signals(lock, module.clock) if lock else None
        self.panel: Any = None
        if bus and module.settings.get(lock_settings.OSDP) == lock_settings.ON:
            from dermis.app.lock.panel import Panel  # a module on Wiegand alone does not hold it

            self.panel = Panel(self, module, bus)

    # What runs beside the server.

    async def run(self) -> None:
        """Until it is cancelled. A failure that nobody foresaw makes everything safe, is logged, and begins anew."""
        while True:
            tasks: list = []
            try:
                tasks = [asyncio.create_task(work()) for work in self._works()]
                await asyncio.gather(*tasks)
                return
            except Exception as error:  # noqa: BLE001 - a lock's side that fails must not stay silent or dead
                self._module.log.failure("lock_failed", error)
            finally:
                for task in tasks:
                    task.cancel()
                self.safe()
            await asyncio.sleep(RESTART_MS / 1000)

    def _works(self):
        works = [self._look] if self._lock else []
        if self._start == lock_settings.WATCH:
            works.append(self._watch)
        if self.panel:
            works.append(self.panel.run)
        return works

    def safe(self) -> None:
        """No passage any more, relay open, everything off. Never raises."""
        if self._passage is not None:
            self._passage.cancel()
            self._passage = None
        for task in self._beside:
            task.cancel()
        self._beside = []
        if self._lock:
            self._outputs_safe()
            self.signals.none()

    def _outputs_safe(self):
        self._relay_until_us = 0
        self.relay_closed = False
        self._lock.safe()
        self.signals.forget()

    async def _look(self):
        """Reads the inputs, drives the signals."""
        before = self.inputs
        while True:
            now = self._read()
            if now == before:
                if now != self.inputs:
                    self._changed(self.inputs, now)
                self._let_go = now is not UNREADABLE and not now.trigger
            before = now
            self._tick()
            await asyncio.sleep(LOOK_EVERY_S)

    def _tick(self):
        try:
            self.signals.tick()
        except DermisError as error:
            self._fault("signals", error)
        else:
            self._faulty.discard("signals")

    def _read(self):
        try:
            now = self._lock.inputs()
        except DermisError as error:
            self._fault("inputs", error)
            return UNREADABLE
        self._faulty.discard("inputs")
        return now

    def _changed(self, before, now):
        self.inputs = now
        if now.tampered != before.tampered or now.power_good != before.power_good:
            self._module.log.event("inputs", WARNING, tampered=now.tampered, power_good=now.power_good)
        if now.tampered != before.tampered:
            self._module.audit.note("tamper", open=now.tampered)
        if self.panel:
            self.panel.inputs_changed(before, now)
        if now.trigger and self._let_go and self._start == lock_settings.TRIGGER:
            self.ask(lock_settings.TRIGGER)

    def _fault(self, what, error):
        """Once, until it works again."""
        if what not in self._faulty:
            self._faulty.add(what)
            self._module.log.event("lock_fault", ERROR, reason=str(error))

    # Passages.

    @property
    def passing(self) -> bool:
        """Whether a passage is under way."""
        return self._passage is not None and not self._passage.done()

    def ask(self, asked_by: str, transaction: bytes = b"", card: str = "") -> bool:
        """Begin a passage; False when one is under way. card: bits to send instead of the settings' frame."""
        if self.passing:
            return False
        self._passage = asyncio.create_task(self._pass(self._next(asked_by, transaction, card)))
        return True

    def cancel(self) -> None:
        """The panel no longer wants the passage under way: it ends without a verdict."""
        if self._passage is not None:
            self._passage.cancel()

    @property
    def asks(self) -> bool:
        """Whether passages begin without the host: nobody else may then keep the sensors for good."""
        return self.panel is not None or self._start in (lock_settings.TRIGGER, lock_settings.WATCH)

    def judged(self, outcome: dict) -> None:
        """The host asked for a verdict, and this is it."""
        if self._start == lock_settings.HOST:
            self._drive(self._next(lock_settings.HOST), outcome)

    def _next(self, asked_by, transaction=b"", card=""):
        self._passages += 1
        if not card and self._lock:
            try:
                card = lock_settings.frame(self._module.settings)
            except BadInput as error:
                self._module.log.event("lock_fault", ERROR, reason=str(error))
        return Passage(self._passages, asked_by, transaction, card)

    async def _pass(self, passage):
        try:
            if self.signals:
                self.signals.looking()
                self._tick()
            self._drive(passage, await self._verdict())
        except asyncio.CancelledError:
            self._module.log.event("passage_cancelled", INFO, number=passage.number)
            if self.signals:
                self.signals.none()
            raise
        except Exception as error:  # noqa: BLE001 - nobody awaits this task
            self._module.log.failure("passage_failed", error, number=passage.number)
            if self.signals:
                self.signals.none()

    async def _verdict(self):
        """Looks until there is a verdict, or the patience is over: then the last one stands."""
        module, clock = self._module, self._clock
        until = clock.ticks_us() + 1000 * module.settings.get(lock_settings.PATIENCE)
        while True:
            try:
                with SensorClaim(module, "passage"):
                    outcome = await verification(module)
                    module.judged(outcome, False)
            except WireError:  # somebody else has the sensors
                outcome = {"verdict": vocabulary.NO_DECISION, "reasons": [BUSY], "score": 0}
            if outcome["verdict"] != vocabulary.NO_DECISION or outcome["reasons"][0] == vocabulary.NOT_CALIBRATED:
                return outcome
            if clock.ticks_us() >= until:
                return outcome
            await clock.sleep_ms(AGAIN_MS)

    async def _watch(self):
        """Looks all the time. No face is no passage; while the relay is closed or a verdict shown, nobody is judged."""
        module, clock = self._module, self._clock
        while True:
            if not self.passing and not module.busy:
                with SensorClaim(module, "passage"):
                    outcome = await verification(module)
                    module.judged(outcome, False)
                if outcome["verdict"] != vocabulary.NO_DECISION:
                    self._drive(self._next(lock_settings.WATCH), outcome)
                    await clock.sleep_ms(max(SHOWN_MS, module.settings.get(lock_settings.RELAY)))
            await clock.sleep_ms(max(AGAIN_MS, module.settings.get("watch_period_ms")))

    # What a verdict drives.

    def _drive(self, passage, outcome):
        let_through = outcome["verdict"] == vocabulary.BONA_FIDE
        self._module.log.event(
            "passage",
            INFO,
            number=passage.number,
            asked_by=passage.asked_by,
            verdict=outcome["verdict"],
            reasons=outcome["reasons"],
            score=outcome["score"],
            profile=self._module.profile.name,
        )
        if self.panel:
            self.panel.passed(passage, outcome, let_through)
        if not self._lock:
            return
        self.signals.verdict(let_through)
        self._tick()
        if let_through and passage.asked_by != PANEL:  # a panel decides for itself what follows
            relay_ms = self._module.settings.get(lock_settings.RELAY)
            if relay_ms:
                self.close_relay(relay_ms)
            if passage.card:
                self._run(self._send, passage.card)
        self._run(self._outlast, SHOWN_MS)

    def close_relay(self, duration_ms: int) -> None:
        """Close the relay for so long from now; a longer time under way stands."""
        self._relay_until_us = max(self._relay_until_us, self._clock.ticks_us() + 1000 * duration_ms)
        if not self.relay_closed:
            self._run(self._hold)
            self.relay_closed = True  # it begins after us

    def open_relay(self) -> None:
        """Open it now."""
        self._relay_until_us = 0
        if self.relay_closed:
            self.relay_closed = False
            self._put_relay(False)

    async def _hold(self):
        try:
            self._put_relay(True)
            while self.relay_closed and self._clock.ticks_us() < self._relay_until_us:
                left_us = self._relay_until_us - self._clock.ticks_us()
                await self._clock.sleep_ms(min(max(left_us // 1000, 1), 100))
        finally:
            self.open_relay()

    def _put_relay(self, closed):
        try:
            self._lock.relay(closed)
        except DermisError as error:
            self._outputs_safe()
            self._module.log.event("lock_fault", ERROR, reason=str(error))

    async def _send(self, bits):
        try:
            lock: Lock = self._lock
            await lock.wiegand(bits)
        except (DermisError, ValueError) as error:
            self._module.log.event("lock_fault", ERROR, reason=str(error))

    async def _outlast(self, duration_ms):
        """What is shown ends on the module's clock, also where that moves by sleeping alone (the virtual module's)."""
        await self._clock.sleep_ms(duration_ms + 1)
        self._tick()

    def _run(self, work, *arguments):
        self._beside = [task for task in self._beside if not task.done()]
        self._beside.append(asyncio.create_task(self._guarded(work, arguments)))

    async def _guarded(self, work: Callable[..., Coroutine[Any, Any, None]], arguments):
        try:
            await work(*arguments)
        except Exception as error:  # noqa: BLE001 - nobody awaits this task, and the relay may be closed
            self._outputs_safe()
            self._module.log.failure("lock_failed", error)
