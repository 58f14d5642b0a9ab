"""What the physics gates cost people: bona fide bursts of each condition that a gate refuses (simulated).

`python -m tests.bench gates [--geometries 6] [--seed 1] [--species silicone_glued_06_1,...] [--generator wide]`: four
presentations a geometry of the training split, one burst each, no model. Of attacks the table says what the gates leave
to the model.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from dermis.core import gates
from dermis_host.replaying import replay
from dermis_hw import species as table
from dermis_models import generator, simulation
from dermis_models.plan import Plan

EACH = 4
MODULES = 8


def refused_by(result: dict[str, Any]) -> str:
    """Names of the gates that refuse a burst, or the reasons of what comes before them; "" for a burst that passes."""
    if "error" in result:
        return "error"
    if not result["findings"]:
        return ""
    _, names, margins = gates.judge(result["evidence"])
    beyond = [name for name, margin in zip(names, margins, strict=True) if margin < 0]
    return "+".join(beyond or [reason for _, reason in result["findings"]])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench gates")
    parser.add_argument("--geometries", type=int, default=6, help="of each condition, four presentations each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--species", default="", help="PAI species or conditions in place of all bona fide conditions")
    parser.add_argument("--generator", choices=sorted(generator.FOR_TRAINING), default=generator.DESIGN)
    options = parser.parse_args(arguments)
    names = options.species.split(",") if options.species else [f"bona_fide_{name}" for name in table.conditions()]
    counts: dict[str, int] = dict.fromkeys(names, EACH * int(options.geometries))
    wanted = Plan("bench", "training", options.seed, counts, modules=MODULES)
    job = simulation.Job(wanted, generator.FOR_TRAINING[options.generator], simulation.RECORDINGS)
    total, refused = Counter[str](), Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder:
        for group in simulation.groups(wanted):
            taken = [burst for burst, _ in simulation.presented(job, group, Path(folder))]
            for result in replay(taken, None, features_only=True):
                total[group.species] += 1
                refused[group.species, refused_by(result)] += 1
    print(f"seed {options.seed}; bursts that a gate refuses, and which gates")
    for name in names:
        count = total[name] - refused[name, ""]
        why = ", ".join(f"{why} {n}" for (of, why), n in refused.most_common() if of == name and why)
        print(f"{name:28} {count:4} of {total[name]:4} ({count / total[name]:.3f})  {why}")
    passed = sum(refused[name, ""] for name in names)
    everyone = sum(total.values())
    print(f"{'together':28} {everyone - passed:4} of {everyone:4} ({1 - passed / everyone:.3f})")
    return 0
