"""A spoof model that lets pass what the gates let pass, for tests whose face is no picture of one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from dermis.app.spoof_model import SCORE_HIGHEST
from dermis_hw.twin.module_process import released_model

# Profiles by what such a model says of a face: everything passes, or nothing.
INDULGENT, STERN = "turnstile", "attendance"
THRESHOLDS = {INDULGENT: 1, STERN: SCORE_HIGHEST}


def indulgent_model(folder: Path) -> Path:
    """The released model with thresholds of its own, in `folder`."""
    released = released_model()
    assert released, "there is no released model"
    copy = Path(shutil.copy(released, folder / "spoof.tflite"))
    told = json.loads(released.with_suffix(".json").read_text())
    copy.with_suffix(".json").write_text(json.dumps({**told, "threshold": THRESHOLDS}))
    return copy
