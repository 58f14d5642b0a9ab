"""Where DM1 is mounted and whom it then sees: fields of view, and the statures that a portrait mount covers.

The imager stands in portrait, its u axis up, the projector above it (+u). A person stands upright at a distance and
looks straight ahead; the face counts as seen when it lies wholly within the part of the frame that the dots light
too. `python -m dermis_hw.layout` prints the table.

Anthropometry: standing eye height and stature, Pheasant's Bodyspace tables as given by A. Chan, Online Anthropometry
(City University of Hong Kong), chapter 2.1 and 2.2, in mm without shoes, with the 25 mm for shoes that the same
source adds. Above the eyes to the hairline and below them to the chin: as `dermis_hw.geometry` has faces, rounded up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dermis_hw.optics import DM1, Optics

SHOES_MM = 25.0
# Population -> (stature, eye height) of the 5th percentile woman and of the 95th percentile man.
POPULATIONS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "British, 19-65": ((1505, 1405), (1855, 1745)),
    "Hong Kong": ((1455, 1330), (1775, 1640)),
    "Japanese": ((1450, 1350), (1750, 1635)),
}
CROWN_MM = 105.0  # from the eyes to the crown of the head: the mean of the British rows
ABOVE_EYES_MM = 60.0  # to the hairline
BELOW_EYES_MM = 130.0  # to the chin of a long face

DISTANCES_MM = (300, 400, 500, 600, 700)
# How this module is meant to be mounted (design): what covers most at arm's length.
MOUNT_AT_MM = 600


@dataclass(frozen=True)
class Mount:
    """height_mm: of the lens above the floor. tilt_deg: of its axis, upwards."""

    height_mm: float
    tilt_deg: float


def field_deg(optics: Optics = DM1) -> tuple[float, float]:
    """Whole fields of view of the imager, (upright, across), in portrait."""
    return (
        2 * math.degrees(math.atan(optics.width / 2 / optics.focal_px)),
        2 * math.degrees(math.atan(optics.height / 2 / optics.focal_px)),
    )


def heights_mm(mount: Mount, distance_mm: float, optics: Optics = DM1) -> tuple[float, float]:
    """Lowest and highest point of an upright plane at that horizontal distance that imager and dots both cover, above
    the floor. The projector's field is the imager's, a baseline higher."""
    half = math.atan(optics.width / 2 / optics.focal_px)
    tilt = math.radians(mount.tilt_deg)
    up_mm = optics.baseline_mm * math.cos(tilt)
    back_mm = optics.baseline_mm * math.sin(tilt)  # tilted up, the projector stands further back
    lowest = mount.height_mm + up_mm + (distance_mm + back_mm) * math.tan(tilt - half)
    highest = mount.height_mm + distance_mm * math.tan(tilt + half)
    return lowest, highest


def eyes_mm(mount: Mount, distance_mm: float, optics: Optics = DM1) -> tuple[float, float]:
    """Lowest and highest eyes above the floor whose face is wholly seen; nobody's when the first is the higher."""
    lowest, highest = heights_mm(mount, distance_mm, optics)
    return lowest + BELOW_EYES_MM, highest - ABOVE_EYES_MM


def statures_mm(mount: Mount, distance_mm: float, optics: Optics = DM1) -> tuple[float, float]:
    """The same as statures of people in shoes."""
    lowest, highest = eyes_mm(mount, distance_mm, optics)
    return lowest + CROWN_MM - SHOES_MM, highest + CROWN_MM - SHOES_MM


def everybody() -> tuple[float, float]:
    """Lowest and highest eyes above the floor, in shoes, of the populations above."""
    women, men = zip(*POPULATIONS.values(), strict=True)
    return min(eye for _, eye in women) + SHOES_MM, max(eye for _, eye in men) + SHOES_MM


def mounted(tilt_deg: float, optics: Optics = DM1, distance_mm: float = MOUNT_AT_MM) -> Mount:
    """The height at which that tilt has everybody's eyes in the middle of what it covers at that distance."""
    lowest, highest = eyes_mm(Mount(0, tilt_deg), distance_mm, optics)
    return Mount(round((sum(everybody()) - lowest - highest) / 2, -1), tilt_deg)


def covers_everybody_from_mm(mount: Mount, optics: Optics = DM1) -> int | None:
    """The least distance, to 10 mm and up to the end of the range of depth, at which every stature above is covered;
    None where there is none."""
    shortest, tallest = everybody()
    for distance_mm in range(round(optics.z_near_mm), round(optics.z_far_mm) + 1, 10):
        lowest, highest = eyes_mm(mount, distance_mm, optics)
        if lowest <= shortest and highest >= tallest:
            return distance_mm
    return None


# Level: it meets faces squarely and looks into no lamp on the ceiling.
RECOMMENDED = mounted(0.0)
TILTS_DEG = (0.0, 5.0, 10.0, 15.0)


def table(optics: Optics = DM1) -> str:
    """Statures by distance for the recommended mount and for tilted ones, as text."""
    upright, across = field_deg(optics)
    shortest, tallest = everybody()
    lines = [
        f"Field of view in portrait: {upright:.1f} deg upright, {across:.1f} deg across; baseline "
        f"{optics.baseline_mm:.0f} mm.",
        f"Eyes of the populations, in shoes: {shortest:.0f} to {tallest:.0f} mm (5th percentile woman to 95th man).",
        "Statures seen (m), standing upright:",
        f"{'mount':<28}" + "".join(f"{distance:>13} mm" for distance in DISTANCES_MM) + "   everybody from",
    ]
    for tilt in TILTS_DEG:
        mount = mounted(tilt, optics)
        row = f"lens at {mount.height_mm:.0f} mm, {tilt:.0f} deg up".ljust(28)
        for distance in DISTANCES_MM:
            low, high = (stature / 1000 for stature in statures_mm(mount, distance, optics))
            row += f"{f'{low:.2f} to {high:.2f}' if low < high else 'nobody':>16}"
        least = covers_everybody_from_mm(mount, optics)
        lines.append(row + f"   {f'{least} mm' if least else 'nowhere'}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
