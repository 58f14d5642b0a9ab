"""The model card: what a person must know before trusting the model."""

from __future__ import annotations

import itertools

import numpy as np
from dermis.core import feature_tensor

from dermis_models import metrics


def render(
    description: dict,
    training: dict[str, np.ndarray],
    development: dict[str, np.ndarray],
    scores: dict[str, np.ndarray],
    thresholds: dict[str, float],
    non_response: dict[str, int],
) -> str:
    """The card as Markdown. `scores`: "float" and "int8" -> P(bona fide) of the development split. `non_response`:
    species -> presentations of both splits that gave no features."""
    bona_fide = development["label"] == 1
    passed_gates = development["findings"] == ""
    threshold = thresholds["border"]
    lines = [
        "# Spoof model card",
        f"`{description['name']}`, printed by `make train`. **All figures are simulated**: no presentation to a real "
        "module stands behind them.",
        "",
        f"- SHA-256 `{description['sha256']}`, {description['bytes']} bytes, {description['macs']} MACs, "
        "int8 throughout.",
        f"- Inputs: feature tensor version {description['feature_tensor']}, maps "
        f"(1, {feature_tensor.ROWS}, {feature_tensor.COLUMNS}, {feature_tensor.CHANNELS}) and spectra "
        f"(1, {feature_tensor.SPECTRA}); output P(bona fide).",
        f"- Training: {len(training['label'])} simulated presentations, {int((training['label'] == 1).sum())} of them "
        f"bona fide. Development: {len(development['label'])}, {int(bona_fide.sum())} bona fide, of other head "
        "geometries and other modules.",
        "- Materials: the development half of the NIST and USGS tables, and modelled ones (silicone, latex, resin, "
        "screen): `docs/materials.md`. The held-out half never enters: `make bench` prints the verdicts on it.",
        f"- Float against int8: mean absolute difference of the score "
        f"{float(np.abs(scores['float'] - scores['int8']).mean()):.4f}.",
        "",
        "## Thresholds, chosen on development data",
        "| profile | threshold | BPCER of the model alone | APCER of the worst species, model alone |",
        "|---|---|---|---|",
    ]
    species = [str(name) for name in np.unique(development["species"][~bona_fide])]
    for profile, value in thresholds.items():
        worst = max(metrics.apcer(scores["int8"][development["species"] == name], value) for name in species)
        lines.append(
            f"| {profile} | {value:.4f} | {metrics.bpcer(scores['int8'][bona_fide], value):.3f} | {worst:.3f} |"
        )
    lines += [
        "",
        "## By PAI species, one burst, profile `border`, development data",
        "| species | presentations | APCER, model alone | APCER, gates and model |",
        "|---|---|---|---|",
    ]
    for name in species:
        rows = development["species"] == name
        alone = metrics.apcer(scores["int8"][rows], threshold)
        both = float(np.mean((scores["int8"][rows] >= threshold) & passed_gates[rows]))
        lines.append(f"| {name} | {int(rows.sum())} | {alone:.3f} | {both:.3f} |")
    missed = non_response.get("bona_fide", 0)
    answered = int((training["label"] == 1).sum()) + int(bona_fide.sum())
    rejected = (scores["int8"][bona_fide] < threshold) | ~passed_gates[bona_fide]
    lines += [
        "",
        f"BPCER of gates and model together, one burst: {float(rejected.mean()):.3f}.",
        f"Beyond these rows, {missed} bona fide presentations of {missed + answered} (both splits) and "
        f"{sum(non_response.values()) - missed} attack presentations gave no features (no face found, too bright, "
        "...): non-responses, in none of the rates above.",
        "",
        "## By skin tone (R700), bona fide, profile `border`",
        "| R700 | presentations | BPCER, gates and model |",
        "|---|---|---|",
    ]
    edges = (0.0, 0.3, 0.4, 0.5, 1.0)
    tone = development["tone"][bona_fide]
    for low, high in itertools.pairwise(edges):
        rows = (tone >= low) & (tone < high)
        if rows.any():
            lines.append(f"| {low:.1f}-{high:.1f} | {int(rows.sum())} | {float(rejected[rows].mean()):.3f} |")
    lines += [
        "",
        "## Not claimed",
        "Silicone glued to skin thinner than about 1 mm, near-infrared-clear film, gelatin, partial masks and heavy "
        "make-up stay hard (issue E widens the data and the evaluation). A module without its SWIR head makes no claim "
        "about silicone. The simulation behind the data leaves out motion between frames, flicker of lamps, what "
        "stands behind the face, and folds and edges of what is worn.",
    ]
    return "\n".join(lines) + "\n"
