"""A scene as values: what a TOML file of `docs/formats/scene.md` says, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dermis_hw.materials import Material
from dermis_hw.render.answering import AnsweringLamp
from dermis_hw.render.compose import Ambient

FORMAT = 1
BONA_FIDE, ATTACK, NO_DECISION = "bona_fide", "attack", "no_decision"
KINDS = (BONA_FIDE, ATTACK, "empty", "target")
VERDICTS = (BONA_FIDE, ATTACK, NO_DECISION)


class SceneError(ValueError):
    """A scene that cannot be used; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class SceneObject:
    """One thing before the module.

    geometry: a built-in's name or the path of a mesh. parameters: by geometry. materials: region -> material, with
    "" for the body. shell_mm: a skin at this distance outside the geometry (0: the geometry itself). holes: cut out.
    cover: patch -> factor on its size; such a skin lies there only (none: everywhere).
    position_mm: from the first object's frame (up, side, away).
    """

    geometry: str | Path
    materials: dict[str, Material]
    parameters: dict[str, float] = field(default_factory=dict)
    shell_mm: float = 0.0
    cover: dict[str, float] = field(default_factory=dict)
    holes: tuple[str, ...] = ()
    position_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Pose:
    """Where the scene stands at time 0: distance of its nearest point, turns, shifts; and its motion."""

    distance_mm: float = 450.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    up_mm: float = 0.0
    side_mm: float = 0.0
    velocity_mm_s: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Expect:
    """What the module must say, for demo and tests. reasons: at least one of them must be given (none: any).

    or_attack: what stands there is an attack that may leave too little to be judged: the verdict attack, whatever its
    reason, is right as well. Never the other way round.
    """

    verdict: str
    reasons: tuple[str, ...] = ()
    or_attack: bool = False

    def met_by(self, verdict: str, reasons: Iterable[str]) -> bool:
        """Whether a module that says so says what it must."""
        if self.or_attack and verdict == ATTACK:
            return True
        return verdict == self.verdict and (not self.reasons or not set(self.reasons).isdisjoint(reasons))


@dataclass(frozen=True)
class Scene:
    """What stands before the module."""

    name: str
    kind: str
    objects: tuple[SceneObject, ...]
    pose: Pose = Pose()
    ambient: Ambient = field(default_factory=Ambient)
    temperature_c: float = 25.0
    species: str = ""
    note: str = ""
    expect: Expect | None = None
    background_mm: float = 0.0  # of a wall, from the lens; 0 for none
    background_material: Material | None = None
    lamp: AnsweringLamp | None = None
    path: Path | None = None

    @property
    def is_moving(self) -> bool:
        """Whether it looks different at another `time_s`."""
        return bool(self.objects) and any(speed != 0.0 for speed in self.pose.velocity_mm_s)
