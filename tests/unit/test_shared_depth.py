"""Disparity and triangulation on dot images drawn here, the same under CPython and MicroPython."""

import binascii
import hashlib
from array import array

from dermis.core.depth import DepthMapper, range_of, root_curve, triangulate
from dermis.core.errors import BadInput

WIDTH, HEIGHT = 160, 120
PITCH = 4  # px between dots, as the reference module's 4,800 on 320 x 240
UNIT = 16  # dot positions are in 1/16 px
REACH = 40  # 1/16 px from a dot's centre to its foot
FOCAL_Q8, BASELINE_UM, Z_REF_MM = 330 * 256, 40000, 450
Z_REF_UM = 1000 * Z_REF_MM
PRODUCT = 330 * 40  # px mm


class Random:
    """A linear congruential generator (Numerical Recipes' constants): the same numbers everywhere."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 16) * limit >> 16


def dot_positions(seed=1):
    """One dot somewhere in every PITCH x PITCH square, also well beyond the image along u."""
    random = Random(seed)
    dots = []
    for v in range(0, HEIGHT, PITCH):
        for u in range(-32, WIDTH + 32, PITCH):
            dots.append((u * UNIT + random.below(PITCH * UNIT), v * UNIT + random.below(PITCH * UNIT)))
    return dots


DOTS = dot_positions()


def draw(dots, shift=0, peak=160, noise=0, seed=9):
    """Dots with a squared triangle for a profile, moved along u by `shift` sixteenths of a pixel."""
    image = bytearray(WIDTH * HEIGHT)
    if noise:
        random = Random(seed)
        for at in range(len(image)):
            image[at] = random.below(noise)
    for u16, v16 in dots:
        centre = u16 + shift
        for v in range((v16 - REACH) // UNIT + 1, (v16 + REACH) // UNIT + 1):
            for u in range((centre - REACH) // UNIT + 1, (centre + REACH) // UNIT + 1):
                if 0 <= u < WIDTH and 0 <= v < HEIGHT:
                    weight = (REACH - abs(u * UNIT - centre)) * (REACH - abs(v * UNIT - v16))
                    at = v * WIDTH + u
                    image[at] = min(255, image[at] + peak * weight // 1600 * weight // 1600)
    return image


def mapper():
    made = DepthMapper(WIDTH, HEIGHT)
    made.set_reference(draw(DOTS))
    return made


MAPPER = mapper()


def valid(made):
    return [made.disparity[at] for at in range(len(made.confidence)) if made.confidence[at]]


def test_grid():
    assert (MAPPER.rows, MAPPER.columns) == (24, 32)
    assert (MAPPER.cell_u(0), MAPPER.cell_u(31), MAPPER.cell_v(23)) == (2, 157, 117)
    module = DepthMapper(320, 240)
    assert (module.rows, module.columns) == (48, 64)


def test_whole_shifts_are_found_exactly():
    for pixels in (0, 7, -10, 25):
        MAPPER.measure(draw(DOTS, pixels * UNIT))
        found = valid(MAPPER)
        # What the shift moves out of the image cannot be found; of the rest, all but the edge is.
        inside = (WIDTH - abs(pixels) - 20) * (HEIGHT - 20) // 25
        assert len(found) >= inside, (pixels, len(found), inside)
        assert max([abs(value - pixels * UNIT) for value in found]) <= 2, pixels


def test_parts_of_a_pixel_are_found():
    for sixteenths in (3, 8, 13, -5):
        MAPPER.measure(draw(DOTS, 80 + sixteenths, noise=12))
        errors = [value - 80 - sixteenths for value in valid(MAPPER)]
        assert len(errors) > 400
        assert abs(sum(errors)) <= len(errors)  # bias within 1/16 px
        assert sum([error * error for error in errors]) <= 4 * len(errors)  # RMS within 1/8 px
        assert max([abs(error) for error in errors]) <= 12


def test_weak_dots_are_found():
    MAPPER.measure(draw(DOTS, 48, peak=40, noise=6))
    found = valid(MAPPER)
    assert len(found) > 400
    assert max([abs(value - 48) for value in found]) <= UNIT


def test_two_depths_keep_apart():
    left, right = draw(DOTS, 0), draw(DOTS, 160)
    frame = bytearray(left)
    for v in range(HEIGHT):
        frame[v * WIDTH + 80 : (v + 1) * WIDTH] = right[v * WIDTH + 80 : (v + 1) * WIDTH]
    MAPPER.measure(frame)
    for row in range(MAPPER.rows):
        for column in range(MAPPER.columns):
            at = row * MAPPER.columns + column
            if MAPPER.confidence[at] and abs(MAPPER.cell_u(column) - 80) > 10:
                wanted = 0 if MAPPER.cell_u(column) < 80 else 160
                assert abs(MAPPER.disparity[at] - wanted) <= 2


def test_another_pattern_is_not_matched():
    frame = draw(DOTS)
    for v in range(HEIGHT):
        frame[v * WIDTH : (v + 1) * WIDTH] = bytes(reversed(frame[v * WIDTH : (v + 1) * WIDTH]))
    MAPPER.measure(frame)
    assert len(valid(MAPPER)) <= len(MAPPER.confidence) // 100
    MAPPER.measure(draw(dot_positions(seed=2)))
    assert len(valid(MAPPER)) <= len(MAPPER.confidence) // 100


def test_beyond_the_search_is_not_matched():
    MAPPER.measure(draw(DOTS, 40 * UNIT))
    assert len(valid(MAPPER)) <= len(MAPPER.confidence) // 100


def test_no_signal_is_no_depth():
    random = Random(4)
    for frame in (
        bytes(WIDTH * HEIGHT),
        bytes([77]) * (WIDTH * HEIGHT),
        bytes([255]) * (WIDTH * HEIGHT),
        bytes([random.below(5) for _ in range(WIDTH * HEIGHT)]),
    ):
        MAPPER.measure(frame)
        assert not any(MAPPER.confidence) and not any(MAPPER.disparity)


def test_a_reference_without_dots_is_no_depth():
    made = DepthMapper(WIDTH, HEIGHT)
    made.set_reference(bytes(WIDTH * HEIGHT))
    made.measure(draw(DOTS))
    assert not any(made.confidence)


def test_glare_hides_but_does_not_mislead():
    frame = draw(DOTS, 64)
    for v in range(30, 80):
        for u in range(50, 110):
            frame[v * WIDTH + u] = 255
    MAPPER.measure(frame)
    hidden = 0
    for row in range(MAPPER.rows):
        for column in range(MAPPER.columns):
            at = row * MAPPER.columns + column
            u, v = MAPPER.cell_u(column), MAPPER.cell_v(row)
            if 56 <= u < 104 and 36 <= v < 74:
                hidden += 1
                assert not MAPPER.confidence[at]
            elif MAPPER.confidence[at]:
                assert abs(MAPPER.disparity[at] - 64) <= UNIT
    assert hidden > 50 and len(valid(MAPPER)) > 250


def refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except BadInput as error:
        assert len(str(error)) > 20
        return True
    return False


def test_bad_input_is_refused():
    assert refused(DepthMapper, 320, 240, window=10)
    assert refused(DepthMapper, 320, 240, window=33)
    assert refused(DepthMapper, 320, 240, window=9)
    assert refused(DepthMapper, 320, 240, step=9, window=19)
    assert refused(DepthMapper, 320, 240, min_disparity=-100, max_disparity=200)
    assert refused(DepthMapper, 320, 240, min_disparity=5, max_disparity=5)
    assert refused(DepthMapper, 320, 240, min_disparity=-320, max_disparity=5)
    assert refused(DepthMapper, 320, 12)
    assert refused(DepthMapper, 320, 240, step=0)
    assert refused(DepthMapper, 320, 240, curve=bytes(10))
    assert refused(MAPPER.set_reference, bytes(100))
    assert refused(triangulate, array("h", [1]), bytes(2), array("H", [0, 0]), FOCAL_Q8, BASELINE_UM, Z_REF_UM)
    assert refused(MAPPER.measure, bytes(WIDTH * HEIGHT - 1))


def test_root_curve():
    curve = root_curve()
    assert len(curve) == 256 and curve[0] == 0 and curve[255] == 249
    assert list(curve) == sorted(curve)
    assert curve[48] == 80  # 20 * (sqrt 64 - sqrt 16)


def test_nearer_is_positive():
    # 1/z = 1/z_ref + d / (f b)
    for sixteenths in (-160, -1, 0, 1, 100, 376):
        exact = 16 / (1 / Z_REF_MM + sixteenths / 16 / PRODUCT)
        assert abs(range_of(sixteenths, FOCAL_Q8, BASELINE_UM, Z_REF_UM) - exact) <= 0.5001
    assert range_of(0, FOCAL_Q8, BASELINE_UM, Z_REF_UM) == Z_REF_MM * 16
    assert range_of(16, FOCAL_Q8, BASELINE_UM, Z_REF_UM) < Z_REF_MM * 16
    assert range_of(0, FOCAL_Q8, BASELINE_UM, Z_REF_UM, -2000) == (Z_REF_MM - 2) * 16


def test_reference_at_infinity():
    assert range_of(16 * 33, FOCAL_Q8, BASELINE_UM, 0) == 400 * 16
    assert range_of(0, FOCAL_Q8, BASELINE_UM, 0) == 0
    assert range_of(-5, FOCAL_Q8, BASELINE_UM, 0) == 0


def test_triangulate_cells():
    disparity = array("h", [0, 100, -100, 0, -464, -500])
    confidence = bytes([200, 1, 255, 0, 255, 255])
    out = array("H", [7] * 6)
    triangulate(disparity, confidence, out, FOCAL_Q8, BASELINE_UM, Z_REF_UM)
    assert out[0] == 7200 and out[3] == 0
    assert out[1] == range_of(100, FOCAL_Q8, BASELINE_UM, Z_REF_UM)
    assert out[2] == range_of(-100, FOCAL_Q8, BASELINE_UM, Z_REF_UM)
    assert out[4] == 0  # 39 m: more than 16 bits hold
    assert out[5] == 0  # behind infinity
    triangulate(disparity, bytes(6), out, FOCAL_Q8, BASELINE_UM, Z_REF_UM)
    assert not any(out)


def test_every_platform_gives_these_bytes():
    """The hash was computed once under CPython; MicroPython must agree bit for bit, and so must the device."""
    sheared = [(u + (v >> 3), v) for u, v in DOTS]
    MAPPER.measure(draw(sheared, 21, peak=110, noise=40))
    depth = array("H", [0] * len(MAPPER.disparity))
    triangulate(MAPPER.disparity, MAPPER.confidence, depth, FOCAL_Q8, BASELINE_UM, Z_REF_UM)
    digest = hashlib.sha256(bytes(MAPPER.disparity) + bytes(MAPPER.confidence) + bytes(depth)).digest()
    assert len(valid(MAPPER)) > 300
    assert binascii.hexlify(digest[:8]) == b"6cdb04eb02eb741b", binascii.hexlify(digest[:8])
