"""The reflectance stage's kernels on numbers made by hand."""

from array import array

from dermis.core import cell_kernels, fixed
from dermis.core.native import SIGN_SHIFT
from dermis.core.reflectance import CELLS, COLUMNS, ROWS, Reflectance


def test_kernel_gives_the_same_logarithm():
    source = array("i", [0, 1, 2, 3, 127, 128, 65535, 65536, 65537, 131071, 131072, 1000000, (1 << 30) - 1])
    count = len(source)
    everywhere, none = array("H", range(count)), array("i", [0] * count)
    out = array("i", none)
    cell_kernels.logarithms(
        0, 0, source, fixed.LN_TABLE, everywhere, none, none, out, array("i", [count, 0, SIGN_SHIFT])
    )
    assert list(out) == [fixed.ln_q14(value) for value in source]
    base, twice = array("i", [100000] * count), array("i", [7] * count)
    cell_kernels.logarithms(
        0, 0, source, fixed.LN_TABLE, everywhere, base, twice, out, array("i", [count, -3, SIGN_SHIFT])
    )
    assert list(out) == [fixed.ln_q14(value) - 100000 + 14 - 3 for value in source]


def test_lists_hold_the_mask_and_what_lies_beside_it():
    mask, cells, around = bytearray(CELLS), array("H", [0] * CELLS), array("H", [0] * CELLS)
    middle = 20 * COLUMNS + 30
    mask[middle] = mask[middle + 1] = 1
    mask[0] = mask[CELLS - 1] = 1  # of the outer ring, left out
    block = array("i", [0, ROWS, 0, COLUMNS, 0, 0])
    cell_kernels.list_cells(0, mask, cells, around, block)
    assert list(cells[: block[4]]) == [middle, middle + 1]
    beside = {middle + d for d in (-1, 0, 1, 2, -COLUMNS, -COLUMNS + 1, COLUMNS, COLUMNS + 1)}
    assert set(around[: block[5]]) == beside


def test_a_face_at_the_edge_of_the_frame_is_selected():
    reflectance, mask = Reflectance((0, 6)), bytearray(CELLS)
    for row in (0, 1, 2, ROWS - 1):
        for column in (0, 1, 2, COLUMNS - 1):
            mask[row * COLUMNS + column] = 1
    reflectance.select({"dark": bytes(76800)}, mask, (0, ROWS), (0, COLUMNS))
    inner = [COLUMNS + 1, COLUMNS + 2, 2 * COLUMNS + 1, 2 * COLUMNS + 2]
    assert list(reflectance.cells[: reflectance.count]) == inner


def test_sums_take_the_dark_off_and_count_what_is_saturated():
    frame, saturated = bytearray([10] * 76800), bytearray(CELLS)
    table = array("i", [100 * code + ((1 << 24) if code >= 250 else 0) for code in range(256)])
    cells, dark, out = array("H", [65, 130]), array("i", [5000] * CELLS), array("i", [-1] * CELLS)
    frame[5 * 320 + 5] = 250  # the first pixel of cell 65
    cell_kernels.sum_pixels(0, 0, frame, table, cells, dark, out, saturated, array("i", [2, 320]))
    assert out[65] == 24 * 1000 + 25000 - 5000 and out[130] == 25 * 1000 - 5000 and out[66] == -1
    assert saturated[65] == 1 and saturated[130] == 0
    # Three rows of five stand for all; where darkness is brighter, nothing is left.
    dark[130] = 30000
    cell_kernels.sum_pixels(0, 0, frame, table, cells, dark, out, saturated, array("i", [2, 640]))
    assert out[65] == (14 * 1000 + 25000) * 5 // 3 - 5000 and out[130] == 0
    assert saturated[65] == 2


MIDDLE = (4 * 24, 4 * 33, 4 * 6, 4 * 9)  # row, column, half axes along the rows and the columns


def index_of_a_face(reflectance, typical, patch, rows, columns):
    """Fill the index of cells (14..33, 20..45) with `typical`, and a patch of another."""
    marks = bytearray(CELLS)
    for row in range(14, 34):
        for column in range(20, 46):
            cell = row * COLUMNS + column
            marks[cell] = 1
            inside = rows[0] <= row < rows[1] and columns[0] <= column < columns[1]
            reflectance.index[cell] = patch if inside else typical
    return marks


