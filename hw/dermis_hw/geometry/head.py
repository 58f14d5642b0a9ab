"""A parametric head: cross-sections lofted along the height, and a face laid over them.

Frame: x up from the middle of sellion and menton, y sideways, z backwards from the tip of the nose.
Shape by anthropometric measures; what they do not fix (curves between the landmarks) is our own drawing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis_hw.geometry import mesh as meshes
from dermis_hw.geometry.anthropometry import HeadParameters
from dermis_hw.geometry.mesh import Mesh

FRONT_COLUMNS, BACK_COLUMNS, ROWS, DOME_ROWS = 128, 32, 108, 24
# Below the chin and above the sellion, mm, for an adult of face_height 118; scales with the head.
NECK_MM, CROWN_MM = 70.0, 108.0
DOME_MM = 60.0  # above the sellion, where the crown begins to close
REGIONS = ("eyes", "lips", "brow", "hair", "beard", "clothes")


@dataclass(frozen=True)
class Landmarks:
    """Heights (x) of the face's landmarks, and the eyes' place, mm."""

    sellion: float
    menton: float
    tip: float
    subnasale: float
    mouth: float
    pupil: float
    pupil_y: float
    scale: float


def landmarks(p: HeadParameters) -> Landmarks:
    """Where things are on this head. The tip lies at .86 of the nose's height, the mouth a third below the nose."""
    sellion = 0.5 * p.face_height
    subnasale = sellion - p.nose_height
    return Landmarks(
        sellion=sellion,
        menton=-sellion,
        tip=sellion - 0.86 * p.nose_height,
        subnasale=subnasale,
        mouth=subnasale - 0.34 * (p.face_height - p.nose_height),
        pupil=sellion - 0.05 * p.face_height,
        pupil_y=0.5 * p.pupil_distance,
        scale=p.face_height / 118.0,
    )


def _curve(points: list[tuple[float, float]], x: np.ndarray) -> np.ndarray:
    """A smooth curve through (x, value) points: cubic Hermite with monotone (harmonic mean) slopes."""
    knots = np.array(sorted(points))
    at, value = knots[:, 0], knots[:, 1]
    step = np.diff(at)
    slope = np.diff(value) / step
    same = slope[1:] * slope[:-1] > 0
    inner = np.where(same, 2 * slope[1:] * slope[:-1] / np.where(same, slope[1:] + slope[:-1], 1.0), 0.0)
    tangent = np.concatenate([[slope[0]], inner, [slope[-1]]])
    k = np.clip(np.searchsorted(at, x) - 1, 0, len(step) - 1)
    t = np.clip((x - at[k]) / step[k], 0.0, 1.0)
    return (
        value[k] * (1 + 2 * t) * (1 - t) ** 2
        + tangent[k] * step[k] * t * (1 - t) ** 2
        + value[k + 1] * t**2 * (3 - 2 * t)
        + tangent[k + 1] * step[k] * t**2 * (t - 1)
    )


def _bump(x: np.ndarray, centre: float | np.ndarray, width: float, power: float = 2.0) -> np.ndarray:
    return np.exp(-(np.abs((x - centre) / width) ** power))


