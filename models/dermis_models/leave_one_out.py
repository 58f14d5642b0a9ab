"""What the model makes of a species that it never saw: `python -m dermis_models.leave_one_out` (docs/training.md).

For each species a model is trained on all others, its threshold is chosen on development data without it, and the
species' development presentations are judged. One species after the other, resumable; needs the extra `[train]`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from dermis_models import dataset, folders, left_out, metrics, release, train
from dermis_models.dataset import BONA_FIDE, Data
from dermis_models.release import PROFILE


def without(data: Data, family: str) -> Data:
    """The rows of all species but those of the family: names that begin with it."""
    return dataset.select(data, np.array([not str(name).startswith(family) for name in data["species"]]))


def families(data: Data, asked: list[str]) -> list[str]:
    """What is left out, one after the other. Raises ValueError for one of which there is no row."""
    species = [str(name) for name in np.unique(data["species"]) if name != BONA_FIDE]
    for family in asked:
        if not any(name.startswith(family) for name in species):
            raise ValueError(
                f"no species of the development data begins with '{family}'; there are {', '.join(species)}."
            )
    return asked or species


def judged(training: Data, development: Data, family: str, epochs: int, seed: int, checkpoints: Path) -> dict:
    """One family left out: epochs, how many presentations, and APCER at the profile's threshold, of the model alone and
    of gates and model. Where the gates refuse all of them nothing is trained: no model lets them in."""
    unseen = dataset.select(development, np.array([str(name).startswith(family) for name in development["species"]]))
    passed = unseen["findings"] == ""
    if not passed.any():
        return {"epochs": epochs, "presentations": len(passed), "apcer_model": None, "apcer": 0.0}
    from dermis_models import fitting

    seen = without(development, family)
    model = fitting.fit(without(training, family), fitting.Schedule(epochs, seed), checkpoints)
    plain = fitting.scores(model, seen)
    scaling = release.scaling(seen, plain)
    found = release.scaled(plain, scaling)
    threshold = release.thresholds(seen, found)[PROFILE]
    scores = release.scaled(fitting.scores(model, unseen), scaling)
    bona_fide = seen["label"] == 1
    return {
        "epochs": epochs,
        "presentations": len(scores),
        "threshold": round(threshold, 4),
        "apcer_model": metrics.apcer(scores, threshold),
        "apcer": float(np.mean((scores >= threshold) & passed)),
        "bpcer_model": metrics.bpcer(found[bona_fide], threshold),
    }


def run(options: argparse.Namespace) -> None:
    """Judges what is missing in the output, one family after the other, and prints all. Raises what `train.told`
    tells."""
    training = train.load(options.training, "training")
    development = train.load(options.development, "development")
    wanted = families(development, options.species)
    origin = {**left_out.origin(training, development), "epochs": options.epochs, "seed": options.seed}
    folders.made(options.output.parent)
    found = left_out.read(options.output, origin)
    for family in wanted:
        if family not in found:
            checkpoints = options.output.parent / "left_out" / family
            found[family] = judged(training, development, family, options.epochs, options.seed, checkpoints)
            left_out.write(options.output, origin, found)
        entry = found[family]
        alone = "no model was asked" if entry["apcer_model"] is None else f"{entry['apcer_model']:.3f}"
        print(f"{family:32s} {entry['presentations']:5d}  APCER {entry['apcer']:.3f}, of the model alone: {alone}")


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description="Trains without one species after the other, and judges it.")
    train.add_data(parser)
    parser.add_argument(
        "species", nargs="*", help="species, or the beginning of several names (default: each by itself)"
    )
    parser.add_argument("--epochs", type=int, default=left_out.EPOCHS)
    parser.add_argument("-o", "--output", type=Path, default=left_out.PLACE)
    options = parser.parse_args(arguments)
    return train.told("leave_one_out", lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
