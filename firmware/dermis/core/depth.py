"""Depth from a pseudo-random dot pattern: disparity against a calibrated reference, then triangulation.

Frames and reference are 8-bit images of the dots alone, row by row, `width` pixels along u (the baseline, with
the projector at +u) and `height` rows. Disparity is u in the frame minus u in the reference: positive for what
is nearer than the reference plane. All arithmetic is integer, all memory is allocated once, and CPython and
MicroPython give the same answer bit for bit. Method, accuracy and limits: docs/depth.md.
"""

from __future__ import annotations

from array import array

from dermis.core import depth_kernels as kernels
from dermis.core.errors import BadInput

SUBPIXEL = 16  # disparities are in 1/16 px
SUBMILLIMETRE = 16  # depths are in 1/16 mm
FARTHEST = 65535  # of a depth array of 16 bits: 4095.9 mm

_MAX_WINDOW = 31  # 31 * 31 * 127 * 127 < 2**24: what the fixed point of `refine_row` holds
_MAX_SEARCH_WINDOW = 15  # bits in a word of the packed images, less the sign
# The root curve begins at code 16, so that the read noise of dark pixels is not blown up; 12.46 * 20 = 249.
_CURVE_START = 16
_CURVE_SCALE = 20
# Limits, from the renders and the real capture of docs/depth.md.
_GUARD_PX = 2  # disparities beside the best are the same peak
_LIMIT_OF_64 = 24  # a window of which more than 24/64 of the bits differ is no match
_MARGIN_OF_64 = 2  # nor is one that beats its rival by less than this
_LOWEST_CORRELATION = 9000  # of 16384: chance reaches it once in a thousand cells
_ENERGY_FLOOR = 40  # mean square of a window's contrast: below it there are no dots
_AGREEMENT = 24  # 1/16 px between neighbours: a steep cheek at 250 mm
_NEIGHBOURS = 3  # of eight; two windows that overlap may agree by chance


def _square_root(value):
    root = 0
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


def root_curve():
    """256 bytes for images of linear codes: 20 (sqrt(code + 16) - 4), floor. It makes shot noise equally large
    everywhere and lets a weak dot count. Images of square roots already (`reflectance.dot_image`) need none."""
    curve = bytearray(256)
    for code in range(256):
        curve[code] = _square_root(_CURVE_SCALE * _CURVE_SCALE * (code + _CURVE_START)) - _CURVE_SCALE * 4
    return curve


