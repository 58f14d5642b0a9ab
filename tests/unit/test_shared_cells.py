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


def index_of_a_face(reflectance, typical, patch, rows, columns):
    """Fill the index of cells (14..33, 20..45) with `typical`, and a patch of another; noise as large as the value."""
    marks = bytearray(CELLS)
    for row in range(14, 34):
        for column in range(20, 46):
            cell = row * COLUMNS + column
            marks[cell] = 1
            inside = rows[0] <= row < rows[1] and columns[0] <= column < columns[1]
            reflectance.index[cell] = (patch if inside else typical) + (typical if cell & 1 else -typical)
    return marks


def test_a_patch_that_is_not_skin_is_seen_through_noise():
    reflectance, around = Reflectance((0, 6)), ((14, 34), (20, 46))
    # As strong, whatever the skin: foundation halves the index of skin and of what is not skin.
    for typical, patch in ((-1400, -100), (-700, -50)):
        marks = index_of_a_face(reflectance, typical, patch, (18, 30), (36, 44))
        assert abs(reflectance.patches_permille(marks, *around, typical) - 1000 * 12 * 8 // (20 * 26)) <= 80
        marks = index_of_a_face(reflectance, typical, typical, (0, 0), (0, 0))
        assert reflectance.patches_permille(marks, *around, typical) == 0
    assert reflectance.patches_permille(bytearray(CELLS), *around, -1400) == 0


def test_patches_stay_off_the_outer_ring():
    reflectance = Reflectance((0, 6))
    marks = bytearray([1] * CELLS)
    for cell in range(CELLS):
        reflectance.index[cell] = 0
    assert reflectance.patches_permille(marks, (0, ROWS), (0, COLUMNS), -1400) == 1000
