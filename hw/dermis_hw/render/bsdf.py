"""How surfaces send light on: the lobes that `Geometry` is traced with. Data made with one must hold under another.

Two sets: Lambert's cosine with GGX's gloss (what twin and training use), and Oren and Nayar's rough diffuse surface
with Beckmann's gloss, whose tails are shorter. Training's wide generator puts Minnaert's law in the place of Lambert's.
Dots and the surroundings' light keep to Lambert's law whatever the set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dermis_hw.render import lights

Point = tuple[float, float, float]
OREN_NAYAR_SIGMA = 0.30  # rad: skin's own roughness lies between .2 and .4 in published fits
SMALLEST_COSINE = 0.05  # at the rim, where factors on the cosine law would grow without end


@dataclass(frozen=True)
class Bsdf:
    """diffuse(position, normal, light, eye) -> factor (n,) on Lambert's cosine law. glints, gloss: as those of
    `lights`; `gloss` takes what `glints` gives."""

    diffuse: Callable[[np.ndarray, np.ndarray, Point, Point], np.ndarray | float]
    glints: Callable[[np.ndarray, np.ndarray, Point, Point], tuple[np.ndarray, ...]]
    gloss: Callable[..., np.ndarray]


def _unit(ray: np.ndarray) -> np.ndarray:
    return ray / np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-9)


def _cosines(
    position: np.ndarray, normal: np.ndarray, light: Point, eye: Point
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(direction to the light, to the eye, each (n, 3); their cosines with the normal, each (n,), not below
    `SMALLEST_COSINE`)."""
    to_light = _unit(np.asarray(light, np.float32) - position)
    to_eye = _unit(np.asarray(eye, np.float32) - position)
    nl, nv = (np.clip(np.einsum("ij,ij->i", normal, ray), SMALLEST_COSINE, 1.0) for ray in (to_light, to_eye))
    return to_light, to_eye, nl, nv


def lambert(position: np.ndarray, normal: np.ndarray, light: Point, eye: Point) -> float:
    """Lambert's law needs no factor."""
    return 1.0


def oren_nayar(position: np.ndarray, normal: np.ndarray, light: Point, eye: Point) -> np.ndarray:
    """Oren and Nayar, Generalization of Lambert's reflectance model (1994), without interreflection, scaled to 1 where
    light and eye stand square before the surface."""
    squared = OREN_NAYAR_SIGMA**2
    a, b = 1.0 - 0.5 * squared / (squared + 0.33), 0.45 * squared / (squared + 0.09)
    to_light, to_eye, nl, nv = _cosines(position, normal, light, eye)
    # cos(phi) sin(alpha) tan(beta) without angles: of the directions' parts in the surface.
    across = np.einsum("ij,ij->i", to_light, to_eye) - nl * nv
    return (1.0 + b / a * np.maximum(across, 0.0) / np.maximum(nl, nv)).astype(np.float32)


def minnaert(power: float) -> Callable[[np.ndarray, np.ndarray, Point, Point], np.ndarray]:
    """Minnaert, The reciprocity principle in lunar photometry (1941): with the cosines nl to the light and nv to the
    eye, nl^power nv^(power - 1), which is Lambert's nl times (nl nv)^(power - 1). Below 1 the rim is brighter."""

    def diffuse(position: np.ndarray, normal: np.ndarray, light: Point, eye: Point) -> np.ndarray:
        _, _, nl, nv = _cosines(position, normal, light, eye)
        return ((nl * nv) ** (power - 1.0)).astype(np.float32)

    return diffuse


def beckmann_glints(
    position: np.ndarray, normal: np.ndarray, light: Point, eye: Point
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """As `lights.glints`, with the cosine between eye and half vector."""
    to_light = _unit(np.asarray(light, np.float32) - position)
    to_eye = _unit(np.asarray(eye, np.float32) - position)
    half = _unit(to_light + to_eye)
    pairs = ((normal, half), (normal, to_light), (normal, to_eye), (to_eye, half))
    nh, nl, nv, vh = (np.maximum(np.einsum("ij,ij->i", first, second), 0.0) for first, second in pairs)
    return nh, nl, nv, vh


def beckmann(cosines: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], roughness: float) -> np.ndarray:
    """Beckmann's distribution of slopes with V-shaped grooves for shadowing (Cook and Torrance 1982), times pi, for a
    Fresnel reflectance of 1, (n,): on the scale of `lights.gloss`. cosines: by `beckmann_glints`."""
    nh, nl, nv, vh = cosines
    alpha2 = max(roughness, lights.SMALLEST_ALPHA) ** 2
    nh2 = np.maximum(nh**2, 1e-4)
    density = np.exp((1.0 - 1.0 / nh2) / alpha2) / (np.pi * alpha2 * nh2**2)
    grooves = np.minimum(1.0, 2.0 * nh * np.minimum(nl, nv) / np.maximum(vh, 1e-3))
    return np.pi * density * grooves / np.maximum(4.0 * nl * nv, 1e-2) * (nl > 0)


BSDFS = {
    "lambert_ggx": Bsdf(lambert, lights.glints, lights.gloss),
    "oren_nayar_beckmann": Bsdf(oren_nayar, beckmann_glints, beckmann),
}
