"""The device's code asked about bursts, with a plan's model and profile; sent to whoever makes the bursts."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import dermis
from dermis.core import profiles

from dermis_host import replaying
from dermis_host.errors import HostError
from dermis_host.evaluation import sessions
from dermis_host.evaluation.plan import Plan
from dermis_host.recording import Recording

# The model's inputs: thousands of digits a burst, which nobody asks for here.
NOT_KEPT = ("maps", "spectra")


@cache
def digest() -> str:
    """16 hex digits of the code that makes verdict and score of bursts: the device's own, and what asks it here."""
    device = Path(dermis.__file__).parent
    found = hashlib.sha256()
    for path in (*sorted(device.rglob("*.py")), *(Path(str(each.__file__)) for each in (replaying, sessions))):
        found.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return hashlib.sha256(found.digest() + Path(__file__).read_bytes()).hexdigest()[:16]


@dataclass(frozen=True)
class Judge:
    """model, description: the files' content, b"" for a model without description. profile: its name. threshold: the
    whole one. without_swir: the readings of the SWIR head are taken away, as if it were out of order. code: `digest` of
    who asks."""

    model: bytes
    description: bytes
    profile: str
    threshold: int
    burst_ms: float
    without_swir: bool
    code: str = field(default_factory=digest)

    @staticmethod
    def of(plan: Plan) -> Judge:
        card = plan.model.with_suffix(".json")
        described = card.read_bytes() if card.is_file() else b""
        name = plan.profile.name
        return Judge(plan.model.read_bytes(), described, name, plan.threshold, plan.burst_ms, plan.without_swir)

    def results(
        self, bursts: Sequence[Recording], tell: Callable[[str], None] = lambda _: None
    ) -> list[dict[str, Any]]:
        """What the device's code made of each of these bursts, as JSON holds it, without the model's inputs.

        tell: is told what the device's code prints beside it. Raises DeviceCodeError; HostError on a worker of
        another state than who asks.
        """
        if self.code != digest():
            raise HostError(
                "A worker judges by other code than this computer: install the same state of Dermis on both."
            )
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
        """Whether a module would ask for no more bursts after these. results: of one presentation, as `results` gives
        them, in the order in which the bursts were taken."""
        profile = profiles.by_name(self.profile)
        return sessions.sufficed(results, profile, self.threshold, self.burst_ms)
