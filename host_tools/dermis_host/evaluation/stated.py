"""What a run itself can say of the fields that a test report must hold, for those that its plan leaves out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from dermis.core import decision, release

from dermis_host.errors import HostError
from dermis_host.evaluation.plan import Plan

PRODUCT = "Dermis"


def of_run(plan: Plan, description: dict[str, Any], begun: Path, ended: Path) -> dict[str, str]:
    """Some of `required.FIELDS`. description: the run's; begun, ended: files written when it began and with its last
    row. Raises HostError when one of them cannot be seen."""
    model = f"model {plan.model.name} (SHA-256 {plan.model_sha256})"
    swir = "its readings taken away" if plan.without_swir else "as it is"
    return {
        "dates": _dates(begun, ended),
        "target": f"{PRODUCT}, {_firmware(description)}, {model}",
        "configuration": f"profile {plan.profile.name}, threshold {plan.threshold} of {decision.SCORE_HIGHEST}, "
        f"SWIR head {swir}",
    }


def _firmware(description: dict[str, Any]) -> str:
    modules = [rig["module"] for rig in description.get("rigs", ())]
    if not modules:
        return f"firmware {release.VERSION} (its code, run on the bursts by these tools)"
    told = [f"{module['serial']} ({module['board']}, firmware {module['firmware']})" for module in modules]
    return f"{'module' if len(told) == 1 else 'modules'} {', '.join(told)}"


def _dates(begun: Path, ended: Path) -> str:
    """First and last day, by the clock of who ran it."""
    try:
        first, last = (datetime.date.fromtimestamp(path.stat().st_mtime) for path in (begun, ended))
    except OSError as problem:
        raise HostError(f"{problem.filename} cannot be read: {problem.strerror or problem}.") from None
    return f"{first}" if last <= first else f"{first} to {last}"
