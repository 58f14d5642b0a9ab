"""Trains the spoof model on feature shards and releases it: `python -m dermis_models.train` (docs/training.md).

Writes `spoof.tflite`, `spoof.json` (what the device reads: thresholds by profile, versions), `spoof.md` (the card) and
golden vectors into the release folder. Goes on where a killed run stopped. Needs the extra `[train]`.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from dermis.core.errors import DermisError
from dermis_host.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK

from dermis_models import card, dataset, folders, left_out, release, sources, splits, tested_section
from dermis_models.dataset import Data

EPOCHS = 100
NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")  # a module tells it on the wire, reports in tables


def told(program: str, work: Callable[[], None]) -> int:
    """The exit status of `work`; what it complains of is one sentence on stderr."""
    status, said = EXIT_FAILED, ""
    try:
        work()
        return EXIT_OK
    except (ValueError, DermisError, release.TooLarge) as problem:
        said = str(problem)
    except OSError as problem:  # the system's own has a number and names the file; ours is a sentence
        said = str(problem) if problem.errno is None else f"{problem.filename} cannot be used: {problem.strerror}."
    except ModuleNotFoundError as problem:
        said = f"training needs TensorFlow: pip install 'dermis[sim,train]' ({problem})"
    except KeyboardInterrupt:
        status, said = EXIT_INTERRUPTED, "stopped; whole epochs are kept: give the same command again."
    print(f"dermis_models.{program}: {said}", file=sys.stderr)
    return status


def load(places: Sequence[Path], split: str) -> Data:
    """The shards of all folders, all of them whole, of that split and of today's sources, one burst a presentation.

    Raises FileNotFoundError, ValueError with one sentence.
    """
    found = []
    for place in places:
        data, asked = dataset.load(place), dataset.asked(place)
        if asked.sources != sources.digest():
            raise ValueError(
                f"{place} was simulated with another state of the sources, and what is trained on it could not be "
                "reproduced: remove it and give its `dermis simulate` anew."
            )
        if asked.bursts != 1:
            raise ValueError(
                f"{place} holds {asked.bursts} bursts of each presentation, and a row counts as a presentation here: "
                "simulate a plan with bursts = 1."
            )
        lacking = dataset.lacking(place)
        if lacking > 0:
            raise ValueError(f"{place} lacks {lacking} bursts of its plan: give its `dermis simulate` again.")
        if lacking < 0:
            raise ValueError(
                f"{place} holds more than its plan asks for, by {-lacking} bursts: remove it and give its "
                "`dermis simulate` anew."
            )
        for subject in np.unique(data["subject"]):
            if splits.split_of_subject(int(subject)) != split:
                raise ValueError(f"{place} holds subjects that are not of the split {split}: name another folder.")
        found.append(data)
    return dataset.joined(found)


def add_data(parser: argparse.ArgumentParser) -> None:
    """--training, --development, --seed: what everything that trains takes."""
    for split in ("training", "development"):
        parser.add_argument(
            f"--{split}",
            type=Path,
            nargs="+",
            default=[Path("build/train") / f"{split}{drawn}" for drawn in ("", "-wide")],
            metavar="DIR",
            help=f"folders of shards (default: build/train/{split}, build/train/{split}-wide)",
        )
    parser.add_argument("--seed", type=int, default=1)


def name(text: str) -> str:
    """A model's name from the command line."""
    if not NAMES.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' names no model: give 1 to 32 letters, digits, dots, - or _")
    return text


def run(options: argparse.Namespace) -> str:
    """One whole run; returns the card. Raises what `told` tells."""
    training, development = load(options.training, "training"), load(options.development, "development")
    from dermis_models import exported, fitting, network

    there = options.release / f"{release.STEM}.md"
    folders.made(options.release)  # before the hours, not after them
    before = there.read_text(encoding="utf-8") if there.is_file() else ""
    started = time.monotonic()
    model = fitting.fit(training, fitting.Schedule(options.epochs, options.seed), options.checkpoints)
    rng = np.random.default_rng(options.seed)
    rows = release.calibration_rows(training, rng)
    plain = fitting.scores(model, development)
    scaling = release.scaling(development, plain)
    tflite = network.export_int8(model, training["maps"][rows], training["spectra"][rows], scaling)
    macs = network.macs(network.build(batch=1))
    release.check_size(tflite, macs)
    scores = {"float": release.scaled(plain, scaling), "int8": exported.scores(tflite, development)}
    thresholds = release.thresholds(development, scores["int8"])
    made = release.Release(tflite, macs, thresholds, scores, options.epochs, options.name)
    chosen = exported.golden_rows(scores["int8"], rng)
    golden = {
        "maps": development["maps"][chosen],
        "spectra": development["spectra"][chosen],
        "output": exported.golden_outputs(tflite, development, chosen),
    }
    missed = dataset.non_response(options.training), dataset.non_response(options.development)
    unseen = left_out.read(options.left_out, left_out.origin(training, development))
    text = card.render(made, training, development, missed, unseen, tested_section.kept(before, made.sha256))
    release.write(options.release, made, golden, text)
    print(f"trained and released to {options.release} in {(time.monotonic() - started) / 60:.1f} min", file=sys.stderr)
    return text


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description="Trains the spoof model and releases it.")
    add_data(parser)
    parser.add_argument("--release", type=Path, default=Path("models/released"), help="folder for the model")
    parser.add_argument("--name", type=name, default=release.UNNAMED, help="of the model (default: %(default)s)")
    parser.add_argument("--checkpoints", type=Path, default=Path("build/train/checkpoints"), help="one an epoch")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--left-out", type=Path, default=left_out.PLACE, help="what leave_one_out found, for the card")
    options = parser.parse_args(arguments)
    return told("train", lambda: print(run(options)))


if __name__ == "__main__":
    sys.exit(main())
