"""A burst on one page: a PNG with frames, maps, SWIR bars, gates and the verdict of the device's code.

It shows a face, as the recording does that it is made of: it is drawn only where a person asked for it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from dermis.core import gates, vocabulary
from PIL import Image, ImageDraw, ImageFont

from dermis_host import evidence, pictures
from dermis_host.cell_maps import CellMaps
from dermis_host.recording import SHAPE, Recording
from dermis_host.verdicts import explained

FRAME_TITLES = {
    "dark": "ambient",
    "850": "850 nm",
    "970": "970 nm",
    "1050": "1050 nm",
    "dots": "dots, 940 nm",
    "850b": "850 nm again",
}
TILE = (SHAPE[0], SHAPE[1])  # width, height of an upright frame
GAP, MARGIN, CAPTION = 14, 22, 42
HEADER, GATE_ROW = 176, 21
COLUMNS = len(FRAME_TITLES)
WIDTH = 2 * MARGIN + COLUMNS * TILE[0] + (COLUMNS - 1) * GAP
GROUND, INK, SOFT, LINE = (250, 250, 248), (28, 28, 32), (104, 104, 110), (214, 214, 208)
GOOD, BAD, OPEN, ALLOWED = (24, 120, 62), (170, 32, 36), (140, 96, 0), (196, 226, 205)
VERDICT_COLOURS = {vocabulary.BONA_FIDE: GOOD, vocabulary.ATTACK: BAD, vocabulary.NO_DECISION: OPEN}
# The index of skin lies from -.13 to -.07, that of dry materials near 0 (docs/materials.md): shown with some room.
INDEX_RANGE = (-0.14, 0.04)
RELIEF_SPAN_MM = 120.0  # shown behind the nearest part: a head's depth to the ears
# Beside the gates, in this order; what a burst lacks is left out.
MEASURES = (
    "fault",
    "distance_mm",
    "face_height_mm",
    "face_width_mm",
    "valid_depth_permille",
    "usable_permille",
    "face_saturated_permille",
    "behind_cm2",
    "motion_px16",
    "motion_level_permille",
    "water_index_sigma_q14",
    "ambient_counts",
    "ambient_saturated_permille",
    "temperature_cc",
)
SWIR_SHOWN = 1.2  # end of the bars' axis, as a ratio
SATURATED_CODE = 250  # as `core.reflectance` has it
ORIGIN = {True: ("SIMULATED", BAD), False: ("MEASURED", GOOD), None: ("ORIGIN NOT STATED", OPEN)}


def draw(recording: Recording, result: dict[str, Any], title: str = "") -> Image.Image:
    """The page of one recording and what `replaying.replay(..., cells=True)` made of it. title: the file's name."""
    maps = CellMaps.of(result, recording.board) if "cells" in result else None
    rows = _gate_rows(result.get("evidence", {}))
    below = (max(len(rows), len(MEASURES)) + 2) * GATE_ROW + MARGIN
    page = Image.new("RGB", (WIDTH, HEADER + 2 * (TILE[1] + CAPTION + GAP) + below), GROUND)
    canvas = _Canvas(page)
    _header(canvas, recording, result, title)
    for column, name in enumerate(FRAME_TITLES):
        _frame(canvas, recording, name, _left(column), HEADER)
    second = HEADER + TILE[1] + CAPTION + GAP
    if maps is not None:
        _maps(canvas, maps, second)
        _face_box(canvas, result["evidence"], HEADER)
    _swir(canvas, result.get("evidence", {}), _left(4), second)
    _gates(canvas, rows, second + TILE[1] + CAPTION + GAP)
    _measures(canvas, result.get("evidence", {}), second + TILE[1] + CAPTION + GAP)
    return page


def save(page: Image.Image, path: Path) -> None:
    """Writes the PNG. Raises HostError when it cannot be written."""
    pictures.save_png(np.asarray(page), path)


