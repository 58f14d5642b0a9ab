"""Generation plans: what to simulate, as TOML (docs/simulate.md), checked before anything is drawn."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dermis_host.errors import UsageError
from dermis_hw import toml
from dermis_hw.render.lights import LAMP_SUN_EQUIVALENT
from dermis_hw.scenes.load import MOST_KLUX, TEMPERATURE_C

from dermis_models import drawing, splits
from dermis_models.generator import DESIGN, FOR_TRAINING

FORMAT = 1
KEYS = (
    "format",
    "name",
    "split",
    "seed",
    "generator",
    "species",
    "subjects",
    "tones",
    "pose",
    "light",
    "temperature",
    "modules",
)
MOST_OF_A_SPECIES = 10_000_000
MOST_EACH = 64  # presentations of one subject: more would share one pose and one lamp
MOST_BURSTS = 16
MOST_SEED = (1 << 63) - 1
RELEASED = "released"  # the seed that nobody can choose: the SHA-256 of the model that ships
TONES = drawing.DRAWN_TONES  # R700; `materials.skin` knows nothing beyond
# key -> (lowest, highest) that a plan may ask for
POSE = {
    "distance_mm": (200.0, 900.0),
    "yaw_deg": (-60.0, 60.0),
    "pitch_deg": (-45.0, 45.0),
    "roll_deg": (-45.0, 45.0),
    "speed_mm_s": (0.0, 500.0),
}

Range = tuple[float, float]


class PlanError(UsageError):
    """A plan that cannot be used; one sentence that names the place and says what to do."""


@dataclass(frozen=True)
class Plan:
    """What to simulate.

    split: "training", "development" or "test". generator: a key of `generator.FOR_TRAINING`; the test split has its
    own. species: name -> presentations. each: presentations of one subject (on
    one traced geometry). bursts: of one presentation, in a row. tones: R700, or None for the species' own. pose: key
    of `POSE` -> range. light: lamp -> (share, lowest klux, highest klux), empty for the species' own. temperature_c:
    or None. modules: how many different ones; they are drawn from seeds of the split.
    """

    name: str
    split: str
    seed: int
    species: dict[str, int]
    each: int = 4
    bursts: int = 1
    tones: Range | None = None
    pose: dict[str, Range] = field(default_factory=dict)
    light: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    temperature_c: Range | None = None
    modules: int = 400
    generator: str = DESIGN

    def __hash__(self) -> int:
        """Its tables have none of their own."""
        return hash(self.digest())

    def digest(self) -> str:
        """16 hex digits of all of the plan but its generator: who drew by it says by which one."""
        values = asdict(self)
        del values["generator"]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def presentations(self) -> int:
        """How many in all."""
        return sum(self.species.values())


def load(path: str | Path) -> Plan:
    """The plan of a TOML file. Raises PlanError, one sentence that names the file."""
    path = Path(path)
    try:
        values = toml.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlanError(f"There is no plan {path}: docs/simulate.md says how to write one.") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise PlanError(f"{path} cannot be read as text ({problem}).") from None
    except toml.TomlError as problem:
        raise PlanError(f"{path} is no TOML: {problem}.") from None
    return parse(values, path.name)


def parse(values: dict[str, Any], where: str) -> Plan:
    """The plan of what a TOML file would hold; `where` names it in refusals. Raises PlanError."""
    if values.get("format") != FORMAT:
        raise PlanError(f"{where}: format is {values.get('format', 'missing')}; these tools read format = {FORMAT}.")
    _known(values, KEYS, where)
    split = _one_of(values.get("split"), splits.SPLITS, f"{where}: split")
    generator = _one_of(values.get("generator", DESIGN), tuple(FOR_TRAINING), f"{where}: generator")
    if split == splits.TEST and "generator" in values:
        raise PlanError(f"{where}: the test split has a generator of its own: leave generator out.")
    subjects = _table(values, "subjects", ("each", "bursts"), where)
    modules = _table(values, "modules", ("count",), where)
    tones = _table(values, "tones", ("r700",), where)
    temperature = _table(values, "temperature", ("celsius",), where)
    pose = _table(values, "pose", tuple(POSE), where)
    name = values.get("name", Path(where).stem)
    if not isinstance(name, str) or not name:
        raise PlanError(f"{where}: name must be text, in quotes.")
    return Plan(
        name=name,
        split=split,
        seed=_seed(values.get("seed"), where),
        species=_species(values, where),
        each=_whole(subjects.get("each", 4), f"{where}: [subjects] each", 1, MOST_EACH),
        bursts=_whole(subjects.get("bursts", 1), f"{where}: [subjects] bursts", 1, MOST_BURSTS),
        tones=_range(tones["r700"], f"{where}: [tones] r700", TONES) if "r700" in tones else None,
        pose={key: _range(pose[key], f"{where}: [pose] {key}", POSE[key]) for key in pose},
        light=_light(values, where),
        temperature_c=(
            _range(temperature["celsius"], f"{where}: [temperature] celsius", TEMPERATURE_C)
            if "celsius" in temperature
            else None
        ),
        modules=_whole(modules.get("count", 400), f"{where}: [modules] count", 1, splits.MODULES),
        generator=generator,
    )


def _near(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}."


def _known(values: dict[str, Any], keys: Any, where: str) -> None:
    for key in values:
        if key not in keys:
            raise PlanError(f"{where} has an unknown key '{key}'; {_near(key, keys)}")


def _table(values: dict[str, Any], name: str, keys: Any, where: str) -> dict[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, dict):
        raise PlanError(f"{where}: [{name}] must be a table.")
    _known(table, keys, f"[{name}] of {where}")
    return table


def _one_of(value: Any, choices: Any, what: str) -> str:
    if value not in choices:
        raise PlanError(f"{what} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def _whole(value: Any, what: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise PlanError(f"{what} must be a whole number from {low} to {high}, not {value!r}.")
    return value


def _range(value: Any, what: str, limits: Range) -> Range:
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(_number(item) for item in value):
        raise PlanError(f"{what} must be two numbers in brackets, the lower one first.")
    low, high = float(value[0]), float(value[1])
    if not limits[0] <= low <= high <= limits[1]:
        raise PlanError(
            f"{what} is {low:g} to {high:g}; give a range within {limits[0]:g} to {limits[1]:g}, the lower end first."
        )
    return low, high


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _seed(value: Any, where: str) -> int:
    if value != RELEASED:
        return _whole(value, f'{where}: seed (or "{RELEASED}")', 0, MOST_SEED)
    from dermis_host.released import released_model

    # As many bits as a seed may have: who trained the model could not choose them.
    return int.from_bytes(hashlib.sha256(released_model().read_bytes()).digest()[:8], "big") & MOST_SEED


def _species(values: dict[str, Any], where: str) -> dict[str, int]:
    known = drawing.species()
    table = values.get("species")
    if not isinstance(table, dict) or not table:
        raise PlanError(f"{where} needs a table [species] with a count for each, such as {known[0]} = 100.")
    for name in table:
        if name not in known:
            raise PlanError(f"{where}: there is no species '{name}'; {_near(name, known)}")
    counts = {name: _whole(count, f"{where}: [species] {name}", 0, MOST_OF_A_SPECIES) for name, count in table.items()}
    if not any(counts.values()):
        raise PlanError(f"{where}: every count of [species] is 0: ask for some presentations.")
    return {name: counts[name] for name in sorted(counts) if counts[name]}


def _light(values: dict[str, Any], where: str) -> dict[str, tuple[float, float, float]]:
    table = _table(values, "light", tuple(LAMP_SUN_EQUIVALENT), where)
    lamps = {}
    for lamp, entry in table.items():
        what = f"[light] {lamp} of {where}"
        if not isinstance(entry, dict):
            raise PlanError(f"{what} must be a table such as {{ share = 0.5, klux = [0, 1] }}.")
        _known(entry, ("share", "klux"), what)
        share = entry.get("share", -1)
        if not _number(share) or not 0 <= share <= 1:
            raise PlanError(f"{what}: share must be a number from 0 to 1.")
        low, high = _range(entry.get("klux", [0, 0]), f"{what}: klux", (0.0, MOST_KLUX))
        lamps[lamp] = (float(share), low, high)
    if lamps and sum(share for share, _, _ in lamps.values()) <= 0:
        raise PlanError(f"{where}: the shares of [light] add up to 0: give one lamp at least a share.")
    return lamps
