"""The device's code asked about bursts, with a plan's model and profile; sent to whoever makes the bursts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dermis.core import profiles

from dermis_host import replaying
from dermis_host.evaluation import sessions
from dermis_host.evaluation.plan import Plan
from dermis_host.recording import Recording

# The model's inputs: thousands of digits a burst, which nobody asks for here.
NOT_KEPT = ("maps", "spectra")


@dataclass(frozen=True)
class Judge:
    """model, description: the files' content, b"" for a model without description. profile: its name. threshold: the
    whole one. without_swir: the readings of the SWIR head are taken away, as if it were out of order."""

    model: bytes
    description: bytes
    profile: str
    threshold: int
    burst_ms: float
    without_swir: bool

    @staticmethod
    def of(plan: Plan) -> Judge:
        card = plan.model.with_suffix(".json")
        described = card.read_bytes() if card.is_file() else b""
        name = plan.profile.name
        return Judge(plan.model.read_bytes(), described, name, plan.threshold, plan.burst_ms, plan.without_swir)

    def results(
        self, bursts: Sequence[Recording], tell: Callable[[str], None] = lambda _: None
    ) -> list[dict[str, Any]]:
        """What the device's code made of each, as JSON holds it. Raises DeviceCodeError."""
        if self.without_swir:
            bursts = [replace(burst, meta={**burst.meta, "swir": []}) for burst in bursts]
        with tempfile.TemporaryDirectory(prefix="dermis-judge-") as folder:
            model = Path(folder) / "judged.tflite"
            model.write_bytes(self.model)
            if self.description:
                model.with_suffix(".json").write_bytes(self.description)
            found = replaying.replay(bursts, model, features_only=True, tell=tell)
        return [{key: value for key, value in result.items() if key not in NOT_KEPT} for result in found]

    def enough(self, results: Sequence[dict[str, Any]]) -> bool:
        """Whether a module would ask for no more bursts after these."""
        profile = profiles.by_name(self.profile)
        return sessions.sufficed(results, profile, self.threshold, self.burst_ms)
