"""From a TOML file to a Scene, or to one sentence that says what to do."""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import Any

from dermis_hw import materials, toml
from dermis_hw.geometry import head as heads
from dermis_hw.geometry import meshfile, patches
from dermis_hw.materials import Material, MaterialError
from dermis_hw.optics import DM1
from dermis_hw.render.answering import MOST, AnsweringLamp
from dermis_hw.render.compose import Ambient
from dermis_hw.render.lights import LAMP_SUN_EQUIVALENT
from dermis_hw.scenes.model import (
    ATTACK,
    FORMAT,
    KINDS,
    NO_DECISION,
    VERDICTS,
    Expect,
    Pose,
    Scene,
    SceneError,
    SceneObject,
)
from dermis_hw.scenes.place import ON_A_HEAD, PARAMETERS

_TOP = (
    "format",
    "name",
    "kind",
    "species",
    "note",
    "expect",
    "object",
    "pose",
    "ambient",
    "background",
    "lamp",
    "module",
)
_OBJECT = ("geometry", "parameters", "material", "regions", "offset_mm", "cover", "holes", "position_mm")
# key -> (lowest, highest)
_POSE = {
    "distance_mm": (50.0, 5000.0),
    "yaw_deg": (-180.0, 180.0),
    "pitch_deg": (-90.0, 90.0),
    "roll_deg": (-180.0, 180.0),
    "up_mm": (-2000.0, 2000.0),
    "side_mm": (-2000.0, 2000.0),
}
FASTEST_MM_S = 5000.0
MOST_KLUX = 150.0  # more than the sun gives at sea level is a slip
TEMPERATURE_C = (-40.0, 85.0)
THICKEST_SHELL_MM = 30.0
FARTHEST_WALL_MM = 20000.0
# A face, a mask or a photo of one is this large; outside, the file's unit is not the millimetre.
SMALLEST_FACE_MM, LARGEST_FACE_MM = 50.0, 500.0
# What a head of skin has, unless the file says otherwise; {} is the skin's own name.
SKIN_REGIONS = {"eyes": "eye", "lips": "{}+lips", "brow": "{}+beard", "hair": "hair", "clothes": "cloth_cotton"}


