"""The imager's stream: frames run free, arrive late, are dropped or repeated, and know of no light."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import Optics

from .sensor import ImagerSensor
from .world import World

# Nobody read for so long: start counting near now instead of going through every frame missed.
IDLE_US = 1_000_000
# Two frames never arrive in the same instant.
SPACING_US = 1000
# How soon to ask again when no frame will come.
SILENT_RETRY_US = 40_000


@dataclass
class Delivery:
    """What was handed over, for hosts: which light burned how long in each row (us).

    started_us: when its exposure would have begun. exposed_us: when that of its content did, which for a repeated
    frame is that of the one before.
    """

    arrived_us: int
    started_us: int
    repeated: bool
    lit_us: dict[str, np.ndarray]
    exposed_us: int


@dataclass
class _Frame:
    index: int
    started_us: int
    arrives_us: int
    repeats: bool


class Imager:
    """Rolling shutter: row r is exposed from start + r * row time. A frame arrives 20 to 90 ms after its last
    row has been read. At most `buffers` frames wait to be taken; a newer one takes the oldest one's place."""

    def __init__(self, optics: Optics, module: ModuleInstance, world: World, seed: int):
        self._optics = optics
        self._world = world
        self._seed = seed
        self._sensor = ImagerSensor(optics, module)
        self._starts = 0
        self._running = False
        self._queue: deque[_Frame] = deque()
        self._last_codes: np.ndarray | None = None
        self._old_codes: np.ndarray | None = None  # the last ones before the last start
        self._old_left = 0
        self.clear_faults()
        self.deliveries: deque[Delivery] = deque(maxlen=256)

    def clear_faults(self) -> None:
        self.silent = False  # no frame comes
        self.saturated = False  # every pixel at its highest code
        self.frozen = False  # the same frame again and again
        self.short_bytes = 0  # so many bytes are missing at the end of each frame
        self.sound_frames = 0  # so many frames still come as they should before the three above begin
        self.old_frames = 0  # so many frames after each start are the last one of before
        self.drop_probability = self._optics.drop_probability
        self.repeat_probability = self._optics.repeat_probability
        self.late_probability = 0.0  # chance of a frame that comes up to `late_us` later than it should
        self.late_us = 0

    @property
    def frame_bytes(self) -> int:
        return self._optics.width * self._optics.height

    def start(self, now_us: int, exposure_us: int, gain_q8: int, buffers: int) -> None:
        """Raises ValueError for settings that the imager has not."""
        if not (1 <= exposure_us <= 1_000_000 and 1 <= gain_q8 <= 4096 and buffers in (1, 2)):
            raise ValueError("the imager takes exposures of 1 to 1,000,000 us, gains of 1 to 4096 and 1 or 2 buffers")
        self._starts += 1
        self._exposure_us, self._gain, self._buffers = exposure_us, gain_q8 / 256, buffers
        readout_us = round(self._optics.row_time_us * self._optics.height)
        period = self._optics.frame_period_us * (1 if buffers == 2 else 2)
        self._period_us = max(period, exposure_us, readout_us)
        self._took_us = readout_us + exposure_us
        self._first_us = now_us + int(self._rng(0, 1).integers(self._period_us))
        self._index = 0
        self._arrived_us = 0
        self._pending: _Frame | None = None
        self._queue.clear()
        if self._last_codes is not None:
            self._old_codes = self._last_codes
        self._last_codes = None
        self._old_left = self.old_frames
        self._running = True

    def stop(self) -> None:
        self._running = False
        self._queue.clear()

    def read(self, now_us: int) -> tuple[int, int, bytes]:
        """(again_us, arrived_us, pixels): the oldest frame that waits (again_us 0), or when to ask again."""
        if not self._running:
            raise ValueError("the imager is not started; start it before reading")
        sound = self.sound_frames > 0
        if self.silent and not sound:
            return now_us + SILENT_RETRY_US, now_us, b""
        self._advance(now_us)
        if not self._queue:
            assert self._pending
            return self._pending.arrives_us, now_us, b""
        frame = self._queue.popleft()
        self.sound_frames -= sound
        pixels = self._codes(frame, self.frozen and not sound).tobytes()
        if self._old_left and self._old_codes is not None:
            self._old_left -= 1
            pixels = self._old_codes.tobytes()
        return 0, frame.arrives_us, pixels[: len(pixels) - (0 if sound else self.short_bytes)]

    def _rng(self, index: int, what: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, self._starts, index, what])

    def _advance(self, now_us: int) -> None:
        """Move every frame that has arrived by now into the queue; leave the next one in `_pending`."""
        skip_to = (now_us - IDLE_US - self._first_us) // self._period_us
        if skip_to > self._index:
            self._index, self._pending = skip_to, None
            self._queue.clear()
        while True:
            if self._pending is None:
                self._pending = self._draw()
            if self._pending.arrives_us > now_us:
                return
            self._queue.append(self._pending)
            self._pending = None
            while len(self._queue) > self._buffers:
                self._queue.popleft()

    def _draw(self) -> _Frame:
        """The next frame that is not dropped."""
        while True:
            index = self._index
            self._index += 1
            rng = self._rng(index, 2)
            dropped, repeated = rng.random(2) < (self.drop_probability, self.repeat_probability)
            latency = int(rng.integers(*self._optics.latency_us))
            if self.late_probability:
                fault = self._rng(index, 4)
                latency += (fault.random() < self.late_probability) * int(fault.integers(self.late_us + 1))
            if dropped:
                continue
            started = self._first_us + index * self._period_us
            arrives = max(started + self._took_us + latency, self._arrived_us + SPACING_US)
            self._arrived_us = arrives
            return _Frame(index, started, arrives, bool(repeated))

    def _codes(self, frame: _Frame, frozen: bool) -> np.ndarray:
        repeats = (frame.repeats or frozen) and self._last_codes is not None
        exposed_us = frame.started_us
        if repeats:
            lit_us, exposed_us = self.deliveries[-1].lit_us, self.deliveries[-1].exposed_us
        else:
            rows = np.arange(self._optics.height)
            starts = frame.started_us + (rows * self._optics.row_time_us).astype(np.int64)
            lit_us = self._world.lit_us(starts, self._exposure_us)
            middle = frame.started_us + self._took_us // 2
            self._last_codes = self._sensor.expose(
                self._world.field(middle),
                lit_us,
                self._exposure_us,
                self._gain,
                self._world.temperature_c(middle),
                self._rng(frame.index, 3),
                self._world.ambient_us(starts, self._exposure_us),
                self._world.foreign(starts, self._exposure_us),
            )
        self.deliveries.append(Delivery(frame.arrives_us, frame.started_us, repeats, lit_us, exposed_us))
        assert self._last_codes is not None
        if self.saturated:
            return np.full_like(self._last_codes, 255)
        return self._last_codes
