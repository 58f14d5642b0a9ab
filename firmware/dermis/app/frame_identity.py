"""Which light a frame was lit by, from the frame itself.

Frames arrive late, are dropped and repeated, and may have been lit by two lights, so that counting says nothing. But
a grey tab at the window's edge (the monitor) lies in the first columns of every row and reflects each light at a
level of its own: block by block of rows, the tab's level less its level in the dark names the light. A rolling
imager that saw two lights shows it as a step down the tab; such a frame is nobody's. The first and the last two rows
are looked at by themselves: there a switch just before or after the frame shows first.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from dermis.core import vocabulary
from dermis.core.burst import HEIGHT, WIDTH
from dermis.core.native import micropython

if TYPE_CHECKING:
    from typing import Any
    from typing import Any as ptr8
    from typing import Any as ptr16
    from typing import Any as ptr32

FULL_SCALE = 65535
BLOCK_ROWS = 10  # 60 px of tab: shot noise under 1% at the weakest light's level
BLOCKS = HEIGHT // BLOCK_ROWS

# An uncalibrated level differs from the nominal by the LED's tolerance (20%) and temperature (4%), and the weaker the
# light the more by a gamma (10%) and a black level (8 codes) that nobody has measured: together by up to 75% at the
# dots'. The nearest level, 1.9 to 2.3 from the next, is nearly always the right one; `level_learner` makes sure of it.
# A calibrated level differs by temperature and age alone.
TOLERANCE_NOMINAL = 80  # percent
TOLERANCE_CALIBRATED = 25
# Neighbouring blocks see the same light; the tab's shading changes by 1% from one to the next, a change of light
# moves a block by far more.
NEIGHBOUR_TOLERANCE = 4  # percent
FRAME_TOLERANCE = 12  # percent, between any block and the mean: shading along the whole tab
# The rows at either end against the second block from there, which a switch that hardly touched the frame leaves
# alone: 12 px have a shot noise of .9% under the weakest light. A change of light by a third shows when a tenth of the
# last row's exposure was under the other one.
EDGE_ROWS = 2
EDGE_TOLERANCE = 4  # percent
# A lamp that flickers with the mains makes waves in the dark frame (10 ms are 71 rows). Up to this part of the
# weakest light's level they are borne, and every frame is then allowed as much unevenness.
RIPPLE_DIVISOR = 6
RIPPLE_COUNTS = 80  # less is noise
# Above this part of full scale the tab no longer follows its light, and hides a step.
SATURATED = 62000
# Below this a difference is noise of the imager, in linear counts of 65535.
NOISE_COUNTS = 160
# What is left after the ambient is taken off may be this part of the weakest light's level and still be dark.
DARK_DIVISOR = 4
# A scene's mean is taken over every so many pixels: prime to the row, so that every column is met.
SCENE_STEP = 37
SCENE_SAMPLES = (WIDTH * HEIGHT) // SCENE_STEP


@micropython.viper
def _block_sums(pixels: ptr8, table: ptr16, sums: ptr32, shape: ptr32):
    """shape: width, first column, last column + 1, rows a block, blocks, first pixel of the first row."""
    width = shape[0]
    first = shape[1]
    last = shape[2]
    rows = shape[3]
    row_start = shape[5]
    for block in range(shape[4]):
        total = 0
        for _ in range(rows):
            for column in range(first, last):
                total += table[pixels[row_start + column]]
            row_start += width
        sums[block] = total


@micropython.viper
def _sampled_sum(pixels: ptr8, table: ptr16, step: int, count: int) -> int:
    """Sum of linear counts over every `step`-th pixel; below 2^31 for up to 32,767 samples."""
    total = 0
    at = 0
    for _ in range(count):
        total += table[pixels[at]]
        at += step
    return total


def _scaled(levels, exposure_us, of_exposure_us):
    """Levels of lights at another exposure."""
    if exposure_us == of_exposure_us:
        return levels
    return {light: max(1, levels[light] * exposure_us // of_exposure_us) for light in levels}


def gamma_table(black_code: int, gamma_q8: int) -> Any:
    """Code -> linear counts (array "H" of 256) by the imager's nominal gamma; good enough to tell lights apart."""
    gamma = gamma_q8 / 256
    span = 255 - black_code
    table = array("H", bytes(512))
    for code in range(256):
        part = (code - black_code) / span if code > black_code else 0
        table[code] = int(part**gamma * FULL_SCALE + 0.5)
    return table