class _Canvas:
    """A page with a pen and letters."""

    def __init__(self, page: Image.Image):
        self.page = page
        self.pen = ImageDraw.Draw(page)

    def text(self, at, text: str, colour=INK, size: int = 14, anchor: str = "la") -> None:
        self.pen.text(at, text, colour, ImageFont.load_default(size), anchor=anchor)

    def picture(self, pixels: np.ndarray, left: int, top: int) -> None:
        image = Image.fromarray(np.ascontiguousarray(pixels))
        self.page.paste(image.resize(TILE, Image.Resampling.NEAREST), (left, top))

    def width(self, text: str, size: int) -> float:
        return self.pen.textlength(text, ImageFont.load_default(size))

    def fitted(self, at, text: str, colour, size: int, room: float) -> None:
        """One line, cut with dots where it is too long. A recording's texts may be of any length and hold anything."""
        text = " ".join(text[: int(room)].encode(errors="replace").decode().split())  # no letter is below a pixel
        while self.width(text, size) > room and len(text) > 4:
            text = text[:-4].rstrip() + "..."
        self.text(at, text, colour, size)


def _left(column: int) -> int:
    return MARGIN + column * (TILE[0] + GAP)


def _header(canvas: _Canvas, recording: Recording, result: dict[str, Any], title: str) -> None:
    middle = _left(3)
    if "error" in result:
        canvas.text((MARGIN, 18), "no verdict", BAD, 34)
        canvas.fitted((MARGIN, 66), result["error"], INK, 15, middle - 2 * MARGIN)
    else:
        verdict = result["verdict"]
        canvas.text((MARGIN, 18), verdict.replace("_", " "), VERDICT_COLOURS.get(verdict, INK), 34)
        score = result["score"]
        canvas.text((MARGIN, 64), f"PAD score {score} of 10000", INK, 15)
        bar = (MARGIN + 190, 68, MARGIN + 390, 78)
        canvas.pen.rectangle(bar, LINE)
        canvas.pen.rectangle((bar[0], bar[1], bar[0] + (bar[2] - bar[0]) * score / 10000, bar[3]), (47, 93, 138))
        for number, reason in enumerate(result["reasons"][:4]):
            text = f"{reason}: {explained(reason)}"
            canvas.fitted((MARGIN, 90 + 19 * number), text, INK, 14, middle - 2 * MARGIN)
    word, colour = ORIGIN[recording.simulated]
    right = WIDTH - MARGIN
    box = (right - canvas.width(word, 20) - 20, 16, right, 48)
    canvas.pen.rectangle(box, outline=colour, width=2)
    canvas.text(((box[0] + box[2]) / 2, 32), word, colour, 20, "mm")
    for number, line in enumerate(_identity(recording, title)):
        canvas.fitted((middle, 58 + 19 * number), line, SOFT if number else INK, 13, WIDTH - MARGIN - middle)


def _identity(recording: Recording, title: str) -> list[str]:
    """Who made the burst, with what; then how it was taken."""
    made, meta = recording.module or {}, recording.meta
    serial = made.get("serial", "serial not stated")
    parts = (("firmware", "firmware"), ("runtime", "on"), ("model_hash", "model"), ("calibration", "calibration"))
    told = [f"{word} {made[key]}" for key, word in parts if made.get(key)]
    profile = f", profile {made['profile']}" if made.get("profile") else ""
    return [
        " - ".join(
            part for part in (title, f"module {serial}, board {recording.board.get('board', '?')}{profile}") if part
        ),
        "recorded with " + ", ".join(told) if told else "firmware and model of the module are not stated",
        "verdict of this burst alone, by the device's code on this computer",
        f"exposure {meta['exposure_us']} us, gain {meta['gain_q8'] / 256:g}, {meta['temperature_cc'] / 100:.1f} degC, "
        f"lit in the order {' '.join(meta['order'])}",
        "frames are brightened for the eye; it shows a face: keep it only where that is allowed",
    ]


def _frame(canvas: _Canvas, recording: Recording, name: str, left: int, top: int) -> None:
    caption = FRAME_TITLES[name]
    if name in recording.frames:
        pixels = recording.frames[name]
        canvas.picture(pictures.upright(pictures.stretch(pixels.astype(float))), left, top)
        full = float((pixels >= SATURATED_CODE).mean())
        note = f"mean {pixels.mean():.0f}, highest {pixels.max()}" + (f", {full:.1%} saturated" if full else "")
    else:
        canvas.pen.rectangle((left, top, left + TILE[0], top + TILE[1]), LINE)
        note = "not in the recording"
    _captions(canvas, left, top, caption, note)


