"""The demo's report: one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from dermis_hw.optics import DM1

from dermis_host import depth_map, files, pictures
from dermis_host.calibration import maths
from dermis_host.calibration.outcome import Outcome
from dermis_host.recording import Recording

FRAME_TITLES = {
    "dark": "ambient",
    "850": "850 nm",
    "970": "970 nm",
    "1050": "1050 nm",
    "dots": "dots, 940 nm",
}
RELIEF_SPAN_MM = 120.0  # shown behind the nearest part: a head's depth to the ears
RELIEF_SCALE = 5  # px a cell
# 250 to 700 mm against a reference at 450 mm: +23.5 to -10.5 px, and a little more.
FACE_SEARCH = depth_map.Search(min_disparity=-12, max_disparity=26, window=11, curve="none")


def relief(recording: Recording, outcome: Outcome) -> np.ndarray:
    """Depth in mm (48, 64), NaN where there is none, by the device's depth code on this recording."""
    fields = outcome.fields
    table = np.frombuffer(fields["linear"], "<u2")
    reference = np.frombuffer(fields["reference"], np.uint8).reshape(DM1.height, DM1.width)
    geometry = depth_map.Geometry(
        recording.board["focal_px_q8"] / 256, fields["baseline_um"] / 1000, fields["z_ref_um"] / 1000
    )
    dots = maths.dot_pattern([recording.frames], table)
    return depth_map.measure(reference, dots, geometry, FACE_SEARCH).depth_mm


def figures(recording: Recording, depth_mm: np.ndarray) -> list[dict[str, str]]:
    """The frames and the relief map as pictures with what they show."""
    shown = []
    for name, title in FRAME_TITLES.items():
        if name in recording.frames:
            picture = pictures.upright(pictures.stretch(recording.frames[name].astype(float)))
            shown.append({"title": title, "uri": pictures.data_uri(picture), "alt": f"frame lit by {title}"})
    near, _ = pictures.usual_range(depth_mm)
    if near is None:
        shown.append({"title": "relief: nothing measured", "uri": "", "alt": ""})
        return shown
    # Near is bright: the ramp runs against the depth.
    colours = pictures.ramp(-depth_mm, -(near + RELIEF_SPAN_MM), -near)
    picture = pictures.upright(pictures.enlarge(colours, RELIEF_SCALE))
    shown.append(
        {
            "title": f"relief: bright {near:.0f} mm, dark {near + RELIEF_SPAN_MM:.0f} mm, grey not measured",
            "uri": pictures.data_uri(picture),
            "alt": "relief map from the dots; brighter is nearer",
        }
    )
    return shown


def write(path: Path, context: dict[str, Any]) -> None:
    """Renders the template; everything in `context` is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    with files.whole(path) as file:
        file.write(environment.get_template("report.html.j2").render(context).encode())
