"""The model that ships: within its limits, as its description says, and computed as tflite-micro does."""

from __future__ import annotations

import hashlib
import json
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
from dermis.core import feature_tensor, profiles
from dermis_host import device_code, released
from dermis_host.inference import infer
from dermis_host.released import released_model
from dermis_hw.twin import module_process
from dermis_models import card, left_out, train

MOST_BYTES = 64 * 1024
MOST_MACS = 300_000


@pytest.fixture(scope="module")
def description() -> dict:
    return json.loads(released_model().with_suffix(".json").read_text())


def test_it_is_the_model_that_its_description_names(description):
    data = released_model().read_bytes()
    assert hashlib.sha256(data).hexdigest() == description["sha256"]
    assert len(data) == description["bytes"] <= MOST_BYTES
    assert description["macs"] <= MOST_MACS
    assert description["feature_tensor"] == feature_tensor.VERSION
    assert description["simulated"] is True


def test_every_profile_has_a_threshold(description):
    assert set(description["threshold"]) == {profile.name for profile in profiles.PROFILES}
    assert all(5000 <= threshold <= 10000 for threshold in description["threshold"].values())


def test_the_card_names_the_model(description):
    card = released_model().with_suffix(".md").read_text()
    assert description["sha256"] in card
    assert f"{description['bytes']} bytes, {description['macs']} MACs" in card and "simulated" in card
    section = card[card.index("## Thresholds") :]
    printed = {row[1]: int(row[2]) for row in re.finditer(r"^\| (\w+) \| (\d{4,5}) \|", section, re.MULTILINE)}
    assert printed == description["threshold"]


def test_the_card_is_of_todays_words():
    """`make train` prints the same card again: what of it is no figure is here as the code has it."""
    text = released_model().with_suffix(".md").read_text()
    assert f"\n{card.ADAPTED}\n" in text and text.endswith(card.CANNOT_SAY)
    assert f"`{json.loads(released_model().with_suffix('.json').read_text())['name']}`, printed by" in text
    if "Not run for this model" in text:
        words = card.FLOAT.format(epochs=left_out.EPOCHS, released=train.EPOCHS)
        assert f"\n{card.NEVER_SEEN}\n{card.NOT_RUN}\n{words}\n\n" in text


def test_host_and_twin_take_the_same_one_for_the_newest(tmp_path, monkeypatch):
    for name, written in (("spoof-9.tflite", 1), ("spoof-8.tflite", 2)):
        (tmp_path / "released").mkdir(exist_ok=True)
        (tmp_path / "released" / name).write_bytes(b"")
        os.utime(tmp_path / "released" / name, (written, written))
    monkeypatch.setattr(released, "FOLDER", tmp_path / "released")
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path / "dermis_models")])
    monkeypatch.setattr(module_process.importlib.util, "find_spec", lambda _: found)
    assert released.released_model() == module_process.released_model() == tmp_path / "released" / "spoof-9.tflite"


@pytest.mark.parametrize("interpreter", ["micropython", "cpython"])
def test_golden_vectors(interpreter, monkeypatch):
    if interpreter == "cpython":
        monkeypatch.setattr(device_code, "find_micropython", lambda: None)
    with np.load(released_model().with_suffix(".golden.npz")) as golden:
        step = 1 if interpreter == "micropython" else 5  # CPython takes its time
        inference = infer(released_model(), [golden["maps"][::step], golden["spectra"][::step]])
        wanted = golden["output"][::step]
    assert len(np.unique(wanted)) > 4, "vectors that all give the same output show nothing"
    assert np.array_equal(inference.outputs[0].reshape(-1), wanted)
