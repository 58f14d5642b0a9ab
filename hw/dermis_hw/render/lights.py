"""What each light does to a surface: irradiance, the dots' pattern, gloss. All relative to the white plane at z_ref."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dermis_hw.optics import Optics

# A bare LED die radiates about as a Lambertian does: cos^1 about the axis.
LED_LOBE = 1.0
# The DOE throws its dots a little wider than the imager sees, so that near and far surfaces are covered too.
DOE_FIELD = 1.15
PATTERN_SCALE = 4  # texels a pixel
# Dots lie on a jittered grid; jitter as a part of the pitch keeps two dots from becoming one.
DOT_JITTER = 0.8
_PIXEL_FWHM = 2.3548 / np.sqrt(12.0)  # what a pixel's own width adds to a spot, as a Gaussian's FWHM
SMALLEST_ALPHA = 0.03  # the lights' own size, as seen from a surface, rounds sharper glints off
LAMP_SUN_EQUIVALENT = {
    # Radiation from 800 to 1100 nm per lux, relative to the sun's (AM 1.5: 2.2 W/m2 a klux).
    "none": 0.0,
    "led": 0.01,
    "incandescent": 5.4,  # Planck at 2856 K: 12 W/m2 a klux
    "sun": 1.0,
}
# Part of the illuminance that comes from one direction; the rest comes evenly from above.
LAMP_DIRECT_PART = {"none": 0.0, "led": 0.4, "incandescent": 0.6, "sun": 0.75}


def _towards(position: np.ndarray, light: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors from the samples to a light, and squared distances (mm2)."""
    ray = np.asarray(light, np.float32) - position
    squared = np.einsum("ij,ij->i", ray, ray)
    return ray / np.sqrt(squared)[:, None], squared


def _cosine(normal: np.ndarray, direction: np.ndarray) -> np.ndarray:
    return np.maximum(np.einsum("ij,ij->i", normal, direction), 0.0)


def led_irradiance(
    position: np.ndarray, normal: np.ndarray, at: tuple[float, float], optics: Optics, lobe: float = LED_LOBE
) -> np.ndarray:
    """Irradiance (n,) by one LED at (x, y) beside the lens, shadows left out; 1 on the axis of the plane at z_ref."""
    direction, squared = _towards(position, (*at, 0.0))
    falling = np.maximum(-direction[:, 2], 0.0) ** lobe
    reach = optics.z_ref_mm**2 + at[0] ** 2 + at[1] ** 2
    slant = optics.z_ref_mm / np.sqrt(reach)
    return falling * _cosine(normal, direction) / squared * (reach / slant ** (1.0 + lobe))


def swir_weight(position: np.ndarray, optics: Optics) -> np.ndarray:
    """How much the SWIR head's Gaussian spot counts a sample (n,), by angle from the head's axis; 1 in its middle."""
    x, y = optics.swir_position_mm
    squared = ((position[:, 0] - x) ** 2 + (position[:, 1] - y) ** 2) / np.maximum(position[:, 2], 1.0) ** 2
    return np.exp(-4 * np.log(2) * squared / (optics.swir_fwhm_mrad * 1e-3) ** 2)


