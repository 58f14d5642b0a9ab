"""What is computed before a burst is whole is what would have been computed after it."""

import synthetic
from dermis.core import analysis

RECORD = synthetic.record()
ANALYSER = analysis.Analyser(synthetic.BOARD)
HEAD = synthetic.make()
SHEET = synthetic.make(synthetic.sheet)
for _burst in (HEAD, SHEET):
    _burst.time_us = {name: 1000 * number for number, name in enumerate(_burst.frames)}


def whole(burst):
    seen = ANALYSER.analyse(burst, RECORD)
    return dict(seen.evidence), list(seen.findings), bytes(seen.maps), bytes(seen.spectra)


def part_of(burst, names):
    out = synthetic.burst.Burst()
    out.frames = {name: burst.frames[name] for name in names}
    out.time_us = {name: burst.time_us[name] for name in names}
    out.swir, out.exposure_us = burst.swir, burst.exposure_us
    return out


def run_early(burst):
    times = 0
    while ANALYSER.early(burst, RECORD):
        times += 1
    return times


def test_early_work_changes_nothing_and_is_left_out_afterwards():
    wanted = whole(HEAD)
    pieces = len(list(ANALYSER.steps(HEAD, RECORD)))
    burst = part_of(HEAD, analysis.EARLY_FRAMES)
    done = run_early(burst)
    assert done == 3 and not ANALYSER.early(burst, RECORD)
    burst.frames["850b"], burst.time_us["850b"] = HEAD.frames["850b"], HEAD.time_us["850b"]
    assert len(list(ANALYSER.steps(burst, RECORD))) == pieces - done
    assert (dict(ANALYSER.result.evidence), list(ANALYSER.result.findings)) == wanted[:2]
    assert (bytes(ANALYSER.result.maps), bytes(ANALYSER.result.spectra)) == wanted[2:]
    assert len(list(ANALYSER.steps(burst, RECORD))) == pieces  # it is good for one analysis only


def test_nothing_is_done_before_the_frames_are_there_or_without_a_record():
    for missing in analysis.EARLY_FRAMES:
        names = [name for name in analysis.EARLY_FRAMES if name != missing]
        assert not ANALYSER.early(part_of(HEAD, names), RECORD)
    assert not ANALYSER.early(HEAD, None)


def test_a_frame_that_was_taken_again_is_looked_at_again():
    wanted = whole(SHEET)
    burst = part_of(HEAD, analysis.EARLY_FRAMES)
    assert run_early(burst) == 3
    burst.swir = SHEET.swir
    for name in SHEET.frames:
        burst.frames[name] = SHEET.frames[name]
        burst.time_us[name] = SHEET.time_us[name] + 5
    ANALYSER.analyse(burst, RECORD)
    assert dict(ANALYSER.result.evidence) == wanted[0] and ANALYSER.result.findings == wanted[1]


def test_early_work_on_one_burst_is_not_taken_for_anothers():
    wanted = whole(SHEET)
    assert run_early(HEAD) == 3
    assert whole(SHEET) == wanted
