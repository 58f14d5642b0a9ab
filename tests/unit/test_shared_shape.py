"""Residuals of known surfaces, the same under CPython and MicroPython."""

import binascii
import hashlib
import math
from array import array

from dermis.core.errors import BadInput
from dermis.core.exact import determinants, integer_root, solve
from dermis.core.shape import ShapeFitter

ROWS, COLUMNS, STEP = 48, 64, 5
FOCAL, CENTRE_U, CENTRE_V = 330, 159.5, 119.5
LENS = (STEP, FOCAL * 256, int(CENTRE_U * 256), int(CENTRE_V * 256))
HALF_U_MM, HALF_V_MM = 90, 65  # of a face
UNIT = 16  # depths are in 1/16 mm

FITTER = ShapeFitter(ROWS, COLUMNS)


def grid(surface, noise=0):
    """Depths of `surface(x slope, y slope)` -> z mm where it is as near the axis as a face is; and their mask."""
    depth = array("H", [0] * (ROWS * COLUMNS))
    mask = bytearray(ROWS * COLUMNS)
    state = 1
    for row in range(ROWS):
        for column in range(COLUMNS):
            u = (column * STEP + STEP // 2 - CENTRE_U) / FOCAL
            v = (row * STEP + STEP // 2 - CENTRE_V) / FOCAL
            z = surface(u, v)
            if z and abs(u * z) < HALF_U_MM and abs(v * z) < HALF_V_MM:
                state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
                shake = ((state >> 16) * (2 * noise + 1) >> 16) - noise
                depth[row * COLUMNS + column] = int(z * UNIT + 0.5) + shake
                mask[row * COLUMNS + column] = 1
    return depth, mask


def plane(u, v, z0=450.0, a=0.0, b=0.0):
    return z0 / (1 - a * u - b * v)


def ball(u, v, radius, z0=450.0, along=(1.0, 1.0, 0.0)):
    """The near side of a sphere (along = 1, 1, 0) or of a cylinder: along = (p, q, r) weighs x x, y y and x y."""
    p, q, r = along
    a = p * u * u + q * v * v + r * u * v + 1
    b = -2 * (z0 + radius)
    c = (z0 + radius) ** 2 - radius * radius
    inside = b * b - 4 * a * c
    return (-b - math.sqrt(inside)) / (2 * a) if inside > 0 else 0


def test_planes_leave_nothing():
    for a, b in ((0.0, 0.0), (0.36, 0.0), (0.0, -0.36), (0.5, 0.4)):
        assert FITTER.measure(*(grid(lambda u, v, a=a, b=b: plane(u, v, 450.0, a, b)) + LENS))
        assert FITTER.cells > 300
        assert FITTER.plane_residual <= 1 and FITTER.cylinder_residual <= 1
        assert FITTER.relief <= 2


def test_noise_is_what_remains():
    # Uniform in +-20/16 mm: standard deviation 40 / sqrt(12) = 11.8, 5th to 95th percentile 36.
    assert FITTER.measure(*(grid(lambda u, v: plane(u, v, 450.0, 0.2, 0.1), 20) + LENS))
    assert 10 <= FITTER.plane_residual <= 13
    assert 33 <= FITTER.relief <= 38


def test_cylinder_is_no_plane():
    for along, direction in (((0.0, 1.0, 0.0), 8), ((1.0, 0.0, 0.0), 0), ((0.5, 0.5, 1.0), 4), ((0.5, 0.5, -1.0), 12)):
        assert FITTER.measure(*(grid(lambda u, v, along=along: ball(u, v, 150.0, along=along)) + LENS))
        assert FITTER.plane_residual >= 3 * UNIT
        assert FITTER.cylinder_residual <= UNIT
        assert FITTER.direction == direction
    assert FITTER.relief >= 10 * UNIT


def test_head_is_neither():
    assert FITTER.measure(*(grid(lambda u, v: ball(u, v, 110.0)) + LENS))
    assert FITTER.plane_residual >= 8 * UNIT
    assert FITTER.cylinder_residual >= 5 * UNIT
    assert FITTER.relief >= 25 * UNIT


def test_residual_is_the_least_squares_one():
    """Against a value found otherwise: z = 400 + x x / 250 on a strip, whose plane residual is known in full."""

    def parabola(u, v):
        inside = 1 - 4 * 400 * u * u / 250  # x = u z makes it a quadratic equation in z
        return 250 * (1 - math.sqrt(inside)) / (2 * u * u) if inside > 0 else 0

    depth, mask = grid(parabola)
    assert FITTER.measure(*((depth, mask) + LENS))
    points = []
    for at in range(len(mask)):
        if mask[at]:
            z = depth[at] / UNIT
            points.append(((at % COLUMNS * STEP + 2 - CENTRE_U) / FOCAL * z, z))
    # The surface does not vary along y: a straight line in x is the plane.
    n = len(points)
    mean_x, mean_z = sum([x for x, _ in points]) / n, sum([z for _, z in points]) / n
    slope = sum([(x - mean_x) * (z - mean_z) for x, z in points]) / sum([(x - mean_x) ** 2 for x, _ in points])
    rest = [z - mean_z - slope * (x - mean_x) for x, z in points]
    rms = math.sqrt(sum([value * value for value in rest]) / n)
    assert abs(FITTER.plane_residual - UNIT * rms) <= 3
    assert FITTER.cylinder_residual <= 2


def test_stray_matches_do_not_count():
    depth, mask = grid(lambda u, v: plane(u, v, 450.0, 0.1, 0.1), 4)
    inside = [at for at in range(len(mask)) if mask[at]]
    for k in range(0, len(inside), 80):  # 1.25% of the cells, 60 mm off
        depth[inside[k]] -= 60 * UNIT
    assert FITTER.measure(depth, mask, *LENS)
    assert FITTER.plane_residual <= UNIT // 2


def test_far_and_wide_still_fits():
    """A wall over the whole frame at 1.5 m: coordinates are scaled, nothing overflows."""
    depth = array("H", [1500 * UNIT] * (ROWS * COLUMNS))
    assert FITTER.measure(depth, b"\x01" * (ROWS * COLUMNS), *LENS)
    assert FITTER.cells > 3000 and FITTER.plane_residual <= 1 and FITTER.relief <= 2


def test_no_answer_from_too_little():
    depth, mask = grid(plane)
    assert not FITTER.measure(depth, bytes(len(mask)), *LENS)
    assert not FITTER.measure(array("H", [0] * len(mask)), mask, *LENS)
    assert FITTER.cells == FITTER.plane_residual == FITTER.cylinder_residual == FITTER.relief == 0
    line = bytearray(len(mask))
    for column in range(COLUMNS):
        line[24 * COLUMNS + column] = 1
    assert not FITTER.measure(array("H", [7200] * len(mask)), line, *LENS)


def test_bad_input_is_refused():
    try:
        FITTER.measure(array("H", [0] * 10), bytes(10), *LENS)
    except BadInput as error:
        assert "48 x 64" in str(error)
    else:
        raise AssertionError("ten cells were taken for a grid")
    depth, mask = grid(plane)
    try:
        FITTER.measure(depth, mask, STEP, 0, 0, 0)
    except BadInput as error:
        assert "focal" in str(error)
    else:
        raise AssertionError("a focal length of 0 was taken")


def test_exact_algebra():
    assert determinants([[2, 1], [1, 3]], 2) == [1, 2, 5]
    assert determinants([[0, 1], [1, 3]], 2) == [1, 0, 0]
    assert solve([[2, 0, 6], [0, 4, -4], [0, 0, 0]], 2) == [3 * 4096, -4096]
    assert solve([[1, 1, 0], [1, 1, 0], [0, 0, 0]], 2) is None
    for value in (0, 1, 2, 3, 6, 7, 12, 13, 1 << 40, 10**30):
        root = integer_root(value)
        assert (2 * root - 1) ** 2 <= 4 * value <= (2 * root + 1) ** 2 or (value == 0 and root == 0)


def test_every_platform_gives_these_bytes():
    """The hash was computed once under CPython; the surfaces are integers, so that no platform's floats differ."""
    found = []
    for p, q, r in ((3, 3, 0), (0, 3, 0), (2, 2, 4), (4, 1, 2)):
        depth = array("H", [0] * (ROWS * COLUMNS))
        mask = bytearray(ROWS * COLUMNS)
        state = 7
        for row in range(8, 40):
            for column in range(16, 50):
                state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
                x, y = column - 33, row - 24
                at = row * COLUMNS + column
                depth[at] = 6800 + p * x * x + q * y * y + r * x * y + 9 * x - 5 * y + (state >> 28)
                mask[at] = 1
        assert FITTER.measure(depth, mask, *LENS)
        found += [FITTER.plane_residual, FITTER.cylinder_residual, FITTER.relief, FITTER.cells, FITTER.direction]
    digest = hashlib.sha256(bytes(array("H", found))).digest()
    assert binascii.hexlify(digest[:8]) == b"abba697ed7c4ab40", (found, binascii.hexlify(digest[:8]))
