"""Bursts made from integers alone, so that every interpreter makes the same: for tests of the analysis.

No physics beyond the inverse square: a surface of given depth and reflectances before a module whose imager
squares its codes (counts = code^2) and whose white target gives `WHITE` counts at `Z_REF`.
"""

from array import array

from dermis.core import burst, calibration, fixed, vocabulary
from dermis.core.reflectance import dot_image

WIDTH, HEIGHT, PIXELS = burst.WIDTH, burst.HEIGHT, burst.FRAME_BYTES
Z_REF, FOCAL, BASELINE = 450, 330, 40
WHITE = 30000
KEY = bytes(range(32))
KEYS = {calibration.key_id(KEY): KEY}
SENSORS = {"imager": "test-00000001", "swir": "test-00000002"}
WHITE_SWIR_Q4 = 16 * 9000
PAIRS = 64
MONITOR = {"850": 40000, "970": 26000, "1050": 16000, "dots": 8000}
BOARD = {
    "focal_px_q8": FOCAL * 256,
    "centre_u_q8": 160 * 256,
    "centre_v_q8": 120 * 256,
    "baseline_um": BASELINE * 1000,
    "z_ref_mm": Z_REF,
    "z_near_mm": 250,
    "z_far_mm": 700,
    "monitor_columns": [0, 6],
    "swir": True,
    "swir_centre_um": [-14000, 0],
    "swir_fwhm_urad": 130000,
}
# Reflectance factors in 1/10000: 850, 970, 1050 of the imager, then the five bands of the SWIR head.
SKIN = (6000, 5250, 5700, 5700, 3000, 3570, 500, 930)
PAPER = (8000, 7900, 7900, 7900, 7700, 7600, 6500, 6300)


# The imager: code = sqrt(counts), in steps of 16 counts; the root is slow, a table is not.
ROOTS = bytearray([fixed.isqrt(16 * value) for value in range(4096)])


class Noise:
    """A linear congruential generator: the same numbers everywhere."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 12) % limit


def dots():
    """The projector's pattern on the reference plane: linear counts a pixel, array "H"."""
    out = array("H", bytes(2 * PIXELS))
    noise = Noise(7)
    for _ in range(5200):
        at = (1 + noise.below(HEIGHT - 2)) * WIDTH + 1 + noise.below(WIDTH - 2)
        for dv in (-WIDTH, 0, WIDTH):
            for du in (-1, 0, 1):
                part = (2500 if dv else 5000) * (1 if du else 2)
                out[at + dv + du] = min(out[at + dv + du] + part, 26000)
    return out


