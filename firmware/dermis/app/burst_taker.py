"""Takes one burst: switches the lights in an order that nobody can foresee and sorts the frames by what lit them.

Lights and frames run beside each other: a light stays on until one whole frame must have seen it, then the next one
comes, while the frames of the last still travel. `frame_identity` tells what lit a frame, `frame_sorter` which slot
it belongs to. What was lost on the way is shown again, before the last light where that is known in time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dermis.app.burst_checks import swir_differs
from dermis.app.frame_identity import FrameIdentity
from dermis.app.frame_sorter import SATURATED, FrameSorter, Slot
from dermis.app.level_learner import LevelLearner
from dermis.app.shuffle import below, shuffle
from dermis.core import vocabulary
from dermis.core.burst import FRAME_BYTES, HEIGHT, Burst
from dermis.core.errors import SensorFault, TooBright

if TYPE_CHECKING:
    from typing import Any

    from dermis.drivers.camera import Camera
    from dermis.drivers.clock import Clock
    from dermis.drivers.emitters import Emitters
    from dermis.drivers.swir import SwirHead

DARK = vocabulary.DARK
LAST_FRAME = "850b"  # again, last of the lit ones, for motion

# Lights settle within a tenth of this, and a sleeper never wakes too early. More would give room for a second whole
# frame in more slots, of which a lamp in step could make something else.
SWITCH_MARGIN_US = 400
PULSE_MARGIN_US = 20_000  # the one-shot ends this long after the slot, should nobody end it before
POLL_MS = 4
SHOWS = 3  # of one frame's light; what is missing after that is a fault
EXTRA_DARK = 2  # at most; one to this many dark slots lie in random gaps between the lit ones
DARK_SHOWS = 2  # of each of these: a lost frame is taken again, a lamp that fills them is not waited for
# The first frame must come within this, or the imager does not run.
FIRST_FRAME_US = 600_000
# Between whole frames lies one that saw a switch, or two where a whole one was lost. So many in a row that no single
# light of ours had lit were lit by somebody else's as well.
UNKNOWN_FRAMES = 3
# So many frames one after the other that are the same to the last count of the tab: no imager is that quiet.
FROZEN_FRAMES = 8
# Seen by silicon: its spot would stand in the frames, so that it is read when no frame of worth is exposed.
SWIR_SEEN_NM = 1050
# Each band is read in so many parts, that as many as possible find a place in a dark slot.
SWIR_PARTS = 2


async def _ended(task):
    """Cancel a task and wait until it has gone."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return