def _captions(canvas: _Canvas, left: int, top: int, caption: str, note: str) -> None:
    canvas.text((left, top + TILE[1] + 4), caption, INK, 14)
    canvas.fitted((left, top + TILE[1] + 22), note, SOFT, 12, TILE[0])


def _face_box(canvas: _Canvas, found: dict[str, Any], top: int) -> None:
    """The face's box on the first frame at 850 nm."""
    box = found.get("face_box_px")
    if not box:
        return
    u0, v0, u1, v1 = box
    left = _left(list(FRAME_TITLES).index("850"))
    canvas.pen.rectangle((left + v0, top + TILE[1] - u1, left + v1, top + TILE[1] - u0), outline=(246, 226, 60))


def _maps(canvas: _Canvas, maps: CellMaps, top: int) -> None:
    low, high = INDEX_RANGE
    # Skin is bright: the ramp runs against the index.
    canvas.picture(pictures.upright(pictures.ramp(-maps.index, -high, -low)), _left(0), top)
    _captions(canvas, _left(0), top, "water index", f"bright {low} (skin), dark {high:+}")
    near, _ = pictures.usual_range(maps.depth_mm)
    far = (near or 0.0) + RELIEF_SPAN_MM
    canvas.picture(pictures.upright(pictures.ramp(-maps.depth_mm, -far, -(near or 0.0))), _left(1), top)
    told = "nothing measured" if near is None else f"bright {near:.0f} mm, dark {far:.0f} mm"
    _captions(canvas, _left(1), top, "relief", told)
    normals = maps.normals()
    shown = np.where(np.isnan(normals), 0.0, normals * 0.5 + 0.5)
    colours = np.where(np.isnan(normals), pictures.NO_VALUE, np.rint(shown * 255)).astype(np.uint8)
    canvas.picture(pictures.upright(colours), _left(2), top)
    _captions(canvas, _left(2), top, "normals", "red right, green up, blue to the module")
    cells = np.full((*maps.face.shape, 3), 40, np.uint8)
    cells[np.isfinite(maps.depth_mm)] = (92, 92, 98)
    cells[maps.face == 1] = (120, 196, 88)
    cells[maps.face == 2] = (246, 226, 60)
    canvas.picture(pictures.upright(cells), _left(3), top)
    _captions(canvas, _left(3), top, "what counts as the face", "green with depth, yellow by its light alone")


def _swir(canvas: _Canvas, found: dict[str, Any], left: int, top: int) -> None:
    """Readings of the five bands, then the ratios with what a bona fide may have."""
    room = 2 * TILE[0] + GAP
    levels = found.get("swir_levels_q14")
    canvas.text((left, top), "SWIR head", INK, 16)
    if not levels:
        canvas.text((left, top + 28), "no readings were judged in this burst", SOFT, 14)
        return
    values = [math.exp(level / 16384) for level in levels]
    base, high, step = top + 148, 104, room // len(values)
    tallest = max(values)
    for number, (band, value) in enumerate(zip(vocabulary.SWIR_BANDS, values, strict=True)):
        x = left + number * step
        canvas.pen.rectangle((x, base - high * value / tallest, x + step - 18, base), (47, 93, 138))
        canvas.text((x, base + 4), f"{band} nm", SOFT, 12)
        canvas.text((x, base - high * value / tallest - 16), f"{value:.2f}", INK, 12)
    canvas.text(
        (left, top + 170), "reading against a white target; below, ratios: green is what skin may have", SOFT, 12
    )
    ratios = [
        gates.moved(gate, found) for gate in gates.GATES if gate.field.startswith("swir_") and gate.field in found
    ]
    for number, gate in enumerate(ratios):
        y = top + 196 + 40 * number
        value = math.exp(found[gate.field] / 16384)
        passed = _passes(gate, found[gate.field])
        bar_left, bar_right = left + 126, left + room - 70
        last = math.exp(gate.high / 16384) if gate.high is not None else SWIR_SHOWN
        scale = (bar_right - bar_left) / max(SWIR_SHOWN, value * 1.05, last * 1.05)
        canvas.text((left, y + 2), _ratio_name(gate.field), INK, 13)
        canvas.pen.rectangle((bar_left, y, bar_right, y + 18), LINE)
        first = math.exp(gate.low / 16384) if gate.low is not None else 0.0
        right = min(bar_left + last * scale, bar_right)
        canvas.pen.rectangle((bar_left + first * scale, y, right, y + 18), ALLOWED)
        at = bar_left + value * scale
        canvas.pen.rectangle((at - 2, y - 4, at + 2, y + 22), GOOD if passed else BAD)
        for limit in (gate.low, gate.high):
            if limit is not None:
                edge = math.exp(limit / 16384)
                canvas.text((min(bar_left + edge * scale, bar_right), y + 20), f"{edge:.2f}", SOFT, 11, "ma")
        canvas.text((bar_right + 8, y + 2), f"{value:.2f}", GOOD if passed else BAD, 14)


