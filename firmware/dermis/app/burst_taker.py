"""Takes one burst: switches the lights in an order that nobody can foresee and sorts the frames by what lit them.

Lights and frames run beside each other: a light stays on until one whole frame must have seen it, then the next one
comes, while the frames of the last still travel. `frame_identity` tells what lit a frame; the time of its arrival
tells which of two slots of the same light it belongs to.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dermis.app.frame_identity import FrameIdentity
from dermis.app.shuffle import below, shuffle
from dermis.core import vocabulary
from dermis.core.burst import FRAME_BYTES, HEIGHT, Burst
from dermis.core.errors import SensorFault

if TYPE_CHECKING:
    from typing import Any

DARK = vocabulary.DARK
LAST_FRAME = "850b"  # again, last of the lit ones, for motion

SWITCH_MARGIN_US = 6_000  # lights settle and timers are coarse
PULSE_MARGIN_US = 20_000  # the one-shot ends this long after the slot, should nobody end it before
ARRIVAL_MARGIN_US = 15_000  # the arrival is stamped by a busy program
POLL_MS = 4
ROUNDS = 3  # a dropped frame is taken again; what is missing after that is a fault
EXTRA_DARK = 2  # at most; one to this many dark slots lie in random gaps between the lit ones
# The first frame must come within this, or the imager does not run.
FIRST_FRAME_US = 600_000


async def _ended(task):
    """Cancel a task and wait until it has gone."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return


class _Slot:
    """One state of the lights: `name` of the frame wanted ('' for an extra dark one), from `start` to `end` (us)."""

    def __init__(self, name, light):
        self.name = name
        self.light = light
        self.start = 0
        self.end = 0
        self.seen = ""  # what a whole frame of this slot showed when it was not `light`


