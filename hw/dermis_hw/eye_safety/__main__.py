"""`python -m dermis_hw.eye_safety`: the worksheet."""

from __future__ import annotations

from dermis_hw import eye_safety
from dermis_hw.eye_safety import cases
from dermis_hw.optics import DM1, Optics


def worksheet(optics: Optics = DM1) -> str:
    """The whole worksheet as text."""
    lines = [
        "Eye safety of DM1: IEC 62471:2006 (LEDs, exempt group) and IEC 60825-1:2014 (projector, class 1)",
        "COMPUTED FROM DESIGN FIGURES. No light has been measured; this certifies nothing.",
        "",
        "Limits in force: "
        f"pulse {optics.longest_pulse_us / 1000:.0f} ms, duty {optics.duty_limit:.0%} of any "
        f"{optics.duty_window_us / 1e6:.0f} s (driver).",
        "",
        "Each light at nominal level, burning without end:",
        f"{'light':<9} {'standard':<22} {'what':<29} {'is':>9} {'may be':>9} unit",
    ]
    for result in eye_safety.results(optics):
        lines.append(
            f"{result.channel:<9} {result.standard:<22} {result.quantity:<29} {result.exposure:>9.4g} "
            f"{result.limit:>9.4g} {result.unit}"
        )
    telescope_w = eye_safety.dots_through_aperture_w(
        optics, eye_safety.TELESCOPE_APERTURE_MM, eye_safety.TELESCOPE_DISTANCE_MM
    )
    lines += [
        f"dots through a telescope (condition 1, 50 mm at 2 m): {telescope_w * 1000:.2f} mW, less than by condition 3.",
        "",
        "Cases (margin: limit over what is met; below 1 the limit is exceeded):",
        f"{'margin':>8}  {'fault':<7} case",
    ]
    for case in cases.cases(optics):
        margin = "dark" if not case.part else f"{case.margin:.3g}"
        lines.append(f"{margin:>8}  {case.fault or 'none':<7} {case.name}")
        burning = f"{' + '.join(case.lights)}, {case.tissue}; " if case.lights else ""
        lines.append(f"{'':>8}  {'':<7}   {burning}protects: {case.protects}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(worksheet())
