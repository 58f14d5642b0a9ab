"""Measurements and the limits that they are judged against. Every limit is declared here, with its reason."""

from __future__ import annotations

from dataclasses import dataclass

# name prefix: (lowest, highest, unit, why). None: no limit on that side.
LIMITS: dict[str, tuple[float | None, float | None, str, str]] = {
    "temperature": (10.0, 40.0, "degC", "LEDs and silicon drift; far from a room's warmth the record fits no other"),
    "black_level": (0, 24, "code", "more means stray light, or an imager with automatic functions on"),
    "ambient": (0.0, 1.0, "% of full scale", "light in the room adds its noise to every frame"),
    "saturated": (0.0, 0.1, "% of pixels", "a saturated white target measures the imager, not the light"),
    "monitor": (60.0, 150.0, "% of nominal", "the tab tells the lights apart by its level"),
    "monitor_step": (1.2, None, "ratio", "the next brighter light must stay apart, or frames are mistaken"),
    "flat_before": (0.0, 60.0, "% RMS", "more than LEDs and lens explain: the target does not fill the frame"),
    "flat": (0.0, 1.0, "% RMS", "1 % costs the water index about a tenth of its margin"),
    "swir": (40.0, 250.0, "% of nominal", "a dead LED, a covered head, or a full ADC"),
    "dots_valid": (95.0, None, "% of cells", "where the reference does not match itself there is no depth"),
    "dots_shift": (-0.05, 0.05, "px", "the reference against a second look at the same plane"),
    "baseline": (-1.5, 1.5, "mm from nominal", "mounting tolerance three times over"),
    "z_offset": (-6.0, 6.0, "mm", "what a tilted or displaced target gives"),
    "plane": (-1.5, 1.5, "mm", "distance of a plane after correction, against the truth"),
    "plane_rms": (0.0, 2.5, "mm", "roughness of a flat plane in depth at 600 mm: noise, or a bent target"),
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
    def passed(self) -> bool:
        above = self.low is None or self.value >= self.low
        below = self.high is None or self.value <= self.high
        return above and below  # NaN fails both comparisons, so it fails

    def row(self) -> dict:
        """For JSON."""
        return {
            "name": self.name,
            "before": self.before,
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "ok": self.passed,
        }
