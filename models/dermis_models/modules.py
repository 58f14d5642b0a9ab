"""Modules off a simulated line, each calibrated as a technician would, on a bench with errors of its own.

The bursts are composed, not taken: targets are planes, and a module costs seconds. The procedure and its maths are
the calibration tool's own (`dermis_host.calibration`).
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from dermis.core import burst, calibration, vocabulary
from dermis.core.errors import BadInput, NotCalibrated
from dermis_host.calibration import procedure, targets
from dermis_host.calibration.keys import DEVELOPMENT_KEY
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.steps import Step, StepData
from dermis_host.calibration.targets import Target
from dermis_host.recording import Recording
from dermis_host.twin_access import scene_file
from dermis_hw import module_instance, scenes
from dermis_hw.boards import board_file
from dermis_hw.lightfield import LightField
from dermis_hw.materials import Material, resolve
from dermis_hw.materials.grid import GRID_NM
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1, NIR_BANDS, SWIR_BANDS
from dermis_hw.render import Ambient, Geometry
from dermis_hw.render.plane import plane
from dermis_hw.twin import sensor

TEMPERATURE_C = 25.0  # of a room that nobody says anything about
OPERATOR = "simulated"
CREATED = "2026-01-01T00:00:00"  # of every record: the same seed gives the same bytes, whenever it is asked
FRAME_US = 90_000  # from one frame of a burst to the next
BURST_US = FRAME_US * (len(vocabulary.FRAMES) + 1)
THERMOMETER_STEP_CC = 6.25  # 1/16 degree Celsius, as the twin's

# The bench's own errors, half widths: what targets and room may be off (docs/calibration.md).
COMMON_ERROR, BAND_ERROR = 0.005, 0.001  # of a target's reflectance: in all bands alike, and band by band
DISTANCE_ERROR_MM = 0.5
ROOM_C = (15.0, 35.0)
_ERROR_NM = sorted({band.peak_nm for band in (*NIR_BANDS.values(), *SWIR_BANDS.values())})


def take(
    light: LightField,
    module: ModuleInstance,
    rng: np.random.Generator,
    record: bytes = b"",
    *,
    frames: Sequence[str] = vocabulary.FRAMES,
    exposure_us: int = 0,
    number: int = 0,
) -> Recording:
    """The `number`-th burst of a light field by this module, without the timing of a real one: every frame wholly lit.

    frames: which of them. exposure_us: 0 for the board's.
    """
    board = board_file("twin")
    imager = sensor.ImagerSensor(DM1, module)
    exposure_us = exposure_us or board["exposure_us"]
    taken = {}
    for name in frames:
        burning = vocabulary.FRAME_LIGHT[name]
        lit = {} if burning == vocabulary.DARK else {burning: np.full(DM1.height, exposure_us, np.float32)}
        taken[name] = imager.expose(light, lit, exposure_us, board["gain_q8"] / 256, light.temperature_c, rng)
    pairs = board["swir_pairs"]
    swir = [
        [*sensor.swir_sums(DM1, module, light, band, pairs, light.temperature_c, rng), pairs]
        for band in vocabulary.SWIR_BANDS
    ]
    header = burst.Burst().header()
    header.update(
        frames=list(frames),
        order=[vocabulary.FRAME_LIGHT[name] for name in vocabulary.FRAMES],
        time_us={name: number * BURST_US + FRAME_US * place for place, name in enumerate(vocabulary.FRAMES)},
        exposure_us=exposure_us,
        gain_q8=board["gain_q8"],
        temperature_cc=round(round(light.temperature_c * 100 / THERMOMETER_STEP_CC) * THERMOMETER_STEP_CC),
        swir=swir,
    )
    return Recording(header, taken, record, board)


# --- the bench


@dataclass(frozen=True)
class TargetError:
    """common: of the reflectance, relative. bands: the same at `_ERROR_NM`, on top of it. distance_mm."""

    common: float = 0.0
    bands: tuple[float, ...] = (0.0,) * len(_ERROR_NM)
    distance_mm: float = 0.0

    def on(self, material: Material) -> Material:
        """What stands there where the certificate names `material`."""
        factor = (1 + self.common) * (1 + np.interp(GRID_NM, _ERROR_NM, self.bands))
        return replace(material, values=np.clip(material.values * factor, 0.0, 1.0))


EXACT = TargetError()


@dataclass(frozen=True)
class Setup:
    """A bench as it stands: what is wrong with it.

    temperature_c: of the room. errors: target -> what its certificate does not know. instead: target -> scene of what
    is shown in its place. ambient: light in the room.
    """

    temperature_c: float = TEMPERATURE_C
    errors: dict[str, TargetError] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)
    ambient: Ambient = field(default_factory=Ambient)


def draw_setup(seed: int) -> Setup:
    """A bench with errors drawn evenly from what it may be off."""
    rng = np.random.default_rng([seed, 0xBE])

    def error() -> TargetError:
        return TargetError(
            float(rng.uniform(-COMMON_ERROR, COMMON_ERROR)),
            tuple(float(value) for value in rng.uniform(-BAND_ERROR, BAND_ERROR, len(_ERROR_NM))),
            float(rng.uniform(-DISTANCE_ERROR_MM, DISTANCE_ERROR_MM)),
        )

    return Setup(float(rng.uniform(*ROOM_C)), {name: error() for name in targets.TARGETS if name != targets.CAP})


WRONG_DISTANCE_MM = 20.0  # a fixture's peg in the wrong hole
ROOM_LIGHT = Ambient("incandescent", 0.4)  # a desk lamp left on


def _moved(setup: Setup, name: str, by_mm: float) -> Setup:
    error = setup.errors.get(name, EXACT)
    return replace(setup, errors={**setup.errors, name: replace(error, distance_mm=error.distance_mm + by_mm)})


MISHAPS = {
    "wrong_target": lambda setup: replace(setup, instead={targets.WHITE: "target_grey_75"}),
    "wrong_target:white": lambda setup: replace(setup, instead={targets.WHITE: "target_grey_75"}),
    "wrong_target:spectral": lambda setup: replace(setup, instead={targets.SPECTRAL: "target_white"}),
    "wrong_target:planes": lambda setup: replace(
        setup, instead={targets.NEAR: "target_far", targets.FAR: "target_near"}
    ),
    "wrong_distance": lambda setup: _moved(setup, targets.WHITE, WRONG_DISTANCE_MM),
    "wrong_distance:white": lambda setup: _moved(setup, targets.WHITE, WRONG_DISTANCE_MM),
    "wrong_distance:near": lambda setup: _moved(setup, targets.NEAR, WRONG_DISTANCE_MM),
    "wrong_distance:far": lambda setup: _moved(setup, targets.FAR, -WRONG_DISTANCE_MM),
    "room_light": lambda setup: replace(setup, ambient=ROOM_LIGHT),
}


def mishap(setup: Setup, name: str) -> Setup:
    """The bench with that gone wrong, a key of `MISHAPS`. Raises ValueError for another."""
    if name not in MISHAPS:
        raise ValueError(f"there is no mishap '{name}'; there are: {', '.join(MISHAPS)}")
    return MISHAPS[name](setup)


class SimulatedBench:
    """`dermis_host.calibration.bench.Bench` for one drawn module, without a twin.

    seed: of the noise. Raises ValueError, when shown one, for a scene that is neither empty nor one plane.
    """

    def __init__(self, module: ModuleInstance, setup: Setup | None = None, *, seed: int = 0) -> None:
        self.module, self.setup = module, setup or Setup()
        self.serial = module.serial
        self.sensors = {"imager": module.imager_id, "swir": module.swir_id}
        self.board: dict[str, Any] = board_file("twin")
        self.temperature_c = self.setup.temperature_c
        self._rng = np.random.default_rng([seed, 0xCA])
        self._turn = scenes.rotation(module.yaw_deg, module.pitch_deg, 0.0)
        self._geometries: dict[float, Geometry] = {}
        self._shown: tuple[float, Material] | None = None
        self._light: LightField | None = None
        self._bursts = 0

    def show(self, target: Target) -> None:
        """Puts the target there, or what this bench takes for it."""
        self.show_scene(self.setup.instead.get(target.name, target.scene), self.setup.errors.get(target.name, EXACT))

    def show_scene(self, name: str, error: TargetError = EXACT) -> None:
        """Puts what stands in a scene (a built-in's name, or a path) before the module."""
        scene = scenes.load(scene_file(name))
        if any(thing.geometry != "plane" for thing in scene.objects[:1]) or scene.objects[1:]:
            raise ValueError(f"{name} is no plane: the simulated bench shows planes only")
        material = scene.objects[0].materials[""] if scene.objects else None
        self.stand(scene.pose.distance_mm, material, error)

    def stand(self, distance_mm: float, material: Material | str | None, error: TargetError = EXACT) -> None:
        """Puts a plane of that material there, square to the fixture; None: the cap."""
        material = resolve(material) if isinstance(material, str) else material
        self._shown = None if material is None else (distance_mm + error.distance_mm, error.on(material))
        self._light = None

    def heat(self, temperature_c: float) -> None:
        """The module has that temperature at once."""
        self.temperature_c = temperature_c
        self._light = None

    def burst(self, frames: tuple[str, ...] = (), exposure_us: int = 0) -> Recording:
        """A burst with those frames, all when none is named."""
        self._bursts += 1
        wanted = [name for name in vocabulary.FRAMES if not frames or name in frames]
        return take(self.light, self.module, self._rng, frames=wanted, exposure_us=exposure_us, number=self._bursts)

    @property
    def light(self) -> LightField:
        """What stands before the module now; its `depth_mm` is the truth."""
        if self._light is None:
            self._light = self._compose()
        return self._light

    def _compose(self) -> LightField:
        if self._shown is None:
            return _capped(self.temperature_c)
        distance_mm, material = self._shown
        if distance_mm not in self._geometries:
            self._geometries[distance_mm] = plane(distance_mm, self._turn, ambient=self.setup.ambient)
        return self._geometries[distance_mm].compose(
            [{"body": material}], self.module, temperature_c=self.temperature_c
        )


def _capped(temperature_c: float) -> LightField:
    nothing = np.zeros((DM1.height, DM1.width), np.float32)
    return LightField(
        dict.fromkeys(NIR_BANDS, nothing), nothing, nothing, 0.0, dict.fromkeys(SWIR_BANDS, 0.0), temperature_c
    )


# --- a line of calibrated modules


class Silent:
    """A `procedure.Watcher` that nobody looks at."""

    def begin(self, step: Step, number: int, of: int) -> None:
        del step, number, of

    def reading(self, text: str) -> None:
        del text

    def measured(self, measurements: Sequence[Measurement]) -> None:
        del measurements

    def finished(self, step: Step, data: StepData) -> None:
        del step, data


def calibrate(seed: int, folder: Path) -> tuple[ModuleInstance, bytes]:
    """(module, calibration record) of that seed, made on a bench with drawn errors; the record is kept in `folder`.

    Raises CalibrationFailed when the drawn module does not pass the bench.
    """
    module = module_instance.draw(seed)
    # A record kept by another version of module, optics or format is none.
    made_of = f"{module.to_json()} {DM1} {calibration.MAGIC!r}"
    path = folder / f"{module.serial}-{hashlib.sha256(made_of.encode()).hexdigest()[:8]}.cal"
    if path.exists() and _sound(record := path.read_bytes()):
        return module, record
    bench = SimulatedBench(module, draw_setup(seed), seed=seed)
    # The same module has the same record, whoever calibrates it.
    pick = random.Random(seed).choice
    outcome = procedure.run(bench, targets.load(), Silent(), operator=OPERATOR, pick=pick)
    outcome.fields["created"] = CREATED
    record = outcome.record(DEVELOPMENT_KEY)
    folder.mkdir(parents=True, exist_ok=True)
    # Several processes calibrate the same module: whoever reads finds a whole record or none.
    temporary = path.with_suffix(f".{os.getpid()}.part")
    temporary.write_bytes(record)
    temporary.replace(path)
    return module, record


def _sound(record: bytes) -> bool:
    """Whether the device would take it: under a damaged one a presentation would count as one of no features."""
    try:
        calibration.decode(record, {calibration.key_id(DEVELOPMENT_KEY): DEVELOPMENT_KEY})
    except (BadInput, NotCalibrated):
        return False
    return True
