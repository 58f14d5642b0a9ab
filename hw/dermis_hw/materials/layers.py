"""Light in layers: Kubelka and Munk's two fluxes in a finite film, with what its surfaces throw back.

Sources of the formulas, by number as the functions name them:
 1. Kubelka, New contributions to the optics of intensely light-scattering materials, J. Opt. Soc. Am. 38, 448 (1948):
    reflectance and transmittance of a film of thickness X, a = 1 + K/S, b = sqrt(a^2 - 1).
 2. Saunderson, Calculation of the color of pigmented plastics, J. Opt. Soc. Am. 32, 727 (1942): surface correction.
 3. Egan, Hilgeman and Reichman, Appl. Opt. 12, 1816 (1973): diffuse internal reflectance as a function of the index.
 4. Kubelka's coefficients from those of transport, for nearly diffuse light: K = 2 mu_a, S = 3/4 mu_s'
    (van Gemert and Star, Lasers Life Sci. 1, 287 (1987), without the small absorption term in S).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_NO_SCATTER_PER_MM = 1e-6  # keeps a = 1 + K/S finite in a clear film; changes no figure in its fourth digit
_LARGEST_EXPONENT = 50.0  # exp(-50) is nothing; cosh beyond it overflows for no use


@dataclass(frozen=True)
class Film:
    """A finite layer. absorption_per_mm and scattering_per_mm: mu_a and mu_s' at the grid; index: of refraction."""

    thickness_mm: float
    absorption_per_mm: np.ndarray
    scattering_per_mm: np.ndarray
    index: float

    def two_flux(self) -> tuple[np.ndarray, np.ndarray]:
        """Reflectance and transmittance of the film within its own medium (no surfaces): formula 1, with 4."""
        s = np.maximum(0.75 * self.scattering_per_mm, _NO_SCATTER_PER_MM)
        a = 1.0 + 2.0 * self.absorption_per_mm / s
        b = np.sqrt(np.maximum(a * a - 1.0, 1e-12))
        x = np.minimum(b * s * self.thickness_mm, _LARGEST_EXPONENT)
        below = a * np.sinh(x) + b * np.cosh(x)
        return np.sinh(x) / below, b / below


def fresnel_r0(index: float) -> float:
    """Reflectance of a surface at normal incidence."""
    return ((index - 1.0) / (index + 1.0)) ** 2


def index_of(r0: float) -> float:
    """The index of refraction that reflects `r0` at normal incidence."""
    root = np.sqrt(r0)
    return float((1.0 + root) / (1.0 - root))


def internal_diffuse(index: float) -> float:
    """Part of diffuse light that a surface throws back into the medium: formula 3."""
    if index <= 1.0:
        return 0.0
    return max(0.0, -1.440 / index**2 + 0.710 / index + 0.668 + 0.0636 * index)


def external_diffuse(index: float) -> float:
    """Part of diffuse light from the air that a surface throws back: reciprocity, n^2 (1 - inside) = 1 - outside."""
    return max(0.0, 1.0 - index**2 * (1.0 - internal_diffuse(index)))


def out_of(inside: np.ndarray, index: float) -> np.ndarray:
    """Diffuse reflectance seen from the air, specular excluded, of a medium of that reflectance: formula 2."""
    back = internal_diffuse(index)
    return (1.0 - fresnel_r0(index)) * (1.0 - back) * inside / (1.0 - back * inside)


def into(outside: np.ndarray, index: float) -> np.ndarray:
    """The reverse of `out_of`: reflectance within the medium, at most 1."""
    back = internal_diffuse(index)
    through = (1.0 - fresnel_r0(index)) * (1.0 - back)
    return np.clip(outside / (through + back * outside), 0.0, 1.0)


def _on(reflectance: np.ndarray, transmittance: np.ndarray, ground: np.ndarray | float) -> np.ndarray:
    """A layer over a ground, light going to and fro between them without end."""
    return reflectance + transmittance**2 * ground / (1.0 - reflectance * ground)


def glued(film: Film, ground: np.ndarray, ground_index: float) -> np.ndarray:
    """Diffuse reflectance, specular excluded, of a film in optical contact with a ground.

    ground: what the ground reflects diffusely by itself in the air. Its own surface vanishes under the film; what
    the step between the two indices reflects is neglected. In a stack of flat layers the densest one decides how
    much light stays inside, wherever it lies: so water on skin does not brighten it, and wet paper darkens.
    """
    reflectance, transmittance = film.two_flux()
    inside = _on(reflectance, transmittance, into(ground, ground_index))
    return out_of(inside, max(film.index, ground_index))


def over_air(film: Film, ground: np.ndarray, ground_r0: float) -> np.ndarray:
    """The same with air between the film and the ground: both surfaces of the film reflect, and the ground's too.

    Light that crosses a nearly clear film unscattered meets its surfaces steeply and leaves; what is scattered is
    thrown back as diffuse light is. The two are weighed by the part exp(-mu_s' X) that passes unscattered.
    """
    reflectance, transmittance = film.two_flux()
    straight = np.exp(-film.scattering_per_mm * film.thickness_mm)
    front = fresnel_r0(film.index)
    back = straight * front + (1.0 - straight) * internal_diffuse(film.index)
    outside = external_diffuse(film.index)
    inside = _on(reflectance, transmittance, back)  # the film and its lower surface, from above, within the film
    down = transmittance * (1.0 - back) / (1.0 - reflectance * back)
    seen = 1.0 - back * inside
    # What goes straight to the lower surface and straight back is a second gloss, not diffuse light.
    glint = front * (1.0 - front) ** 2 * straight**2 * np.exp(-4.0 * film.absorption_per_mm * film.thickness_mm)
    alone = np.maximum((1.0 - front) * (1.0 - back) * inside / seen - glint, 0.0)
    passing = (1.0 - front) * down / seen
    underside = outside + (1.0 - outside) * (1.0 - back) * inside / seen
    returning = (1.0 - outside) * down / seen
    whole_ground = np.minimum(ground + ground_r0, 1.0)
    return alone + passing * whole_ground * returning / (1.0 - whole_ground * underside)


def alone(film: Film) -> np.ndarray:
    """A film with nothing beneath: what passes it is gone."""
    return over_air(film, np.zeros_like(film.absorption_per_mm), 0.0)
