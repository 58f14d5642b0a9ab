"""Evaluation plans: what to present, how to judge it, and what must come out (docs/evaluation.md)."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis.core import decision, profiles, vocabulary
from dermis_hw import toml
from dermis_hw.species import FIRST_ROW_UNSEEN

from dermis_host.errors import UsageError
from dermis_host.evaluation import claims, figures, goals, required

FORMAT = 1
SIMULATION, RECORDINGS, RIG = "simulation", "recordings", "rig"
SOURCES = (SIMULATION, RECORDINGS, RIG)
KEYS = (
    "format", "name", "source", "profile", "model", "seed", "operating_point", "burst_ms", "keep", "concealer",
    "held_out", "without_swir", "goals", "claims", "report", *SOURCES,
)  # fmt: skip
MODEL_SEED = "model"  # the seed that nobody can choose: the SHA-256 of the model under test
MODULE = "module"  # the operating point at which the module runs: its model's own threshold for the profile
NONE, FAILURES, ALL = KEEP = ("none", "failures", "all")
GOALS = (
    "bpcer", "bpcer_tone", "bpcer_condition", "tone_spread", "bona_fide_accepted", "apcer", "apcer_at_bpcer",
    "apcer_gates",
)  # fmt: skip
TABLE = "table"  # goals of the table of species, `dermis_hw.species`
SEED_BITS = 63  # fits what numpy and TOML take as a whole number
# From one burst to the next: the estimate of docs/timing.md, and `dermis_models.bursts.BURST_US`.
BURST_MS = 900.0
LONGEST_BURST_MS = 60_000.0
NAME = re.compile(r"[\w][\w .,()+-]{0,79}")  # what may stand in a file's name, a table and a spreadsheet's cell


@dataclass(frozen=True)
class Plan:
    """path: of the file, from whose folder other paths count. source: one of `SOURCES`, with its own table in
    `source_table`. threshold: the module's, whole, 0 to 10000. rule: of the operating point. concealer: species whose
    attacks hide who somebody is, beside those of the table of species. held_out: the species that the model was trained
    without, "" for none. without_swir: the readings of the SWIR head are taken away, as if it were out of order.
    goals, apcer_goals: the highest rate of each.
    """

    path: Path
    name: str
    source: str
    source_table: dict[str, Any]
    profile: profiles.Profile
    model: Path
    model_sha256: str
    seed: int
    threshold: int
    rule: figures.Rule
    burst_ms: float = BURST_MS
    keep: str = FAILURES
    concealer: tuple[str, ...] = ()
    held_out: str = ""
    without_swir: bool = False
    goals: dict[str, float] = field(default_factory=dict)
    apcer_goals: dict[str, float] | None = field(default_factory=dict)  # None: those of the table of species
    apcer_gates: goals.Gates | None = None
    apcer_at_bpcer: float | None = None  # of `figures.FIXED_RATES`; None: at the operating point
    claimed: tuple[claims.Claim, ...] = ()
    details: dict[str, str] = field(default_factory=dict)

    def keeps(self, verdict: str, species: str) -> bool:
        """Whether the bursts of a presentation with that verdict are kept. species: "" of a bona fide one."""
        failed = (verdict == vocabulary.BONA_FIDE) == bool(species)
        return {NONE: False, FAILURES: failed, ALL: True}[self.keep]

    def digest(self) -> str:
        """16 hex digits of what decides the presentations and their scores; goals and words may change."""
        what = [self.source, self.source_table, self.profile.name, self.model_sha256, self.seed, self.threshold]
        what += [self.burst_ms, self.concealer, self.held_out, self.without_swir]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:16]


def load(path: Path, model: Path | None = None, seed: int | None = None) -> Plan:
    """The plan of a TOML file; `model` and `seed` overrule its own. Raises UsageError, one sentence."""
    try:
        values = toml.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no plan {path}: docs/evaluation.md says how to write one.") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path} cannot be read as text ({problem}).") from None
    except toml.TomlError as problem:
        raise UsageError(f"{path} is no TOML: {problem}.") from None
    return _Parser(values, path).plan(model, seed)


class _Parser:
    def __init__(self, values: dict[str, Any], path: Path):
        self._values = values
        self._path = path

    def _wrong(self, what: str) -> UsageError:
        return UsageError(f"{self._path.name}: {what}")

    def plan(self, model: Path | None, seed: int | None) -> Plan:
        values = self._values
        if values.get("format") != FORMAT:
            raise self._wrong(f"format is {values.get('format', 'missing')}; these tools read format = {FORMAT}.")
        for key in values:
            if key not in KEYS:
                near = difflib.get_close_matches(key, KEYS, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(KEYS)}."
                raise self._wrong(f"there is no key '{key}'; {hint}")
        source = self._one_of("source", SOURCES, SOURCES[0])
        profile = profiles.by_name(self._one_of("profile", [each.name for each in profiles.PROFILES], "border"))
        model = self._model(model)
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        threshold = threshold_of(model, profile)
        return Plan(
            path=self._path,
            name=self._text("name", self._path.stem),
            source=source,
            source_table=self._table(source),
            profile=profile,
            model=model,
            model_sha256=digest,
            seed=self._seed(digest) if seed is None else seed,
            threshold=threshold,
            rule=self._rule(threshold),
            burst_ms=self._burst_ms(source),
            keep=self._one_of("keep", KEEP, FAILURES),
            concealer=self._concealer(),
            held_out=self._text("held_out", ""),
            without_swir=self._one_of("without_swir", (True, False), False),
            goals=self._goals(),
            apcer_goals=self._apcer_goals(),
            apcer_gates=self._apcer_gates(),
            apcer_at_bpcer=self._apcer_at_bpcer(),
            claimed=tuple(self._claimed()),
            details=required.check(values.get("report", {}), self._path.name),
        )

    def _one_of(self, key: str, choices: Any, default: Any) -> Any:
        value = self._values.get(key, default)
        if value not in choices:
            raise self._wrong(f"{key} must be one of {', '.join(map(str, choices))}, not {value!r}.")
        return value

    def _table(self, key: str) -> dict[str, Any]:
        table = self._values.get(key, {})
        if not isinstance(table, dict):
            raise self._wrong(f"[{key}] must be a table.")
        return table

    def _text(self, key: str, default: str) -> str:
        value = self._values.get(key, default)
        if value != default and not (isinstance(value, str) and NAME.fullmatch(value)):
            raise self._wrong(f"{key} must be a text of letters, digits, spaces and .,()+-_ (at most 80), in quotes.")
        return value

    def _model(self, overruled: Path | None) -> Path:
        value = self._values.get("model", "")
        if not isinstance(value, str):
            raise self._wrong("model must be the path of a .tflite, in quotes.")
        model = overruled or (self._path.parent / value if value else _released())
        if not model.is_file():
            raise UsageError(f"There is no model {model}: name one with `model` in the plan, or with --model.")
        from dermis.tflite.reader import IDENTIFIER, IDENTIFIER_AT  # the whole interpreter is loaded with it

        try:
            with open(model, "rb") as file:
                mark = file.read(IDENTIFIER_AT + len(IDENTIFIER))[IDENTIFIER_AT:]
        except OSError as problem:
            raise UsageError(f"{model} cannot be read: {problem.strerror or problem}.") from None
        if mark != IDENTIFIER:
            raise UsageError(f"{model} is no TensorFlow Lite model: name a .tflite that a converter wrote.")
        return model

    def _seed(self, digest: str) -> int:
        value = self._values.get("seed", MODEL_SEED)
        if value == MODEL_SEED:
            return int(digest[:16], 16) & ((1 << SEED_BITS) - 1)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << SEED_BITS:
            raise self._wrong(
                f'seed must be "{MODEL_SEED}" or a whole number from 0 to 2^{SEED_BITS} - 1, not {value!r}.'
            )
        return value

    def _rule(self, threshold: int) -> figures.Rule:
        value = self._values.get("operating_point", MODULE)
        if value == MODULE:
            return figures.Rule(figures.THRESHOLD, float(threshold))
        if isinstance(value, dict) and len(value) == 1:
            ((kind, rate),) = value.items()
            if kind in (figures.BPCER, figures.APCER) and _number(rate) and 0 < rate <= 1:
                return figures.Rule(kind, float(rate))
            if kind == figures.THRESHOLD and _number(rate):
                return figures.Rule(kind, float(rate))
        raise self._wrong(f'operating_point must be "{MODULE}", {{ bpcer = 0.01 }}, {{ apcer = 0.05 }} or a threshold.')

    def _burst_ms(self, source: str) -> float:
        value = self._values.get("burst_ms", BURST_MS)
        if source == SIMULATION and value != BURST_MS:
            raise self._wrong(f"burst_ms of a simulation is {BURST_MS:g}, as its bursts are drawn: leave it out.")
        if not _number(value) or not 0 < value <= LONGEST_BURST_MS:
            raise self._wrong("burst_ms must be the milliseconds from one burst to the next.")
        return float(value)

    def _concealer(self) -> tuple[str, ...]:
        value = self._values.get("concealer", [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise self._wrong('concealer must be a list of species, as in ["make_up"].')
        return tuple(value)

    def _goals(self) -> dict[str, float]:
        table = self._table("goals")
        for key in table:
            if key not in GOALS:
                raise self._wrong(f"[goals] knows {', '.join(GOALS)}, not '{key}'.")
        return self._rates({key: value for key, value in table.items() if not key.startswith("apcer")}, "[goals]")

    def _apcer_goals(self) -> dict[str, float] | None:
        value = self._table("goals").get("apcer", {})
        return None if value == TABLE else self._rates(value, "[goals.apcer]")

    def _apcer_at_bpcer(self) -> float | None:
        value = self._table("goals").get("apcer_at_bpcer")
        if value is not None and value not in figures.FIXED_RATES:
            raise self._wrong(f"[goals] apcer_at_bpcer must be one of {', '.join(map(str, figures.FIXED_RATES))}.")
        return value

    def _apcer_gates(self) -> goals.Gates | None:
        value = self._table("goals").get("apcer_gates")
        if value == TABLE:
            return goals.Gates(FIRST_ROW_UNSEEN, first_row=True)
        if value is not None and not (_number(value) and 0 <= value <= 1):
            raise self._wrong(f'[goals] apcer_gates must be "{TABLE}" or a rate from 0 to 1.')
        return None if value is None else goals.Gates(float(value))

    def _rates(self, table: Any, where: str) -> dict[str, float]:
        if not isinstance(table, dict) or not all(_number(value) and 0 <= value <= 1 for value in table.values()):
            raise self._wrong(f"{where} must give each name a rate from 0 to 1.")
        return {key: float(value) for key, value in table.items()}

    def _claimed(self) -> list[claims.Claim]:
        value = self._values.get("claims", [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self._wrong('claims must be a list of texts, as in ["bpcer=.02", "apcer:photo=1%"].')
        return claims.parse(value, f"{self._path.name}: claims")


def threshold_of(model: Path, profile: profiles.Profile) -> int:
    """The model's own for the profile, as its description says; like the module's own code. Raises UsageError."""
    card = model.with_suffix(".json")
    stated: Any = {}
    if card.is_file():
        try:
            stated = json.loads(card.read_text(encoding="utf-8")).get("threshold", {})
        except (ValueError, AttributeError, UnicodeDecodeError):
            raise UsageError(f"{card} is no description of a model: export the model again.") from None
    value = stated.get(profile.name) if isinstance(stated, dict) else None
    if value is None:
        return min(decision.DEFAULT_THRESHOLD + profile.threshold_offset, decision.SCORE_HIGHEST)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= decision.SCORE_HIGHEST:
        raise UsageError(f"{card} names no threshold of 1 to {decision.SCORE_HIGHEST} for {profile.name}.")
    return value


def _released() -> Path:
    from dermis_host.released import released_model  # knows where the models lie

    return released_model()


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
