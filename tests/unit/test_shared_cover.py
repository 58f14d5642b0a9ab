"""Edges inside an outline, bodies too wide, bodies behind, on depth maps made by hand."""

from array import array

import synthetic
from dermis.core import gates, vocabulary
from dermis.core.cover import CLIFF_MM, Cover
from dermis.core.face import Face
from dermis.core.reflectance import CELLS, COLUMNS

COVER = Cover()
FACE = Face(synthetic.BOARD)
LIT = array("i", [2400] * CELLS)
WINDOW = bytearray(CELLS)
MM = 16
SIDE_MM = 6.8  # of a cell at 450 mm


def put(depth, millimetres, row0, row1, column0, column1):
    for row in range(row0, row1):
        for column in range(column0, column1):
            depth[row * COLUMNS + column] = millimetres * MM
    return depth


def found(*bodies):
    """The face found in a map of (mm, row0, row1, column0, column1)."""
    depth = array("H", [0] * CELLS)
    for body in bodies:
        put(depth, *body)
    light = array("i", [2400 if value else 0 for value in depth])
    assert FACE.find(depth, lambda rows, columns, without: light) is None
    FACE.window(WINDOW)
    return depth


def test_one_body_has_no_cliffs_and_the_width_of_a_head():
    depth = found((450, 14, 34, 20, 46))
    assert COVER.cliffs_mm(FACE, WINDOW) == 0
    assert abs(COVER.head_width_mm(FACE) - 20 * SIDE_MM) <= 1
    assert COVER.behind_cm2(FACE, depth) == 0


def test_a_hand_on_a_face_has_edges_all_around():
    found((450, 14, 34, 20, 46), (450 - CLIFF_MM - 2, 20, 28, 28, 38))
    edges = 2 * (8 + 10)
    assert abs(COVER.cliffs_mm(FACE, WINDOW) - edges * SIDE_MM) <= 8
    found((450, 14, 34, 20, 46), (450 - CLIFF_MM, 20, 28, 28, 38))  # no more than a nose
    assert COVER.cliffs_mm(FACE, WINDOW) == 0


def test_a_face_that_falls_away_at_the_rim_of_the_window_has_no_cliffs():
    # Small and far: its last row and column lie 30 mm farther back, and the window reaches just over them.
    depth = found((600, 18, 29, 24, 36), (630, 17, 18, 24, 36), (630, 18, 29, 23, 24))
    marks = bytearray([1 if value else 0 for value in depth])
    assert COVER.cliffs_mm(FACE, marks) == 0
    marks = bytearray([1] * CELLS)
    assert COVER.cliffs_mm(FACE, marks) > 0


def test_cliffs_outside_the_window_do_not_count():
    found((450, 14, 34, 20, 46), (475, 14, 34, 3, 20))  # shoulders
    assert COVER.cliffs_mm(FACE, bytearray(CELLS)) == 0


def test_shoulders_do_not_make_a_head_wide():
    found((450, 16, 32, 26, 50), (470, 4, 44, 14, 26))
    assert FACE.width_mm > 250
    assert abs(COVER.head_width_mm(FACE) - 16 * SIDE_MM) <= SIDE_MM


def test_a_brim_does_not_make_a_head_wide():
    found((450, 16, 32, 16, 44), (440, 6, 42, 34, 38))
    assert FACE.width_mm > 230
    assert abs(COVER.head_width_mm(FACE) - 16 * SIDE_MM) <= 1


def test_two_faces_side_by_side_are_wide():
    found((450, 2, 22, 20, 46), (450, 24, 44, 20, 46))
    assert COVER.head_width_mm(FACE) > 250


def test_what_a_hand_covers_shows_behind_and_above_it():
    depth = found((380, 16, 30, 14, 36), (470, 14, 34, 36, 48))
    # 20 x 12 cells of 5.8 mm: 80 cm2
    assert 75 <= COVER.behind_cm2(FACE, depth) <= 82
    depth = found((300, 10, 34, 14, 40), (720, 8, 36, 42, 56))  # a wall, too far behind to be covered
    assert COVER.behind_cm2(FACE, depth) == 0
    depth = found((380, 16, 30, 30, 56), (470, 14, 34, 8, 20))  # below: shoulders
    assert COVER.behind_cm2(FACE, depth) == 0


def test_gates_call_two_bodies_occluded_but_a_poster_flat():
    occluded = (vocabulary.NO_DECISION, vocabulary.OCCLUDED)
    assert gates.judge({"head_width_mm": 300})[0] == [occluded]
    assert gates.judge({"head_width_mm": 160})[0] == []
    assert gates.judge({"cliffs_mm": 150})[0] == [occluded]
    assert gates.judge({"patches_mm2": 710})[0] == [occluded]
    # Steps with patches are a hand's, steps alone a nose's.
    assert gates.judge({"patches_mm2": 340, "cliffs_mm": 100})[0] == [occluded]
    assert gates.judge({"patches_mm2": 0, "cliffs_mm": 105})[0] == []
    assert gates.judge({"cylinder_residual_mm16": 210})[0] == [occluded]
    assert gates.judge({"cliffs_mm": 55, "patches_mm2": 120, "cylinder_residual_mm16": 173})[0] == []
    assert gates.judge({"plane_residual_mm16": 8, "head_width_mm": 300})[0] == [(vocabulary.ATTACK, vocabulary.FLAT)]


def test_shape_alone():
    shape, skin = (vocabulary.ATTACK, vocabulary.SHAPE), (vocabulary.ATTACK, vocabulary.NOT_SKIN_NIR)
    assert gates.by_shape_alone([shape, (vocabulary.ATTACK, vocabulary.CYLINDRICAL)])
    assert not gates.by_shape_alone([])
    assert not gates.by_shape_alone([shape, skin])
    assert not gates.by_shape_alone([shape, (vocabulary.NO_DECISION, vocabulary.OCCLUDED)])
