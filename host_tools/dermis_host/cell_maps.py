"""What the device's code measured a cell, as arrays for pictures and views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

SIXTEENTH_MM = 16.0
Q14 = 16384.0
MEASURED = 1  # of `core.face`: the depth of this cell of the face is known


@dataclass(frozen=True)
class CellMaps:
    """All arrays (rows, columns), v down and u to the right as in a frame.

    depth_mm: NaN where unknown. face: uint8, 0 outside, 1 measured, 2 filled in. index: water index inside the face,
    NaN elsewhere and where none was measured. x_mm, y_mm: of each cell, along u and v from the axis. step: px a cell.
    """

    depth_mm: np.ndarray
    face: np.ndarray
    index: np.ndarray
    x_mm: np.ndarray
    y_mm: np.ndarray
    step: int

    @classmethod
    def of(cls, result: dict[str, Any], board: dict[str, Any]) -> CellMaps:
        """From a result of `replaying.replay(..., cells=True)` and the recording's board file."""
        cells = result["cells"]
        shape = (cells["rows"], cells["columns"])
        depth = np.frombuffer(bytes.fromhex(cells["depth"]), "<u2").reshape(shape) / SIXTEENTH_MM
        face = np.frombuffer(bytes.fromhex(cells["face"]), np.uint8).reshape(shape)
        index = np.frombuffer(bytes.fromhex(cells["index"]), "<i4").reshape(shape) / Q14
        has_index = (face > 0) & ("water_index_q14" in result["evidence"])
        depth = np.where(depth > 0, depth, np.nan)
        step = cells["step"]
        rows, columns = np.indices(shape)
        focal = board["focal_px_q8"] / 256
        # A cell's middle pixel by its number, as `core.depth` and the lens's centre have it.
        along_u = (columns * step + step // 2 - board["centre_u_q8"] / 256) / focal
        along_v = (rows * step + step // 2 - board["centre_v_q8"] / 256) / focal
        return cls(depth, face, np.where(has_index, index, np.nan), along_u * depth, along_v * depth, step)

    @property
    def face_depth_mm(self) -> np.ndarray:
        """Depth of the face's measured cells, NaN elsewhere."""
        return np.where(self.face == MEASURED, self.depth_mm, np.nan)

    def normals(self) -> np.ndarray:
        """Unit normals (rows, columns, 3) towards the module: along v (right when upright), u (up), and out of the
        surface; NaN where a neighbour's depth is unknown. Central differences over the face's depth."""
        depth = self.face_depth_mm
        points = np.stack([self.y_mm, self.x_mm, -depth], axis=-1)
        points[np.isnan(depth)] = np.nan
        along_v, along_u = np.full_like(points, np.nan), np.full_like(points, np.nan)
        along_v[1:-1] = points[2:] - points[:-2]
        along_u[:, 1:-1] = points[:, 2:] - points[:, :-2]
        normal = np.cross(along_v, along_u)
        return normal / np.linalg.norm(normal, axis=-1, keepdims=True)
