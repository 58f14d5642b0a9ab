"""What a report of a PAD test must hold beside its figures: fields that only who ran the test can fill in.

After the reporting clauses of ISO/IEC 30107-3, in our own words; a field that nobody filled in says so.
"""

from __future__ import annotations

import difflib
from typing import Any

from dermis_host.errors import UsageError
from dermis_host.evaluation.score_files import MAXIMUM

NOT_STATED = "not stated"
LONGEST = 2000  # characters of a field

# key in [report] -> what it says
FIELDS = {
    "laboratory": "who ran the test, and where",
    "dates": "first and last day of the test",
    "target": "target of evaluation: product, versions of hardware, firmware and model",
    "evaluation_type": "PAD subsystem, data capture subsystem, or full system",
    "target_knowledge": "what the testers knew of the target, and what its maker gave them",
    "configuration": "settings, profile and thresholds that the target ran with",
    "target_output": "what the target puts out: decision, score, reasons",
    "classification": "what counts as accepted, as refused, and as no response",
    "bona_fide_subjects": "number of bona fide test subjects, how they were chosen, ages and skin tones",
    "bona_fide_conditions": "what the bona fide subjects did and wore, the light and the place",
    "pai_species": "the PAI species, and why these",
    "attack_potential": "attack potential of each species: time, expertise, knowledge, access, equipment",
    "pai_making": "how the instruments were made, of what materials, by whom",
    "pai_series": "number of instruments and of series of each species",
    "pai_sources": "number of people whose traits the instruments show, and how these were taken",
    "presentation": "how instruments were presented, by whom, and how practised they were",
    "attempts": "attempts and time allowed a presentation, and what ended it",
    "excluded": "presentations left out of the figures, and why",
    "environment": "light, temperature, background, distance",
    "impostor_and_concealer": "which attacks were impostors' and which concealers'",
    "deviations": "what departed from the plan or from the standard",
}


def check(values: Any, where: str) -> dict[str, str]:
    """The fields of a plan's [report] as texts. Raises UsageError for a field that is unknown or no text."""
    if not isinstance(values, dict):
        raise UsageError(f"{where}: [report] must be a table of texts.")
    for key, value in values.items():
        if key not in FIELDS:
            near = difflib.get_close_matches(key, FIELDS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(FIELDS)}."
            raise UsageError(f"{where}: [report] has an unknown field '{key}'; {hint}")
        if not isinstance(value, str) or len(value) > LONGEST:
            raise UsageError(f"{where}: [report] {key} must be a text of at most {LONGEST} characters, in quotes.")
    return {key: value.strip() for key, value in values.items()}


def filled(details: dict[str, str], result: dict[str, Any]) -> dict[str, str]:
    """All fields: as stated, else what the scores themselves say, else "not stated"."""
    counts, hidden = result["presentations"], result["concealer"]["apnrr"]
    known = {
        "pai_species": ", ".join(name for name in {**result["apnrr"], **hidden} if name != MAXIMUM),
        "bona_fide_subjects": f"{counts['bona_fide_subjects']} (by the scores' own column)",
        "classification": "accepted when the score is at or above the threshold",
    }
    return {key: details.get(key) or known.get(key) or NOT_STATED for key in FIELDS}
