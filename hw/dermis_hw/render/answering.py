"""An attacker's lamp that burns with the module's own lights, as a photodiode and a transistor make it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from dermis_hw.lightfield import LightField
from dermis_hw.optics import DM1, Optics

MOST = 20.0  # of the module's own light; beyond, every frame is full


@dataclass(frozen=True)
class AnsweringLamp:
    """A lamp of 850 nm that stands beside the module, or that is worn, and lights what the module lights.

    answers: light of the module ("850", "970", "1050", "dots") -> how bright it then burns, as a part of what the
    module's LEDs of 850 nm give there. tab: what falls on the monitor tab, as a part of what those LEDs give on it, for
    a brightness of 1. It answers within microseconds, which an exposure of milliseconds does not notice.
    """

    answers: dict[str, float] = field(default_factory=dict)
    tab: float = 0.0


def answered(light_field: LightField, lamp: AnsweringLamp | None, optics: Optics = DM1) -> LightField:
    """The light field with the lamp's answers in it."""
    if lamp is None or not lamp.answers:
        return light_field
    shone = light_field.bands["850"]
    bands, dots, tab = dict(light_field.bands), light_field.dots, dict(light_field.tab)
    for light, brightness in lamp.answers.items():
        # Electrons of 850 nm light in a frame whose own light counts otherwise.
        own = shone * (brightness * optics.electrons_per_us["850"] / optics.electrons_per_us[light])
        if light == "dots":
            dots = dots + own
        else:
            bands[light] = bands[light] + own
        tab[light] = tab.get(light, 0.0) + brightness * lamp.tab * optics.monitor_level["850"]
    return replace(light_field, bands=bands, dots=dots, tab=tab)
