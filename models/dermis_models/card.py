"""The model card: what a person must know before trusting the model, the hard species first."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from dermis.core import feature_tensor

from dermis_models import left_out as left_out_file
from dermis_models import metrics, tested_section
from dermis_models.balance import TONE_EDGES
from dermis_models.dataset import BONA_FIDE, Data
from dermis_models.release import PROFILE, Release

HARD_APCER = 0.01  # a species of which more passes is called hard

CANNOT_SAY = """\
## What simulation cannot say
- Whether a module built of parts behaves as the simulated one does. Every rate here rests on rendered scenes, on
  spectra of forearms (no face was measured), and on models of silicone, gels, films, make-up and hair that no
  instrument bought or made has confirmed. An instrument that is none of the species here was not looked at.
- What wears off: scratched windows, years of use, dirt, condensation, a diffuser that yellows.
- How people behave: where they stand, how long they wait, what an attacker learns from being refused.
- Folds, edges and straps of what is worn, hair over the face, and light that goes to and fro between surfaces are
  left out or coarse.
- Whether spectacles, a headscarf or a beard over a mask help it, or a module below 8 degrees: only bona fide
  presentations have them (`docs/species.md`).
- A near-infrared-clear film or a thin wet gel on a living face shows that face to every band. No training changes it.
- A module without its SWIR head makes no claim about silicone.
"""
ADAPTED = (
    "- The frozen test generator was not unknown to who made this model: four things were adapted after looking at"
    " runs on it. The wide generator, one of training's two, was drawn up after `spoof-2` had refused bona fide "
    "presentations there, and takes in most of its ranges (`docs/decisions/0017-wide-generator.md`). After "
    "`spoof-3`'s run two gates were changed for the glints of spectacles and for headscarves "
    "(`docs/decisions/0018-glint-and-skin.md`). After the same run training was given more of the species that had "
    "missed their goals there (brow and jaw pieces over a quarter of the face, the elderly man's mask), and of some"
    " others (`docs/decisions/0019-what-was-seen-of-the-test.md`). After `spoof-4` had refused bona fide presentations "
    "there, skins and surfaces of the wide generator were let stray further "
    "(`docs/decisions/0020-skins-and-surfaces.md`). No presentation, subject, module or measured "
    "spectrum of the frozen generator was trained on, and thresholds are chosen on development data alone. All the "
    "same, its figures are not those of a third party's blind test."
)
NEVER_SEEN = "## Species never seen"
NOT_RUN = (
    "Not run for this model: `make leave-one-out`. What stands in its place: an attack presentation that the gates "
    "refuse is refused whatever a model has seen, so that the rate of those that get past the gates alone (goal "
    "`apcer_gates` of `dermis evaluate`; above, on the frozen test generator, once a run has counted it) bounds from "
    "above what a model that never saw a species of the first row would let pass."
)
FLOAT = "`make leave-one-out` judges the float model after {epochs} epochs; the release is int8, after {released}."


def render(
    release: Release,
    training: Data,
    development: Data,
    missed: tuple[Mapping[str, int], Mapping[str, int]],
    left_out: Mapping[str, Mapping[str, Any]],
    tested: str = tested_section.NONE,
) -> str:
    """The card as Markdown. missed: of training and of development, species -> presentations that gave no features.
    left_out: what `leave_one_out` found, empty where it was not run. tested: the section about the test
    generator (`tested_section.kept`)."""
    bona_fide = development["label"] == 1
    int8, threshold = release.scores["int8"], release.thresholds[PROFILE]
    passed_gates = development["findings"] == ""
    rejected = (int8[bona_fide] < threshold) | ~passed_gates[bona_fide]
    lines = [
        *_head(release, training, development),
        tested,
        *_species(development, int8, passed_gates, threshold, missed[1]),
        "",
        _bpcer(rejected, missed[1].get(BONA_FIDE, 0)),
        _non_response(missed, int((training["label"] == 1).sum()) + int(bona_fide.sum())),
        "",
        *_bona_fide(development, bona_fide, rejected),
        "",
        *_thresholds(release, development, bona_fide),
        "",
        *_left_out(left_out, release.epochs),
        *_float_against_int8(release, development, bona_fide, threshold),
        "",
        "",
    ]
    return "\n".join(lines) + CANNOT_SAY


def _head(release: Release, training: Data, development: Data) -> list[str]:
    description = release.description()
    return [
        "# Spoof model card",
        f"`{description['name']}`, printed by `python -m dermis_models.train`. **All figures are simulated**: no "
        "presentation to a real module stands behind them. What does not say that it is of the frozen test generator "
        "is of development data, on which the thresholds were chosen. Runs on the test generator that came to their "
        "end are in `docs/evaluations.md`.",
        "",
        f"- SHA-256 `{release.sha256}`, {len(release.tflite)} bytes, {release.macs} MACs, int8 throughout.",
        f"- Inputs: feature tensor version {feature_tensor.VERSION}, maps "
        f"(1, {feature_tensor.ROWS}, {feature_tensor.COLUMNS}, {feature_tensor.CHANNELS}) and spectra "
        f"(1, {feature_tensor.SPECTRA}); output P(bona fide).",
        f"- Training: {_counted(training)}. Development: {_counted(development)}, other subjects, other geometries and "
        "other modules. Every presentation has a calibration error of its own of about 1% a band, beyond what the "
        "bench left.",
        "- Materials: the development half of the NIST and USGS tables, and modelled ones, each of which strays from "
        "its table: `docs/materials.md`, `docs/training.md`.",
        ADAPTED,
        "",
    ]


def _counted(data: Data) -> str:
    return (
        f"{len(data['label'])} simulated presentations, {int((data['label'] == 1).sum())} of them bona fide, of "
        f"{len(np.unique(data['subject']))} subjects before {len(np.unique(data['module']))} modules"
    )


def _species(
    development: Data, scores: np.ndarray, passed_gates: np.ndarray, threshold: float, missed: Mapping[str, int]
) -> list[str]:
    attacks = development["label"] == 0
    names = development["species"]
    both = {}
    for name in np.unique(names[attacks]):
        rows = names == name
        both[str(name)] = float(np.mean((scores[rows] >= threshold) & passed_gates[rows]))
    alone = metrics.by_species(scores[attacks], names[attacks], threshold)
    order = sorted(both, key=lambda name: (-both[name], -alone[name], name))
    hard = [name for name in order if both[name] > HARD_APCER]
    silent = sorted(set(missed) - set(both) - {BONA_FIDE})
    return [
        "## By PAI species, the hardest first",
        f"One burst, profile `{PROFILE}`, development data. Hard (APCER above {HARD_APCER:.0%}): "
        + (", ".join(f"**{name}** {both[name]:.3f}" for name in hard) or "none here")
        + f". The worst species counts: {max(both.values()):.3f}.",
        "",
        "| species | presentations | gave no features | APCER, gates and model | APCER, model alone |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {int((names == name).sum())} | {missed.get(name, 0)} | {both[name]:.3f} | {alone[name]:.3f} |"
            for name in order
        ),
        *(f"| {name} | 0 | {missed[name]} | - | - |" for name in silent),
    ]


def _bpcer(rejected: np.ndarray, silent: int) -> str:
    errors, count = int(rejected.sum()), len(rejected)
    return (
        f"BPCER of gates and model together, one burst: {errors / count:.4f} ({errors} of {count}); with the {silent} "
        f"that gave no features counted as errors {(errors + silent) / (count + silent):.4f} "
        f"({errors + silent} of {count + silent})."
    )


def _non_response(counts: tuple[Mapping[str, int], Mapping[str, int]], answered: int) -> str:
    missed = sum(each.get(BONA_FIDE, 0) for each in counts)
    attacks = sum(sum(each.values()) for each in counts) - missed
    return (
        f"Beyond those judged, {missed} bona fide presentations of {missed + answered} (both splits) and {attacks} "
        "attack presentations gave no features (no face found, too bright, a sensor or the monitor tab in doubt, "
        "...): non-responses, in none of the rates above."
    )


def _bona_fide(development: Data, bona_fide: np.ndarray, rejected: np.ndarray) -> list[str]:
    lines = [
        f"## By skin tone (R700) and condition, bona fide, profile `{PROFILE}`",
        "| group | presentations | BPCER, gates and model |",
        "|---|---|---|",
    ]
    tone = development["tone"][bona_fide]
    for low, high in itertools.pairwise((0.0, *TONE_EDGES, 1.0)):
        rows = (tone >= low) & (tone < high)
        if rows.any():
            lines.append(f"| {low:.1f}-{high:.1f} | {int(rows.sum())} | {float(rejected[rows].mean()):.3f} |")
    condition = development["condition"][bona_fide]
    for name in np.unique(condition):
        rows = condition == name
        lines.append(f"| {name or 'plain'} | {int(rows.sum())} | {float(rejected[rows].mean()):.3f} |")
    return lines


def _thresholds(release: Release, development: Data, bona_fide: np.ndarray) -> list[str]:
    int8, species = release.scores["int8"], development["species"]
    lines = [
        "## Thresholds, chosen on development data",
        "| profile | threshold, 1/10000 | BPCER of the model alone | APCER of the worst species, model alone |",
        "|---|---|---|---|",
    ]
    compared = release.description()["threshold"]
    for profile, value in release.thresholds.items():
        rates = metrics.by_species(int8[~bona_fide], species[~bona_fide], value)
        worst, rate = next(iter(rates.items()))
        lines.append(
            f"| {profile} | {compared[profile]} | {metrics.bpcer(int8[bona_fide], value):.3f} | {rate:.3f} ({worst}) |"
        )
    return lines


def _left_out(left_out: Mapping[str, Mapping[str, Any]], released: int) -> list[str]:
    if not left_out:
        return [NEVER_SEEN, NOT_RUN, FLOAT.format(epochs=left_out_file.EPOCHS, released=released), ""]
    (epochs,) = {entry["epochs"] for entry in left_out.values()}
    lines = [
        NEVER_SEEN,
        f"A model trained without the species, profile `{PROFILE}`, one burst, development data, not the test "
        "generator (`make leave-one-out`). What a row does not name was trained on: where one silicone is left out, "
        "the others were seen.",
        FLOAT.format(epochs=epochs, released=released),
        "",
        "| left out | presentations | APCER, gates and model | APCER, model alone |",
        "|---|---|---|---|",
    ]
    for name, entry in sorted(left_out.items(), key=lambda item: (-item[1]["apcer"], item[0])):
        alone = "(gates refuse all)" if entry["apcer_model"] is None else f"{entry['apcer_model']:.3f}"
        lines.append(f"| {name} | {entry['presentations']} | {entry['apcer']:.3f} | {alone} |")
    return [*lines, ""]


def _float_against_int8(release: Release, development: Data, bona_fide: np.ndarray, threshold: float) -> list[str]:
    floating, int8 = release.scores["float"], release.scores["int8"]
    turned = (floating >= threshold) != (int8 >= threshold)
    worst = {
        name: max(metrics.by_species(scores[~bona_fide], development["species"][~bona_fide], threshold).values())
        for name, scores in release.scores.items()
    }
    return [
        "## Float against int8",
        f"Mean absolute difference of the score {float(np.abs(floating - int8).mean()):.4f}, largest "
        f"{float(np.abs(floating - int8).max()):.3f}; {int(turned.sum())} of {len(turned)} verdicts of the model at "
        f"the threshold `{PROFILE}` differ. Worst species' APCER {worst['float']:.3f} float, {worst['int8']:.3f} int8; "
        f"BPCER {metrics.bpcer(floating[bona_fide], threshold):.4f} and "
        f"{metrics.bpcer(int8[bona_fide], threshold):.4f}.",
    ]
