"""Segmentation, motion and the SWIR spot on depth maps made by hand."""

from array import array

import synthetic
from dermis.core import cell_kernels, motion, reflectance, swir, vocabulary
from dermis.core.face import FILLED, MEASURED, MIDDLE, SKIN_OFF_MM, Face
from dermis.core.reflectance import CELLS, COLUMNS, ROWS

FACE = Face(synthetic.BOARD)
LIT = array("i", [2400] * CELLS)  # R = .6 at the reference distance
MM = 16


def find(depth, light):
    return FACE.find(depth, lambda rows, columns, without: light)


def blank():
    return array("H", [0] * CELLS)


def put(depth, millimetres, row0, row1, column0, column1):
    for row in range(row0, row1):
        for column in range(column0, column1):
            depth[row * COLUMNS + column] = millimetres * MM
    return depth


def lit_where(depth, level=2400):
    return array("i", [level if value else 0 for value in depth])


def test_a_body_is_found_measured_and_boxed():
    depth = put(blank(), 450, 14, 34, 20, 46)  # 20 x 26 cells of 6.8 mm
    assert find(depth, lit_where(depth)) is None
    assert FACE.measured == 20 * 26 and FACE.filled == 0 and FACE.valid_permille() == 1000
    assert FACE.box_px() == [100, 70, 230, 170]
    assert FACE.nearest == FACE.median == 450 * MM
    assert abs(FACE.height_mm - 177) <= 1 and abs(FACE.width_mm - 136) <= 1
    assert abs(FACE.centre_u_q4 - 16 * 165) <= 48 and abs(FACE.centre_v_q4 - 16 * 120) <= 48


def test_nearest_body_wins_and_the_wall_stays_out():
    depth = put(blank(), 650, 0, ROWS, 3, COLUMNS)
    put(depth, 400, 14, 34, 20, 46)
    assert find(depth, LIT) is None
    assert FACE.median == 400 * MM and FACE.measured == 20 * 26
    assert FACE.mask[0 * COLUMNS + 60] == 0


def test_a_small_thing_before_the_face_is_no_face():
    depth = put(blank(), 500, 14, 34, 20, 46)
    put(depth, 300, 2, 5, 50, 53)  # a finger
    assert find(depth, lit_where(depth)) is None
    assert FACE.median == 500 * MM


def test_a_chest_behind_a_small_head_is_not_the_face():
    depth = put(blank(), 515, 6, 42, 4, 22)  # larger, and no cell of it hangs on the head
    put(depth, 420, 17, 31, 26, 44)
    assert find(depth, lit_where(depth)) is None
    assert FACE.median == 420 * MM and FACE.measured == 14 * 18
    # The largest of those that begin in the front stays it.
    put(depth, 460, 6, 42, 4, 22)
    assert find(depth, lit_where(depth)) is None
    assert FACE.median == 460 * MM


def test_spectacles_do_not_split_the_face():
    depth = put(blank(), 450, 14, 34, 20, 46)
    put(depth, 0, 14, 34, 36, 38)  # two columns without dots, lit all the same
    assert find(depth, LIT) is None
    assert FACE.measured == 20 * 24 and FACE.mask[20 * COLUMNS + 37] == FILLED
    assert FACE.box_px()[2] >= 230
    assert FACE.depth[20 * COLUMNS + 37] == 450 * MM


