"""The optical layout: front, fields of view, and whom a portrait mount sees, to scale."""

from __future__ import annotations

import math

from dermis_hw import layout
from dermis_hw.drawings.svg import EMITTER, FAINT, INK, LIGHT, PART, SENSOR, WIRE, Sheet
from dermis_hw.optics import DM1, Optics

FRONT_SCALE, FRONT_LENS = 5.2, (265.0, 400.0)  # px a mm; where the lens stands
SIDE_SCALE, SIDE_LENS = 1.05, (480.0, 370.0)
MOUNT_SCALE = 0.62
FLOOR_Y, WALL_X = 1520.0, 120.0
LENS_MM, PROJECTOR_MM, DIODE_MM = 4.0, 5.0, 3.0  # radii as drawn


def optical_layout(optics: Optics = DM1) -> Sheet:
    """The sheet."""
    sheet = Sheet(
        1430,
        1580,
        "DM1: optical layout",
        "Drawn from hw/dermis_hw/optics.py and layout.py, to scale. No such module has been built.",
    )
    _front(sheet, optics)
    _side(sheet, optics)
    _mount(sheet, optics)
    return sheet


def _front(sheet: Sheet, optics: Optics) -> None:
    """Seen from the front, in portrait: +u (the baseline) is up."""
    centre_x, lens_y = FRONT_LENS
    sheet.text(60, 105, "Front, as mounted (mm)", size=15, bold=True)

    def at(x_mm: float, y_mm: float) -> tuple[float, float]:
        return centre_x + FRONT_SCALE * y_mm, lens_y - FRONT_SCALE * x_mm

    sheet.rectangle(*at(54, -26), *at(-26, 26), fill=PART)
    for name, positions in optics.led_positions_mm.items():
        for position in positions:
            x, y = at(*position)
            sheet.circle(x, y, FRONT_SCALE * optics.led_source_mm / 2 * 0.9, fill=EMITTER, colour=LIGHT)
            side = 1 if position[1] > 0 else -1
            anchor = "start" if side > 0 else "end"
            sheet.text(x + side * 12, y + 4, name, size=11, anchor=anchor)
    x, y = at(0, 0)
    sheet.circle(x, y, FRONT_SCALE * LENS_MM, fill=SENSOR)
    sheet.text(x, y + 4, "lens", size=11, anchor="middle")
    x, y = at(optics.baseline_mm, 0)
    sheet.circle(x, y, FRONT_SCALE * PROJECTOR_MM, fill=EMITTER, colour=LIGHT)
    sheet.text(x, y + 4, "dots", size=11, anchor="middle")
    x, y = at(*optics.swir_position_mm)
    sheet.circle(x, y, FRONT_SCALE * DIODE_MM, fill=SENSOR)
    sheet.text(x, y + 32, "SWIR head", size=11, anchor="middle")
    left, bottom = at(0, -35)
    top = at(optics.baseline_mm, 0)[1]
    sheet.line([(left, bottom), (left, top)], colour=INK, width=1.2, arrow=True, arrow_back=True)
    sheet.text(left - 8, (top + bottom) / 2, f"{optics.baseline_mm:.0f}", size=12, anchor="end")
    sheet.text(left - 8, (top + bottom) / 2 + 16, "baseline", size=11, anchor="end", colour=FAINT)
    low = at(optics.swir_position_mm[0], 0)[1]
    right = at(0, 35)[0]
    sheet.line([(right, low), (right, lens_y)], colour=INK, width=1.2, arrow=True, arrow_back=True)
    sheet.text(right + 8, (low + lens_y) / 2 + 4, f"{-optics.swir_position_mm[0]:.0f}", size=12)
    arrow_x = at(0, 35)[0]
    sheet.line([(arrow_x, at(30, 0)[1]), (arrow_x, at(48, 0)[1])], colour=INK, width=1.2, arrow=True)
    sheet.text(arrow_x + 8, at(38, 0)[1], "+u", size=12)


def _side(sheet: Sheet, optics: Optics) -> None:
    """From the side: imager's and projector's fields, the range of depth, the reference plane, the SWIR spot."""
    x0, lens_y = SIDE_LENS
    sheet.text(480, 105, "Side: fields of view and distances (mm)", size=15, bold=True)
    half = optics.width / 2 / optics.focal_px
    far = optics.z_far_mm

    def at(z_mm: float, up_mm: float) -> tuple[float, float]:
        return x0 + SIDE_SCALE * z_mm, lens_y - SIDE_SCALE * up_mm * 0.62

    baseline = optics.baseline_mm
    sheet.polygon([at(0, 0), at(far, far * half), at(far, -far * half)], fill=SENSOR, opacity=0.75)
    sheet.polygon(
        [at(0, baseline), at(far, baseline + far * half), at(far, baseline - far * half)], fill=EMITTER, opacity=0.55
    )
    spot = math.tan(optics.swir_fwhm_mrad / 2000)
    down = optics.swir_position_mm[0]
    sheet.polygon([at(0, down), at(far, down + far * spot), at(far, down - far * spot)], fill="#b9d7c2", opacity=0.9)
    for z_mm in (optics.z_near_mm, optics.z_ref_mm, optics.z_far_mm):
        x = at(z_mm, 0)[0]
        size = 2 * z_mm * half
        sheet.line([at(z_mm, z_mm * half), at(z_mm, -z_mm * half)], colour=INK, width=1.2, arrow=True, arrow_back=True)
        sheet.text(x, at(z_mm, -z_mm * half)[1] + 20, f"{z_mm:.0f}", size=12, anchor="middle", bold=True)
        across = 2 * z_mm * optics.height / 2 / optics.focal_px
        sheet.text(
            x, at(z_mm, -z_mm * half)[1] + 37, f"{size:.0f} x {across:.0f}", size=11, anchor="middle", colour=FAINT
        )
    upright, across_deg = layout.field_deg(optics)
    sheet.text(x0 + 8, 560, f"imager: {upright:.1f} deg upright, {across_deg:.1f} deg across", size=12)
    sheet.text(x0 + 8, 578, f"projector: the same, {baseline:.0f} mm higher", size=12, colour=LIGHT)
    spot_mm = optics.z_ref_mm * optics.swir_fwhm_mrad / 1000
    sheet.text(
        x0 + 8,
        596,
        f"SWIR spot: {optics.swir_fwhm_mrad:.0f} mrad, {spot_mm:.0f} mm at {optics.z_ref_mm:.0f} mm",
        size=12,
    )
    near, reference = optics.z_near_mm, optics.z_ref_mm
    sheet.text(x0 + 8, 614, f"depth from {near:.0f} to {far:.0f} mm, reference plane at {reference:.0f} mm", size=12)
    sheet.text(x0 + 8, 632, "heights drawn at 0.62 of the scale of distances", size=11, colour=FAINT)
    for up, words in ((baseline, "dots"), (0.0, "lens")):
        x, y = at(0, up)
        sheet.circle(x, y, 5, fill=INK)
        sheet.text(x - 12, y + 4, words, size=11, anchor="end")