def glints(
    position: np.ndarray, normal: np.ndarray, light: tuple[float, float, float], eye: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What `gloss` asks of samples whatever their roughness: the normal's cosines (n,) with the half vector, the light
    and the eye."""
    to_light, _ = _towards(position, light)
    to_eye, _ = _towards(position, eye)
    half = to_light + to_eye
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    return _cosine(normal, half), _cosine(normal, to_light), _cosine(normal, to_eye)


def gloss(cosines: tuple[np.ndarray, np.ndarray, np.ndarray], roughness: float) -> np.ndarray:
    """GGX (Walter et al. 2007, with Smith shadowing) times pi, for a Fresnel reflectance of 1, (n,).

    Times irradiance and r0 it is the glossy part on the scale where a Lambertian white is 1. The lights stand so near
    the lens that Fresnel's rise at grazing angles never matters (the half vector is within 6 degrees of the ray).
    cosines: by `glints`.
    """
    nh, nl, nv = cosines
    alpha2 = max(roughness, SMALLEST_ALPHA) ** 2
    density = alpha2 / (np.pi * (nh**2 * (alpha2 - 1) + 1) ** 2)

    def smith(cosine: np.ndarray) -> np.ndarray:
        return 1.0 / (cosine + np.sqrt(alpha2 + (1 - alpha2) * cosine**2) + 1e-6)

    return np.pi * density * smith(nl) * smith(nv) * (nl > 0)


# Glass beads on safety clothing: angle between light and eye -> coefficient of retroreflection, cd/(lx m2), light at 5
# degrees from the normal: the least values of EN ISO 20471 up to 1.5 degrees (entered without the standard at hand),
# our own decay beyond.
_RETRO_RAD = np.radians([0.2, 0.333, 1.0, 1.5, 3.0, 6.0])
_RETRO_CD = np.array([330.0, 250.0, 25.0, 10.0, 2.0, 0.2])
RETRO_COSINE = 0.5  # beads take no light that comes flatter than at 60 degrees


def retro(position: np.ndarray, normal: np.ndarray, light: tuple[float, float, float], eye=(0.0, 0.0, 0.0)):
    """What glass beads send back, (n,): times irradiance it is on the scale where a Lambertian white is 1.

    The coefficient is luminous intensity a lux and a square metre, so a white square to the light has 1/pi. It falls
    with the light's angle from the normal about as the cosine, which makes up for the area that is seen.
    """
    to_light, _ = _towards(position, light)
    to_eye, _ = _towards(position, eye)
    angle = np.arccos(np.clip(np.einsum("ij,ij->i", to_light, to_eye), -1.0, 1.0))
    strength = np.pi * np.exp(np.interp(angle, _RETRO_RAD, np.log(_RETRO_CD)))
    cosine = _cosine(normal, to_light)
    return np.where(cosine >= RETRO_COSINE, strength / np.maximum(cosine, RETRO_COSINE), 0.0)


@lru_cache(maxsize=4)
def _pattern(count: int, seed: int, fwhm_px: float, width: int, height: int) -> tuple[np.ndarray, float, float]:
    """The dots as seen on the reference plane: texture, and the pixel (u, v) of its corner."""
    rng = np.random.default_rng([seed, 0xD07])
    wide, high = width * DOE_FIELD, height * DOE_FIELD
    pitch = np.sqrt(wide * high / count)
    columns, rows = round(wide / pitch), round(high / pitch)
    jitter = rng.uniform(-0.5 * DOT_JITTER, 0.5 * DOT_JITTER, (rows, columns, 2))
    v, u = np.meshgrid(np.arange(rows) + 0.5, np.arange(columns) + 0.5, indexing="ij")
    # Odd rows half a pitch over: less of a lattice, so fewer chances of a match at the wrong disparity.
    u = (u + 0.5 * (np.arange(rows) % 2)[:, None] - 0.25 + jitter[..., 0]) * wide / columns
    v = (v + jitter[..., 1]) * high / rows
    texture = np.zeros((round(high * PATTERN_SCALE), round(wide * PATTERN_SCALE)), np.float32)
    # The width asked for is what the imager sees; its pixel widens a dot too.
    sigma = np.sqrt(max(fwhm_px**2 - _PIXEL_FWHM**2, 0.5**2)) / 2.3548 * PATTERN_SCALE
    reach = int(np.ceil(4 * sigma))
    offset = np.arange(-reach, reach + 1)
    strength = rng.uniform(0.85, 1.15, u.size)
    for at_u, at_v, power in zip(u.ravel() * PATTERN_SCALE, v.ravel() * PATTERN_SCALE, strength, strict=True):
        i, j = int(at_v), int(at_u)
        spot = np.exp(-((offset + i + 0.5 - at_v) ** 2)[:, None] / (2 * sigma**2)) * np.exp(
            -((offset + j + 0.5 - at_u) ** 2)[None, :] / (2 * sigma**2)
        )
        top, left = max(0, reach - i), max(0, reach - j)
        target = texture[max(0, i - reach) : i + reach + 1, max(0, j - reach) : j + reach + 1]
        target += power * spot[top : top + target.shape[0], left : left + target.shape[1]]
    corner_u, corner_v = width / 2 - 0.5 - wide / 2, height / 2 - 0.5 - high / 2
    seen_v = slice(round((-0.5 - corner_v) * PATTERN_SCALE), round((height - 0.5 - corner_v) * PATTERN_SCALE))
    seen_u = slice(round((-0.5 - corner_u) * PATTERN_SCALE), round((width - 0.5 - corner_u) * PATTERN_SCALE))
    texture /= texture[seen_v, seen_u].mean()
    return texture, corner_u, corner_v


def dots(
    position: np.ndarray,
    normal: np.ndarray,
    optics: Optics,
    baseline_mm: float,
    turn_rad: float = 0.0,
    slope: float = 0.0,
) -> np.ndarray:
    """Irradiance (n,) by the dot projector at x = baseline, shadows left out; its mean over the plane at z_ref is 1.

    A dot keeps its angle, so its irradiance falls with the square of the distance. A ray of the projector is named
    by the pixel in which the plane at z_ref shows it: u_ref = u - f b (1/z - 1/z_ref).

    turn_rad: of the pattern about the frame's middle, and of the baseline with it. slope: relative change of the
    baseline from the frame's middle to its edge along v.
    """
    texture, corner_u, corner_v = _pattern(
        optics.dot_count, optics.dot_seed, optics.dot_fwhm_px, optics.width, optics.height
    )
    z = position[:, 2]
    seen_u, seen_v = (optics.focal_px * position[:, axis] / z for axis in (0, 1))
    baseline = baseline_mm * (1.0 + slope * seen_v / optics.centre_v) if slope else baseline_mm
    moved = optics.focal_px * baseline * (1.0 / z - 1.0 / optics.z_ref_mm)
    u, v = seen_u, seen_v
    if turn_rad:
        cosine, sine = float(np.cos(turn_rad)), float(np.sin(turn_rad))
        u, v = cosine * u + sine * v, cosine * v - sine * u
    u, v = u - moved + optics.centre_u, v + optics.centre_v
    power = _bilinear(texture, (v - corner_v) * PATTERN_SCALE - 0.5, (u - corner_u) * PATTERN_SCALE - 0.5)
    direction, _ = _towards(position, (baseline_mm, 0.0, 0.0))
    return power * (optics.z_ref_mm / z) ** 2 * _cosine(normal, direction) / np.maximum(-direction[:, 2], 1e-3)


def _bilinear(texture: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    height, width = texture.shape
    inside = (row >= 0) & (row < height - 1) & (column >= 0) & (column < width - 1)
    i = np.clip(row, 0, height - 2).astype(np.int64)
    j = np.clip(column, 0, width - 2).astype(np.int64)
    di, dj = row - i, column - j
    flat, at = texture.ravel(), i * width + j
    top = flat[at] * (1 - dj) + flat[at + 1] * dj
    below = flat[at + width] * (1 - dj) + flat[at + width + 1] * dj
    return np.where(inside, top * (1 - di) + below * di, 0.0)


def ambient_direction(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    """Towards the lamp: azimuth 0 is behind the module, positive to +y; elevation is above the horizon (+x)."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    return np.array(
        [np.sin(elevation), np.cos(elevation) * np.sin(azimuth), -np.cos(elevation) * np.cos(azimuth)], np.float32
    )