class FrameIdentity:
    """board: the board file's values; before a calibration its gamma and nominal levels are used.

    level: mean level of the tab in the last frame measured, linear counts, ambient included.
    repeated: that frame's tab was the same to the last count as that of the frame before. Noise does not repeat: it
    is the same frame again, unless all of it is black. saturated: of the frame last identified.
    """

    def __init__(self, board: dict):
        first, last = board["monitor_columns"]
        self._nominal = {light: board["monitor_nominal"][light] for light in vocabulary.LIGHTS[1:]}
        self._nominal_table = gamma_table(board["black_code"], board["gamma_q8"])
        self._board_exposure_us = board["exposure_us"]
        self._learned = {}  # exposure -> levels of a module without a record; of the last one alone
        columns = last - first
        last_rows = (HEIGHT - EDGE_ROWS) * WIDTH
        # Which rows, how many pixels a sum, the sums, where they begin in `_levels`: the blocks, then both edges.
        self._parts = (
            (
                array("i", (WIDTH, first, last, BLOCK_ROWS, BLOCKS, 0)),
                columns * BLOCK_ROWS,
                array("i", [0] * BLOCKS),
                0,
            ),
            (array("i", (WIDTH, first, last, EDGE_ROWS, 1, 0)), columns * EDGE_ROWS, array("i", [0]), BLOCKS),
            (
                array("i", (WIDTH, first, last, EDGE_ROWS, 1, last_rows)),
                columns * EDGE_ROWS,
                array("i", [0]),
                BLOCKS + 1,
            ),
        )
        self._levels = array("i", [0] * (BLOCKS + 2))
        self._ambient = array("i", [0] * (BLOCKS + 2))
        self._before = array("i", [0] * BLOCKS)
        self._ripple = 0
        self.level = 0
        self.repeated = self.saturated = False
        self.use(None, self._board_exposure_us)

    def use(self, calibration: Any, exposure_us: int) -> None:
        """Take table and levels from a calibration record (core.calibration), brought to that exposure; with None
        those that were learned at that exposure, else the board's."""
        if calibration is not None:
            self._table, self._tolerance = calibration.linear, TOLERANCE_CALIBRATED
            self._expected = _scaled(calibration.monitor, exposure_us, calibration.exposure_us)
        else:
            self._table, self._tolerance = self._nominal_table, TOLERANCE_NOMINAL
            nominal = _scaled(self._nominal, exposure_us, self._board_exposure_us)
            self._expected = self._learned.get(exposure_us, nominal)
        weakest = min(self._expected.values())
        self._dark_limit = max(NOISE_COUNTS, weakest // DARK_DIVISOR)
        self._ripple_limit = weakest // RIPPLE_DIVISOR
        self.set_ambient(None)

    def learn(self, levels: dict, exposure_us: int) -> None:
        """Light -> level of the tab of a module without a record, at that exposure. No levels: forget them."""
        self._learned = {exposure_us: levels} if levels else {}

    def knows(self, exposure_us: int) -> bool:
        """Whether the levels at that exposure were learned."""
        return exposure_us in self._learned

    def lit_alone(self, pixels: Any) -> int:
        """Level of the tab, ambient taken off, in a fresh frame that one light lit from the first row to the last; 0
        for any other, a saturated one, or one without light."""
        self._measure(pixels)
        if self.repeated or max(self._levels) >= SATURATED:
            return 0
        level = self._evenly_lit()
        return level if level is not None and level > NOISE_COUNTS else 0

    def set_ambient(self, pixels: Any) -> bool:
        """Take the tab's ambient from a frame in the dark (None: none). False, and no change, when the blocks of
        that frame disagree by more than a flickering lamp explains: something was switched while it was exposed."""
        ambient, levels = self._ambient, self._levels
        if pixels is None:
            for part in range(BLOCKS + 2):
                ambient[part] = 0
            self.ambient_level = self._ripple = 0
            return True
        before, self._ripple = self._ripple, 0
        self._measure(pixels)
        spread = max(levels) - min(levels)
        waves = spread <= self._ripple_limit
        if not waves and not self._agree():
            self._ripple = before
            return False
        self._ripple = spread if waves and spread > RIPPLE_COUNTS else 0
        for part in range(BLOCKS + 2):
            # Waves lie elsewhere in the next frame; what is uneven but steady stays.
            ambient[part] = self.level if self._ripple else levels[part]
        self.ambient_level = self.level
        return True

    def identify(self, pixels: Any):
        """The light that lit all of this frame (`vocabulary.LIGHTS`, dark included), or None when none did."""
        self._measure(pixels)
        self.saturated = max(self._levels) >= SATURATED
        level = None if self.saturated else self._evenly_lit()
        if level is None:
            return None
        if abs(level) <= self._dark_limit:
            return vocabulary.DARK
        light = self._nearest(level)
        if abs(level - self._expected[light]) * 100 > self._tolerance * self._expected[light]:
            return None
        return light

    def _evenly_lit(self):
        """Mean level of the frame measured, ambient taken off, or None when its blocks disagree."""
        levels, ambient = self._levels, self._ambient
        for part in range(BLOCKS + 2):
            levels[part] -= ambient[part]
        return sum(levels[:BLOCKS]) // BLOCKS if self._agree() else None

    def _nearest(self, level):
        """The light whose level is nearest by ratio; any for what is darker than the dark."""
        best, best_ratio = vocabulary.DOTS, 0
        for light in self._expected:
            expected = self._expected[light]
            ratio = min(level, expected) * FULL_SCALE // max(level, expected)
            if ratio > best_ratio:
                best, best_ratio = light, ratio
        return best

    def scene_level(self, pixels: Any) -> int:
        """Mean of the frame in linear counts."""
        return _sampled_sum(pixels, self._table, SCENE_STEP, SCENE_SAMPLES) // SCENE_SAMPLES

    def lit_level(self) -> int:
        """Mean level of the tab in the frame last identified, ambient taken off, linear counts."""
        return self.level - self.ambient_level

    def expected(self) -> dict:
        """Light -> level of the tab that is looked for."""
        return self._expected

    def tolerance_percent(self) -> int:
        return self._tolerance

    def _measure(self, pixels):
        levels, before = self._levels, self._before
        for shape, count, sums, first in self._parts:
            _block_sums(pixels, self._table, sums, shape)
            for at in range(len(sums)):
                levels[first + at] = sums[at] // count
        blocks = self._parts[0][2]
        self.repeated = blocks == before
        before[:] = blocks
        self.level = sum(levels[:BLOCKS]) // BLOCKS

    def _agree(self):
        """Whether blocks and edges are of one light."""
        levels = self._levels
        mean = sum(levels[:BLOCKS]) // BLOCKS
        # The ambient's own noise stays in the difference, so the allowance is of the whole level.
        whole = self._allowed(FRAME_TOLERANCE)
        neighbour = self._allowed(NEIGHBOUR_TOLERANCE)
        before = levels[0]
        for block in range(BLOCKS):
            value = levels[block]
            if abs(value - before) > neighbour or abs(value - mean) > whole:
                return False
            before = value
        edge = self._allowed(EDGE_TOLERANCE)
        return abs(levels[BLOCKS] - levels[1]) <= edge and abs(levels[BLOCKS + 1] - levels[BLOCKS - 2]) <= edge

    def _allowed(self, percent):
        return max(NOISE_COUNTS, abs(self.level) * percent // 100) + self._ripple