def _mount(sheet: Sheet, optics: Optics) -> None:
    """A level portrait mount beside a standing person: the statures that it sees at each distance."""
    mount = layout.RECOMMENDED
    sheet.text(60, 700, "Portrait mount: statures seen at each distance", size=15, bold=True)
    # The floor is cut off: the lens and above is what matters.
    base_mm = 1150.0
    scale = MOUNT_SCALE * 1.45

    def y_of(height_mm: float) -> float:
        return FLOOR_Y - 40 - scale * (height_mm - base_mm)

    def x_of(distance_mm: float) -> float:
        return WALL_X + 1.25 * distance_mm

    lens = (x_of(0), y_of(mount.height_mm))
    sheet.line([(WALL_X - 14, y_of(base_mm)), (WALL_X - 14, y_of(1960))], colour=INK, width=3)
    sheet.rectangle(WALL_X - 12, lens[1] - 34, WALL_X, lens[1] + 14, fill=PART)
    far = layout.DISTANCES_MM[-1] + 20
    low, high = layout.heights_mm(mount, far, optics)
    low_at_0, high_at_0 = layout.heights_mm(mount, 0, optics)
    # Where the lowest of the dots meets the highest of the imager: nothing is seen by both before.
    meet = (low_at_0 - high_at_0) / (high - high_at_0 - low + low_at_0)
    tip = (x_of(far * meet), y_of(high_at_0 + meet * (high - high_at_0)))
    sheet.polygon([tip, (x_of(far), y_of(high)), (x_of(far), y_of(low))], fill=SENSOR, opacity=0.6)
    shortest, tallest = layout.everybody()
    right = x_of(layout.DISTANCES_MM[-1]) + 60
    for eye, words in ((shortest, "5th percentile woman"), (tallest, "95th percentile man")):
        sheet.line([(WALL_X, y_of(eye)), (right, y_of(eye))], colour=FAINT, width=1.2, dashed=True)
        sheet.text(right + 8, y_of(eye) - 4, words, size=11)
        sheet.text(right + 8, y_of(eye) + 11, f"eyes at {eye:.0f}", size=11, colour=FAINT)
    for distance in layout.DISTANCES_MM:
        x = x_of(distance)
        eyes = layout.eyes_mm(mount, distance, optics)
        statures = layout.statures_mm(mount, distance, optics)
        sheet.line([(x, y_of(eyes[0])), (x, y_of(eyes[1]))], colour=WIRE, width=7)
        face = (eyes[0] - layout.BELOW_EYES_MM, eyes[1] + layout.ABOVE_EYES_MM)
        sheet.line([(x, y_of(face[0])), (x, y_of(face[1]))], colour=WIRE, width=1.4)
        sheet.text(x, y_of(base_mm) + 22, f"{distance}", size=12, anchor="middle", bold=True)
        sheet.text(x + 9, y_of(face[1]) + 5, f"{statures[1] / 1000:.2f} m", size=12)
        sheet.text(x, y_of(face[0]) + 17, f"{statures[0] / 1000:.2f} m", size=12, anchor="middle")
    sheet.text(WALL_X + 20, y_of(base_mm) + 22, "distance, mm", size=11, colour=FAINT)
    sheet.text(lens[0] + 12, y_of(base_mm) - 16, f"lens {mount.height_mm:.0f} mm above the floor, level", size=12)
    least = layout.covers_everybody_from_mm(mount, optics)
    for row, words in enumerate(
        (
            "Shaded: in the imager's view and lit by the dots.",
            "Thick: eyes of people who are seen,",
            "upright and in shoes; thin: their faces.",
            "Statures stand at the ends.",
            f"Everybody from {least} mm on; nearer,",
            "the tall bow and the short step back.",
        )
    ):
        sheet.text(right + 8, 785 + 17 * row, words, size=11)
    sheet.text(
        60,
        FLOOR_Y + 36,
        "Anthropometry: Pheasant, Bodyspace, as given by Chan, Online Anthropometry (layout.py)",
        size=11,
        colour=FAINT,
    )
