"""Light fields without rendering: smooth, quick, good enough to exercise the path from photon to verdict.

Each function is a provider: seconds -> LightField. Name one on the command line as
`--provider dermis_hw.twin.synthetic:plane`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from dermis_hw.lightfield import LightField
from dermis_hw.optics import DM1, NIR_BANDS, SWIR_BANDS

SKIN_NIR = {"850": 0.60, "970": 0.52, "1050": 0.56}
SKIN_SWIR = {1050: 0.56, 1200: 0.30, 1300: 0.36, 1450: 0.06, 1550: 0.09}
# A silicone of skin's colour is flat where skin has its water bands; paint over it may imitate skin up to 1000 nm.
SILICONE_NIR = {"850": 0.62, "970": 0.61, "1050": 0.60}
SILICONE_SWIR = {1050: 0.60, 1200: 0.48, 1300: 0.52, 1450: 0.40, 1550: 0.42}
SURFACES = {
    "skin": (SKIN_NIR, SKIN_SWIR),
    "silicone": (SILICONE_NIR, SILICONE_SWIR),
    "painted": (SKIN_NIR, SILICONE_SWIR | {1050: SKIN_SWIR[1050]}),
}
FACE_DISTANCE_MM = 450.0
SPOT_DEEP_MM = 60.0  # of a face, that the SWIR head's spot reaches
EYES_MM, HAIR_MM, TEMPLE_MM = 31.0, 72.0, 54.0  # of the eyes from the middle; of the hair above and beside it
HALF_HEIGHT_MM, HALF_BREADTH_MM, DEEP_MM = 105.0, 72.0, 70.0
NECK_HALF_MM, NECK_DEEP_MM, NECK_BELOW_MM = 50.0, 100.0, -60.0  # deep: behind the nose's tip
DRY_NIR = 0.56  # of hair, which has no water bands


def _grid() -> tuple[np.ndarray, np.ndarray]:
    u = (np.arange(DM1.width) - DM1.centre_u)[None, :] / DM1.focal_px
    v = (np.arange(DM1.height) - DM1.centre_v)[:, None] / DM1.focal_px
    return np.broadcast_to(u, (DM1.height, DM1.width)), np.broadcast_to(v, (DM1.height, DM1.width))


def _dot_pattern(depth_mm: np.ndarray) -> np.ndarray:
    """A pseudo-random pattern; the projector stands at +u, so a point at z moves by f b (1/z - 1/z_ref). Mean 1."""
    rng = np.random.default_rng(DM1.dot_seed)
    canvas = np.zeros((DM1.height, DM1.width * 2), np.float32)
    count = DM1.dot_count * 2
    canvas[rng.integers(DM1.height, size=count), rng.integers(DM1.width * 2, size=count)] = 1.0
    for axis in (0, 1):  # a dot is about 1.6 px wide
        canvas = (np.roll(canvas, 1, axis) + 2 * canvas + np.roll(canvas, -1, axis)) / 4
    disparity = DM1.focal_px * DM1.baseline_mm * (1 / depth_mm - 1 / DM1.z_ref_mm)
    columns = np.arange(DM1.width)[None, :] - disparity + DM1.width / 2
    left = np.clip(np.floor(columns).astype(int), 0, DM1.width * 2 - 2)
    part = (columns - left).astype(np.float32)
    rows = np.arange(DM1.height)[:, None]
    return (canvas[rows, left] * (1 - part) + canvas[rows, left + 1] * part) / canvas.mean()


def _field(
    depth_mm: np.ndarray,
    shade: np.ndarray,
    nir: dict[str, float],
    swir: dict[int, float],
    dry: np.ndarray | float = 0.0,
) -> LightField:
    """dry: how much of a pixel (0 to 1) is hair."""
    fall_off = (DM1.z_ref_mm / depth_mm) ** 2 * shade
    # The spot sees the foremost body as a whole, not its nearest point.
    in_spot = float(np.mean(fall_off[depth_mm < np.min(depth_mm) + SPOT_DEEP_MM]))
    return LightField(
        bands={band: ((nir[band] * (1 - dry) + DRY_NIR * dry) * fall_off).astype(np.float32) for band in NIR_BANDS},
        dots=(nir["970"] * fall_off * _dot_pattern(depth_mm)).astype(np.float32),
        ambient=(0.3 * nir["850"] * shade).astype(np.float32),
        klux_sun=0.3,
        swir={band: swir[band] * in_spot for band in SWIR_BANDS},
        depth_mm=depth_mm.astype(np.float32),
    )


@lru_cache
def plane_at(distance_mm: float, reflectance: float = 1.0) -> LightField:
    """A grey card square to the axis at that distance; reflectance 1 is the white target."""
    depth = np.full((DM1.height, DM1.width), distance_mm)
    nir = dict.fromkeys(NIR_BANDS, reflectance)
    return _field(depth, np.ones_like(depth), nir, dict.fromkeys(SWIR_BANDS, reflectance))


def plane(_time_s: float = 0.0) -> LightField:
    """The white target at the reference distance."""
    return plane_at(DM1.z_ref_mm)


def _spots(x: np.ndarray, y: np.ndarray, height_mm: float, breadth_mm: float) -> np.ndarray:
    """1 at both eyes' places along y and x = 0, falling off around."""
    return np.exp(-((x / height_mm) ** 2)) * np.exp(-(((np.abs(y) - EYES_MM) / breadth_mm) ** 2))


