"""What an eye may meet when everything is at its worst, and when something fails: each case with its margin.

An eye stares from the distance that the standards assess at (200 mm for LEDs, 100 mm for the projector) for as long
as they count, while the lights are asked for as densely as their limits let. For every span of time from 0.1 ms to
the longest exposure the mean over the densest part of that span is set against the standard's limit for it; parts of
limits add up where lights burn together and meet the same tissue. A margin is the limit over what is met.

Everything here is computed from design figures. None of it has been measured, and no product is safe because of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

from dermis_hw import eye_safety as standards
from dermis_hw.boards.wiring import FULL_DUTY, Wiring, wired
from dermis_hw.environment import COLDEST_C
from dermis_hw.module_instance import LEVEL, OUTPUT_PER_K
from dermis_hw.optics import DM1, DOTS, NIR_BANDS, SWIR_BANDS, Optics

REFERENCE_C = 25.0  # at which the optics' figures hold

# What the lights' board must keep to (design).
ONE_SHOT_TOLERANCE = 0.10  # of a one-shot's time: its resistor and capacitor
GUARD_TOLERANCE = 0.30  # of the time that the projector's guard lets from darkness: its parts and its threshold
# The guard's capacitor follows the part of time that the projector burns; its Schmitt trigger opens at one part of the
# supply and closes at a lesser one. Assumed of a trigger at 3.3 V: between .36 and .68. Pulses that never make it open
# burn no more than the upper of them, and a light that stays on burns, at the least favourable pair, .57 of the time:
GUARD_OPENS = 0.68
GUARD_STEADY = math.log(0.55 / 0.32) / (math.log(0.55 / 0.32) + math.log(0.68 / 0.45))
BALLAST = 1.3  # times nominal: the current that a light's series resistor lets through once its transistor is shorted

SHORTEST_SPAN_S = 1e-4
SPANS = 400  # between the shortest and the longest exposure, evenly in their logarithm

CORNEA, RETINA = "cornea and lens", "retina"
IMAGER_LIGHTS = (*NIR_BANDS, "dots")


@dataclass(frozen=True)
class Pattern:
    """How a light burns: on_s at a time, once every period_s."""

    on_s: float
    period_s: float

    def mean(self, span_s: float) -> float:
        """The part of the densest stretch of that length that it burns."""
        whole, rest = divmod(span_s, self.period_s)
        return (whole * self.on_s + min(rest, self.on_s)) / span_s

    def ends(self) -> list[float]:
        """Spans that end with its burning, where the mean is greatest."""
        return [self.on_s + number * self.period_s for number in range(10)]


@dataclass(frozen=True)
class Leaky:
    """How a light may burn that a leaky store of time limits: on_s from darkness, then a part of the time."""

    on_s: float
    part: float

    def mean(self, span_s: float) -> float:
        """The part of the densest stretch of that length that it burns."""
        return 1.0 if span_s <= self.on_s else (self.on_s + self.part * (span_s - self.on_s)) / span_s

    def ends(self) -> list[float]:
        return [self.on_s]


@dataclass(frozen=True)
class Both:
    """What two limits at once let burn."""

    one: Pattern | Leaky
    other: Pattern | Leaky

    def mean(self, span_s: float) -> float:
        return min(self.one.mean(span_s), self.other.mean(span_s))

    def ends(self) -> list[float]:
        return self.one.ends() + self.other.ends()


Burning = Pattern | Leaky | Both
CONTINUOUS = Pattern(standards.LONGEST_EXPOSURE_S, standards.LONGEST_EXPOSURE_S)


@dataclass(frozen=True)
class Case:
    """One case: what is so, the lights that burn in its worst variant, the part of the limit that is met, what keeps
    it there. fault: "" (none), "single" or "double"."""

    name: str
    fault: str
    lights: tuple[str, ...]
    tissue: str
    part: float
    protects: str

    @property
    def margin(self) -> float:
        return math.inf if not self.part else 1 / self.part


def brightest(optics: Optics = DM1) -> Optics:
    """The brightest module that the tolerances of `module_instance` allow, in the coldest place it may stand."""

    def factor(output_per_k: float) -> float:
        return (1 + LEVEL) * (1 - output_per_k * (1 + OUTPUT_PER_K) * (REFERENCE_C - COLDEST_C))

    coldest_led = max(factor(band.output_per_k) for band in NIR_BANDS.values())
    coldest_swir = max(factor(band.output_per_k) for band in SWIR_BANDS.values())
    return replace(
        optics,
        led_intensity_w_sr=optics.led_intensity_w_sr * coldest_led,
        swir_intensity_w_sr=optics.swir_intensity_w_sr * coldest_swir,
        dots_power_w=optics.dots_power_w * factor(DOTS.output_per_k),
    )


def spans(*patterns: Burning) -> list[float]:
    """Spans of time to judge: evenly in their logarithm, and those that end with a light's burning."""
    ratio = standards.LONGEST_EXPOSURE_S / SHORTEST_SPAN_S
    even = [SHORTEST_SPAN_S * ratio ** (k / SPANS) for k in range(SPANS + 1)]
    ends = [end for pattern in patterns for end in pattern.ends()]
    switches = [standards.CORNEA_SWITCH_S, standards.RETINA_SWITCH_S]
    return [span for span in even + ends + switches if span <= standards.LONGEST_EXPOSURE_S]


