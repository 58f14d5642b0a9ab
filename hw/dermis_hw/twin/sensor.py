"""The detectors: a light field and the time each light burned become codes and ADC sums.

All figures come from `dermis_hw.optics`; how this module differs from the design, from its `ModuleInstance`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dermis.core import vocabulary

from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance, Scratch
from dermis_hw.optics import SWIR_BANDS, Optics

from .lamps import Share

REFERENCE_C = 25.0
NOMINAL = ModuleInstance()
CODES = 255
# Sunlight between 800 and 1100 nm has its weight where silicon still has most of its efficiency, near the dots' 940 nm.
AMBIENT_EFFICIENCY = vocabulary.DOTS


def output_factor(light: str, temperature_c: float, module: ModuleInstance = NOMINAL) -> float:
    """How much a light (`LIGHT_KEYS`) gives at that temperature, as a part of its output at 25 degrees Celsius."""
    return max(0.0, 1.0 + module.band(light).output_per_k * (temperature_c - REFERENCE_C))


class ImagerSensor:
    """The imager of one module: fixed pattern drawn once, noise drawn from the generator handed in.

    The order is that of the detector: light and vignette, photo-response non-uniformity, shot noise, full
    well, read noise, gain, gamma, 8 bits.
    """

    def __init__(self, optics: Optics, module: ModuleInstance):
        self._optics = optics
        self._module = module
        shape = (optics.height, optics.width)
        u = (np.arange(optics.width, dtype=np.float32) - np.float32(optics.centre_u))[None, :]
        v = (np.arange(optics.height, dtype=np.float32) - np.float32(optics.centre_v))[:, None]
        corner = float(np.hypot(optics.centre_u, optics.centre_v))
        self._vignette = (1 - module.vignette * (u * u + v * v) / np.float32(corner * corner)).astype(np.float32)
        self._tilt = {
            light: (1 + tilt[0] * u / np.float32(optics.centre_u) + tilt[1] * v / np.float32(optics.centre_v)).astype(
                np.float32
            )
            for light, tilt in module.flat_tilt.items()
        }
        pattern = np.random.default_rng([module.noise_seed, 0x9A77])
        self._response = 1 + np.float32(optics.prnu) * pattern.standard_normal(shape, dtype=np.float32)
        # The photo response acts behind the lens: fold the vignette into it for all but the monitor tab.
        self._scene_response = self._response * self._vignette
        for scratch in module.scratches:
            self._scene_response *= 1 - _shadow(scratch, optics)
        self._silicon_per_k = module.silicon_per_k()

    def electrons(
        self,
        field: LightField,
        lit_us: dict[str, np.ndarray],
        exposure_us: int,
        temperature_c: float,
        ambient_us: np.ndarray | None = None,
        foreign: Sequence[Share] = (),
    ) -> np.ndarray:
        """Expected electrons a pixel, before noise and saturation: float32 (240, 320).

        lit_us: light -> float32 (240,), how long it burned in each row's exposure, weighted by level.
        ambient_us: float32 (240,), the same for the ambient light where it is not steady. foreign: lamps of others,
        which light the scene as the module's at 850 nm do.
        """
        optics = self._optics
        first, last = optics.monitor_columns
        above_k = temperature_c - REFERENCE_C
        ambient_efficiency = 1 + self._silicon_per_k[AMBIENT_EFFICIENCY] * above_k
        if ambient_us is None:
            ambient_us = np.full(optics.height, exposure_us, np.float32)
        rate = optics.electrons_per_us["ambient"] * ambient_efficiency
        scene = field.ambient * (ambient_us * np.float32(rate))[:, None]
        # The tab's figures are parts of full well at the nominal exposure.
        tab_scale = optics.full_well_e / optics.exposure_us
        tab_ambient = optics.monitor_ambient_per_klux * field.klux_sun * ambient_efficiency
        tab = ambient_us * np.float32(tab_ambient * tab_scale)
        for light, burned_us in lit_us.items():
            factor = self._module.level.get(light, 1.0) * output_factor(light, temperature_c, self._module)
            factor *= 1 + self._silicon_per_k[light] * above_k
            radiance = field.dots if light == vocabulary.DOTS else field.bands[light]
            if light in self._tilt:
                radiance = radiance * self._tilt[light]
            scene = scene + radiance * (burned_us * np.float32(factor * optics.electrons_per_us[light]))[:, None]
            tab += burned_us * np.float32(
                (factor * optics.monitor_level[light] + field.tab.get(light, 0.0)) * tab_scale
            )
        for share in foreign:
            brightness = np.float32(share.scene * optics.electrons_per_us["850"])
            scene = scene + field.bands["850"] * (share.burned_us * brightness)[:, None]
            tab += share.burned_us * np.float32(share.tab * tab_scale)
        scene = scene * self._scene_response
        scene[:, first:last] = tab[:, None] * self._response[:, first:last]
        return scene

    def expose(
        self,
        field: LightField,
        lit_us: dict[str, np.ndarray],
        exposure_us: int,
        gain: float,
        temperature_c: float,
        rng: np.random.Generator,
        ambient_us: np.ndarray | None = None,
        foreign: Sequence[Share] = (),
    ) -> np.ndarray:
        """One frame: uint8 (240, 320). The arguments are those of `electrons` and `codes`."""
        expected = self.electrons(field, lit_us, exposure_us, temperature_c, ambient_us, foreign)
        return self.codes(expected, gain, rng)

    def codes(self, electrons: np.ndarray, gain: float, rng: np.random.Generator) -> np.ndarray:
        """Expected electrons to codes. Shot noise is Gaussian of variance n, which above some twenty electrons
        cannot be told from Poisson's, and below that drowns in the read noise."""
        optics, module = self._optics, self._module
        noise = rng.standard_normal(electrons.shape, dtype=np.float32)
        noise *= np.sqrt(electrons + np.float32(optics.read_noise_e**2))
        # Read noise is not bound by the well, shot noise is; together they pass it by a percent at most.
        linear = np.minimum(electrons + noise, np.float32(optics.full_well_e))
        linear *= np.float32(gain / optics.full_well_e)
        np.clip(linear, 0.0, 1.0, out=linear)
        span = np.float32(CODES - module.black_code)
        codes = np.power(linear, np.float32(1 / module.gamma)) * span + np.float32(module.black_code + 0.5)
        return codes.astype(np.uint8)