def test_what_hides_half_of_the_face_occludes_it():
    depth = put(blank(), 450, 14, 34, 20, 46)
    for row in range(14, 34):
        for column in range(20, 46):
            if (row // 2 + column // 2) % 2:
                depth[row * COLUMNS + column] = 0
    assert find(depth, LIT) == vocabulary.OCCLUDED


def test_too_near_and_too_far():
    for millimetres, reason in ((242, vocabulary.TOO_NEAR), (740, vocabulary.TOO_FAR), (450, None)):
        depth = put(blank(), millimetres, 8, 40, 10, 56)
        assert find(depth, lit_where(depth)) == reason, millimetres
    # Beyond the disparities only light tells.
    lit = array("i", [0] * CELLS)
    for row in range(15, 30):
        for column in range(20, 40):
            lit[row * COLUMNS + column] = 600
    assert find(blank(), lit) == vocabulary.TOO_FAR
    assert find(blank(), array("i", [8000] * CELLS)) == vocabulary.TOO_NEAR
    assert find(blank(), array("i", [40] * CELLS)) == vocabulary.NO_FACE
    assert FACE.measured == 0 and FACE.valid_permille() == 0


def test_neck_and_chest_are_cut_off():
    depth = put(blank(), 500, 10, 38, 4, 60)  # 56 columns of 7.6 mm are 424 mm
    assert find(depth, lit_where(depth)) is None
    assert 225 <= FACE.height_mm <= 245
    assert FACE.column1 == 60  # the top stays


def test_window_is_an_ellipse_of_measured_cells():
    depth = put(blank(), 450, 4, 44, 10, 60)
    assert find(depth, lit_where(depth)) is None
    out = bytearray(CELLS)
    FACE.window(out)
    # pi * 80 * 62 mm^2 in cells of 46.5 mm^2, less what whole cells leave out
    assert 270 <= sum(out) <= 340, sum(out)
    assert out[24 * COLUMNS + FACE.centre_u_q4 // 80] == 1 and out[4 * COLUMNS + 10] == 0


def test_the_ellipse_for_patches_follows_the_skin_but_not_to_where_a_mask_would_draw_it():
    depth = put(blank(), 450, 10, 38, 18, 46)
    assert find(depth, lit_where(depth)) is None
    row, column = [(at - 32) // 20 for at in (FACE.centre_v_q4, FACE.centre_u_q4)]  # 1/4 cells
    side = FACE.cell_mm_q8(FACE.median)
    most = SKIN_OFF_MM * 1024 // side
    assert most == 9
    for off, seen in ((0, 0), (5, 5), (-5, -5), (most, most), (most + 1, most), (-60, -most)):
        below, half_u, half_v = [length * 1024 // side for length in MIDDLE]
        found = FACE.ellipse_q2(MIDDLE, (row + off, column - off))
        assert found == (row + seen, column - seen - below, half_v, half_u), (off, found)


def ramp(shift):
    """A smooth blob, shifted along u by tenths of a cell."""
    out = array("i", [0] * CELLS)
    for row in range(ROWS):
        for column in range(COLUMNS):
            off = (10 * column - 320 - shift) * (10 * column - 320 - shift) + (10 * row - 240) * (10 * row - 240)
            out[row * COLUMNS + column] = 200000 * 10000 // (10000 + off)
    return out


def light_of(mask):
    """What `Motion` wants of a `Reflectance`: lists of the mask's cells."""
    light = reflectance.Reflectance([0, 6])
    block = array("i", [0, ROWS, 0, COLUMNS, 0, 0])
    cell_kernels.list_cells(0, mask, light.cells, light.around, block)
    light.count, light.around_count = block[4], block[5]
    return light


def test_motion_measures_shift_and_level():
    light = light_of(bytearray([MEASURED] * CELLS))
    seen = motion.Motion()
    still = ramp(0)
    seen.measure(still, still, light)
    assert (seen.shift_q4, seen.level_permille, seen.residual_permille) == (0, 1000, 0)
    seen.measure(still, ramp(6), light)  # .6 of a cell of 5 px is 3 px
    assert 40 <= seen.shift_q4 <= 56, seen.shift_q4
    seen.measure(still, array("i", [value * 9 // 10 for value in still]), light)
    assert seen.level_permille == 900 and seen.shift_q4 <= 2
    seen.measure(array("i", [0] * CELLS), array("i", [0] * CELLS), light)  # nothing there: no exception
    assert (seen.shift_q4, seen.level_permille) == (0, 1000)
    dark = array("i", [motion.DARKEST_SUM // 2] * CELLS)  # noise that doubles is no motion
    seen.measure(dark, array("i", [2 * value for value in dark]), light)
    assert seen.level_permille == 1000
    seen.measure(dark, still, light)  # the face came in between
    assert seen.level_permille > 2000
    seen.measure(still, dark, light)
    assert seen.level_permille < 500
    seen.compare(still, ramp(6), light)  # by some of the cells, against the first of the last `measure`
    assert 40 <= seen.shift_q4 <= 56, seen.shift_q4
    seen.compare(still, dark, light)
    assert seen.level_permille < 500
    seen.measure(dark, dark, light)
    seen.compare(dark, dark, light)
    assert (seen.shift_q4, seen.level_permille, seen.residual_permille) == (0, 1000, 0)


def test_motion_forgets_the_burst_before():
    """A lone cell above the face's box has neighbours in no list: what stands there is not of this burst."""
    everywhere = light_of(bytearray([MEASURED] * CELLS))
    mask = bytearray([1 if value else 0 for value in put(blank(), 450, 20, 23, 25, 28)])
    mask[19 * COLUMNS + 26] = 1
    light = reflectance.Reflectance([0, 6])
    light.select({"dark": bytes(76800)}, mask, (20, 23), (25, 28))
    assert light.count == 10
    fresh, used = motion.Motion(), motion.Motion()
    used.measure(ramp(0), ramp(20), everywhere)
    for seen in (fresh, used):
        seen.measure(ramp(0), ramp(3), light)
    assert fresh.shift_q4 == used.shift_q4 > 0
    assert fresh.residual_permille == used.residual_permille


def test_spot_overlap_follows_the_face():
    spot = swir.Spot(synthetic.BOARD)
    everywhere, nowhere = bytearray([1] * CELLS), bytearray(CELLS)
    light = array("i", [2048] * CELLS)
    spot.place(450 * MM)
    assert spot.look(everywhere, light) == (1000, 2048)
    assert spot.look(nowhere, light) == (0, 2048)
    assert spot.look(everywhere, array("i", [32767] * CELLS))[1] >= 32600  # the brightest that `survey` gives
    # 14 mm off the axis towards -u: at 250 mm that is 18 px, so that a face at +u loses some of the spot.
    upper = bytearray([1 if cell % COLUMNS >= 32 else 0 for cell in range(CELLS)])
    spot.place(250 * MM)
    near, _ = spot.look(upper, light)
    spot.place(700 * MM)
    far, _ = spot.look(upper, light)
    assert 100 < near < 250 and near < far < 500, (near, far)
