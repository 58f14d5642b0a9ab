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

# Each reason as a clause, for people.
REASONS = {
    vocabulary.FLAT: "it is as flat as a photo or a screen",
    vocabulary.CYLINDRICAL: "it is bent as a sheet is, and not a face",
    vocabulary.NOT_SKIN_SWIR: "its reflectance beyond 1200 nm is not that of skin, which holds water",
    vocabulary.NOT_SKIN_NIR: "its reflectance at 970 nm is not that of skin, which holds water",
    vocabulary.SCREEN: "it reflects as little near infrared as a screen",
    vocabulary.SHAPE: "its relief is not that of a head",
    vocabulary.INCONSISTENT: "the imager and the SWIR head do not see the same surface",
    vocabulary.MODEL: "the spoof model scores it as an attack",
    vocabulary.NO_FACE: "nothing in view has the shape of a face",
    vocabulary.TOO_NEAR: "the face is too near",
    vocabulary.TOO_FAR: "the face is too far away",
    vocabulary.MOVING: "the face moved during the bursts",
    vocabulary.TOO_BRIGHT: "ambient light drowns the module's own",
    vocabulary.OCCLUDED: "too much of the face, or of the SWIR spot on it, is hidden",
    vocabulary.SENSOR_FAULT: "a part of the module does not work: see `dermis selftest`",
    vocabulary.NOT_CALIBRATED: "the module has no calibration: see `dermis calibrate`",
}


def explained(reason: str) -> str:
    """The clause of a reason; also for one that only a newer firmware has."""
    return REASONS.get(reason, "a reason that these tools do not know yet")


def worst(verdicts: Iterable[str]) -> int:
    """The exit code for several verdicts: one attack is an attack, else one no-decision is none."""
    codes = {EXIT_CODE[verdict] for verdict in verdicts}
    return next((code for code in (EXIT_ATTACK, EXIT_NO_DECISION) if code in codes), EXIT_OK)


def show(verdict: Verdict, output: Output) -> None:
    """The verdict, its reasons and score, then the evidence and the time of each stage."""
    output.say(verdict_text(verdict.verdict))
    for reason in verdict.reasons:
        output.say(f"  {reason}: {explained(reason)}")
    output.say(f"score {verdict.score}, {verdict.bursts} burst(s), profile {verdict.profile}")
    rows = table("evidence", "value")
    for name, value in evidence.readable(verdict.evidence):
        rows.add_row(name, value)
    output.say(rows)
    stages = table("stage", "ms")
    for name, microseconds in verdict.stages_us.items():
        stages.add_row(name, f"{microseconds / 1000:.1f}")
    if verdict.stages_us:
        output.say(stages)
    output.say(f"firmware {verdict.firmware}, model {verdict.model_hash}, calibration {verdict.calibration or 'none'}")
