"""The host's parsers of texts, TOML and CSV, as functions of bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from dermis_host.calibration import targets
from dermis_host.errors import UsageError
from dermis_host.evaluation import claims, plan, reporting, score_files
from dermis_host.rig import description
from dermis_host.station import settings
from dermis_hw import materials, scenes
from dermis_hw.boards import wiring
from dermis_hw.materials import material
from dermis_hw.scenes import SceneError
from dermis_models import plan as generation

from tests.fuzz.host import FOLDER, file
from tests.fuzz.promises import must

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

MESH = b"v 0 0 0\nv 100 0 0\nv 0 100 0\nf 1 2 3\n"
SPECTRUM = b"wavelength_nm,reflectance\n800,0.5\n1650,0.5\n"


def _neighbours() -> None:
    """Files that the texts may name."""
    file("mesh.obj", MESH)
    file("white.csv", SPECTRUM)


_neighbours()


def scene(data: bytes) -> None:
    """A scene's TOML."""
    scenes.load(file("scene.toml", data))


def spectrum(data: bytes) -> None:
    """A spectrum of a user's own; the input as rows, too, behind the line of names."""
    refusals = []
    for content in (data, b"wavelength_nm,reflectance\n" + data):
        try:
            made = material.from_csv(file("spectrum.csv", content))
            must(bool((made.values >= 0).all() and (made.values <= 1).all()), "a reflectance outside 0 to 1")
        except materials.MaterialError as problem:
            refusals.append(problem)
    if len(refusals) == 2:
        raise refusals[0]


def material_name(data: bytes) -> None:
    """A material as a scene names it."""
    made = materials.resolve(data.decode("utf-8", "replace"), FOLDER)
    must(bool((made.values >= 0).all() and (made.values <= 1).all()), "a reflectance outside 0 to 1")


def scores(data: bytes) -> None:
    """A score file; the input as rows behind a line of all names, too."""
    names = "ms", "tone", "response", "purpose", "held_out", "presentation", "covered", "simulated"
    header = ",".join((*score_files.REQUIRED, *names)).encode() + b"\n"
    refusals = []
    for content in (data, header + data):
        try:
            made = score_files.load(file("scores.csv", content))
            must(len(made.attempt) == len(made.score) > 0, "columns of different lengths")
        except UsageError as problem:
            refusals.append(problem)
    if len(refusals) == 2:
        raise refusals[0]


def evaluation(data: bytes) -> None:
    """An evaluation's plan."""
    made = plan.load(file("evaluation.toml", data))
    must(len(made.digest()) == 16, "a digest of another length")
    reporting.read_details(FOLDER / "evaluation.toml")


def claim(data: bytes) -> None:
    """What --claim and --columns take."""
    text = data.decode("utf-8", "replace")
    try:
        claims.parse([text])
    except UsageError:
        score_files.parse_columns([text])


def generation_plan(data: bytes) -> None:
    """A plan of what to simulate."""
    made = generation.load(file("plan.toml", data))
    must(len(made.digest()) == 16 and made.presentations > 0, "a plan of nothing")


def board(data: bytes) -> None:
    """A board's TOML beside the sound common one, and the other way round; `wiring` reads both by name."""
    try:
        values = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        return  # `_toml` says so; the files are the package's own
    refusals = []
    for name in wiring.WIRED:
        own, common = wiring._toml(name), wiring._toml(wiring.COMMON)
        for pair in ((values, common), (own, values), ({**own, **values}, common), (own, {**common, **values})):
            try:
                wiring.checked(name, *pair)
            except wiring.BoardError as problem:
                refusals.append(problem)
    if len(refusals) == 4 * len(wiring.WIRED):
        raise refusals[0]


def fixture(data: bytes) -> None:
    """A calibration fixture; and the input as the spectrum's CSV of a sound one."""
    try:
        targets.load(file("fixture.toml", data))
    except UsageError:
        file("own.csv", data)
        targets.load(file("fixture2.toml", _FIXTURE))


_FIXTURE = targets.BUILT_IN_FILE.read_bytes().replace(b'"material:tile:spectral"', b'"own.csv"')


def station(data: bytes) -> None:
    """station.toml."""
    settings.load(file("station.toml", data))


def rig(data: bytes) -> None:
    """rig.toml; nothing is opened, and nothing is imported that is not ours."""
    if b":" in data.replace(b"://", b""):
        return
    description.load(file("rig.toml", data))


PARSERS: dict[str, tuple[Callable[[bytes], Any], tuple[type[Exception], ...]]] = {
    "scene": (scene, (SceneError,)),
    "spectrum": (spectrum, (materials.MaterialError,)),
    "material": (material_name, (materials.MaterialError,)),
    "scores": (scores, (UsageError,)),
    "evaluation": (evaluation, (UsageError,)),
    "claim": (claim, (UsageError,)),
    "plan": (generation_plan, (UsageError,)),
    "board": (board, (wiring.BoardError,)),
    "fixture": (fixture, (UsageError,)),
    "station": (station, (UsageError,)),
    "rig": (rig, (UsageError,)),
}