def parts(light: str, optics: Optics) -> dict[str, Callable[[float], float]]:
    """Tissue -> the part of its limit that the light meets when it burns for all of a span (s)."""
    if light == "dots":
        power_w = standards.dots_through_aperture_w(optics)
        return {RETINA: lambda span_s: power_w / standards.laser_limit_w(span_s)}
    swir = light.startswith("swir")
    band = SWIR_BANDS[int(light[4:])] if swir else NIR_BANDS[light]
    intensity = optics.swir_intensity_w_sr if swir else optics.led_intensity_w_sr
    count = 1 if swir else len(optics.led_positions_mm[light])
    irradiance = count * intensity / standards.ASSESSMENT_M**2
    radiance = standards.weighted_radiance(intensity, optics.led_source_mm, band.peak_nm)
    source_mm = optics.led_source_mm
    return {
        CORNEA: lambda span_s: irradiance / standards.cornea_limit(span_s),
        RETINA: lambda span_s: radiance / standards.retina_limit(span_s, source_mm),
    }


def worst(burning: dict[str, Burning], optics: Optics) -> tuple[float, str]:
    """The greatest part of a limit that these lights meet together, and of which tissue."""
    of_lights = {light: parts(light, optics) for light in burning}
    found = (0.0, RETINA)
    for tissue in (CORNEA, RETINA):
        for span_s in spans(*burning.values()):
            met = sum(
                of_lights[light][tissue](span_s) * pattern.mean(span_s)
                for light, pattern in burning.items()
                if tissue in of_lights[light]
            )
            found = max(found, (met, tissue))
    return found


def cases(optics: Optics = DM1, board: Wiring | None = None) -> tuple[Case, ...]:
    """The worksheet's rows. board: whose one-shots and current set are judged (they are every board's)."""
    board = board or wired("esp32s3")
    made = _Maker(optics, board)
    return (*made.without_fault(), *made.of_the_program(), *made.of_the_lights_board(), *made.of_the_diffuser())


