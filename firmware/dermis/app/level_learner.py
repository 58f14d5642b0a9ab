"""What each light gives on the monitor tab of a module that was never calibrated.

LEDs, gamma and black level of such a module differ from the design by more than the lights' levels differ from each
other, so that a level does not name its light. Here time does: a light burns for the longest pulse, and what arrives
late enough in it was exposed under nothing else. That costs .2 s a light, and is done once before the first bursts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app.frame_sorter import LATE_STAMP_US
from dermis.core import vocabulary
from dermis.core.burst import HEIGHT

if TYPE_CHECKING:
    from dermis.drivers.camera import Camera
    from dermis.drivers.clock import Clock
    from dermis.drivers.emitters import Emitters

SHOWS = 5  # of one light; frames are lost, repeated, or come at the wrong time
OUT_OF_STEP_MS = 7  # shows must not keep step with the frames: none would ever come at the right time
ENDS_EARLY_US = 2_000  # the one-shot may end a pulse this much too soon


class LevelLearner:
    """board: the board file's values. Drivers as their contracts say. identity: `FrameIdentity`, which is told."""

    def __init__(self, board, clock: Clock, camera: Camera, emitters: Emitters, identity):
        self._board = board
        self._clock = clock
        self._camera = camera
        self._emitters = emitters
        self._identity = identity

    async def learn(self, exposure_us, pixels) -> None:
        """Tell `identity` the levels at that exposure. pixels: room for a frame (76,800 bytes).

        A light that shows no level (dead, or saturated at that exposure) keeps the design's: the burst that looks for
        it says what is wrong. Raises SensorFault when the imager gives nothing, InterlockOpen.
        """
        board, identity = self._board, self._identity
        identity.use(None, exposure_us)
        levels = dict(identity.expected())
        await self._camera.start(exposure_us, board["gain_q8"], board["buffers"])
        try:
            if await self._look(vocabulary.DARK, exposure_us, pixels, identity.set_ambient):
                for light in vocabulary.LIGHTS[1:]:
                    level = await self._look(light, exposure_us, pixels, identity.lit_alone)
                    levels[light] = level or levels[light]
        finally:
            try:
                self._emitters.dark()
            finally:
                await self._camera.stop()
        identity.learn(levels, exposure_us)
        identity.use(None, exposure_us)

    async def _look(self, light, exposure_us, pixels, reading):
        """What `reading` (pixels -> something true, or not) gives of a frame that saw that light alone; 0 without."""
        board = self._board
        whole_us = HEIGHT * board["row_time_us"] + exposure_us
        settled_us = whole_us + board["latency_us"][1] + LATE_STAMP_US
        longest_us = board["longest_pulse_us"]
        for show in range(SHOWS):
            if light == vocabulary.DARK:
                self._emitters.dark()
            else:
                self._emitters.pulse(light, board["level_q8"][light], longest_us)
            arrival = started = self._clock.ticks_us()
            while arrival < started + longest_us - ENDS_EARLY_US:
                arrival = await self._camera.read(pixels)
                if started + settled_us <= arrival < started + longest_us - ENDS_EARLY_US:
                    found = reading(pixels)
                    if found:
                        return found
            await self._clock.sleep_ms(OUT_OF_STEP_MS * (show + 1))
        return 0
