"""Depth from a pseudo-random dot pattern: disparity against a calibrated reference, then triangulation.

Frames and reference are 8-bit images of the dots alone, row by row, `width` pixels along u (the baseline, with
the projector at +u) and `height` rows. Disparity is u in the frame minus u in the reference: positive for what
is nearer than the reference plane. All arithmetic is integer, all memory is allocated once, and CPython and
MicroPython give the same answer bit for bit. Method, accuracy and limits: docs/depth.md.
"""

from __future__ import annotations

from array import array

from dermis.core import assembler, fixed
from dermis.core import depth_kernels as kernels
from dermis.core import depth_reference as references
from dermis.core.errors import BadInput

SUBPIXEL = 16  # disparities are in 1/16 px
SUBMILLIMETRE = 16  # depths are in 1/16 mm
FARTHEST = 65535  # of a depth array of 16 bits: 4095.9 mm

# 255 * 8160 times the sum of the weights of a window's pixels stays below 2**31 (`depth_reference.window_row`).
_MOST_PIXELS = 1032
_MOST_DISPARITIES = 254  # a guess is a byte, 0 stands for none
_MIDDLE_WEIGHTS = (1, 2, 3, 4)
_SEED_STEP = 3  # cells between seeds along u and v
# The root curve begins at code 16, so that the read noise of dark pixels is not blown up; 12.46 * 20 = 249.
_CURVE_START = 16
_CURVE_SCALE = 20
# Limits, from the renders and the real capture of docs/depth.md.
_GUARD_PX = 2  # disparities beside the best are the same peak
_SEARCH_LIMIT = references.SEARCH_BITS * 24 // 64  # a window of which more bits differ is no match
_SEARCH_SURE = references.SEARCH_BITS // 4  # a window of which no more bits differ is one, without looking for rivals
_SEARCH_MARGIN = 4  # nor is one that beats its rival by fewer bits
_LOWEST_CORRELATION = 9000  # of 16384: chance reaches it once in a thousand cells
_ENERGY_FLOOR = 40  # mean square of a window's contrast: below it there are no dots
_AGREEMENT = 24  # 1/16 px between neighbours: a steep cheek at 250 mm
_NEIGHBOURS = 3  # of eight; two windows that overlap may agree by chance

assembler.install_for_this_machine()


