"""A short soak as `make soak` runs a long one, half of it on either side of what 32 bits of milliseconds hold."""

from __future__ import annotations

import json

from tests.soak.__main__ import BEFORE_MS, FULL_32_BITS_MS, main

HOURS, PASSAGES_A_DAY = 1.5, 240
LAST_LOOK_H = 0.25  # at most: some five times what it takes while the module looks at an empty room


def test_a_door_is_soaked(tmp_path, capsys):
    words = f"--hours {HOURS} --passages {PASSAGES_A_DAY} --faults 5 --resets 1 --visits 1 --seed 2 --json".split()
    status = main([*words, "--folder", str(tmp_path)])
    told = capsys.readouterr()
    figures = json.loads(told.out)
    assert status == 0 and figures["held"], told.err
    assert HOURS <= figures["hours_watched"] < figures["hours_done"] < figures["hours_watched"] + LAST_LOOK_H
    assert HOURS * 3_600_000 > BEFORE_MS and FULL_32_BITS_MS == 1 << 32
    assert sum(figures["passages"].values()) >= HOURS * PASSAGES_A_DAY / 24 - 2
    assert figures["verdicts"]["bona_fide"] >= 8 and figures["attacks_told"] >= 1
    assert figures["faults"] and sum(figures["visits"].values()) > 10 and figures["heap"]["size"] > 0
    assert 500 < figures["verdict_ms"]["p50"] < 6000 and figures["audit"]["entries"] > 5
    assert figures["starts"] == figures["starts_asked"]
    assert len(told.err.splitlines()) > len(figures["hours"]) >= 2


def test_wrong_usage_is_told_in_a_sentence(capsys):
    assert main(["--passages", "9999"]) == 2
    assert "give 1 to" in capsys.readouterr().err
    assert main(["--hours", "-1"]) == 2 and main(["--faults", "-1"]) == 2