def _ratio_name(field: str) -> str:
    parts = field.removesuffix("_q14").split("_")[1:]
    return "/".join(parts) if parts[0] != "level" else "1050, imager"


def _passes(gate: Any, value: int) -> bool:
    return (gate.low is None or value >= gate.low) and (gate.high is None or value <= gate.high)


def _gate_rows(found: dict[str, Any]) -> list[tuple[str, str, str, str, int]]:
    """(gate, value, limits, reason, margin) of each gate that judged."""
    margins = dict(zip(found.get("gates", ()), found.get("gate_margins", ()), strict=False))
    rows = []
    for gate in gates.GATES:
        if gate.name in margins:
            gate = gates.moved(gate, found)
            value = _quantity(gate.field, found[gate.field])
            low, high = (None if limit is None else _quantity(gate.field, limit) for limit in (gate.low, gate.high))
            limits = f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"
            said = "" if margins[gate.name] >= 0 else f"{gate.verdict.replace('_', ' ')}: {gate.reason}"
            rows.append((gate.name, value, limits, said, margins[gate.name]))
    return rows


def _quantity(field: str, value: int) -> str:
    """A value with its unit; the SWIR head's logarithms as the ratios that they are of."""
    return f"{math.exp(value / 16384):.3f}" if field.startswith("swir_") else evidence.quantity(field, value)


def _measures(canvas: _Canvas, found: dict[str, Any], top: int) -> None:
    """What else was measured, beside the gates."""
    place = MARGIN + 1040
    canvas.text((place, top), "measured", INK, 14)
    shown = [name for name in MEASURES if name in found]
    for number, name in enumerate(shown):
        y = top + 26 + GATE_ROW * number
        canvas.text((place, y), evidence.label(name), INK, 13)
        canvas.fitted((place + 190, y), evidence.quantity(name, found[name]), SOFT, 13, WIDTH - MARGIN - place - 190)


def _gates(canvas: _Canvas, rows: list[tuple[str, str, str, str, int]], top: int) -> None:
    places = (MARGIN, MARGIN + 150, MARGIN + 320, MARGIN + 640, MARGIN + 760)
    headings = ("gate", "value", "limits", "", "")
    for place, heading in zip(places, headings, strict=True):
        canvas.text((place, top), heading, INK, 14)
    canvas.pen.line((MARGIN, top + 20, WIDTH - MARGIN, top + 20), LINE)
    if not rows:
        canvas.text((MARGIN, top + 28), "the analysis ended before the gates: see the reasons above", SOFT, 14)
    for number, (name, value, limits, said, margin) in enumerate(rows):
        y = top + 26 + GATE_ROW * number
        colour = GOOD if margin >= 0 else BAD
        words = (name, value, limits, "passed" if margin >= 0 else "FAILED", said)
        for place, word, ink in zip(places, words, (INK, INK, SOFT, colour, colour), strict=True):
            canvas.text((place, y), word, ink, 13)