def _square_root(value):
    """Of a whole number, floor. By Newton's method from above: a module has 1024 of them to find at each start."""
    root = value
    while root * root > value:
        root = (root + value // root) // 2
    return root


def root_curve():
    """256 bytes for images of linear codes: 20 (sqrt(code + 16) - 4), floor. It makes shot noise equally large
    everywhere and lets a weak dot count. Images of square roots already (`reflectance.dot_image`) need none."""
    curve = bytearray(256)
    for code in range(256):
        curve[code] = _square_root(_CURVE_SCALE * _CURVE_SCALE * (code + _CURVE_START)) - _CURVE_SCALE * 4
    return curve


def _middle_weight(window, step):
    """Weight of a window's middle block beside 1, so that its width is nearest to `window` pixels.

    Three blocks of weights 1, w, 1 average noise like a plain window of (w + 2)**2 / (w * w + 2) blocks.
    """
    chosen, nearest = 1, 3 * step
    for weight in _MIDDLE_WEIGHTS:
        off = abs(window - step * (weight + 2) * (weight + 2) / (weight * weight + 2))
        if off < nearest:
            chosen, nearest = weight, off
    return chosen


class DepthMapper:
    """Disparity on a grid of cells, one every `step` pixels.

    width, height: of the images, pixels. window: side of the square that is correlated, odd, two to three steps; by
    default three. It is made of 3 x 3 cells, the middle ones weighing more the smaller it is.
    min_disparity, max_disparity: searched, whole pixels.
    curve: 256 bytes applied to the codes of both images, `root_curve()` for linear ones; by default none.
    room: array "i" of `depth_kernels.BLOCK_SUMS` numbers a cell that nobody else needs while `measure` runs; by
    default its own.

    After `measure`: `disparity` array('h') of rows * columns in 1/16 px, `confidence` bytearray: correlation
    * 255, 0 where there is no answer. A cell's 3 x 3 cells must lie inside the frame and, shifted, inside the
    reference; cells at the edge therefore have no answer.

    Raises BadInput for sizes that the fixed point does not hold.
    """

    def __init__(self, width, height, step=5, window=0, min_disparity=-12, max_disparity=26, curve=None, room=None):
        if step < 1:
            raise BadInput("the step must be at least 1 px")
        if window and (window % 2 == 0 or not 2 * step <= window <= 3 * step):
            raise BadInput("the window must be an odd number of pixels from two to three steps of %d px" % step)
        if min_disparity >= max_disparity:
            raise BadInput("the lowest disparity must be less than the highest")
        if max_disparity - min_disparity >= _MOST_DISPARITIES:
            raise BadInput("at most %d disparities can be searched" % _MOST_DISPARITIES)
        if max(-min_disparity, max_disparity) >= width:
            raise BadInput("the disparities must be less than the image is wide, %d px" % width)
        if width < 6 * step or height < 6 * step or min(width, height) < 4 * references.SEARCH_HALF:
            raise BadInput(
                "the image must be at least six steps and %d px wide and high" % (4 * references.SEARCH_HALF)
            )
        if curve is not None and len(curve) != 256:
            raise BadInput("the curve must hold 256 bytes")
        self._weight = _middle_weight(window or 3 * step, step)
        self._pixels = (self._weight + 2) ** 2 * step * ((step + 1) // 2)
        if self._pixels > _MOST_PIXELS:
            raise BadInput("the step is too large for this window: take a smaller step or a window of three steps")
        self.width, self.height, self.step = width, height, step
        self.min_disparity, self.max_disparity = min_disparity, max_disparity
        self.columns, self.rows = width // step, height // step
        cells = self.rows * self.columns
        self.disparity = array("h", [0] * cells)
        self.confidence = bytearray(cells)
        self._bias = width
        self._curve = curve
        # Rows of seeds: their windows lie inside the image.
        self._first_seed = 1
        while self.cell_v(self._first_seed) < references.SEARCH_HALF:
            self._first_seed += 1
        self._end_seed = self.rows - 1
        while self.cell_v(self._end_seed - 1) + references.SEARCH_HALF >= height:
            self._end_seed -= 1
        seed_rows = len(range(self._first_seed, self._end_seed, _SEED_STEP))
        self._ones = bytearray([bin(value).count("1") for value in range(2048)])
        self._roots = array("H", [_square_root(64 * value + 32) for value in range(1024)])
        self._frame = bytearray(width * height) if curve else b""
        self._reference = bytearray(width * height)
        self._mean = fixed.zeros("H", width * self.rows)
        self._root = fixed.zeros("H", width * self.rows)
        self._words = fixed.zeros("i", width * seed_rows)
        self._costs = bytearray(max_disparity - min_disparity + 1)
        self._guess = bytearray(cells)
        if room is not None and len(room) < kernels.BLOCK_SUMS * cells:
            raise BadInput("the room must hold %d numbers a cell" % kernels.BLOCK_SUMS)
        self._sums = fixed.zeros("i", kernels.BLOCK_SUMS * cells) if room is None else room
        self._bases = fixed.zeros("H", cells)
        self._kept = bytearray(cells)
        self._block = array("i", [0] * 14)

    def cell_u(self, column):
        """u of the centre of that column's cells, pixels."""
        return column * self.step + self.step // 2

    def cell_v(self, row):
        """v of the centre of that row's cells, pixels."""
        return row * self.step + self.step // 2

    def set_reference(self, codes):
        """Take the dots on the reference plane: width * height bytes. Raises BadInput for another size."""
        width = self.width
        references.blur(self._curved(codes, "reference"), self._reference, self._set(width, self.height))
        scratch = array("i", [0] * (2 * (width + 1)))
        sums, squares = memoryview(scratch)[: width + 1], memoryview(scratch)[width + 1 :]
        floor = _ENERGY_FLOOR * self._pixels
        for row in range(1, self.rows - 1):
            references.window_row(
                self._reference,
                self._mean,
                self._root,
                sums,
                squares,
                self._set(width, self.cell_v(row), self.step, self._weight, row * width, floor, self._pixels),
            )
        for line, row in enumerate(range(self._first_seed, self._end_seed, _SEED_STEP)):
            top = self.cell_v(row) - references.SEARCH_HALF
            references.pack_row(
                self._reference, self._mean, self._words, self._set(width, top, row * width, line * width)
            )

    def measure(self, codes):
        """Measure the dots on what stands before the module: width * height bytes. Raises BadInput for another size."""
        codes = self._curved(codes, "frame")
        lowest = self.min_disparity + self._bias
        kernels.clear(self.disparity, self.confidence, self._guess, self._bases, len(self.confidence))
        kernels.seed(
            0,
            0,
            codes,
            self._words,
            self._ones,
            self._costs,
            self._guess,
            self._set(
                self.width,
                self.step,
                self.columns,
                self.rows,
                len(self._costs),
                self._bias,
                lowest,
                _GUARD_PX,
                _SEARCH_MARGIN,
                _SEARCH_LIMIT,
                _SEARCH_SURE,
                32 * 32 * _ENERGY_FLOOR,
                self._first_seed,
                self._end_seed,
            ),
        )
        for backwards in (0, 1):
            kernels.follow(
                0,
                0,
                codes,
                self._reference,
                self._mean,
                self._root,
                self._roots,
                self._sums,
                self._bases,
                self._guess,
                self.disparity,
                self.confidence,
                self._set(
                    self.width,
                    self.step,
                    self.columns,
                    self.rows,
                    self._bias,
                    lowest,
                    self.max_disparity + self._bias,
                    self._pixels,
                    _LOWEST_CORRELATION,
                    _ENERGY_FLOOR * self._pixels,
                    backwards,
                    self._weight,
                ),
            )
        kernels.agree(
            self.disparity, self.confidence, self._kept, self._set(self.rows, self.columns, _AGREEMENT, _NEIGHBOURS)
        )

    def _curved(self, codes, what):
        """The image as it is correlated. Raises BadInput for another size."""
        if len(codes) != self.width * self.height:
            raise BadInput("the %s must hold %d x %d bytes, not %d" % (what, self.width, self.height, len(codes)))
        if self._curve is None:
            return codes
        references.convert(codes, self._curve, self._frame, len(self._frame))
        return self._frame

    def _set(self, *values):
        for index in range(len(values)):
            self._block[index] = values[index]
        return self._block


def range_of(disparity, focal_px_q8, baseline_um, z_ref_um, z_offset_um=0):
    """Depth in 1/16 mm for a disparity in 1/16 px, exact and rounded to nearest (ties up); 0 for none.

    1/z = 1/z_ref + d / (f b), with the projector at +u: z = z_ref f b / (f b + d z_ref). `z_ref_um` 0 stands for a
    reference at infinity: z = f b / d. z_offset_um is added to the depth.
    """
    product = focal_px_q8 * baseline_um  # 1/256 px um
    scaled = disparity * 256 // SUBPIXEL  # 1/256 px; times a length in um it has the same unit
    if z_ref_um:
        above, below = z_ref_um * product, product + scaled * z_ref_um
    else:
        above, below = product, scaled
    if below <= 0:
        return 0
    # z = above / below um; in 1/16 mm with the offset: 16 (above + offset below) / (1000 below).
    top = 2 * SUBMILLIMETRE * (above + z_offset_um * below) + 1000 * below
    depth = top // (2000 * below)
    return depth if depth > 0 else 0


def triangulate(disparity, confidence, out_depth, focal_px_q8, baseline_um, z_ref_um, z_offset_um=0):
    """Depths in 1/16 mm into `out_depth` (array 'H'; 0: none, or beyond 4095.9 mm) for disparities in 1/16 px.

    The value is `range_of` each disparity, read from a table between the lowest and the highest that occur, so that
    the division is done once a value and not once a cell. Raises BadInput unless all three are of one length.
    """
    if not len(disparity) == len(confidence) == len(out_depth):
        raise BadInput("disparity, confidence and depth must have the same number of cells")
    block = array("i", [len(confidence), 0, 0])
    kernels.extent(disparity, confidence, block)
    low, high = block[1], block[2]
    table = array("H", [0] * max(1, high - low + 1))
    for index in range(high - low + 1):
        depth = range_of(low - 32768 + index, focal_px_q8, baseline_um, z_ref_um, z_offset_um)
        table[index] = depth if depth <= FARTHEST else 0
    kernels.look_up(disparity, confidence, table, out_depth, block)