def head(u, v):
    """Depth in 1/16 mm of an ellipsoid with a nose, nearest point at 450 mm; 0 beside it."""
    x, y = (u - 160) * 500 // FOCAL, (v - 120) * 500 // FOCAL
    inside = 1000000 - x * x * 1000000 // (115 * 115) - y * y * 1000000 // (75 * 75)
    if inside <= 0:
        return 0
    z16 = (460 + 90) * 16 - 90 * 16 * fixed.isqrt(inside) // 1000
    bump = 400 - x * x - 2 * y * y
    return z16 - (bump * 18 * 16 // 400 if bump > 0 else 0)


def sheet(u, v):
    """Depth in 1/16 mm of a sheet of paper, 150 mm by 200 mm, square to the axis, 450 mm away."""
    return 450 * 16 if abs(u - 160) * 450 < 100 * FOCAL and abs(v - 120) * 450 < 75 * FOCAL else 0


def bent_sheet(u, v):
    """The same bent about the u axis to a radius of about 100 mm."""
    y = (v - 120) * 460 // FOCAL
    return 450 * 16 + y * y * 16 // 200 if sheet(u, v) else 0


def nothing(u, v):
    """An empty scene."""
    return 0


class Scene:
    """A surface before the module, once, for every burst of it: depth, and what a white there gives back.

    white_q12: array "H", (z_ref / z)^2 in Q12, 0 where nothing stands. pattern: array "H", the projector's light
    there before that factor: shifted along u by d = f b (1/z - 1/z_ref).
    """

    def __init__(self, surface):
        self.white_q12 = array("H", bytes(2 * PIXELS))
        self.pattern = array("H", bytes(2 * PIXELS))
        self.axis_z16 = surface(150, 120)
        plane = dots()
        for v in range(HEIGHT):
            for u in range(WIDTH):
                z16 = surface(u, v)
                if z16:
                    part = (Z_REF * 16 << 12) // z16
                    self.white_q12[v * WIDTH + u] = part * part >> 12
                    self.pattern[v * WIDTH + u] = _shifted(plane, u, v, z16)


def _shifted(plane, u, v, z16):
    shift_q8 = FOCAL * BASELINE * 256 * 16 // z16 - FOCAL * BASELINE * 256 // Z_REF
    there, part = ((u << 8) - shift_q8) >> 8, -shift_q8 & 255
    if not 0 <= there < WIDTH - 1:
        return 0
    at = v * WIDTH + there
    return (plane[at] * (256 - part) + plane[at + 1] * part) >> 8


_SCENES = {}


def scene_of(surface):
    if surface not in _SCENES:
        _SCENES[surface] = Scene(surface)
    return _SCENES[surface]


def record_fields():
    """Fields of a calibration record for the module that `make` imitates."""
    linear = array("H", [min(code * code, 65535) for code in range(256)])
    pattern, out = bytearray(PIXELS), bytearray(PIXELS)
    plane = dots()
    for at in range(PIXELS):
        pattern[at] = ROOTS[plane[at] >> 4]
    for row in range(HEIGHT):
        for u in range(6):
            pattern[row * WIDTH + u] = ROOTS[MONITOR["dots"] >> 4]
    dot_image(pattern, bytes(PIXELS), linear, out)
    flat = calibration.u16_bytes([WHITE] * (calibration.FLAT_BYTES // 2))
    return {
        "serial": "DM1-TEST",
        "created": "2026-01-01T00:00:00",
        "sensors": dict(SENSORS),
        "z_ref_um": Z_REF * 1000,
        "exposure_us": 6000,
        "temperature_cc": 2500,
        "linear": calibration.u16_bytes(linear),
        "monitor": dict(MONITOR),
        "flat": dict.fromkeys(vocabulary.NIR_BANDS, flat),
        "reference": bytes(out),
        "swir_white": [WHITE_SWIR_Q4] * 5,
        "baseline_um": BASELINE * 1000,
        "z_offset_um": 0,
    }


def file(key=KEY, **changes):
    """The file of that record under a key, with some of its fields changed."""
    fields = record_fields()
    fields.update(changes)
    return calibration.encode(fields, key)


def record():
    """The same, decoded."""
    return calibration.decode(file())


def make(surface=head, reflectances=SKIN, ambient=400, gain_permille=1000):
    """A burst before a surface of these reflectances. ambient: counts. gain_permille: output of every light."""
    scene = scene_of(surface)
    out = burst.Burst()
    out.exposure_us = 6000
    out.order = ("850", "1050", "dots", "970", "850b")
    for which in range(len(vocabulary.FRAMES)):
        name = vocabulary.FRAMES[which]
        light = vocabulary.FRAME_LIGHT[name]
        if light == vocabulary.DARK:
            frame = _expose(None, 0, 0, ambient, which)
        else:
            if light == vocabulary.DOTS:
                frame = _expose(scene, reflectances[0] * gain_permille // 1000, 0, ambient, which)
            else:
                factor = reflectances[vocabulary.NIR_BANDS.index(light)]
                frame = _expose(scene, factor * gain_permille // 1000, WHITE, ambient, which)
            _tab(frame, MONITOR[light] * gain_permille // 1000 + ambient)
        out.frames[name] = frame
    out.swir = tuple([swir_reading(factor, scene.axis_z16) for factor in reflectances[3:]])
    return out


def swir_reading(factor, z16):
    """(on, off, pairs) of a spot that lies wholly on a surface at that depth; 0: nothing within 2 m."""
    z16 = z16 or 2000 * 16
    level = WHITE_SWIR_Q4 * PAIRS // 16 * factor // 10000 * (Z_REF * 16) // z16 * (Z_REF * 16) // z16
    return (700 * PAIRS + level, 700 * PAIRS, PAIRS)


def _noise():
    """Noise of +-200 counts, a value a pixel in turn; a prime length, so that rows and frames differ."""
    noise = Noise(1)
    return [noise.below(400) - 200 for _ in range(1021)]


NOISE = _noise()


def _expose(scene, factor, light, ambient, which):
    """A frame: ambient + light * R * (z_ref / z)^2 + noise. factor: R, 1/10000. light: counts; 0: the dots."""
    out = bytearray(PIXELS)
    factor_q12 = factor * 4096 // 10000
    turn = which * 171
    for at in range(PIXELS):
        value = ambient + NOISE[turn]
        if scene and scene.white_q12[at]:
            value += ((light or scene.pattern[at]) * factor_q12 >> 12) * scene.white_q12[at] >> 12
        out[at] = ROOTS[value >> 4] if 0 <= value < 65536 else (0 if value < 0 else 255)
        turn = turn + 1 if turn < 1020 else 0
    return out


def _tab(frame, level):
    for row in range(HEIGHT):
        for u in range(6):
            frame[row * WIDTH + u] = ROOTS[level >> 4]
