"""Mesh files: Wavefront .obj and Stanford .ply (ASCII and binary), in millimetres.

Axes as modelling tools export them: y up, x to the right of who looks at the face, z out of the face.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dermis_hw.geometry import mesh as meshes
from dermis_hw.geometry.mesh import Mesh

MOST_BYTES = 200_000_000
_PLY_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_PLY_ORDER = {"binary_little_endian": "<", "binary_big_endian": ">"}


class MeshError(ValueError):
    """A mesh file that cannot be used; the message is one sentence that says what to do."""


def load(path: Path) -> Mesh:
    """The mesh of a file in the imager's axes (x up, z away); polygons are cut into fans. One region, "body".

    Raises MeshError for a missing file, one of another format, and one that holds no triangles.
    """
    try:
        if not path.is_file():
            raise MeshError(f"there is no mesh {path}: give a path relative to the scene file")
        if path.stat().st_size > MOST_BYTES:
            raise MeshError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB: reduce the mesh first")
        data = path.read_bytes()
        vertices, faces = _obj(data) if path.suffix.lower() == ".obj" else _ply(data)
    except MeshError:
        raise
    except OSError as error:
        raise MeshError(f"{path} cannot be read ({error.strerror}): make it readable") from error
    except (ValueError, TypeError, LookupError, OverflowError, StopIteration) as error:
        raise MeshError(f"{path} is not a readable {path.suffix.lower()} mesh ({error}): export it again") from error
    if not len(vertices) or not len(faces):
        raise MeshError(f"{path} holds no triangles: export the surface, not points or curves")
    if not np.all(np.isfinite(vertices)):
        raise MeshError(f"{path} holds coordinates that are not numbers: export it again")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise MeshError(f"{path} has a face of vertices that are not there: export it again")
    corner = vertices[faces]
    across = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    if not across.any():
        raise MeshError(f"{path} holds only triangles without an area: export the surface, not points or curves")
    return meshes.make(vertices[:, [1, 0, 2]] * [1.0, 1.0, -1.0], faces)


def _fans(polygons: list[list[int]]) -> np.ndarray:
    return np.array([(p[0], p[k], p[k + 1]) for p in polygons for k in range(1, len(p) - 1)], np.int64).reshape(-1, 3)


def _obj(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    vertices: list[list[float]] = []
    polygons: list[list[int]] = []
    for line in data.decode("utf-8").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "f":
            corners = [int(word.split("/")[0]) for word in words[1:]]
            # From 1, or from the end if negative.
            polygons.append([c - 1 if c > 0 else len(vertices) + c for c in corners])
    if any(len(v) != 3 for v in vertices):
        raise ValueError("a vertex without three coordinates")
    return np.array(vertices, np.float64).reshape(-1, 3), _fans(polygons)


def _ply(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    end = data.index(b"end_header")
    header = data[:end].decode("ascii").splitlines()
    if header[0].strip() != "ply":
        raise ValueError("it does not begin with 'ply'")
    body = data[data.index(b"\n", end) + 1 :]
    coding, elements = "", []
    for line in header[1:]:
        words = line.split()
        if not words or words[0] in ("comment", "obj_info"):
            continue
        if words[0] == "format":
            coding = words[1]
        elif words[0] == "element":
            elements.append((words[1], int(words[2]), []))
        elif words[0] == "property":
            elements[-1][2].append(words[1:])
    if any(not properties or count > len(body) for _, count, properties in elements):
        raise ValueError("its header promises more than it holds")
    tables = _ply_ascii(body, elements) if coding == "ascii" else _ply_binary(body, elements, _PLY_ORDER[coding])
    vertex, names = tables["vertex"]
    columns = [names.index(axis) for axis in "xyz"]
    vertices = np.array([[row[c] for c in columns] for row in vertex], np.float64).reshape(-1, 3)
    face, names = tables["face"]
    column = next(k for k, name in enumerate(names) if name in ("vertex_indices", "vertex_index"))
    return vertices, _fans([[int(i) for i in row[column]] for row in face])


def _ply_ascii(body: bytes, elements: list) -> dict:
    words = iter(body.split())
    tables = {}
    for name, count, properties in elements:
        rows = []
        for _ in range(count):
            row = []
            for prop in properties:
                row.append(
                    [float(next(words)) for _ in range(int(next(words)))] if prop[0] == "list" else float(next(words))
                )
            rows.append(row)
        tables[name] = (rows, [prop[-1] for prop in properties])
    return tables


def _ply_binary(body: bytes, elements: list, order: str) -> dict:
    at = 0
    tables = {}
    for name, count, properties in elements:
        names = [prop[-1] for prop in properties]
        if all(prop[0] != "list" for prop in properties):
            record = np.dtype([(prop[1], order + _PLY_TYPES[prop[0]]) for prop in properties])
            rows = np.frombuffer(body, record, count, at).tolist()
            at += record.itemsize * count
        else:
            rows = []
            for _ in range(count):
                row = []
                for prop in properties:
                    size = 1
                    if prop[0] == "list":
                        kind = np.dtype(order + _PLY_TYPES[prop[1]])
                        size = int(np.frombuffer(body, kind, 1, at)[0])
                        at += kind.itemsize
                    kind = np.dtype(order + _PLY_TYPES[prop[-2]])
                    values = np.frombuffer(body, kind, size, at)
                    at += kind.itemsize * size
                    row.append(values.tolist() if prop[0] == "list" else values[0])
                rows.append(row)
        tables[name] = (rows, names)
    return tables
