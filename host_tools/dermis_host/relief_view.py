"""Reliefs to turn with the mouse: one HTML page with everything in it, which needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from dermis_host import evidence, files, pictures
from dermis_host.cell_maps import CellMaps
from dermis_host.recording import Recording
from dermis_host.sheet import FRAME_TITLES, INDEX_RANGE, ORIGIN, RELIEF_SPAN_MM
from dermis_host.verdicts import explained

TEMPLATE = "relief_view.html.j2"
FRAME_SHOWN = "850"


def relief(recording: Recording, result: dict[str, Any], title: str) -> dict[str, Any]:
    """What the page needs of one recording; `result` of `replaying.replay(..., cells=True)`."""
    maps = CellMaps.of(result, recording.board)
    rows, columns = maps.depth_mm.shape
    near, _ = pictures.usual_range(maps.face_depth_mm)
    if near is None:
        near, _ = pictures.usual_range(maps.depth_mm)
    near = near or 0.0
    shown = np.isfinite(maps.depth_mm) & (maps.depth_mm < near + RELIEF_SPAN_MM * 2)
    low, high = INDEX_RANGE
    depth_colours = pictures.ramp(-maps.depth_mm, -(near + RELIEF_SPAN_MM), -near)
    normals = maps.normals()
    flat = np.where(np.isnan(normals), pictures.NO_VALUE, np.rint((normals * 0.5 + 0.5) * 255))
    colours = {
        "depth": depth_colours,
        "water index": pictures.ramp(-maps.index, -high, -low),
        "normals": flat.astype(np.uint8),
    }
    if FRAME_SHOWN in recording.frames:
        colours[f"frame at {FRAME_TITLES[FRAME_SHOWN]}"] = _frame_cells(recording.frames[FRAME_SHOWN], maps)
    return {
        "title": title,
        "verdict": result["verdict"].replace("_", " "),
        "kind": result["verdict"],
        "score": result["score"],
        "reasons": [f"{reason}: {explained(reason)}" for reason in result["reasons"]],
        "highlights": evidence.highlights(result["evidence"]),
        "origin": ORIGIN[recording.simulated][0],
        "rows": rows,
        "columns": columns,
        "near": near,
        # Right, up and away when upright, mm to a tenth; null where nothing was measured.
        "points": [
            [round(float(y), 1), round(float(x), 1), round(float(z), 1)] if seen else None
            for y, x, z, seen in zip(
                maps.y_mm.ravel(), maps.x_mm.ravel(), maps.depth_mm.ravel(), shown.ravel(), strict=True
            )
        ],
        "face": maps.face.ravel().tolist(),
        "colours": {name: _packed(values) for name, values in colours.items()},
    }


def write(reliefs: list[dict[str, Any]], path: Path) -> None:
    """The page of some reliefs. Raises HostError when it cannot be written."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    with files.whole(path) as file:
        file.write(environment.get_template(TEMPLATE).render(reliefs=reliefs).encode())


def _frame_cells(pixels: np.ndarray, maps: CellMaps) -> np.ndarray:
    """Mean of a frame over each cell, brightened, as grey colours (rows, columns, 3)."""
    rows, columns = maps.depth_mm.shape
    bright = pictures.stretch(pixels.astype(float))[: rows * maps.step, : columns * maps.step]
    means = bright.reshape(rows, maps.step, columns, maps.step).mean(axis=(1, 3))
    return np.repeat(means[..., None], 3, axis=2).astype(np.uint8)


def _packed(colours: np.ndarray) -> list[int]:
    """One number a cell: red << 16 | green << 8 | blue."""
    wide = colours.reshape(-1, 3).astype(np.uint32)
    return (wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2]).tolist()
