"""What training sees and what it must never see: held-out materials, development geometries and modules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dermis_hw import scenes
from dermis_hw.materials import MaterialError, resolve
from dermis_models import dataset, generate, presentations

SEEDS = range(220)
VARIANTS = 2


@pytest.fixture(scope="module")
def drawn() -> dict[int, list[presentations.Presentation]]:
    return {seed: presentations.draw(seed, VARIANTS) for seed in SEEDS}


def test_no_presentation_rests_on_a_held_out_material(drawn):
    """Of everything that the renderer will paint, the regions that a head has by itself included."""
    painted = set()
    for each in (presentation for those in drawn.values() for presentation in those):
        scene = scenes.parse(each.values, Path(each.values["name"]))
        assert scene.background_material is None
        for thing in scene.objects:
            for material in thing.materials.values():
                assert material.split != "held_out", material.name
                painted.add(material.name.partition(":")[0])
    assert {"skin", "silicone", "print", "eye", "hair", "cloth_cotton", "resin", "screen_glass"} <= painted


@pytest.mark.parametrize(
    "name",
    [
        "skin:subject-03",
        "skin:subject-07+r700=0.25+wet",
        "skin:subject-07+beard",
        "skin:subject-07+lips",
        "silicone:1 over skin:subject-03",
        "silicone:1 over air over skin:subject-03",
        "nir_clear_film over silicone:1 over skin:subject-03",
        "cardboard",
        "cardboard over skin:medium",
    ],
)
def test_the_guard_refuses_whatever_rests_on_the_held_out_half(name):
    resolve(name)
    with pytest.raises(MaterialError, match="held out"):
        resolve(name, development_only=True)


def test_a_held_out_material_slipped_into_the_draws_is_caught(monkeypatch):
    monkeypatch.setattr(presentations, "RIGID", ("cardboard",))
    monkeypatch.setattr(presentations, "KINDS", {"mask": 1.0})
    with pytest.raises(MaterialError, match="held out"):
        for seed in range(20):
            presentations.draw(seed, 1)


def test_the_same_seed_draws_the_same_and_another_one_another_head(drawn):
    assert [each.values for each in presentations.draw(5, VARIANTS)] == [each.values for each in drawn[5]]
    heads = [those[0].values["object"][0].get("parameters", {}).get("face_height") for those in drawn.values()]
    heads = [height for height in heads if height is not None]
    assert len(heads) > 100 and len(set(heads)) == len(heads)


def test_development_has_geometries_and_modules_of_its_own():
    data = {field: np.arange(len(SEEDS)) for field in dataset.FIELDS} | {"subject": np.array(SEEDS)}
    training, development = (set(part["subject"].tolist()) for part in dataset.split(data))
    assert training and development and not training & development
    assert training | development == set(SEEDS)

    def modules(seeds: set[int]) -> set[int]:
        return {generate.module_of(seed, np.random.default_rng(seed + 1000 * k)) for seed in seeds for k in range(3)}

    trained, developed = modules(training), modules(development)
    assert not trained & developed
    assert len(trained) == generate.MODULES - generate.DEVELOPMENT_MODULES
    assert len(developed) == generate.DEVELOPMENT_MODULES
    # A drawn module that fails its bench is replaced by one a thousand further on: still nobody else's.
    assert max(trained | developed) - min(trained | developed) < generate.REPLACEMENT_STEP


def test_a_module_that_fails_its_bench_is_replaced_by_one_of_its_own(monkeypatch, tmp_path):
    asked = []

    def calibrate(seed, _folder):
        asked.append(seed)
        if len(asked) < 3:
            raise generate.CalibrationFailed("too dark")
        return seed, b""

    monkeypatch.setattr(generate.modules, "calibrate", calibrate)
    assert generate.calibrated(7, tmp_path)[0] == 7 + 2 * generate.REPLACEMENT_STEP