class _Maker:
    def __init__(self, optics: Optics, board: Wiring):
        self.optics, self.bright = optics, brightest(optics)
        window_s = optics.duty_window_us / 1e6
        # What the driver's limiter lets at its densest: all at once, then darkness.
        self.limited = Pattern(optics.duty_limit * window_s, window_s)
        guard_s = board.one_shots["dots_guard_us"] / 1e6 * (1 + GUARD_TOLERANCE)
        self.guarded = Leaky(guard_s, GUARD_OPENS)  # pulse after pulse
        self.guarded_steady = Pattern(guard_s, guard_s / GUARD_STEADY)  # a light that stays on
        self.densest = Both(self.limited, self.guarded)  # of the projector, as the firmware may ask
        self.one_shot = Pattern(
            board.one_shots["light_us"] / 1e6 * (1 + ONE_SHOT_TOLERANCE), standards.LONGEST_EXPOSURE_S
        )
        self.full_scale = FULL_DUTY / board.nominal_duty_u16

    def _case(
        self, name: str, fault: str, variants: list[dict[str, Burning]], protects: str, optics: Optics | None = None
    ) -> Case:
        # A SWIR LED may burn beside the imager's light, whatever befalls that.
        beside = {"swir1050": CONTINUOUS}
        judged = [(*worst(burning | beside, optics or self.bright), tuple(burning)) for burning in variants]
        part, tissue, lights = max(judged, key=lambda found: found[0])
        return Case(name, fault, lights, tissue, part, protects)

    def _each(self, led: Burning, dots: Burning) -> list[dict[str, Burning]]:
        return [{light: dots if light == "dots" else led} for light in IMAGER_LIGHTS]

    def without_fault(self) -> list[Case]:
        asked = self._each(self.limited, self.densest)
        return [
            self._case("nominal module, densest that its limits let", "", asked, "nothing needs to", self.optics),
            self._case(
                f"brightest module (+{LEVEL:.0%} at {COLDEST_C:.0f} C), densest that its limits let",
                "",
                asked,
                "duty limit in the driver; guard of the projector",
            ),
        ]

    def of_the_program(self) -> list[Case]:
        once = self._each(self.one_shot, self.one_shot)
        ever = self._each(CONTINUOUS, self.guarded)
        return [
            self._case("program hung with its light on", "single", once, "RMT ends the pulse, else the one-shot"),
            self._case(
                "firmware asks as often as it can",
                "single",
                self._each(self.limited, self.densest),
                "duty limit in the driver; guard of the projector",
            ),
            self._case(
                "the driver's limits are wrong too: pulse after pulse without end",
                "double",
                ever,
                "guard of the projector; LEDs are within their limits when they never go out",
            ),
        ]

    def of_the_lights_board(self) -> list[Case]:
        both: list[dict[str, Burning]] = [
            {light: self.densest if light == "dots" else self.limited for light in pair}
            for pair in combinations(IMAGER_LIGHTS, 2)
        ]
        ever = self._each(CONTINUOUS, self.guarded_steady)
        full = self._scaled(self.full_scale)
        return [
            self._case(
                "one-shot stuck: the light never goes out",
                "single",
                ever,
                "guard of the projector; the driver takes the current away; a lit dark slot is a sensor fault",
            ),
            self._case("decoder shorted: two lights burn", "single", both, "margin; the monitor tab shows two levels"),
            self._case(
                f"current set at full scale ({self.full_scale:.2f} x nominal)",
                "single",
                self._each(self.limited, self.densest),
                "full scale is nominal",
                full,
            ),
            self._case(
                f"a light's transistor shorted: {BALLAST} x nominal, never out",
                "single",
                self._each(CONTINUOUS, self.guarded_steady),
                "series resistor; the guard's switch is another one, on the projector's high side",
                self._scaled(BALLAST),
            ),
            self._case(
                "guard of the projector failed closed",
                "single",
                self._each(self.limited, self.limited),
                "duty limit in the driver",
            ),
        ]

    def of_the_diffuser(self) -> list[Case]:
        beam = replace(self.bright, dots_zero_order=1.0)  # all of it in one beam
        return [
            Case(
                "diffuser gone",
                "single",
                (),
                RETINA,
                0.0,
                f"interlock: its crowbar must conduct within {interlock_us(self.bright):.1f} us",
            ),
            self._case(
                "diffuser gone and the interlock failed",
                "double",
                [{"dots": self.one_shot}],
                "NOTHING: this is no class 1; a board must show that it finds a failed interlock",
                beam,
            ),
        ]

    def _scaled(self, factor: float) -> Optics:
        return replace(
            self.bright,
            led_intensity_w_sr=self.bright.led_intensity_w_sr * factor,
            dots_power_w=self.bright.dots_power_w * factor,
        )


def interlock_us(optics: Optics) -> float:
    """How fast the interlock must cut the bare beam for its one pulse to stay in class 1 (below 5 us the limit is an
    energy)."""
    c4 = 10 ** (0.002 * (DOTS.peak_nm - 700))
    return 1e6 * min(standards.LASER_SHORTEST_J * c4 / optics.dots_power_w, standards.LASER_SHORTEST_S)