def test_a_patch_that_is_not_skin_is_counted():
    reflectance = Reflectance((0, 6))
    # As strong, whatever the skin: foundation halves the index of skin and of what is not skin.
    for typical, patch in ((-1400, -100), (-700, -50)):
        marks = index_of_a_face(reflectance, typical, patch, (20, 26), (30, 36))
        assert reflectance.patches(marks, MIDDLE, typical // 2) == 6 * 6 - 4  # its corners have more skin about them
        marks = index_of_a_face(reflectance, typical, typical, (0, 0), (0, 0))
        assert reflectance.patches(marks, MIDDLE, typical // 2) == 0
    assert reflectance.patches(bytearray(CELLS), MIDDLE, -700) == 0


def test_a_lone_cell_is_noise_and_what_lies_at_a_hole_is_not_judged():
    reflectance = Reflectance((0, 6))
    marks = index_of_a_face(reflectance, -1400, 0, (22, 23), (32, 33))
    assert reflectance.patches(marks, MIDDLE, -700) == 0
    marks = index_of_a_face(reflectance, -1400, 0, (22, 25), (32, 35))
    assert reflectance.patches(marks, MIDDLE, -700) == 5  # all but the corners
    marks[23 * COLUMNS + 33] = 0  # a glint in their midst
    assert reflectance.patches(marks, MIDDLE, -700) == 0


def test_the_middle_of_the_skin_is_not_that_of_the_face():
    """A scarf over a third of a turned head, from row 28 on: the skin's middle lies to the other side."""
    reflectance = Reflectance((0, 6))
    reflectance.count = 0
    marks = index_of_a_face(reflectance, -1400, -100, (28, 34), (20, 46))
    for cell in range(CELLS):
        if marks[cell]:
            reflectance.cells[reflectance.count] = cell
            reflectance.count += 1
    for limit, row in ((-700, 20.5), (-100, 23.5)):  # of rows 14 to 27; and of all, as the limit counts as skin
        middle = reflectance.middle_q2(marks, limit)
        assert abs(middle[0] - 4 * row) <= 2 and abs(middle[1] - 4 * 32.5) <= 2, (limit, middle)
    for row in range(14, 28):
        for column in range(20, 33):
            marks[row * COLUMNS + column] = 0  # nothing can be said of these
    assert abs(reflectance.middle_q2(marks, -700)[1] - 4 * 39) <= 2
    assert reflectance.middle_q2(marks, -1401) == (0, 0)


def test_patches_outside_the_ellipse_do_not_count():
    reflectance = Reflectance((0, 6))
    for rows, columns in (((14, 17), (20, 46)), ((31, 34), (20, 46)), ((14, 34), (20, 24)), ((14, 34), (43, 46))):
        marks = index_of_a_face(reflectance, -1400, 0, rows, columns)
        assert reflectance.patches(marks, MIDDLE, -700) == 0, (rows, columns)
        assert reflectance.patches(marks, (4 * 24, 4 * 33, 4 * 12, 4 * 15), -700) > 5


def test_patches_stay_off_the_outer_ring():
    reflectance = Reflectance((0, 6))
    marks = bytearray([1] * CELLS)
    for cell in range(CELLS):
        reflectance.index[cell] = 0
    whole = 46 * 62
    for row, column in ((4 * 24, 4 * 32), (0, 0), (4 * 47, 4 * 63), (-40, 300)):
        assert 0 <= reflectance.patches(marks, (row, column, 97, 127), -700) <= whole


def test_what_a_shift_makes_of_a_slope_is_taken_off():
    """The index of a face that rises by 300 a cell along u and falls by 200 along v."""
    reflectance = Reflectance((0, 6))
    marks, cells = bytearray(CELLS), []
    for row in range(14, 34):
        for column in range(20, 46):
            cells.append(row * COLUMNS + column)
            marks[cells[-1]] = 1
    marks[cells[60]] = 0
    for at, cell in enumerate(cells):
        reflectance.cells[at] = cell
        reflectance.ln_r["850"][cell] = 300 * (cell % COLUMNS) - 200 * (cell // COLUMNS) - 9000
        reflectance.index[cell] = -1400
    reflectance.count = len(cells)
    reflectance.follow(marks, 128, 64)  # half a cell, a quarter
    for at, cell in enumerate(cells):
        assert reflectance.index[cell] == (-1400 + 150 - 50 if at != 60 else -1400), at
    reflectance.follow(marks, -128, -64)
    assert {reflectance.index[cell] for cell in cells} == {-1400}