def _step(x: np.ndarray, start: float, end: float) -> np.ndarray:
    t = np.clip((x - start) / (end - start), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def _sections(p: HeadParameters, m: Landmarks, x: np.ndarray) -> tuple[np.ndarray, ...]:
    """Half breadth, and depth of front, middle and back, of the cross-section at each height."""
    k, s, b = m.scale, m.sellion, m.menton
    tip = p.nose_protrusion
    crown = s + CROWN_MM * k
    # glabella is about 4 mm before the sellion; the head's length counts from there.
    glabella = tip - 4.0
    back = glabella + p.length
    middle = glabella + 0.47 * p.length
    front = _curve(
        [
            (b - NECK_MM * k, tip + 62), (b - 32 * k, tip + 56), (b - 8 * k, tip + 30), (b, tip + 6.5),
            (b + 13 * k, tip + 0.5), (b + 26 * k, tip + 4.5), (m.mouth, tip + 1.0), (m.subnasale, tip),
            (m.tip, tip + 0.5), (s, tip + 1.0), (s + 13 * k, glabella + 2.5), (s + 34 * k, glabella + 4.5),
            (s + 58 * k, glabella + 15), (s + 82 * k, glabella + 36), (crown, middle - 8),
        ],
        x,
    )  # fmt: skip
    half = _curve(
        [
            (b - NECK_MM * k, 60 * k), (b - 30 * k, 54 * k), (b - 8 * k, 0.44 * p.jaw_breadth),
            (b, 0.455 * p.jaw_breadth), (b + 24 * k, 0.5 * p.jaw_breadth), (m.subnasale, 0.482 * p.cheek_breadth),
            (s - 28 * k, 0.5 * p.cheek_breadth), (s + 8 * k, 0.49 * p.cheek_breadth), (s + 45 * k, 0.5 * p.breadth),
            (s + 75 * k, 0.46 * p.breadth), (crown, 0.3 * p.breadth),
        ],
        x,
    )  # fmt: skip
    rear = _curve(
        [
            (b - NECK_MM * k, middle + 62), (b - 10 * k, middle + 58), (m.mouth, middle + 66), (s - 20 * k, back - 12),
            (s + 30 * k, back), (s + 75 * k, back - 24), (crown, middle + 42),
        ],
        x,
    )  # fmt: skip
    # Round the crown off: every half-axis shrinks as an ellipse's does.
    start = s + DOME_MM * k
    close = np.sqrt(1 - np.clip((x - start) / (crown - start), 0.0, 1.0) ** 2)
    centre = np.full_like(x, middle)
    return half * close, centre - (centre - front) * close, centre, centre + (rear - centre) * close


def _face(p: HeadParameters, m: Landmarks, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far the face stands out of the loft (mm, forwards) at (x, y)."""
    k, ay = m.scale, np.abs(y)
    tip_height = p.nose_protrusion + 0.5
    # Nose: a ridge that rises from the sellion to the tip and falls to the subnasale.
    rise = _curve(
        [
            (m.subnasale - 5, 0.0), (m.subnasale + 0.5, 0.16 * tip_height), (m.tip - 2.0, 0.93 * tip_height),
            (m.tip, tip_height), (m.tip + 6, 0.86 * tip_height), (m.sellion - 0.35 * p.nose_height, 0.5 * tip_height),
            (m.sellion, 2.0), (m.sellion + 16 * k, 0.0),
        ],
        x,
    ) * _step(x, m.subnasale - 5, m.subnasale)  # fmt: skip
    part = np.clip((m.sellion - x) / (m.sellion - m.tip), 0.0, 1.0)
    width = (1 - part) * 0.46 * p.nose_root_breadth + part * 0.33 * p.nose_breadth
    nose = rise * np.exp(-((ay / width) ** 2.4))
    wing_y = 0.36 * p.nose_breadth
    wings = 0.52 * tip_height * _bump(x, m.subnasale + 6 * k, 6.5 * k) * _bump(ay, wing_y, 0.16 * p.nose_breadth)
    # Eyes: a socket under the brow, and the ball within it.
    eye_x, eye_y = (x - m.pupil) / k, (ay - m.pupil_y) / k
    socket = -7.0 * np.exp(-((eye_x / 11.0) ** 2) - ((eye_y + 1.0) / 16.0) ** 2)
    inner = -4.0 * np.exp(-((eye_x / 9.0) ** 2) - ((eye_y + 15.0) / 6.0) ** 2)
    ball = 5.0 * np.exp(-(((eye_x**2 + (0.82 * eye_y) ** 2) / 11.0**2) ** 1.6))
    brow = p.brow_mm * _bump(x, m.sellion + 12 * k - 0.0022 * (ay - 22) ** 2, 7.0 * k) * _step(ay, 58 * k, 30 * k)
    cheek = p.cheek_mm * _bump(x, m.sellion - 36 * k, 20 * k) * _bump(ay, 0.31 * p.cheek_breadth, 19 * k)
    hollow = -2.5 * _bump(x, m.mouth + 2 * k, 18 * k) * _bump(ay, 0.66 * p.lip_length + 8, 13 * k)
    # Mouth: two rolls and the groove between, thinner towards the corners.
    taper = np.sqrt(np.clip(1 - (ay / (0.54 * p.lip_length)) ** 2, 0.0, 1.0))
    upper = p.lip_mm * _bump(x, m.mouth + 5.0 * k * (0.4 + 0.6 * taper), 4.6 * k) * taper
    lower = 1.15 * p.lip_mm * _bump(x, m.mouth - 6.0 * k * (0.4 + 0.6 * taper), 5.0 * k) * taper
    groove = -2.2 * _bump(x, m.mouth, 1.9 * k) * taper
    mouth_dome = 2.5 * _bump(x, m.mouth, 17 * k) * _bump(ay, 0.0, 24 * k)
    chin = 4.0 * _bump(x, m.menton + 13 * k, 11 * k) * _bump(ay, 0.0, 16 * k)
    temple = -2.5 * _bump(x, m.sellion + 16 * k, 18 * k) * _bump(ay, 0.46 * p.cheek_breadth, 13 * k)
    forms = nose + wings * (1 - 0.6 * np.exp(-((ay / width) ** 2.4)))
    return forms + socket + inner + ball + brow + cheek + hollow + upper + lower + groove + mouth_dome + chin + temple


def _own_form(p: HeadParameters, points: np.ndarray) -> np.ndarray:
    """Smooth deviations (mm) of wavelengths 45 to 130 mm that make this head its own."""
    rng = np.random.default_rng([p.seed, 0xFACE])
    waves = 14
    direction = rng.normal(size=(waves, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    k = direction * (2 * np.pi / rng.uniform(45.0, 130.0, (waves, 1)))
    return p.asymmetry_mm * np.sqrt(2 / waves) * np.cos(points @ k.T + rng.uniform(0, 2 * np.pi, waves)).sum(axis=1)


def _paint(p: HeadParameters, m: Landmarks, points: np.ndarray, front: np.ndarray) -> dict[str, np.ndarray]:
    """Weights of the regions; edges about 2 mm soft, so that a vertex grid carries them."""
    x, y, z = points.T
    k, ay = m.scale, np.abs(y)
    slit = np.sqrt(((x - m.pupil) / (5.6 * k)) ** 2 + ((ay - m.pupil_y) / (14.5 * k)) ** 2)
    mouth = np.sqrt(((x - m.mouth + 0.8 * k) / (9.5 * k)) ** 2 + (ay / (0.52 * p.lip_length)) ** 2)
    arch = m.sellion + 15 * k - 0.006 * (ay - 32 * k) ** 2
    hairline = (x - m.sellion - 62 * k) + 1.4 * (z - p.nose_protrusion - 17)
    behind = np.where(x > m.sellion - 25 * k, hairline, z - (p.nose_protrusion + 0.6 * p.length))
    beard = np.maximum(
        _step(ay - 0.9 * (m.subnasale - x), 0.36 * p.cheek_breadth + 4, 0.36 * p.cheek_breadth - 4)
        * _step(x, m.subnasale - 0.0, m.subnasale - 5.0),
        _step(ay, 34 * k, 40 * k) * _step(x, m.subnasale + 14, m.subnasale - 6),
    )
    return {
        "eyes": _step(slit, 1.18, 0.86) * front,
        "lips": _step(mouth, 1.12, 0.9) * front,
        "brow": _step(np.abs(x - arch), 6.0 * k, 3.2 * k)
        * _step(ay, 9 * k, 13 * k)
        * _step(ay, 54 * k, 48 * k)
        * front,
        "hair": _step(behind, -3.0, 3.0) if p.hair_mm > 0 else np.zeros_like(x),
        "beard": beard
        * _step(z, p.nose_protrusion + 85, p.nose_protrusion + 75)
        * _step(x, m.menton - 18, m.menton - 8),
    }


def _ear(p: HeadParameters, m: Landmarks, side: float) -> Mesh:
    """An ear's outline: a flattened, tilted ellipsoid. Its folds are not drawn."""
    rows, columns = 13, 20
    polar, around = np.meshgrid(np.linspace(0, np.pi, rows), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    k = m.scale
    body = np.stack(
        [31 * k * np.cos(polar), 5 * k * np.sin(polar) * np.cos(around), 17 * k * np.sin(polar) * np.sin(around)], -1
    ).reshape(-1, 3)
    angle = np.radians(25.0) * side
    turn = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
    centre = [m.sellion - 26 * k, side * (0.5 * p.cheek_breadth + 4 * k), p.nose_protrusion - 4 + 0.53 * p.length]
    vertices = body @ turn.T + centre
    return meshes.facing(meshes.make(vertices, meshes.grid_faces(rows, columns, closed=True), body="skin"))


def _shoulders(p: HeadParameters, m: Landmarks) -> Mesh:
    """A hint of shoulders, so that a head does not float: region "clothes"."""
    rows, columns = 17, 48
    polar, around = np.meshgrid(np.linspace(0, np.pi, rows), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    k = m.scale
    body = np.stack(
        [125 * k * np.cos(polar), 220 * k * np.sin(polar) * np.cos(around), 95 * k * np.sin(polar) * np.sin(around)],
        -1,
    ).reshape(-1, 3)
    centre = [m.menton - (NECK_MM + 100) * k, 0.0, p.nose_protrusion + 140 * k]
    weight = {"clothes": np.ones(len(body))}
    faces = meshes.grid_faces(rows, columns, closed=True)
    return meshes.facing(meshes.make(body + centre, faces, regions=weight, body="skin"))


def head(p: HeadParameters | None = None, *, body: bool = True) -> Mesh:
    """The head as a mesh of about 40,000 triangles, regions skin (the body), eyes, lips, brow, hair, beard, clothes.

    `body` False leaves out ears and shoulders (what a mask covers).
    """
    p = p or HeadParameters()
    m = landmarks(p)
    dome = m.sellion + DOME_MM * m.scale
    # Closer together towards the top, as an ellipse's slope asks for.
    rise = np.sin(np.linspace(0.0, 0.5 * np.pi, DOME_ROWS + 1))
    x = np.concatenate(
        [
            np.linspace(m.menton - NECK_MM * m.scale, dome, ROWS, endpoint=False),
            dome + (CROWN_MM - DOME_MM) * m.scale * rise,
        ]
    )
    half, front, centre, rear = _sections(p, m, x)
    angle = np.concatenate(
        [
            np.linspace(-np.pi / 2, np.pi / 2, FRONT_COLUMNS, endpoint=False),
            np.linspace(np.pi / 2, 1.5 * np.pi, BACK_COLUMNS, endpoint=False),
        ]
    )
    sine, cosine = np.sin(angle), np.cos(angle)
    # Towards the chin a cross-section is narrower in front than an ellipse: a jaw, not a barrel.
    narrow = 1 + 0.25 * (1 - _step(x, m.menton + 5, m.subnasale + 25))
    y = half[:, None] * np.sign(sine) * np.abs(sine) ** narrow[:, None]
    depth = np.where(cosine > 0, (centre - front)[:, None], (rear - centre)[:, None]) * cosine
    z = centre[:, None] - depth
    points = np.stack([np.broadcast_to(x[:, None], y.shape), y, z], axis=-1).reshape(-1, 3)
    in_front = np.broadcast_to(_step(cosine, 0.02, 0.35), y.shape).reshape(-1)
    own = _own_form(p, points)
    points[:, 2] -= in_front * (_face(p, m, points[:, 0], points[:, 1]) + own)
    paint = _paint(p, m, points, in_front)
    faces = meshes.grid_faces(len(x), len(angle), closed=True)
    skull = meshes.facing(meshes.make(points, faces, regions=paint, body="skin"))
    outwards = skull.vertex_normals()
    grown = skull.vertices + (p.hair_mm * paint["hair"])[:, None] * outwards
    skull = meshes.facing(meshes.make(grown, faces, regions=paint, body="skin"))
    parts = [skull]
    if body:
        parts += [_ear(p, m, -1.0), _ear(p, m, 1.0), _shoulders(p, m)]
    whole = meshes.join(parts)
    # The tip of the nose is the origin in depth.
    nose = skull.vertices[:, 2].min()
    return meshes.make(
        whole.vertices - [0.0, 0.0, nose],
        whole.faces,
        regions={name: whole.regions[:, whole.region_names.index(name)] for name in whole.region_names[1:]},
        body="skin",
    )


def hole_field(p: HeadParameters, points: np.ndarray, holes: tuple[str, ...]) -> np.ndarray:
    """Positive on the mask, negative within its holes, about in units of a hole's radius.

    holes: of `HOLES`; "back" leaves a rigid mask's front plate, cut before the ears and under the chin.
    """
    m = landmarks(p)
    x, y = points[:, 0], points[:, 1]
    k, ay = m.scale, np.abs(y)
    field = np.full(len(points), 1.0)
    shapes = {
        "eyes": ((m.pupil, m.pupil_y, 8.0 * k, 17.0 * k),),
        "mouth": ((m.mouth, 0.0, 6.0 * k, 0.5 * p.lip_length),),
        "nostrils": ((m.subnasale + 3 * k, 0.2 * p.nose_breadth, 3.0 * k, 4.0 * k),),
    }
    if "back" in holes:
        field = np.minimum(field, (0.42 * p.length - points[:, 2]) / (10.0 * k))
        field = np.minimum(field, (x - m.menton + 8.0 * k) / (10.0 * k))
    for hole in (name for name in holes if name in shapes):
        for at_x, at_y, radius_x, radius_y in shapes[hole]:
            reach = np.sqrt(((x - at_x) / radius_x) ** 2 + ((ay - at_y) / radius_y) ** 2)
            # Only the front of a head is cut.
            field = np.minimum(field, np.where(points[:, 2] < 0.45 * p.length, reach - 1.0, 1.0))
    return field


HOLES = ("eyes", "mouth", "nostrils", "back")