class BurstTaker:
    """Owns the frame buffers: the frames of a burst are good until the next `take`, or until somebody uses `room`.

    board: the board file's values. Drivers as their contracts say. room: the memory of two frames, in one piece, for
    what needs much of it for a moment while no burst is taken.
    """

    def __init__(
        self,
        board,
        clock: Clock,
        camera: Camera,
        emitters: Emitters,
        swir: SwirHead,
        thermometer,
        system,
    ):
        self._board = board
        self._clock = clock
        self._camera = camera
        self._emitters = emitters
        self._swir = swir
        self._thermometer = thermometer
        self._system = system
        self.identity = FrameIdentity(board)
        self.room = memoryview(bytearray(2 * FRAME_BYTES))
        # One more than frames are kept. The first is taken last: what is read into it is looked at and forgotten.
        self._buffers = [self.room[:FRAME_BYTES], self.room[FRAME_BYTES:]]
        while len(self._buffers) <= len(vocabulary.FRAMES):
            self._buffers.append(memoryview(bytearray(FRAME_BYTES)))
        self._free = list(self._buffers)
        self._learner = LevelLearner(board, clock, camera, emitters, self.identity)
        self._longest_us = board["longest_pulse_us"]
        self._exposure_us = 0
        self._use_exposure(board["exposure_us"])
        self._burst = Burst()
        self._missing = set()
        self._shows = {}
        self._levels = {}
        self._baseline = False
        self._readings, self._bands = {}, []  # SWIR: (on, off, pairs) of a band, and those left, in random order
        self._dark_slots = 0  # to come
        self._fault: Any = None
        self._same_frames = self._unknown = 0
        self._meanwhile: Any = None
        self._record: Any = None
        self.unidentified = 0  # frames that no single light had lit, since the start

    def _use_exposure(self, exposure_us):
        """Times of the slots at that exposure."""
        if exposure_us == self._exposure_us:
            return
        board = self._board
        self._exposure_us = exposure_us
        # How long a light must not change for one frame to be whole: all rows start, the last one is exposed.
        whole_us = HEIGHT * board["row_time_us"] + exposure_us
        period_us = board["frame_period_us"] * (1 if board["buffers"] > 1 else 2)
        self._slot_us = period_us + whole_us + SWITCH_MARGIN_US
        self._sorter = FrameSorter(whole_us, period_us, board["latency_us"])

    async def learn_levels(self, exposure_us=0) -> None:
        """Before bursts without a record: what the lights give on this module's tab, unless that is known (`take`
        forgets it when a burst fails). Raises what `take` does."""
        exposure_us = exposure_us or self._board["exposure_us"]
        if not self.identity.knows(exposure_us):
            self._free = list(self._buffers)
            await self._learner.learn(exposure_us, self._free[-1])

    async def take(self, calibration=None, frames=vocabulary.FRAMES, swir=True, meanwhile=None, exposure_us=0) -> Burst:
        """A burst with the named frames (`vocabulary.FRAMES`; the dark one is always taken).

        `calibration` (core.calibration.Calibration or None) tells how lights look on the monitor tab; `exposure_us`
        0 is the board's. `meanwhile`
        (burst so far, calibration) -> whether it had something to do: called under the last light, where nothing is
        switched until its frame has come, for as long as it has; the imager's two buffers bear some 80 ms. Raises
        SensorFault naming the light that gave no frame, or what the drivers raise (InterlockOpen).
        """
        board = self._board
        self._use_exposure(exposure_us or board["exposure_us"])
        self.identity.use(calibration, self._exposure_us)
        self._free = list(self._buffers)
        burst = self._burst = Burst()
        burst.spare = self._buffers[0]
        burst.exposure_us = self._exposure_us
        burst.gain_q8 = board["gain_q8"]
        self._sorter.clear()
        self._levels, self._shows = {}, {}
        self._missing = {name for name in vocabulary.FRAMES if name in frames} | {DARK}
        self._baseline = False
        self._fault = None
        self._same_frames = self._unknown = 0
        self._meanwhile, self._record = meanwhile, calibration
        swir = swir and self._swir.fitted
        self._emitters.dark()
        self._readings, self._bands = {}, []
        reading_us = 0  # that a part of a band takes
        if swir:  # the imager would see its spot: before the first frame
            begun_us = self._clock.ticks_us()
            for _ in range(SWIR_PARTS):
                await self._read_swir(SWIR_SEEN_NM)
            reading_us = (self._clock.ticks_us() - begun_us) // SWIR_PARTS
        await self._camera.start(burst.exposure_us, burst.gain_q8, board["buffers"])
        reader = asyncio.create_task(self._read_frames())
        try:
            burst.temperature_cc = self._thermometer.centi_celsius()
            if swir:
                unseen = [band for band in vocabulary.SWIR_BANDS if band != SWIR_SEEN_NM]
                self._bands = shuffle(unseen, self._system.random) * SWIR_PARTS
            plan = self._plan()
            await self._first_dark(plan, reading_us)
            await self._show(plan)
            while self._sorter.lost:
                slots = self._again()
                if slots:
                    await self._show(slots)
        finally:
            try:
                self._emitters.dark()
            finally:  # a reader left behind would write into the frames of the next burst
                try:
                    await _ended(reader)
                finally:
                    await self._camera.stop()
        if self._missing:
            raise self._failure()
        if swir:
            burst.swir = tuple([self._readings[band] for band in vocabulary.SWIR_BANDS])
        burst.spare = self._free[0]  # not the one of the beginning, where a frame came again after others
        burst.foreign_frames = self._sorter.foreign
        burst.order = tuple([slot.light for slot in self._sorter.slots if not slot.replaced])
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
        return [self._slot(name) for name in names]

    @staticmethod
    def _slot(name):
        return Slot(name, vocabulary.FRAME_LIGHT[name] if name else DARK)

    def _again(self):
        """The slots that were lost and may be shown once more, in random order. Raises SensorFault for a frame that
        was shown often enough."""
        names = []
        for slot in self._sorter.lost:
            shows = self._shows.get(slot.name, 1) + 1
            self._shows[slot.name] = shows
            if slot.name == "":
                if shows > DARK_SHOWS:
                    continue  # its place in `order` stays without a level: burst_checks
            elif shows > SHOWS:
                raise self._failure()
            slot.replaced = True
            names.append(slot.name)
        self._sorter.lost = []
        return [self._slot(name) for name in shuffle(names, self._system.random)]

    async def _first_dark(self, plan, reading_us):
        """Dark until one frame has shown how much light there is anyway; without it no later frame can be told. SWIR
        bands that the imager cannot see are read meanwhile, as far as they find no place in the dark slots to come: all
        of them may take longer than the frame."""
        slot = Slot(DARK, DARK)
        slot.start = self._clock.ticks_us()
        self._sorter.slots.append(slot)
        latest = slot.start + FIRST_FRAME_US
        self._dark_slots = len([each for each in plan if each.light == DARK])
        fitting = self._dark_slots * (self._slot_us // max(1, reading_us))
        while len(self._bands) > fitting:
            await self._read_swir(self._bands.pop())
        while not self._baseline:
            self._raise_fault()
            if self._clock.ticks_us() > latest:
                raise SensorFault("the imager gave no steady dark frame; check for a flickering lamp and the imager")
            await self._clock.sleep_ms(POLL_MS)
        slot.end = self._clock.ticks_us()

    async def _show(self, slots):
        """Show the slots, and before the last one those that are found lost meanwhile; then dark.

        The last one stays until its frame has come: who came in after it would not be told from it.
        """
        while slots:
            self._raise_fault()
            if self._sorter.lost:
                self._insert(slots, self._again())
            slot = slots.pop(0)
            if slot.light == DARK:
                self._emitters.dark()
            else:
                longest_us = self._longest_us if not slots else self._slot_us + PULSE_MARGIN_US
                self._emitters.pulse(slot.light, self._board["level_q8"][slot.light], longest_us)
            slot.start = self._clock.ticks_us()
            self._sorter.slots.append(slot)
            if slots:
                if slot.light == DARK and self._bands:
                    await self._read_swir_in_slot()
                left_us = slot.start + self._slot_us - self._clock.ticks_us()
                await self._clock.sleep_ms(max(0, (left_us + 999) // 1000))
            else:
                await self._last_frame(slot)
            slot.end = self._clock.ticks_us()
        self._emitters.dark()

    async def _last_frame(self, slot):
        """Wait for the frames that still travel: until nothing is wanted any more, or all before the last slot are
        known to be lost."""
        latest = slot.start + self._longest_us - SWITCH_MARGIN_US
        while not slot.arrival and not slot.lost:
            self._raise_fault()
            if self._clock.ticks_us() >= latest:
                self._sorter.give_up()
                break
            # With one buffer left, the next frame comes into the memory that the work would use.
            meanwhile = self._meanwhile if len(self._free) > 1 else None
            self._burst.spare = self._free[0]
            busy = meanwhile is not None and meanwhile(self._burst, self._record)
            await self._clock.sleep_ms(0 if busy else POLL_MS)
        self._give_back()

    def _insert(self, slots, again):
        """Put slots into the plan at random places before its last one, none beside one of the same light: arrivals
        would not tell them apart. What finds no place waits for the next round."""
        for slot in again:
            places = []
            for at in range(len(slots)):
                before = slots[at - 1] if at else self._sorter.slots[-1]
                if before.light != slot.light and slots[at].light != slot.light:
                    places.append(at)
            if places:
                slots.insert(places[below(len(places), self._system.random)], slot)
            else:
                self._shows[slot.name] -= 1
                self._sorter.lost.append(slot)

    async def _read_swir(self, band):
        """Add a part to that band's (on, off, pairs)."""
        self._raise_fault()
        on, off, pairs = self._readings.get(band, (0, 0, 0))
        wanted = self._board["swir_pairs"]
        part = wanted - pairs if pairs else wanted // SWIR_PARTS
        lit, dark = await self._swir.read(band, part)
        if pairs and swir_differs((on - off) // pairs, (lit - dark) // part):
            self._burst.swir_uneven += 1
        self._readings[band] = (on + lit, off + dark, pairs + part)

    async def _read_swir_in_slot(self):
        """This dark slot's share of what is left."""
        share = -(-len(self._bands) // self._dark_slots)
        self._dark_slots -= 1
        for _ in range(share):
            await self._read_swir(self._bands.pop())

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
        sorter, identity = self._sorter, self.identity
        if not sorter.slots:
            return
        if not self._baseline:
            if sorter.fits(sorter.slots[0], arrival) and identity.set_ambient(pixels):
                self._baseline = True
                sorter.set_levels(identity.expected(), identity.tolerance_percent(), identity.ambient_level)
                self._levels[DARK] = identity.level
                self._keep(sorter.slots[0], pixels, arrival)
            return
        light = identity.identify(pixels)
        self._note_same(identity.repeated and not identity.saturated)
        if light is None:
            self.unidentified += 1
            if identity.saturated:
                sorter.note(SATURATED, arrival)
            elif not identity.repeated:
                self._unknown += 1
                sorter.foreign += self._unknown == UNKNOWN_FRAMES
            return
        self._unknown = 0
        if identity.repeated and light != DARK:
            return
        level = identity.lit_level()
        slot, keep = sorter.place(light, level, arrival, identity.scene_level(pixels))
        if slot is not None and keep and not slot.arrival:
            if slot.name in self._missing:
                if light != DARK:
                    self._levels[light] = level
                self._keep(slot, pixels, arrival)
            elif slot.name == "":
                slot.arrival = arrival
                self._burst.dark_levels += (identity.scene_level(pixels),)
        self._give_back()

    def _note_same(self, repeated):
        self._same_frames = self._same_frames + 1 if repeated else 0
        if self._same_frames >= FROZEN_FRAMES:
            self._fault = SensorFault("the imager sends the same frame again and again; reset the module")

    def _keep(self, slot, pixels, arrival):
        slot.arrival = arrival
        self._missing.discard(slot.name)
        self._free.pop()
        self._burst.frames[slot.name] = pixels
        self._burst.time_us[slot.name] = arrival
        if slot.name == DARK:
            self._burst.dark_levels = (self.identity.scene_level(pixels),)

    def _give_back(self):
        """Frames that were kept for slots which are lost now are not to be trusted."""
        for slot in self._sorter.lost:
            if slot.arrival:
                slot.arrival = 0
                if slot.name:
                    self._missing.add(slot.name)
                    del self._burst.time_us[slot.name]
                    self._free.insert(0, self._burst.frames.pop(slot.name))  # the last one is being filled

    def _failure(self):
        """What to raise for lights that gave no frame."""
        light, seen, doubted = self._least_seen()
        if self._record is None:
            self.identity.learn({}, 0)
        if seen == SATURATED:
            todo = "shade the module from the sun or a lamp"
            if self._exposure_us > self._board["exposure_us"]:
                todo = "expose for less than %d us" % self._exposure_us
            return TooBright("the monitor tab is saturated under the light %s; %s" % (light, todo))
        return SensorFault(_explain(light, seen, doubted))

    def _least_seen(self):
        """(light, what its slots showed, whether their frames were doubted) of the one of which most is known."""
        seen, doubted, empty = {}, {}, {}
        for slot in self._sorter.slots:
            if slot.name in self._missing:
                seen[slot.name] = slot.seen or seen.get(slot.name, "")
                doubted[slot.name] = slot.doubted or doubted.get(slot.name, False)
                empty[slot.name] = empty.get(slot.name, 0) + (slot.frames == 0)
        known = [name for name in vocabulary.FRAMES if name in empty]
        name = max(known, key=lambda name: (empty[name], seen[name] != ""))
        return vocabulary.FRAME_LIGHT[name], seen[name], doubted[name]


def _explain(light, seen, doubted):
    """One sentence on a light that gave no frame."""
    if seen == DARK:
        return "the light %s stays dark on the monitor tab; check its LEDs and their driver" % light
    if seen:
        return "the monitor tab shows %s where %s was switched on; check the wiring of the lights" % (seen, light)
    if doubted:
        return "somebody's light may pass for %s on the monitor tab; keep flashing lamps away and try again" % light
    return "no whole frame came under the light %s; check the imager and the monitor tab" % light
