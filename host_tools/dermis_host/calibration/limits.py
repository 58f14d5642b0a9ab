"""Measurements and the limits that they are judged against. Every limit is declared here, with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass

# name prefix: (lowest, highest, unit, why). None: no limit on that side.
LIMITS: dict[str, tuple[float | None, float | None, str, str]] = {
    "temperature": (10.0, 40.0, "degC", "curves reach far, but a record is best at the temperature it is used at"),
    "ambient": (None, 0.3, "% of full scale", "light of the room, on any target: it adds noise, and it flickers"),
    "black_level": (None, 24, "code", "more means stray light, or an imager with automatic functions on"),
    "cap_light": (None, 0.3, "% of full scale", "the module's own light under the cap: it leaks inside the housing"),
    "gamma": (1.9, 2.5, "", "the imager's curve is 2.2 within 10 %; about 1 or none at all: its settings did not take"),
    "linearity": (None, 0.5, "%", "what the fitted curve misses a level by; half of what a reflectance may err by"),
    "saturated": (None, 0.1, "% of pixels", "a saturated white target measures the imager, not the light"),
    "monitor": (
        65.0,
        140.0,
        "% of nominal",
        "LEDs are within 20 %, temperature adds some: beyond, one is dead or wrong",
    ),
    "target": (-12.0, 12.0, "%", "white against the tab: a tab is good to some 10 %, the next darker target has -25 %"),
    "reading": (-3.0, 3.0, "%", "a standard against its certificate: both targets' errors, their distances, the fit"),
    "bands": (-0.8, 0.8, "%", "the same, one band against another: half of what the ratios may err by at the worst"),
    "flat_before": (None, 60.0, "% RMS", "more than LEDs and lens explain: the target does not fill the frame"),
    "flat": (None, 1.0, "% RMS", "1 % costs the water index about a tenth of its margin"),
    "local": (None, 2.5, "%", "how far one spot lies off the smooth field: grain gives .7 %, a scratch 5 and more"),
    "swir_dark": (1.0, 12.0, "% of nominal", "tab and window send back 3 to 8 %; nothing at all: a dead LED"),
    "swir_white": (50.0, 180.0, "% of nominal", "LEDs and photodiode within 20 % each; beyond, one is dead or covered"),
    "swir_check": (-0.5, 0.5, "%", "white again, by the white just measured: noise, or something moved"),
    "swir_noise": (3.0, 40.0, "counts", "12 by design; much more is a bad contact, none is no ADC"),
    "peak": (-12.0, 12.0, "nm from design", "8 nm of the parts and 2 of the standard; beyond, it is another LED"),
    "skin_left": (None, 0.03, "index", "what peaks so placed leave of error on the worst skin after the stretch"),
    "dots_valid": (90.0, None, "% of cells", "where the reference does not match itself there is no depth"),
    "dots_shift": (-0.05, 0.05, "px", "the reference against a second look at the same plane"),
    "dots_turn": (-1.5, 1.5, "deg", "dots must move along the rows: a degree costs a tenth of a pixel at 300 mm"),
    "dots_slope": (-6.0, 6.0, "deg", "tilt by dots less tilt by light: light errs by 3 deg, a baseline askew shows 10"),
    "tilt": (-2.0, 2.0, "deg", "the module in its fixture: a degree is the mount, more is a target askew"),
    "baseline": (-4.0, 4.0, "% of nominal", "baseline within 1 %, focal length within 2 %"),
    "z_ref": (-1.5, 1.5, "mm", "the white's fitted distance against the stated one"),
    "z_offset": (-1.0, 1.0, "mm", "what no distance explains: the fixture's datum"),
    "plane": (-1.2, 1.2, "mm", "a plane's distance by the record, against the stated one, which is good to .5"),
    "plane_rms": (None, 0.25, "px", "roughness of a flat plane's disparities: noise, or a bent target"),
    "curve": (None, 0.6, "%", "what the fitted temperature curve misses a point by"),
    "walk": (
        40.0,
        170.0,
        "% of design",
        "an LED's drift with temperature; far off, the standard moved or it is another LED",
    ),
    "depth": (-0.5, 0.5, "%", "a target's distance by the candidate record: .3 % of ours, .2 % of the target's place"),
    "verify_drift": (
        -20.0,
        20.0,
        "%",
        "an LED by its tab, warmth taken off: where the module itself refuses to decide",
    ),
    "verify_tilt": (-0.02, 0.02, "index", "as the module's own limit: it moves every water index by as much"),
    "verify_dots": (80.0, None, "% of cells", "a card in place answers everywhere; less, and its distance is a guess"),
    "verify_level": (-4.0, 4.0, "%", "the card's certificate, its distance by the dots, a hand's tilt"),
    "verify_ratio": (-1.0, 1.0, "%", "1 % is a tenth of what tells skin from its imitations"),
    "verify_swir": (-2.0, 2.0, "%", "what a day's warmth leaves; skin stands three to nine times apart"),
}


@dataclass(frozen=True)
class Measurement:
    """One number with its unit, judged against `LIMITS[kind]`; `of` says what was measured, `before` the value that a
    correction started from."""

    kind: str
    value: float
    of: str = ""
    before: float | None = None

    @property
    def name(self) -> str:
        return f"{self.kind} {self.of}".strip()

    @property
    def unit(self) -> str:
        return LIMITS[self.kind][2]

    @property
    def low(self) -> float | None:
        return LIMITS[self.kind][0]

    @property
    def high(self) -> float | None:
        return LIMITS[self.kind][1]

    @property
    def why(self) -> str:
        """Why the limit is what it is."""
        return LIMITS[self.kind][3]

    @property
    def margin(self) -> float:
        """How far inside the nearer limit, in the unit; negative outside; NaN for NaN."""
        room = [math.inf]
        if self.low is not None:
            room.append(self.value - self.low)
        if self.high is not None:
            room.append(self.high - self.value)
        return math.nan if math.isnan(self.value) else min(room)

    @property
    def passed(self) -> bool:
        above = self.low is None or self.value >= self.low
        below = self.high is None or self.value <= self.high
        return above and below and not math.isnan(self.value)

    def row(self) -> dict:
        """For JSON."""
        return {
            "name": self.name,
            "before": self.before,
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "margin": self.margin,
            "ok": self.passed,
        }