class DepthMapper:
    """Disparity on a grid of cells, one every `step` pixels.

    width, height: of the images, pixels. window: side of the square that is correlated, odd, at most 31.
    search_window: of the coarse search, odd, at most 15; by default the smaller of 15 and window + 4.
    min_disparity, max_disparity: searched, whole pixels.
    curve: 256 bytes applied to the codes of both images, `root_curve()` for linear ones; by default none.

    After `measure`: `disparity` array('h') of rows * columns in 1/16 px, `confidence` bytearray: correlation
    * 255, 0 where there is no answer. A cell's window must lie inside the frame and, shifted, inside the
    reference; cells at the edge therefore have no answer.

    Raises BadInput for sizes that the fixed point does not hold.
    """

    def __init__(
        self,
        width,
        height,
        step=5,
        window=11,
        min_disparity=-12,
        max_disparity=26,
        search_window=0,
        curve=None,
        blur_reference=True,
    ):
        if not search_window:
            search_window = min(_MAX_SEARCH_WINDOW, window + 4)
        if window % 2 == 0 or not 3 <= window <= _MAX_WINDOW:
            raise BadInput("the window must be an odd number of pixels from 3 to %d" % _MAX_WINDOW)
        if search_window % 2 == 0 or not 3 <= search_window <= _MAX_SEARCH_WINDOW:
            raise BadInput("the search window must be an odd number of pixels from 3 to %d" % _MAX_SEARCH_WINDOW)
        if min_disparity >= max_disparity:
            raise BadInput("the lowest disparity must be less than the highest")
        if max_disparity - min_disparity >= width or max(-min_disparity, max_disparity) >= width:
            raise BadInput("the disparities must be less than the image is wide, %d px" % width)
        if step < 1 or width < 2 * window or height < 2 * window:
            raise BadInput("the step must be at least 1 and the image at least two windows wide and high")
        if curve is not None and len(curve) != 256:
            raise BadInput("the curve must hold 256 bytes")
        self.width, self.height, self.step = width, height, step
        self.window, self.search_window = window, search_window
        self.min_disparity, self.max_disparity = min_disparity, max_disparity
        self.columns, self.rows = width // step, height // step
        self.disparity = array("h", [0] * (self.rows * self.columns))
        self.confidence = bytearray(self.rows * self.columns)
        self._half = max(window, search_window) // 2
        self._bias = width
        self._disparities = max_disparity - min_disparity + 1
        self._curve = curve or bytearray(range(256))
        self._ones = bytearray([bin(value).count("1") for value in range(256)])
        self._frame = bytearray(width * height)
        self._reference = bytearray(width * height)
        self._running = array("i", [0] * (width + 2 * self._half + 1))
        self._frame_words = array("H", [0] * width)
        self._reference_words = array("H", [0] * (width * self.rows))
        self._costs = array("H", [0] * (self._disparities * self.columns))
        self._best = array("H", [0] * self.columns)
        self._kept = bytearray(self.rows * self.columns)
        self._work = array("i", [0] * 4)
        self._block = array("i", [0] * 11)

    def cell_u(self, column):
        """u of the centre of that column's cells, pixels."""
        return column * self.step + self.step // 2

    def cell_v(self, row):
        """v of the centre of that row's cells, pixels."""
        return row * self.step + self.step // 2

    def set_reference(self, codes):
        """Take the dots on the reference plane: width * height bytes. Raises BadInput for another size."""
        self._check(codes, "reference")
        kernels.blur(codes, self._frame, self._set(self.width, self.height))
        self._contrast(self._frame, self._reference, 0, self.height)
        half = self.search_window // 2
        for row in range(self.rows):
            if self._inside(row):
                top = self.cell_v(row) - half
                kernels.pack_row(
                    self._reference,
                    self._reference_words,
                    self._set(self.width, top, self.search_window, row * self.width),
                )

    def measure(self, codes, box=None):
        """Measure the dots on what stands before the module: width * height bytes.

        box: cells (first row, end row, first column, end column) to measure; the others have no answer.
        Raises BadInput for another size or a box beyond the grid.
        """
        self._check(codes, "frame")
        row0, row1, column0, column1 = box or (0, self.rows, 0, self.columns)
        if not (0 <= row0 <= row1 <= self.rows and 0 <= column0 <= column1 <= self.columns):
            raise BadInput("the box of cells must lie within %d rows and %d columns" % (self.rows, self.columns))
        kernels.clear(self.disparity, self.confidence, len(self.confidence))
        while row0 < row1 and not self._inside(row0):
            row0 += 1
        while row1 > row0 and not self._inside(row1 - 1):
            row1 -= 1
        while column0 < column1 and self.cell_u(column0) < self._half:
            column0 += 1
        while column1 > column0 and self.cell_u(column1 - 1) + self._half >= self.width:
            column1 -= 1
        if row0 == row1 or column0 == column1:
            return
        self._contrast(codes, self._frame, self.cell_v(row0) - self._half, self.cell_v(row1 - 1) + self._half + 1)
        for row in range(row0, row1):
            self._measure_row(row, column0, column1 - column0)
        kernels.agree(
            self.disparity, self.confidence, self._kept, self._set(self.rows, self.columns, _AGREEMENT, _NEIGHBOURS)
        )

    def _measure_row(self, row, column0, cells):
        width, half, search = self.width, self.window // 2, self.search_window
        first, v = self.cell_u(column0), self.cell_v(row)
        lowest = self.min_disparity + self._bias
        kernels.pack_row(self._frame, self._frame_words, self._set(width, v - search // 2, search, 0))
        kernels.search_row(
            self._frame_words,
            self._reference_words,
            self._ones,
            self._running,
            self._costs,
            self._set(width, row * width, search // 2, self._disparities, self._bias, lowest, first, self.step, cells),
        )
        bits = search * search
        kernels.choose_row(
            self._costs,
            self._best,
            self._set(self._disparities, cells, _GUARD_PX, bits * _MARGIN_OF_64 // 64, bits * _LIMIT_OF_64 // 64),
        )
        kernels.refine_row(
            self._frame,
            self._reference,
            self._best,
            self.disparity,
            self.confidence,
            self._work,
            self._set(
                width,
                half,
                first,
                v,
                self.step,
                cells,
                row * self.columns + column0,
                self._bias,
                lowest,
                _LOWEST_CORRELATION,
                _ENERGY_FLOOR * self.window * self.window,
            ),
        )

    def _inside(self, row):
        return self.cell_v(row) >= self._half and self.cell_v(row) + self._half < self.height

    def _contrast(self, source, out, row, end):
        half = self._half
        multiplier = 65536 // ((2 * half + 1) * (2 * half + 1))
        kernels.contrast(
            source, self._curve, out, self._running, self._set(self.width, self.height, half, row, end, multiplier)
        )

    def _set(self, *values):
        for index in range(len(values)):
            self._block[index] = values[index]
        return self._block

    def _check(self, codes, what):
        if len(codes) != self.width * self.height:
            raise BadInput("the %s must hold %d x %d bytes, not %d" % (what, self.width, self.height, len(codes)))


def range_of(disparity, focal_px_q8, baseline_um, z_ref_mm, z_offset_um=0):
    """Depth in 1/16 mm for a disparity in 1/16 px, exact and rounded to nearest (ties up); 0 for none.

    1/z = 1/z_ref + d / (f b), with the projector at +u: z = z_ref f b / (f b + d z_ref). `z_ref_mm` 0 stands for a
    reference at infinity: z = f b / d. z_offset_um is added to the depth.
    """
    product = focal_px_q8 * baseline_um  # 1/256 px um
    # d/16 px * z_ref mm in the same unit: d * z_ref * 256 * 1000 / 16
    scaled = disparity * 16000
    if z_ref_mm:
        above, below = z_ref_mm * product, product + scaled * z_ref_mm
    else:
        above, below = product, scaled
    if below <= 0:
        return 0
    # z = above / below mm; in 1/16 mm with the offset: (16000 above + 16 offset below) / (1000 below).
    top = 2 * (16000 * above + 16 * z_offset_um * below) + 1000 * below
    depth = top // (2000 * below)
    return depth if depth > 0 else 0


def triangulate(disparity, confidence, out_depth, focal_px_q8, baseline_um, z_ref_mm, z_offset_um=0):
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
        depth = range_of(low - 32768 + index, focal_px_q8, baseline_um, z_ref_mm, z_offset_um)
        table[index] = depth if depth <= FARTHEST else 0
    kernels.look_up(disparity, confidence, table, out_depth, block)
