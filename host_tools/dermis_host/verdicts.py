"""Verdicts for people, and the exit codes that stand for them."""

from __future__ import annotations

from collections.abc import Iterable

from dermis.core import vocabulary

from dermis_host import evidence
from dermis_host.answers import Verdict
from dermis_host.errors import EXIT_ATTACK, EXIT_NO_DECISION, EXIT_OK
from dermis_host.output import Output, table, verdict_text

EXIT_CODE = {
    vocabulary.BONA_FIDE: EXIT_OK,
    vocabulary.ATTACK: EXIT_ATTACK,
    vocabulary.NO_DECISION: EXIT_NO_DECISION,
}


def worst(verdicts: Iterable[str]) -> int:
    """The exit code for several verdicts: one attack is an attack, else one no-decision is none."""
    codes = {EXIT_CODE[verdict] for verdict in verdicts}
    return next((code for code in (EXIT_ATTACK, EXIT_NO_DECISION) if code in codes), EXIT_OK)


def show(verdict: Verdict, output: Output) -> None:
    """The verdict, its reasons and score, then the evidence and the time of each stage."""
    output.say(f"{verdict_text(verdict.verdict)}  {', '.join(verdict.reasons)}")
    output.say(f"score {verdict.score}, {verdict.bursts} burst(s), profile {verdict.profile}")
    rows = table("evidence", "value")
    for name, value in evidence.readable(verdict.evidence):
        rows.add_row(name, value)
    output.say(rows)
    stages = table("stage", "ms")
    for name, microseconds in verdict.stages_us.items():
        stages.add_row(name, f"{microseconds / 1000:.1f}")
    output.say(stages)
    output.say(f"firmware {verdict.firmware}, model {verdict.model_hash}, calibration {verdict.calibration or 'none'}")
