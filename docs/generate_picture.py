"""Draws docs/images/demo.webp from two committed recordings: `python docs/generate_picture.py`.

Each row is one burst: the frames as the imager gave them (upright, stretched for the eye), the reflectance ratio that
water changes, the relief by the device's own depth, and the verdict of that burst alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from dermis.core import calibration
from dermis_host import depth_map, evidence, pictures
from dermis_host.calibration import maths
from dermis_host.demo.report import FACE_SEARCH, RELIEF_SPAN_MM
from dermis_host.recording import Recording, load
from dermis_host.released import released_model
from dermis_host.replaying import replay
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
ROWS = {"bona_fide_light": "bona fide, light skin", "silicone_mask_3mm": "silicone mask, 3 mm"}
SCALE = 0.75
GAP, HEAD, TEXT = 8, 22, 300
BACKGROUND, INK, FAINT = (250, 250, 248), (28, 28, 32), (110, 110, 116)
VERDICT_COLOURS = {"bona_fide": (24, 120, 62), "attack": (178, 34, 34), "no_decision": (150, 104, 0)}


def panels(recording: Recording) -> dict[str, np.ndarray]:
    """Title -> upright picture (rows, columns, 3)."""
    record = calibration.decode(recording.calibration)
    table = np.array(record.linear, np.float64)
    shown: dict[str, np.ndarray] = {}
    for name, title in {"850": "850 nm", "970": "970 nm", "1050": "1050 nm", "dots": "dots, 940 nm"}.items():
        grey = pictures.upright(pictures.stretch(recording.frames[name].astype(float)))
        shown[title] = np.repeat(grey[..., None], 3, axis=2)
    lit = {band: maths.blocks(maths.lit(recording.frames, band, table), 5) for band in ("850", "970", "1050")}
    face = lit["850"] > 0.12 * np.quantile(lit["850"], 0.98)
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = {
            band: maths.blocks(maths.flat_image(np.frombuffer(record.flat[band], "<u2").reshape(13, 17)), 5)
            for band in lit
        }
        logs = {band: np.log(lit[band] / flat[band]) for band in lit}
        index = np.where(face, logs["970"] - 0.28 * logs["850"] - 0.72 * logs["1050"], np.nan)
    shown["water index"] = pictures.upright(pictures.enlarge(pictures.ramp(-index, -0.02, 0.12), 5))
    geometry = depth_map.Geometry(
        recording.board["focal_px_q8"] / 256, record.baseline_um / 1000, float(record.z_ref_um / 1000)
    )
    reference = np.frombuffer(record.reference, np.uint8).reshape(240, 320)
    dots = maths.dot_pattern([recording.frames], table.astype(np.uint16))
    depth = depth_map.measure(reference, dots, geometry, FACE_SEARCH).depth_mm
    near, _ = pictures.usual_range(depth)
    colours = pictures.ramp(-depth, -((near or 0) + RELIEF_SPAN_MM), -(near or 0))
    shown["relief"] = pictures.upright(pictures.enlarge(colours, 5))
    return shown


def main() -> int:
    recordings = {name: load(ROOT / "tests" / "recordings" / f"{name}.npz") for name in ROWS}
    results = replay(list(recordings.values()), released_model())
    rows = {name: panels(recording) for name, recording in recordings.items()}
    tile = (round(240 * SCALE), round(320 * SCALE))
    columns = len(next(iter(rows.values())))
    size = (GAP + columns * (tile[0] + GAP) + TEXT, HEAD + len(rows) * (tile[1] + GAP))
    sheet = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(15), ImageFont.load_default(12)
    for line, ((name, shown), result) in enumerate(zip(rows.items(), results, strict=True)):
        top = HEAD + line * (tile[1] + GAP)
        for column, (title, pixels) in enumerate(shown.items()):
            left = GAP + column * (tile[0] + GAP)
            if line == 0:
                draw.text((left, 4), title, INK, small)
            sheet.paste(Image.fromarray(pixels).resize(tile, Image.Resampling.LANCZOS), (left, top))
        left = GAP + columns * (tile[0] + GAP) + 4
        draw.text((left, top + 4), ROWS[name], INK, font)
        said = result["verdict"]
        draw.text((left, top + 30), said.replace("_", " "), VERDICT_COLOURS[said], ImageFont.load_default(22))
        lines = [", ".join(result["reasons"]), *evidence.highlights(result["evidence"]).split(", ")]
        for number, text in enumerate(line for line in lines if line):
            draw.text((left, top + 66 + 20 * number), text, FAINT, font)
        draw.text((left, top + tile[1] - 18), "simulated; one burst", FAINT, small)
    target = ROOT / "docs" / "images" / "demo.webp"
    target.parent.mkdir(exist_ok=True)
    sheet.save(target, quality=88)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