@lru_cache
def _face(distance_mm: float, made_of: str = "skin") -> LightField:
    u, v = _grid()
    x, y = u * distance_mm, v * distance_mm
    inside = 1 - (x / HALF_HEIGHT_MM) ** 2 - (y / HALF_BREADTH_MM) ** 2
    dome = np.sqrt(np.clip(inside, 0, None))
    nose = 22.0 * np.exp(-((x / 22) ** 2) - (y / 12) ** 2)
    eyes = _spots(x - 30.0, y, 9.0, 14.0)
    depth = np.where(inside > 0, distance_mm + DEEP_MM * (1 - dome) + 22.0 - nose + 8 * eyes, 2000.0)
    shade = np.where(inside > 0, 0.75 + 0.25 * dome, 0.15)
    # The model asks for more of a face than its shape: brows, mouth, dry hair, and a neck, without which it is a mask.
    neck = (inside <= 0) & (x < NECK_BELOW_MM) & (np.abs(y) < NECK_HALF_MM)
    depth, shade = np.where(neck, distance_mm + NECK_DEEP_MM, depth), np.where(neck, 0.5, shade)
    brows, mouth = _spots(x - 45.0, y, 5.0, 20.0), np.exp(-(((x + 42) / 7) ** 2) - (y / 24) ** 2)
    shade = shade * (1 - 0.75 * eyes) * (1 - 0.75 * brows) * (1 - 0.4 * mouth)
    hair = (inside > 0) & ((x > HAIR_MM) | ((np.abs(y) > TEMPLE_MM) & (x > -20.0)))
    shade = np.where(hair, 0.5 * shade, shade)
    return _field(depth, shade, *SURFACES[made_of], dry=np.clip(hair + brows, 0, 1))


def face(_time_s: float = 0.0) -> LightField:
    """An ellipsoid with a nose, eyes, mouth, hair, neck and skin's reflectances, nearest point at 450 mm."""
    return _face(FACE_DISTANCE_MM)


def mask(_time_s: float = 0.0) -> LightField:
    """An attack: the same shape in silicone, which neither the imager's bands nor the SWIR head take for skin."""
    return _face(FACE_DISTANCE_MM, "silicone")


def painted_mask(_time_s: float = 0.0) -> LightField:
    """An attack: the same shape, which the imager's bands take for skin and the SWIR head does not."""
    return _face(FACE_DISTANCE_MM, "painted")


@lru_cache
def _photo(distance_mm: float) -> LightField:
    face = _face(distance_mm)
    flat = np.full_like(face.depth_mm, distance_mm)
    # What the paper shows is as bright as the face was; its dots lie on a plane.
    brightness = face.bands["970"]
    return replace(face, dots=(brightness * _dot_pattern(flat)).astype(np.float32), depth_mm=flat)


def photo(_time_s: float = 0.0) -> LightField:
    """An attack: a flat picture of that face, with skin's reflectances in every band."""
    return _photo(FACE_DISTANCE_MM)


@lru_cache
def _nothing() -> LightField:
    dark = np.zeros((DM1.height, DM1.width), np.float32)
    return LightField(dict.fromkeys(NIR_BANDS, dark), dark, dark, 0.0, dict.fromkeys(SWIR_BANDS, 0.0))


def nothing(_time_s: float = 0.0) -> LightField:
    """An endless black room."""
    return _nothing()
