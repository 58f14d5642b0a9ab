"""Which part a sentence names when readings are at fault."""

from dermis.app import blame

SOUND = [1000] * 5
SWIR = {"swir": True}


def test_a_light_that_hardly_shows_comes_first():
    for index, light in enumerate(("850", "970", "1050", "dots", "850")):
        levels = list(SOUND)
        levels[index] = 100
        assert f"the light {light} " in blame.sentence({"monitor_unexplained_permille": levels}, SWIR)


def test_readings_that_were_looked_at_and_not_taken_are_the_swir_heads():
    seen = {"monitor_unexplained_permille": SOUND, "spot_overlap_permille": 990}
    assert "SWIR" in blame.sentence(seen, SWIR)
    assert "SWIR" not in blame.sentence(seen, {"swir": False})
    seen["swir_levels_q14"] = [0] * 5
    assert "SWIR" not in blame.sentence(seen, SWIR)


def test_nobody_is_named_for_nothing():
    assert "self-test" in blame.sentence({}, SWIR) and "SWIR" not in blame.sentence({}, SWIR)