class BurstTaker:
    """Owns the frame buffers: the frames of a burst are good until the next `take`.

    board: the board file's values. Drivers as their contracts say.
    """

    def __init__(self, board, clock, camera, emitters, swir, thermometer, system):
        self._board = board
        self._clock = clock
        self._camera = camera
        self._emitters = emitters
        self._swir = swir
        self._thermometer = thermometer
        self._system = system
        self.identity = FrameIdentity(board)
        self._buffers = [bytearray(FRAME_BYTES) for _ in range(len(vocabulary.FRAMES) + 1)]
        self._free = list(self._buffers)
        # How long a light must not change for one frame to be whole: all rows start, the last one is exposed.
        self._whole_us = HEIGHT * board["row_time_us"] + board["exposure_us"]
        period_us = board["frame_period_us"] * (1 if board["buffers"] > 1 else 2)
        self._slot_us = period_us + self._whole_us + SWITCH_MARGIN_US
        self._earliest_us, self._latest_us = board["latency_us"]
        self._settle_us = self._latest_us + period_us + ARRIVAL_MARGIN_US
        self._burst = Burst()
        self._missing = set()
        self._slots = []
        self._levels = {}
        self._baseline = False
        self._fault: Any = None
        self.unidentified = 0  # frames that no single light had lit, since the start

    async def take(self, calibration=None, frames=vocabulary.FRAMES, swir=True) -> Burst:
        """A burst with the named frames (`vocabulary.FRAMES`; the dark one is always taken).

        `calibration` (core.calibration.Calibration or None) tells how lights look on the monitor tab. Raises
        SensorFault naming the light that gave no frame, or what the drivers raise (InterlockOpen).
        """
        board = self._board
        self.identity.use(calibration)
        self._free = list(self._buffers)
        burst = self._burst = Burst()
        burst.exposure_us = board["exposure_us"]
        burst.gain_q8 = board["gain_q8"]
        self._slots, self._levels = [], {}
        self._missing = {name for name in vocabulary.FRAMES if name in frames} | {DARK}
        self._baseline = False
        self._fault = None
        self._emitters.dark()
        await self._camera.start(burst.exposure_us, burst.gain_q8, board["buffers"])
        reader = asyncio.create_task(self._read_frames())
        try:
            burst.temperature_cc = self._thermometer.centi_celsius()
            await self._first_dark()
            await self._show(self._plan())
            if swir and self._swir.fitted:
                # After the lights: the imager would see the 1050 nm LED's spot. The last frames travel meanwhile.
                burst.swir = await self._read_swir()
            await self._collect()
            for _ in range(ROUNDS - 1):
                if not self._missing:
                    break
                await self._show(self._retry_plan())
                await self._collect()
        finally:
            try:
                self._emitters.dark()
            finally:  # a reader left behind would write into the frames of the next burst
                try:
                    await _ended(reader)
                finally:
                    await self._camera.stop()
        self._raise_fault()
        if self._missing:
            raise SensorFault(self._explain())
        burst.order = tuple([slot.light for slot in self._slots])
        return burst

    def monitor_levels(self) -> dict:
        """Light -> level of the tab in this burst's frames, ambient taken off, linear counts."""
        return dict(self._levels)

    # The lights.

    def _plan(self):
        """Slots after the first dark one: lit ones in random order, dark ones at random places, 850 again last."""
        wanted = [name for name in vocabulary.FRAMES if name in self._missing and name not in (DARK, LAST_FRAME)]
        names = shuffle(wanted, self._system.random)
        if LAST_FRAME in self._missing and len(names) > 1 and names[-1] == vocabulary.NIR_850:
            # Something must lie between the two frames at 850 nm, or their arrivals do not tell them apart.
            at = below(len(names) - 1, self._system.random)
            names[at], names[-1] = names[-1], names[at]
        if len(wanted) > 1:
            # No two dark ones in one gap: the frames of neighbours arrive in overlapping times.
            gaps = shuffle(range(1, len(names)), self._system.random)[: 1 + below(EXTRA_DARK, self._system.random)]
            for gap in sorted(gaps, reverse=True):
                names.insert(gap, "")
        elif LAST_FRAME in self._missing and wanted:
            names.append("")
        if LAST_FRAME in self._missing:
            names.append(LAST_FRAME)
        return [_Slot(name, vocabulary.FRAME_LIGHT[name] if name else DARK) for name in names]

    def _retry_plan(self):
        names = shuffle(sorted(self._missing), self._system.random)
        return [_Slot(name, vocabulary.FRAME_LIGHT[name]) for name in names]

    async def _first_dark(self):
        """Dark until one frame has shown how much light there is anyway; without it no later frame can be told."""
        slot = _Slot(DARK, DARK)
        slot.start = self._clock.ticks_us()
        self._slots.append(slot)
        latest = slot.start + FIRST_FRAME_US
        while not self._baseline:
            self._raise_fault()
            if self._clock.ticks_us() > latest:
                raise SensorFault("the imager gave no steady dark frame; check for a flickering lamp and the imager")
            await self._clock.sleep_ms(POLL_MS)
        slot.end = self._clock.ticks_us()

    async def _show(self, slots):
        for slot in slots:
            self._raise_fault()
            if slot.light == DARK:
                self._emitters.dark()
            else:
                longest_us = min(self._slot_us + PULSE_MARGIN_US, self._board["longest_pulse_us"])
                self._emitters.pulse(slot.light, self._board["level_q8"][slot.light], longest_us)
            slot.start = self._clock.ticks_us()
            self._slots.append(slot)
            await self._clock.sleep_ms((self._slot_us + 999) // 1000)
            slot.end = self._clock.ticks_us()
        self._emitters.dark()

    async def _read_swir(self):
        """One (on, off, pairs) a band of `vocabulary.SWIR_BANDS`, read in an order that nobody can foresee."""
        pairs = self._board["swir_pairs"]
        readings = {}
        for band in shuffle(vocabulary.SWIR_BANDS, self._system.random):
            on, off = await self._swir.read(band, pairs)
            readings[band] = (on, off, pairs)
        return tuple([readings[band] for band in vocabulary.SWIR_BANDS])

    async def _collect(self):
        """Wait for the frames that still travel."""
        latest = self._slots[-1].end + self._settle_us
        while self._missing and self._clock.ticks_us() < latest:
            self._raise_fault()
            await self._clock.sleep_ms(POLL_MS)

    # The frames.

    async def _read_frames(self):
        try:
            while True:
                spare = self._free[-1]
                arrival = await self._camera.read(spare)
                self._consider(spare, arrival)
        except SensorFault as fault:
            self._fault = fault

    def _raise_fault(self):
        if self._fault is not None:
            raise self._fault

    def _consider(self, pixels, arrival):
        if not self._baseline:
            if self._arrival_fits(self._slots[0] if self._slots else None, arrival) and self.identity.set_ambient(
                pixels
            ):
                self._baseline = True
                self._levels[DARK] = self.identity.level
                self._keep(DARK, pixels, arrival)
            return
        light = self.identity.identify(pixels)
        if light is None:
            self.unidentified += 1
            return
        for slot in self._slots:
            if not self._arrival_fits(slot, arrival):
                continue
            if slot.light == light:
                if slot.name in self._missing:
                    if light != DARK:
                        self._levels[light] = self.identity.lit_level()
                    self._keep(slot.name, pixels, arrival)
                elif light == DARK and slot is not self._slots[0]:
                    self._note_dark(slot, pixels)
                return
        for slot in self._slots:
            if slot.name in self._missing and self._arrival_fits(slot, arrival):
                slot.seen = light

    def _arrival_fits(self, slot, arrival):
        """A frame that arrived then may be a whole frame of that slot."""
        if slot is None or arrival < slot.start + self._whole_us + self._earliest_us - ARRIVAL_MARGIN_US:
            return False
        return not slot.end or arrival <= slot.end + self._latest_us + ARRIVAL_MARGIN_US

    def _keep(self, name, pixels, arrival):
        self._missing.discard(name)
        self._free.pop()
        self._burst.frames[name] = pixels
        self._burst.time_us[name] = arrival
        if name == DARK:
            self._burst.dark_levels = (self.identity.scene_level(pixels),)

    def _note_dark(self, slot, pixels):
        if slot.name == "":
            slot.name = "seen"  # one level a slot
            self._burst.dark_levels += (self.identity.scene_level(pixels),)

    def _explain(self):
        """One sentence on the first light that gave no frame."""
        name = next(name for name in vocabulary.FRAMES if name in self._missing)
        light = vocabulary.FRAME_LIGHT[name]
        seen = ""
        for slot in self._slots:
            if slot.name == name and slot.seen:
                seen = slot.seen
        if seen == DARK:
            return "the light %s stays dark on the monitor tab; check its LEDs and their driver" % light
        if seen:
            return "the monitor tab shows %s where %s was switched on; check the wiring of the lights" % (seen, light)
        return "no whole frame came under the light %s; check the imager and the monitor tab" % light