def _shadow(scratch: Scratch, optics: Optics) -> np.ndarray:
    """Part of the light that a scratch takes at each pixel: float32 (240, 320)."""
    angle = np.radians(scratch.angle_deg)
    u = np.arange(optics.width, dtype=np.float32)[None, :] - np.float32(scratch.u)
    v = np.arange(optics.height, dtype=np.float32)[:, None] - np.float32(scratch.v)
    aside = v * np.float32(np.cos(angle)) - u * np.float32(np.sin(angle))
    return np.float32(scratch.loss) * np.exp(-0.5 * (aside / np.float32(scratch.sigma_px)) ** 2)


def swir_sums(
    optics: Optics,
    module: ModuleInstance,
    field: LightField,
    band_nm: int,
    pairs: int,
    temperature_c: float,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """(on, off): sums of `pairs` samples of the photodiode with the LED of that band on and off.

    The monitor tab and the window send a part of every LED's light back at once, whatever stands before them.
    """
    led = module.swir_order[list(SWIR_BANDS).index(band_nm)]
    seen = field.swir[int(led.removeprefix("swir"))] * optics.swir_counts
    seen += optics.swir_tab_counts * module.swir_tab.get(led, 1.0)
    signal = seen * module.level.get(led, 1.0) * output_factor(led, temperature_c, module)
    ambient = optics.swir_ambient_counts_per_klux * field.klux_sun
    offset = optics.swir_offset_counts * module.swir_offset
    gain = module.photodiode_gain * module.photodiode_sign
    noise = rng.standard_normal(2) * optics.swir_noise_counts * np.sqrt(pairs)
    sums = []
    for light, deviation in ((ambient + signal, noise[0]), (ambient, noise[1])):
        level = offset + gain * light
        total = level * pairs + deviation
        sums.append(int(np.clip(round(total), 0, optics.swir_full_scale * pairs)))
    return sums[0], sums[1]
