"""What the tests of `dermis evaluate` judge: a plan with a model of its own, and what the device says of a burst."""

from dermis.core import vocabulary
from rig_of_fakes import MODEL_FILE

REASONS = [(vocabulary.ATTACK, reason) for reason in (vocabulary.FLAT, vocabulary.NOT_SKIN_SWIR)]
REASONS += [(vocabulary.NO_DECISION, reason) for reason in (vocabulary.MOVING, vocabulary.OCCLUDED)]


def burst(score=9500, *findings):
    """What the device's code says of one burst; the verdict is for the sheets of what failed."""
    seen = {"findings": list(findings), "usable": True, "score": score, "evidence": {"swir": True}}
    return {**seen, "verdict": "attack", "reasons": [], "stages_us": {}}


def toml(tmp_path, text="", name="plan.toml"):
    (tmp_path / "model.tflite").write_bytes(MODEL_FILE)
    (tmp_path / "model.json").write_text('{"threshold": {"border": 8603}}')
    path = tmp_path / name
    path.write_text('format = 1\nmodel = "model.tflite"\n' + text)
    return path
