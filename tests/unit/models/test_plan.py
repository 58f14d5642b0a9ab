"""Generation plans: what is taken, and the sentence for what is not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from dermis_host.errors import EXIT_USAGE
from dermis_host.released import released_model
from dermis_hw import species, toml
from dermis_models import plan
from dermis_models.plan import PlanError

MODELS = Path(plan.__file__).parents[1]
SHIPPED = {path.stem: plan.load(path) for path in (MODELS / "plans").glob("*.toml")}
TABLE = set(species.all_species())
# They show living skin in every band: docs/training.md.
NOT_TAUGHT = {"gelatin_appliance", "heavy_makeup", "spectacles_printed_eyes"}
LEAST = {"format": 1, "split": "training", "seed": 1, "species": {"bona_fide": 10}}


def read(**changes) -> plan.Plan:
    return plan.parse({**LEAST, **changes}, "some.toml")


def test_the_least_plan_leaves_the_rest_to_the_species():
    found = read()
    assert (found.name, found.presentations, found.each, found.bursts) == ("some", 10, 4, 1)
    assert found.tones is None and not found.pose and not found.light and found.temperature_c is None


def test_everything_that_a_plan_may_say(tmp_path):
    path = tmp_path / "whole.toml"
    path.write_text(
        """
        format = 1
        name = "whole"
        split = "development"
        seed = 3
        [species]
        photo_bent = 5
        bona_fide = 20
        [subjects]
        each = 2
        bursts = 3
        [tones]
        r700 = [0.2, 0.3]
        [pose]
        distance_mm = [300, 500]
        speed_mm_s = [0, 50]
        [light]
        led = { share = 0.5, klux = [0, 1] }
        sun = { share = 0.5, klux = [1, 4] }
        [temperature]
        celsius = [-10, 40]
        [modules]
        count = 7
        """
    )
    found = plan.load(path)
    assert found.species == {"bona_fide": 20, "photo_bent": 5}  # in order of name, whatever the file's
    assert (found.each, found.bursts, found.modules) == (2, 3, 7)
    assert found.tones == (0.2, 0.3) and found.temperature_c == (-10.0, 40.0)
    assert found.pose == {"distance_mm": (300.0, 500.0), "speed_mm_s": (0.0, 50.0)}
    assert found.light["sun"] == (0.5, 1.0, 4.0)


def test_the_released_model_is_a_seed_that_nobody_chooses():
    digest = hashlib.sha256(released_model().read_bytes()).digest()
    assert read(seed="released").seed == int.from_bytes(digest[:8], "big") & plan.MOST_SEED


def test_every_part_of_a_plan_but_its_generator_is_in_its_digest():
    assert read(generator="wide").digest() == read().digest()  # who drew by it says by which one
    changed = [
        {"name": "other"},
        {"seed": 2},
        {"split": "test"},
        {"species": {"bona_fide": 11}},
        {"subjects": {"each": 3}},
        {"subjects": {"bursts": 2}},
        {"tones": {"r700": [0.2, 0.4]}},
        {"pose": {"yaw_deg": [-5, 5]}},
        {"light": {"led": {"share": 1, "klux": [0, 1]}}},
        {"temperature": {"celsius": [0, 20]}},
        {"modules": {"count": 3}},
    ]
    assert len({read(**change).digest() for change in [{}, *changed]}) == len(changed) + 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format is 2; these tools read format = 1"),
        ({"splits": 1}, r"unknown key 'splits'; did you mean 'split'\?"),
        ({"split": "tset"}, "split must be one of training, development, test, not 'tset'"),
        ({"seed": -1}, "whole number from 0"),
        ({"seed": 1.5}, "whole number from 0"),
        ({"seed": "mine"}, '"released"'),
        ({"species": {}}, r"needs a table \[species\]"),
        ({"species": {"bona_fdie": 1}}, r"no species 'bona_fdie'; did you mean 'bona_fide'\?"),
        ({"species": {"bona_fide": 0}}, "every count of .* is 0"),
        ({"species": {"bona_fide": True}}, "whole number"),
        ({"subjects": {"each": 0}}, r"\[subjects\] each must be a whole number from 1"),
        ({"subjects": 4}, r"\[subjects\] must be a table"),
        ({"tones": {"r700": [0.1, 0.3]}}, r"0.1 to 0.3; give a range within 0.2 to 0.7"),
        ({"tones": {"r700": [0.5, 0.3]}}, "the lower end first"),
        ({"pose": {"yaw": [0, 1]}}, r"unknown key 'yaw'; did you mean 'yaw_deg'\?"),
        ({"pose": {"yaw_deg": 3}}, "two numbers in brackets"),
        ({"pose": {"yaw_deg": [0, float("nan")]}}, "two numbers in brackets"),
        ({"light": {"neon": {"share": 1}}}, "unknown key 'neon'"),
        ({"light": {"led": 1}}, "must be a table such as"),
        ({"light": {"led": {"share": 2}}}, "share must be a number from 0 to 1"),
        ({"light": {"led": {"share": 0}}}, "add up to 0"),
        ({"temperature": {"celsius": [-60, 0]}}, "within -40 to 85"),
        ({"modules": {"count": 0}}, "whole number from 1"),
        ({"name": ""}, "name must be text"),
    ],
)
def test_a_bad_plan_is_one_sentence_that_names_the_file(change, said):
    with pytest.raises(PlanError, match=said) as refused:
        read(**change)
    assert "some.toml" in str(refused.value) and refused.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize(("content", "said"), [(b"\xff\xfe", "cannot be read as text"), (b"a = ", "is no TOML")])
def test_a_file_that_is_no_plan(tmp_path, content, said):
    path = tmp_path / "p.toml"
    path.write_bytes(content)
    with pytest.raises(PlanError, match=said):
        plan.load(path)
    with pytest.raises(PlanError, match="There is no plan"):
        plan.load(tmp_path / "none.toml")


def test_a_plan_may_name_the_generator_of_its_split_s_own():
    assert (read().generator, read(generator="wide").generator) == ("design", "wide")
    with pytest.raises(PlanError, match="generator"):
        read(generator="frozen")
    with pytest.raises(PlanError, match="the test split has a generator of its own: leave generator out"):
        read(split="test", generator="wide")


def test_thresholds_are_chosen_on_every_species_and_all_but_those_of_living_skin_are_taught():
    assert len(SHIPPED) == 6
    for name, shipped in SHIPPED.items():
        assert shipped.name == name and shipped.split == name.partition("-")[0]
        assert shipped.generator == ("wide" if name.endswith("-wide") else "design")
    for name in ("development", "development-wide", "development-quick"):
        assert set(SHIPPED[name].species) == TABLE | {"bona_fide"}
    for name in ("training", "training-quick"):
        assert TABLE - set(SHIPPED[name].species) == NOT_TAUGHT
    assert not NOT_TAUGHT & set(SHIPPED["training-wide"].species)


@pytest.mark.parametrize("split", ["training", "development"])
def test_what_is_read_together_is_not_drawn_twice(split):
    """Subjects come of a plan's seed."""
    assert SHIPPED[split].seed != SHIPPED[f"{split}-wide"].seed


def test_the_full_evaluation_has_what_the_goals_ask_for():
    wanted = toml.loads((MODELS / "evaluations" / "full.toml").read_text())["simulation"]["species"]
    bona_fide = {name: count for name, count in wanted.items() if name.startswith("bona_fide")}
    assert set(wanted) - set(bona_fide) == TABLE and min(wanted[name] for name in TABLE) >= 300
    assert set(bona_fide) == {f"bona_fide_{name}" for name in species.conditions()}
    assert sum(bona_fide.values()) >= 10_000 and min(bona_fide.values()) >= 500
