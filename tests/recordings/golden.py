"""What the device's code makes of each committed recording, stage by stage, and the record of it (`golden.json`).

python -m tests.recordings.golden                       prints what differs from the record: which stage first, what
                                                        of it, and how far from the limits; exit status 1 then
python -m tests.recordings.golden --update "reason"     writes the record anew and keeps the reason
  --only-model                                          ... unless something differs that owes nothing to the model
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dermis.core import gates
from dermis_host.errors import HostError
from dermis_host.recording import load
from dermis_host.released import released_model

from tests.recordings import replayed
from tests.recordings.stages import STAGES, WITHOUT_MODEL

RECORD = Path(__file__).with_suffix(".json")
HOW = 'if this is meant, record it with its reason: python -m tests.recordings.golden --update "reason"'
RECORDING = "recording"  # the file itself, before any stage
DIGEST = "_sha256"
DIGITS = 12  # of a digest, enough to tell two apart

Stages = Mapping[str, Mapping[str, Any]]


def measure(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The record's content of what `replayed` gave. Raises HostError for a recording that could not be analysed."""
    path = released_model()
    described = json.loads(path.with_suffix(".json").read_text())
    model = {"name": described["name"], "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    recordings = {name: _stages(name, result) for name, result in results.items()}
    return {
        "model": model,
        "in_short": {name: _in_short(recordings[name]) for name in recordings},
        "recordings": recordings,
    }


def _in_short(stages: Stages) -> str:
    decision, score = stages["decision"], stages["model"]["score"]
    asked = "the model was not asked" if score is None else f"score {score} of {decision['threshold']}"
    return f"{decision['verdict']}{''.join(f', {reason}' for reason in decision['reasons'])}; {asked}"


def _stages(name: str, result: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in result:
        raise HostError(f"{name}: {result['error']}")
    path = replayed.PATHS[name]
    truth = load(path).truth or {}
    file = {"file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "kind": truth.get("kind")}
    return {RECORDING: file, **{stage: dict(sorted(result["stages"][stage].items())) for stage in STAGES}}


def recorded() -> dict[str, Any]:
    return json.loads(RECORD.read_text())


def first_difference(old: Stages, new: Stages) -> str | None:
    """The first stage of a recording that is not as recorded."""
    return next((stage for stage in (RECORDING, *STAGES) if old.get(stage) != new.get(stage)), None)


def differences(name: str, old: Stages | None, new: Stages | None) -> list[str]:
    """What differs in one recording, for people: which stage first, then every value, old -> new."""
    if old is None or new is None:
        return [f"{name}: {'not recorded yet' if old is None else 'recorded, and no such recording is there'}"]
    first = first_difference(old, new)
    if first is None:
        return []
    before, after = old["decision"].get("verdict"), new["decision"].get("verdict")
    verdict = f"{before}, as recorded" if before == after else f"{before} -> {after}"
    said = [f"{name}: {verdict}; differs first at stage: {first}"]
    for stage in (RECORDING, *STAGES):
        was, now = old.get(stage, {}), new.get(stage, {})
        for field in sorted({*was, *now}):
            if was.get(field) != now.get(field):
                change = _change(field, was.get(field), now.get(field))
                said.append(f"  {stage}: {field} {change}{_distance(stage, field, old, new)}")
    return said


def _change(field: str, was: Any, now: Any) -> str:
    if field.endswith(DIGEST):
        return " -> ".join("none" if digest is None else digest[:DIGITS] for digest in (was, now))
    if isinstance(was, dict) and isinstance(now, dict):
        changed = sorted(key for key in {*was, *now} if was.get(key) != now.get(key))
        return ", ".join(f"{key} {was.get(key)} -> {now.get(key)}" for key in changed)
    return f"{was} -> {now}"


def _distance(stage: str, field: str, old: Stages, new: Stages) -> str:
    """How far a value lies from what is decided by it, before and now."""
    if (stage, field) == ("model", "score"):
        far = [_above_threshold(each) for each in (old, new)]
        return f" (above its threshold by {far[0]} -> {far[1]})"
    margins = [each["gates"].get("margins", {}) for each in (old, new)]
    names = [gate.name for gate in gates.GATES if gate.field == field and any(gate.name in each for each in margins)]
    far = [f"gate {name}: {margins[0].get(name)} -> {margins[1].get(name)} within its limit" for name in names]
    return f" ({', '.join(far)})" if far else ""


def _above_threshold(stages: Stages) -> int | None:
    score = stages["model"]["score"]
    return None if score is None else score - stages["decision"]["threshold"]


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """All that differs between two records, and what does not."""
    said = []
    if old["model"] != new["model"]:
        names = [f"{each['model']['name']} ({each['model']['sha256'][:DIGITS]})" for each in (old, new)]
        said.append(f"model: {' -> '.join(names)}")
    before, after = old["recordings"], new["recordings"]
    for name in sorted({*before, *after}):
        said += differences(name, before.get(name), after.get(name))
    if said:
        other = not_of_model(old, new)
        same = len(after) - len([name for name in other if name in after])
        said.append(f"without the model ({', '.join(WITHOUT_MODEL)}): as recorded in {same} of {len(after)} recordings")
    return said


def not_of_model(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The recordings in which something differs that owes nothing to the model."""
    before, after = old["recordings"], new["recordings"]
    own = (RECORDING, *WITHOUT_MODEL)
    return [
        name
        for name in sorted({*before, *after})
        if [before.get(name, {}).get(stage) for stage in own] != [after.get(name, {}).get(stage) for stage in own]
    ]


def history(old: Mapping[str, Any], new: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The record's line on a change: why, which recordings differ first at which stage, and what became of verdicts."""
    entry: dict[str, Any] = {"reason": reason, "model": new["model"]["name"], "differs_first_at": {}, "verdicts": {}}
    before, after = old["recordings"], new["recordings"]
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        first = first_difference(was, now) if was and now else RECORDING
        if first:
            entry["differs_first_at"].setdefault(first, []).append(name)
        if was and now and was["decision"]["verdict"] != now["decision"]["verdict"]:
            entry["verdicts"][name] = f"{was['decision']['verdict']} -> {now['decision']['verdict']}"
    return entry


def text(record: Mapping[str, Any]) -> str:
    """A record as JSON that a person can review: one value a line, short lists on one."""
    spread = json.dumps(record, indent=1)
    return re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", spread) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recordings.golden", description="Recorded bursts' verdicts.")
    parser.add_argument("--update", metavar="REASON", help="write the record anew; the reason stays in it")
    parser.add_argument("--only-model", action="store_true", help="refuse when more than the model's part differs")
    options = parser.parse_args(arguments)
    if options.update is not None and not options.update.strip():
        parser.error("--update wants the reason in words")
    empty = {"history": [], "model": {"name": "none", "sha256": ""}, "recordings": {}}
    old = recorded() if RECORD.exists() else empty
    try:
        new = measure(replayed.replayed())
    except HostError as problem:
        print(problem, file=sys.stderr)
        return 1
    said = compare(old, new)
    print("\n".join(said) or "All recordings are as recorded.")
    if options.only_model and (others := not_of_model(old, new)):
        print(f"More than the model's part differs: {', '.join(others)}.", file=sys.stderr)
        return 1
    if options.update is None:
        return 1 if said else 0
    if not said:
        return 0  # a reason for nothing is no history
    record = {"history": [*old["history"], history(old, new, options.update)], **new}
    RECORD.write_text(text(record))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