class _Table:
    """A TOML table that knows its place in the file, so that every refusal can name it."""

    def __init__(self, values: Any, where: str, keys: tuple[str, ...] | dict | None) -> None:
        if not isinstance(values, dict):
            raise SceneError(f"{where} must be a table")
        self.values: dict[str, Any] = values
        self.where = where
        if keys is not None:
            for key in values:
                if key not in keys:
                    raise SceneError(f"{where} has an unknown key '{key}'{_near(key, keys)}")

    def text(self, key: str, default: str = "") -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise SceneError(f"{self.where}: {key} must be text, in quotes")
        return value

    def choice(self, key: str, choices: Any, default: str | None = None) -> str:
        if key not in self.values and default is None:
            raise SceneError(f"{self.where} needs '{key}': one of {', '.join(choices)}")
        value = self.text(key, default or "")
        if value not in choices:
            raise SceneError(f"{self.where}: {key} is '{value}', which is none of {', '.join(choices)}")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        return _number(self.values.get(key, default), f"{self.where}: {key}", low, high)

    def numbers(self, key: str, default: tuple[float, ...], low: float, high: float) -> tuple[float, ...]:
        value = self.values.get(key, default)
        if not isinstance(value, list | tuple) or len(value) != len(default):
            raise SceneError(f"{self.where}: {key} must be {len(default)} numbers in brackets")
        return tuple(_number(item, f"{self.where}: {key}", low, high) for item in value)

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise SceneError(f"{self.where}: {key} must be true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise SceneError(f"{self.where}: {key} must be texts in brackets")
        return tuple(value)


def _number(value: Any, what: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SceneError(f"{what} must be a number")
    if not low <= value <= high:
        raise SceneError(f"{what} is {value:g}; give {low:g} to {high:g}")
    return float(value)


def _near(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(known)}"


def load(path: str | Path) -> Scene:
    """The scene of a TOML file (docs/formats/scene.md).

    Raises SceneError, one sentence that names the file and says what to do.
    """
    path = Path(path)
    try:
        values = toml.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SceneError(f"there is no scene {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"{path} cannot be read as text ({error})") from error
    except toml.TomlError as error:
        raise SceneError(f"{path} is not TOML: {error}") from error
    try:
        return parse(values, path)
    except (SceneError, MaterialError, meshfile.MeshError) as error:
        raise SceneError(f"{path.name}: {error}") from error


def parse(values: dict, path: Path) -> Scene:
    """The scene of what a TOML file would hold; `path` names it and anchors relative paths.

    Raises SceneError, materials.MaterialError or meshfile.MeshError, one sentence each.
    """
    # The version first: a later version's keys are not mistakes.
    if values.get("format") != FORMAT:
        found = values.get("format", "missing")
        raise SceneError(f"format is {found}, and this reads scenes of format = {FORMAT} only")
    top = _Table(values, "the scene", _TOP)
    kind = top.choice("kind", KINDS)
    folder = path.parent
    listed = values.get("object", [])
    if not isinstance(listed, list):
        raise SceneError("objects are written [[object]], with two brackets")
    objects: list[SceneObject] = []
    for k, item in enumerate(listed):
        objects.append(_object(_Table(item, f"object {k + 1}", _OBJECT), folder, objects))
    if kind != "empty" and not objects:
        raise SceneError(f"a scene of kind '{kind}' needs at least one [[object]]")
    if kind == "empty" and objects:
        raise SceneError("a scene of kind 'empty' has no [[object]]: remove it or change the kind")
    background = _Table(values.get("background", {}), "[background]", ("distance_mm", "material"))
    wall = background.number("distance_mm", 0.0, 0.0, FARTHEST_WALL_MM)
    module = _Table(values.get("module", {}), "[module]", ("temperature_c",))
    return Scene(
        name=top.text("name", path.stem),
        kind=kind,
        objects=tuple(objects),
        pose=_pose(values),
        ambient=_ambient(values),
        temperature_c=module.number("temperature_c", 25.0, *TEMPERATURE_C),
        species=top.text("species"),
        note=top.text("note"),
        expect=_expect(values, kind),
        background_mm=wall,
        background_material=_material(background.text("material", "background_wall"), folder) if wall else None,
        lamp=_lamp(values),
        path=path,
    )


def _pose(values: dict) -> Pose:
    table = _Table(values.get("pose", {}), "[pose]", (*_POSE, "velocity_mm_s"))
    plain = {key: table.number(key, getattr(Pose(), key), *limits) for key, limits in _POSE.items()}
    up, side, away = table.numbers("velocity_mm_s", (0.0, 0.0, 0.0), -FASTEST_MM_S, FASTEST_MM_S)
    return Pose(**plain, velocity_mm_s=(up, side, away))


def _ambient(values: dict) -> Ambient:
    table = _Table(values.get("ambient", {}), "[ambient]", ("lamp", "klux", "direction_deg"))
    azimuth, elevation = table.numbers("direction_deg", (30.0, 40.0), -180.0, 180.0)
    return Ambient(
        table.choice("lamp", tuple(LAMP_SUN_EQUIVALENT), "none"),
        table.number("klux", 0.0, 0.0, MOST_KLUX),
        (azimuth, elevation),
    )


def _lamp(values: dict) -> AnsweringLamp | None:
    if "lamp" not in values:
        return None
    table = _Table(values["lamp"], "[lamp]", ("answers", "tab"))
    answers = _Table(table.values.get("answers", {}), "[lamp]'s answers", tuple(DM1.monitor_level))
    if not answers.values:
        raise SceneError('[lamp] needs answers, for example answers = { "850" = 0.1 }')
    return AnsweringLamp(
        {light: answers.number(light, 0.0, 0.0, MOST) for light in answers.values}, table.number("tab", 0.0, 0.0, MOST)
    )


def _expect(values: dict, kind: str) -> Expect | None:
    if "expect" not in values:
        return None
    table = _Table(values["expect"], "[expect]", ("verdict", "reasons", "or_attack"))
    expect = Expect(table.choice("verdict", VERDICTS), table.texts("reasons"), table.flag("or_attack"))
    if expect.or_attack and (kind, expect.verdict) != (ATTACK, NO_DECISION):
        raise SceneError(f"[expect]: or_attack is for a scene of kind '{ATTACK}' that expects '{NO_DECISION}'")
    return expect


def _material(name: str, folder: Path) -> Material:
    return materials.resolve(name, folder)


def _object(table: _Table, folder: Path, before: list[SceneObject]) -> SceneObject:
    name = table.text("geometry")
    geometry: str | Path = name
    if name.lower().endswith((".obj", ".ply")):
        geometry = folder / name
        _check_size(geometry)
    elif name not in PARAMETERS:
        raise SceneError(
            f"{table.where}: geometry '{name}' is no built-in ({', '.join(PARAMETERS)}) and no .obj or .ply file"
        )
    allowed = PARAMETERS.get(name, {})
    given = _Table(table.values.get("parameters", {}), f"{table.where}'s parameters", allowed)
    parameters = {key: given.number(key, 0.0, *allowed[key]) for key in given.values}
    if name in ON_A_HEAD and before and before[0].geometry in ("head", "papercraft"):
        # What is worn over a head fits that head.
        parameters = {**{k: v for k, v in before[0].parameters.items() if k in allowed}, **parameters}
    holes = table.texts("holes")
    for hole in holes:
        if hole not in heads.HOLES:
            raise SceneError(f"{table.where}: there is no hole '{hole}'{_near(hole, heads.HOLES)}")
    if holes and isinstance(geometry, Path):
        raise SceneError(f"{table.where}: holes are cut in built-in geometries only; cut them in the mesh")
    offset = table.number("offset_mm", 0.0, 0.0, THICKEST_SHELL_MM)
    if offset and name != "head":
        raise SceneError(f"{table.where}: offset_mm is for geometry 'head' only")
    covering = _Table(table.values.get("cover", {}), f"{table.where}'s cover", patches.PATCHES)
    cover = {key: covering.number(key, 1.0, patches.SMALLEST, patches.LARGEST) for key in covering.values}
    if cover and not offset:
        raise SceneError(f"{table.where}: cover is for a head with offset_mm only")
    up, side, away = table.numbers("position_mm", (0.0, 0.0, 0.0), -3000.0, 3000.0)
    return SceneObject(
        geometry=geometry,
        materials=_materials(table, folder, name, offset, before),
        parameters=parameters,
        shell_mm=offset,
        cover=cover,
        holes=holes,
        position_mm=(up, side, away),
    )


def _materials(
    table: _Table, folder: Path, geometry: str, offset: float, before: list[SceneObject]
) -> dict[str, Material]:
    named = table.text("material")
    if not named:
        raise SceneError(f'{table.where} needs a material, for example material = "skin:medium"')
    body = _material(named, folder)
    if offset and " over " not in named and body.film is not None and before:
        # A film on the head before it: what lies beneath shows through.
        body = body.over(before[0].materials[""])
    out = {"": body}
    if "regions" in table.values and geometry != "head":
        raise SceneError(f"{table.where}: only geometry 'head' has regions; give '{geometry}' one material")
    regions = _Table(table.values.get("regions", {}), f"{table.where}'s regions", heads.REGIONS)
    chosen = {}
    if geometry == "head" and named.startswith("skin") and not offset:
        chosen = {region: pattern.format(named) for region, pattern in SKIN_REGIONS.items()}
    chosen.update({region: regions.text(region) for region in regions.values})
    out.update({region: _material(name, folder) for region, name in chosen.items()})
    return out


def _check_size(path: Path) -> None:
    size = float(sorted(meshfile.load(path).extent())[1])  # of a thin mask the two larger sides count
    if SMALLEST_FACE_MM <= size <= LARGEST_FACE_MM:
        return
    for factor, unit in ((1000.0, "metres"), (10.0, "centimetres"), (0.001, "micrometres")):
        if SMALLEST_FACE_MM <= size * factor <= LARGEST_FACE_MM:
            raise SceneError(f"{path} is {size:g} across, which looks like {unit}: export it in millimetres")
    raise SceneError(
        f"{path} is {size:g} mm across, and a face has {SMALLEST_FACE_MM:g} to {LARGEST_FACE_MM:g}: scale it"
    )
