"""From a traced scene to a light field: geometry once (dear), materials and modules over it (cheap)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dermis_hw.geometry import Mesh
from dermis_hw.geometry.printed import MEAN_INK, ink
from dermis_hw.lightfield import LightField
from dermis_hw.materials import Material, band_value
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1, NIR_BANDS, SWIR_BANDS, Optics
from dermis_hw.render import lights
from dermis_hw.render.blur import gaussian
from dermis_hw.render.bsdf import BSDFS, Bsdf, Point
from dermis_hw.render.buffers import Tracer

# How reflectance counts under ambient light: the imager sees less of it the longer the wave.
AMBIENT_BAND_WEIGHTS = {"850": 0.62, "970": 0.28, "1050": 0.10}
# Skin varies within a face by pigment and blood, which fade with wavelength, and a little by band.
VARIATION_POWER = 1.5
VARIATION_OWN_PART = 0.2
# Part of the mean radiance that the lens spreads over the frame: a veil. Design figure for a small cemented lens.
VEIL = 0.02
# From the middle of the SWIR LEDs to the photodiode (design): what comes straight back is seen at this angle.
SWIR_LED_OFFSET_MM = 5.0
NOISE_WAVES, NOISE_SHORTEST_MM, NOISE_LONGEST_MM = 14, 14.0, 70.0

if TYPE_CHECKING:
    from dermis_hw.render.plane import PlaneTracer

Key = tuple[int, str]  # mesh number, region
LENS = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Ambient:
    """Lamp of the surroundings. lamp: a key of `lights.LAMP_SUN_EQUIVALENT`. klux: on a surface that faces it."""

    lamp: str = "none"
    klux: float = 0.0
    direction_deg: tuple[float, float] = (30.0, 40.0)

    @property
    def klux_sun(self) -> float:
        """What it amounts to in the near infrared, in klux of sunlight."""
        return self.klux * lights.LAMP_SUN_EQUIVALENT[self.lamp]


@dataclass
class _Surface:
    """One region of one mesh: its samples, its weight at each, and images of what falls on it."""

    chosen: np.ndarray  # into the samples
    weight: np.ndarray
    cover: np.ndarray
    bands: dict[str, np.ndarray]
    ambient: np.ndarray
    swir: float
    gloss: dict[float, tuple[dict[str, np.ndarray], float]] = field(default_factory=dict)
    retro: tuple[dict[str, np.ndarray], float] | None = None
    glints: dict[tuple[Point, Point], tuple[np.ndarray, ...]] = field(default_factory=dict)  # by light and eye


class Geometry:
    """A posed scene as the imager sees it, without its materials.

    meshes: posed, in mm. ambient: where its light comes from. surface: how all of them send light on. tracer: what
    finds them, Mitsuba by default. Making one takes Mitsuba a few renders; `compose` takes none, and may be called
    with any materials and modules.
    """

    def __init__(
        self,
        meshes: list[Mesh],
        *,
        optics: Optics = DM1,
        ambient: Ambient | None = None,
        surface: Bsdf = BSDFS["lambert_ggx"],
        tracer: Tracer | PlaneTracer | None = None,
    ) -> None:
        self.meshes, self.optics, self._bsdf = meshes, optics, surface
        self.ambient = ambient or Ambient()
        tracer = tracer or Tracer(meshes, optics)
        s = self.samples = tracer.samples()
        # The LEDs of a side stand 4 mm apart: one shadow a side serves all bands.
        shadow = {side: tracer.lit(s, (0.0, 12.0 * side, 0.0)) for side in (1.0, -1.0)}
        self._leds: dict[str, list[tuple[tuple[float, float], np.ndarray]]] = {}
        for band, places in optics.led_positions_mm.items():
            self._leds[band] = [
                (
                    at,
                    shadow[np.sign(at[1]) or 1.0]
                    * lights.led_irradiance(s.position, s.normal, at, optics)
                    / len(places),
                )
                for at in places
            ]
        self._dots_lit = tracer.lit(s, (optics.baseline_mm, 0.0, 0.0))
        self._ambient_irradiance = self._surroundings(tracer)
        swir = lights.led_irradiance(s.position, s.normal, optics.swir_position_mm, optics)
        self._swir = swir * lights.swir_weight(s.position, optics) / _white_swir(optics)
        self._surfaces = dict(self._split())
        self.depth_mm = self._depth()
        self._local = self._local_points()
        self._shown: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # mesh -> its pixels, a point of it in each

    def _surroundings(self, tracer: Tracer | PlaneTracer) -> np.ndarray:
        direct = lights.LAMP_DIRECT_PART[self.ambient.lamp]
        if self.ambient.klux_sun <= 0:
            return np.zeros(len(self.samples.index), np.float32)
        towards = lights.ambient_direction(*self.ambient.direction_deg)
        facing = np.maximum(self.samples.normal @ towards, 0.0) * tracer.lit_from(self.samples, towards)
        above = 0.5 + 0.5 * self.samples.normal[:, 0]
        return direct * facing + (1.0 - direct) * above

    def _split(self):
        s = self.samples
        for number, mesh in enumerate(self.meshes):
            chosen = np.flatnonzero(s.mesh == number)
            if not len(chosen):
                continue
            weights = s.interpolate(number, mesh.faces, mesh.regions)
            for column, name in enumerate(mesh.region_names):
                part = weights[:, column] > 0
                if not part.any():
                    continue
                at, weight = chosen[part], weights[part, column]
                p, n = s.position[at], s.normal[at]
                bands = {
                    band: s.to_image(
                        sum(e[at] * self._bsdf.diffuse(p, n, (*led, 0.0), LENS) for led, e in leds) * weight,
                        at,
                    )
                    for band, leds in self._leds.items()
                }
                head = (*self.optics.swir_position_mm, 0.0)
                spot = self._swir[at] * weight * self._bsdf.diffuse(p, n, head, head)
                yield (
                    (number, name),
                    _Surface(
                        at,
                        weight,
                        s.to_image(weight, at),
                        bands,
                        s.to_image(self._ambient_irradiance[at] * weight, at),
                        float(spot.sum()),
                    ),
                )

    def _depth(self) -> np.ndarray:
        s, o = self.samples, self.optics
        cover = s.to_image(np.ones(len(s.index)))
        total = s.to_image(s.position[:, 2].astype(np.float64))
        # A pixel that straddles an edge has the depth of neither side: half covered at least.
        depth = np.where(cover >= 0.5, total / np.maximum(cover, 1e-6), np.inf)
        return depth.astype(np.float32).reshape(o.height, o.width)

    def _local_points(self) -> np.ndarray:
        local = np.zeros_like(self.samples.position)
        for number, mesh in enumerate(self.meshes):
            chosen = self.samples.mesh == number
            local[chosen] = self.samples.interpolate(number, mesh.faces, mesh.local)
        return local

    @property
    def surfaces(self) -> list[Key]:
        """The (mesh number, region) pairs that the imager sees."""
        return list(self._surfaces)

    def _gloss(self, surface: _Surface, roughness: float) -> tuple[dict[str, np.ndarray], float]:
        """Glossy images by band and the SWIR head's glossy signal of a surface, for r0 = 1; kept by roughness."""
        if roughness not in surface.gloss:
            s, at = self.samples, surface.chosen
            images = {
                band: s.to_image(
                    sum(e[at] * self._shine(surface, (*led, 0.0), roughness) for led, e in leds) * surface.weight, at
                )
                for band, leds in self._leds.items()
            }
            head = (*self.optics.swir_position_mm, 0.0)
            signal = (self._swir[at] * self._shine(surface, head, roughness, eye=head) * surface.weight).sum()
            surface.gloss[roughness] = (images, float(signal))
        return surface.gloss[roughness]

    def _shine(self, surface: _Surface, light: Point, roughness: float, eye: Point = LENS) -> np.ndarray:
        """Gloss of a surface's samples for r0 = 1; what does not depend on roughness is kept."""
        if (light, eye) not in surface.glints:
            position, normal = self.samples.position[surface.chosen], self.samples.normal[surface.chosen]
            surface.glints[light, eye] = self._bsdf.glints(position, normal, light, eye)
        return self._bsdf.gloss(surface.glints[light, eye], roughness)

    def _retro(self, surface: _Surface) -> tuple[dict[str, np.ndarray], float]:
        """As `_gloss`, of glass beads."""
        if surface.retro is None:
            s, at = self.samples, surface.chosen
            p, n = s.position[at], s.normal[at]
            images = {
                band: s.to_image(sum(e[at] * lights.retro(p, n, (*led, 0.0)) for led, e in leds) * surface.weight, at)
                for band, leds in self._leds.items()
            }
            x, y = self.optics.swir_position_mm
            back = lights.retro(p, n, (x, y + SWIR_LED_OFFSET_MM, 0.0), eye=(x, y, 0.0))
            surface.retro = (images, float((self._swir[at] * back * surface.weight).sum()))
        return surface.retro

    def compose(
        self,
        materials: list[dict[str, Material]],
        module: ModuleInstance | None = None,
        *,
        temperature_c: float = 25.0,
        seed: int = 0,
    ) -> LightField:
        """The light field of these materials before this module.

        materials: for each mesh, region -> material; a region that is missing takes the first region's (the body's).
        Raises KeyError if a mesh's body has none.
        """
        module = module or ModuleInstance()
        shape = (self.optics.height, self.optics.width)
        bands = {band: np.zeros(shape, np.float32) for band in NIR_BANDS}
        ambient = np.zeros(shape, np.float32)
        swir = dict.fromkeys(SWIR_BANDS, 0.0)
        leds = {band: module.band(band) for band in NIR_BANDS}
        swir_leds = {band: module.band(f"swir{band}") for band in SWIR_BANDS}
        silicon = module.silicon_per_k()
        painted = {
            key: materials[key[0]].get(key[1]) or materials[key[0]][self.meshes[key[0]].region_names[0]]
            for key in self._surfaces
        }
        texture = self._textures(painted, seed)
        for key, surface in self._surfaces.items():
            material = painted[key]
            r0, roughness = material.specular.r0, material.specular.roughness
            glossy, glossy_swir = self._gloss(surface, roughness) if r0 > 0 else ({}, 0.0)
            beads, beads_swir = self._retro(surface) if material.retro > 0 else ({}, 0.0)
            seen = 0.0
            for band, led in leds.items():
                value = band_value(material, led, temperature_c=temperature_c, silicon_per_k=silicon)
                bands[band] += value * texture[key][band] * surface.bands[band]
                if r0 > 0:
                    bands[band] += r0 * glossy[band]
                if material.retro > 0:
                    bands[band] += material.retro * beads[band]
                seen += AMBIENT_BAND_WEIGHTS[band] * value
            ambient += (seen * texture[key]["850"] + r0) * surface.ambient
            spot = self._spot_texture(surface, texture[key])
            for band, led in swir_leds.items():
                value = band_value(material, led, temperature_c=temperature_c, detector="ingaas")
                swir[band] += value * surface.swir * spot
                swir[band] += r0 * glossy_swir + material.retro * beads_swir
        glow = sum((painted[key].glow_klux * surface.cover for key, surface in self._surfaces.items()), np.zeros(shape))
        return LightField(
            bands=bands,
            dots=self._dots(painted, texture, module, temperature_c),
            ambient=(ambient * self.ambient.klux_sun + glow + VEIL * glow.mean()).astype(np.float32),
            klux_sun=self.ambient.klux_sun + self._klux_at_window(glow),
            swir=swir,
            temperature_c=temperature_c,
            depth_mm=self.depth_mm,
        )

    def _klux_at_window(self, glow: np.ndarray) -> float:
        """Illuminance at the module's window by what glows before it, klux of sunlight: radiance times solid angle."""
        return float(glow.sum()) / (np.pi * self.optics.focal_px**2)

    def _spot_texture(self, surface: _Surface, texture: dict[str, np.ndarray | float]) -> float:
        """Mean of a texture over what lights the spot; the surface's 850 nm image stands for the spot's share."""
        pattern = texture["850"]
        if isinstance(pattern, float):
            return pattern
        spot = self.samples.to_image(self._swir[surface.chosen] * surface.weight, surface.chosen)
        total = float(spot.sum())
        return float((spot * pattern).sum() / total) if total > 0 else 1.0

    def _textures(self, painted: dict[Key, Material], seed: int) -> dict[Key, dict[str, np.ndarray | float]]:
        """What multiplies a surface's reflectance across the frame, by band: variation within a face, and ink."""
        rng = np.random.default_rng([seed, 0x5C1A])
        noise: dict[tuple[int, str], np.ndarray] = {}
        out: dict[Key, dict[str, np.ndarray | float]] = {}
        for key, material in painted.items():
            factors: dict[str, np.ndarray | float] = dict.fromkeys((*NIR_BANDS, "dots"), 1.0)
            if material.variation > 0:
                if (key[0], "all") not in noise:
                    for name in ("all", *NIR_BANDS):
                        noise[key[0], name] = self._noise(key[0], rng)
                for name, band in NIR_BANDS.items():
                    common = (850.0 / band.peak_nm) ** VARIATION_POWER * noise[key[0], "all"]
                    own = VARIATION_OWN_PART * noise[key[0], name]
                    factors[name] = np.clip(1.0 + material.variation * (common + own), 0.5, 1.5)
                factors["dots"] = factors["970"]  # 26 nm apart
            if material.ink_contrast > 0:
                print_ = self._print(key[0], material.ink_contrast)
                factors = {name: factor * print_ for name, factor in factors.items()}
            out[key] = factors
        return out

    def _pixel_values(self, number: int, function) -> np.ndarray:
        """An image of a function of a mesh's own coordinates, 1 where the mesh is not."""
        if number not in self._shown:
            chosen = np.flatnonzero(self.samples.mesh == number)
            shown, first = np.unique(self.samples.pixel[chosen], return_index=True)
            self._shown[number] = shown, self._local[chosen[first]]
        pixel, local = self._shown[number]
        height, width = self.samples.raster
        s = self.samples.oversampling
        image = np.zeros((height // s) * (width // s), np.float32)
        image[pixel] = function(local)
        return image.reshape(height // s, width // s)

    def _noise(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """Smooth noise of standard deviation 1 that sticks to the mesh."""
        direction = rng.normal(size=(NOISE_WAVES, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        wave = direction * (2 * np.pi / rng.uniform(NOISE_SHORTEST_MM, NOISE_LONGEST_MM, (NOISE_WAVES, 1)))
        phase = rng.uniform(0, 2 * np.pi, NOISE_WAVES)
        wave, phase = wave.astype(np.float32), phase.astype(np.float32)
        return self._pixel_values(
            number, lambda local: np.sqrt(2 / NOISE_WAVES) * np.cos(local @ wave.T + phase).sum(axis=1)
        )

    def _print(self, number: int, contrast: float) -> np.ndarray:
        """A printed face: where ink lies thicker than on average, less light comes back."""
        inked = self._pixel_values(number, ink)
        return (1.0 - contrast * inked) / (1.0 - contrast * MEAN_INK)

    def _dots(self, painted, texture, module: ModuleInstance, temperature_c: float) -> np.ndarray:
        """The dots, spread under each surface as its material does."""
        s, o = self.samples, self.optics
        image = np.zeros((o.height, o.width), np.float32)
        # A longer lens scales the disparities just as a longer baseline does.
        baseline = (o.baseline_mm + module.baseline_error_mm) * (1.0 + module.focal_error)
        light = (o.baseline_mm, 0.0, 0.0)
        turn, slope = np.radians(module.pattern_turn_deg), module.baseline_slope
        falls = lights.dots(s.position, s.normal, o, baseline, turn, slope) * self._dots_lit
        spread: dict[tuple[int, float], np.ndarray] = {}
        vcsel, silicon = module.band("dots"), module.silicon_per_k()
        for key, surface in self._surfaces.items():
            material, at = painted[key], surface.chosen
            value = band_value(material, vcsel, temperature_c=temperature_c, silicon_per_k=silicon)
            sharp = 1.0 - sum(part for part, _ in material.blur)
            lit = sharp * s.to_image(falls[at] * surface.weight, at)
            for part, sigma_mm in material.blur:
                if (key[0], sigma_mm) not in spread:
                    spread[key[0], sigma_mm] = self._spread(key[0], falls, sigma_mm)
                lit = lit + part * surface.cover * spread[key[0], sigma_mm]
            image += value * texture[key]["dots"] * lit
            if material.retro > 0:
                image += material.retro * s.to_image(
                    falls[at] * lights.retro(s.position[at], s.normal[at], light) * surface.weight, at
                )
            if material.specular.r0 > 0:
                shine = self._shine(surface, light, material.specular.roughness)
                image += material.specular.r0 * s.to_image(falls[at] * shine * surface.weight, at)
        return image

    def _spread(self, number: int, falls: np.ndarray, sigma_mm: float) -> np.ndarray:
        """Irradiance of one mesh's pixels, spread by a Gaussian that stays within the mesh."""
        s = self.samples
        chosen = np.flatnonzero(s.mesh == number)
        sigma_px = sigma_mm * self.optics.focal_px / float(np.median(s.position[chosen, 2]))
        total = gaussian(s.to_image(falls[chosen], chosen), sigma_px)
        cover = gaussian(s.to_image(np.ones(len(chosen)), chosen), sigma_px)
        return total / np.maximum(cover, 1e-3)


def _white_swir(optics: Optics) -> float:
    """The SWIR sum over samples of a white plane at z_ref that fills the frame."""
    from dermis_hw.render.buffers import OVERSAMPLING as S

    v, u = np.meshgrid(
        (np.arange(optics.height * S) + 0.5) / S - 0.5, (np.arange(optics.width * S) + 0.5) / S - 0.5, indexing="ij"
    )
    z = optics.z_ref_mm
    position = np.stack(
        [(u - optics.centre_u) * z / optics.focal_px, (v - optics.centre_v) * z / optics.focal_px, np.full_like(u, z)],
        -1,
    ).reshape(-1, 3)
    normal = np.broadcast_to(np.array([0.0, 0.0, -1.0]), position.shape)
    lit = lights.led_irradiance(position, normal, optics.swir_position_mm, optics)
    return float((lit * lights.swir_weight(position, optics)).sum())
