"""The imager: whole frames of now, at the exposure asked for, and a word where there are none."""

from __future__ import annotations

import asyncio

import pytest
from dermis.core.errors import SensorFault

from tests.contracts.benches import bench, boards
from tests.contracts.benches.emitters import Unbreakable
from tests.contracts.mutants import caught

WIDTH, HEIGHT = 320, 240
FRAME_BYTES = WIDTH * HEIGHT
EXPOSURE_US, GAIN_Q8 = 6000, 256
FRAME_MS, SLOW_FRAME_MS = (36, 50), (70, 105)  # with two buffers and with one
SILENCE_MS = (450, 700)
# Longest that another task may wait while frames come; the tests' own copying of a frame is in it.
TURN_US = 30_000
ASLEEP_MS = 12_000
OUT_OF_RANGE = ((0, 256), (2_000_000, 256), (6000, 0), (6000, 65535))  # exposures (us) and gains (1/256)
LIMIT_S = 30.0


class Frame:
    def __init__(self, pixels, arrived_us):
        self.pixels, self.arrived_us = bytes(pixels), arrived_us

    def mean(self, first=0, last=HEIGHT):
        """Of the scene's columns in these rows."""
        rows = [self.pixels[row * WIDTH + 20 : (row + 1) * WIDTH] for row in range(first, last, 8)]
        return sum(map(sum, rows)) / sum(map(len, rows))


def within(camera, work):
    """Run it; one that takes for ever fails."""
    return camera.run(lambda: asyncio.wait_for(work(), LIMIT_S))


async def read(camera, count):
    buffer, frames = bytearray(FRAME_BYTES), []
    for _ in range(count):
        arrived_us = await camera.driver.read(buffer)
        assert arrived_us <= camera.now_us()
        frames.append(Frame(buffer, arrived_us))
    return frames


def taken(camera, count, exposure_us=EXPOSURE_US, gain_q8=GAIN_Q8, buffers=2, settle=4):
    """Frames of one start, without the first ones, which may be older than it."""

    async def work():
        await camera.driver.start(exposure_us, gain_q8, buffers)
        try:
            return (await read(camera, count + settle))[settle:]
        finally:
            await camera.driver.stop()

    return within(camera, work)


def told(camera, work):
    """The fault that it ends with, and after how many ms."""

    async def timed():
        begun_us = camera.now_us()
        with pytest.raises(SensorFault) as fault:
            await work()
        return str(fault.value), (camera.now_us() - begun_us) / 1000

    return within(camera, timed)


def frames_come_in_order_and_in_time(camera):
    for buffers, (least, most) in ((2, FRAME_MS), (1, SLOW_FRAME_MS), (2, FRAME_MS)):
        times = [frame.arrived_us for frame in taken(camera, 25, buffers=buffers)]
        assert times == sorted(set(times))
        assert least <= (times[-1] - times[0]) / 24000 <= most, buffers


def a_steady_scene_gives_steady_frames(camera):
    """No automatic function changes them, and none shades them."""
    camera.shine(90)
    frames = taken(camera, 12)
    means = [frame.mean() for frame in frames]
    assert max(means) - min(means) <= 0.02 * max(means), means
    top, bottom = frames[0].mean(20, 60), frames[0].mean(180, 220)
    assert abs(top - bottom) <= 0.06 * top


def the_exposure_and_the_gain_are_those_asked_for(camera):
    camera.shine(40)
    means = [taken(camera, 1, exposure_us)[0].mean() for exposure_us in (3000, 6000, 12_000, 6000)]
    assert means[0] < 0.97 * means[1] < 0.97 * means[2] and abs(means[3] - means[1]) < 0.03 * means[1]
    if camera.sets_gain:
        assert taken(camera, 1, 3000, 2 * GAIN_Q8)[0].mean() > 1.1 * means[0]


def the_board_files_gamma_holds(camera):
    """Twice the exposure is twice the light, once the codes are made linear by what the board file says."""
    camera.shine(60)
    codes = [taken(camera, 1, exposure_us)[0].mean() for exposure_us in (4000, 8000)]
    gamma, black = camera.board["gamma_q8"] / 256, camera.board["black_code"]
    once, twice = [((code - black) / (255 - black)) ** gamma for code in codes]
    assert 1.85 <= twice / once <= 2.15


def frames_are_of_now(camera):
    """Also when nobody took any for a while."""

    async def work():
        camera.shine(20)
        await camera.driver.start(EXPOSURE_US, GAIN_Q8)
        await read(camera, 6)
        await camera.sleep_ms(300)
        camera.shine(160)
        await camera.sleep_ms(500)
        frame = (await read(camera, 1))[0]
        await camera.driver.stop()
        return frame

    bright = taken(camera, 1)[0].mean() if camera.shine(160) is None else 0
    assert abs(within(camera, work).mean() - bright) <= 0.1 * bright


def others_have_their_turn(camera):
    taken(camera, 1)  # waking a sensor takes what it takes, and nothing is exposed meanwhile
    taken(camera, 10)
    assert camera.longest_turn_us() < TURN_US


def silence_is_told_after_half_a_second(camera):
    taken(camera, 1)

    async def breaks_off():
        await camera.driver.start(EXPOSURE_US, GAIN_Q8)
        await read(camera, 5)
        camera.break_("silent")
        await camera.sleep_ms(300)  # what was on its way
        begun_us = 0
        with pytest.raises(SensorFault) as fault:
            for _ in range(4):
                begun_us = camera.now_us()
                await read(camera, 1)
        return str(fault.value), (camera.now_us() - begun_us) / 1000

    sentence, took_ms = within(camera, breaks_off)
    assert len(sentence) > 20
    assert SILENCE_MS[0] <= took_ms <= SILENCE_MS[1]
    assert camera.longest_turn_us() < TURN_US
    within(camera, camera.driver.stop)
    camera.mend("silent")
    assert len(taken(camera, 2)) == 2  # and the next start brings it back


def frames_that_are_not_whole_are_told(camera):
    async def work():
        await camera.driver.start(EXPOSURE_US, GAIN_Q8)
        await read(camera, 3)
        camera.break_("short")
        await camera.sleep_ms(200)
        await read(camera, 3)

    sentence, _ = told(camera, work)
    assert "whole" in sentence
    within(camera, camera.driver.stop)
    camera.mend("short")
    assert len(taken(camera, 2)) == 2


def an_absent_imager_is_told(camera):
    try:
        camera.break_("absent")
    except Unbreakable:
        return

    async def work():
        await camera.driver.start(EXPOSURE_US, GAIN_Q8)
        await read(camera, 1)

    sentence, took_ms = told(camera, work)
    assert len(sentence) > 20 and took_ms < 5_000
    camera.driver.identity()  # whatever it says, it says it without a fault: the module must start
    camera.mend("absent")
    assert len(taken(camera, 2)) == 2


def frozen_frames_are_handed_over(camera):
    """Frame identification finds them: it knows what was to be seen."""
    camera.break_("frozen")
    frames = taken(camera, 3)
    assert frames[0].pixels == frames[1].pixels == frames[2].pixels


def no_frames_without_a_start(camera):
    told(camera, lambda: read(camera, 1))
    taken(camera, 1)
    told(camera, lambda: read(camera, 1))


def it_sleeps_when_it_is_not_wanted(camera):
    async def work():
        for _ in range(3):  # as bursts of one decision follow each other
            await camera.driver.start(EXPOSURE_US, GAIN_Q8)
            await read(camera, 4)
            await camera.driver.stop()
            await camera.sleep_ms(50)
        await camera.driver.start(EXPOSURE_US, GAIN_Q8)
        for _ in range(12):
            await read(camera, 1)
            await camera.sleep_ms(1000)  # longer than it is left awake: no start of before ends this one
        await camera.driver.stop()
        await camera.sleep_ms(ASLEEP_MS)
        return camera.running()

    assert not camera.run(work)


def a_buffer_of_another_size_is_refused(camera):
    async def work():
        await camera.driver.start(EXPOSURE_US, GAIN_Q8)
        try:
            for size in (0, FRAME_BYTES - 1, FRAME_BYTES + 1):
                with pytest.raises(ValueError):
                    await camera.driver.read(bytearray(size))
        finally:
            await camera.driver.stop()

    within(camera, work)


def settings_that_it_has_not_are_told(camera):
    for asked in OUT_OF_RANGE:
        told(camera, lambda asked=asked: camera.driver.start(*asked))


def it_has_a_name(camera):
    name = camera.driver.identity()
    assert 0 < len(name) <= 40 and camera.driver.identity() == name
    assert (camera.driver.width, camera.driver.height) == (WIDTH, HEIGHT)


CHECKS = (
    frames_come_in_order_and_in_time,
    a_steady_scene_gives_steady_frames,
    the_exposure_and_the_gain_are_those_asked_for,
    the_board_files_gamma_holds,
    frames_are_of_now,
    others_have_their_turn,
    silence_is_told_after_half_a_second,
    frames_that_are_not_whole_are_told,
    an_absent_imager_is_told,
    frozen_frames_are_handed_over,
    no_frames_without_a_start,
    it_sleeps_when_it_is_not_wanted,
    a_buffer_of_another_size_is_refused,
    settings_that_it_has_not_are_told,
    it_has_a_name,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("board", boards("camera"))
def test_imager(board, check):
    with bench("camera", board) as camera:
        check(camera)


def test_an_imager_without_a_gamma_is_one_of_the_board_file():
    with bench("camera", "esp32s3", gamma_q8=256) as camera:
        the_board_files_gamma_holds(camera)


# Drivers that are wrong in one thing each.


def _on_waking(driver, spoil):
    """Spoil every object of the camera module that the driver makes."""
    woken = driver._woken

    def spoilt(buffers):
        imager = woken(buffers)
        spoil(imager)
        return imager

    driver._woken = spoilt


def waits_in_the_camera_module(driver):
    _on_waking(driver, lambda imager: setattr(imager, "frame_available", lambda: True))


def keeps_the_buffer(driver):
    """And meets a stale frame after a pause."""
    _on_waking(driver, lambda imager: setattr(imager, "free_buffer", lambda: None))


def leaves(name, value):
    """A function of the sensor that stays automatic."""

    def mutant(driver):
        _on_waking(driver, lambda imager: getattr(imager, "set_" + name)(value))

    mutant.__name__ = "leaves_" + name
    return mutant


def takes_what_comes(driver):
    """Whatever its length."""
    read = driver.read

    async def whatever(pixels):
        imager, clock = driver._imager, driver._clock
        if len(pixels) != FRAME_BYTES or imager is None or not driver._started:
            return await read(pixels)
        while not imager.frame_available():
            await clock.sleep_ms(2)
        frame = imager.capture()
        pixels[: len(frame)] = frame
        imager.free_buffer()
        return clock.ticks_us()

    driver.read = whatever


def stamps_later(driver):
    read = driver.read

    async def stamped(pixels):
        return await read(pixels) + 100_000

    driver.read = stamped


def gives_frames_after_the_stop(driver):
    stop = driver.stop

    async def half_stop():
        await stop()
        driver._started = True

    driver.stop = half_stop


def never_sleeps(driver):
    async def awake():
        driver._started = False

    driver.stop = awake


def falls_asleep_over_its_work(driver):
    start = driver.start

    async def forgetful(*asked):
        driver._sleeper = None  # of the stop before: not called off
        await start(*asked)

    driver.start = forgetful


def exposes_as_it_likes(driver):
    start = driver.start

    async def own(_exposure_us, *others):
        await start(EXPOSURE_US, *others)

    driver.start = own


def swallows_faults(driver):
    read = driver.read

    async def quiet(pixels):
        try:
            return await read(pixels)
        except SensorFault:
            return driver._clock.ticks_us()

    driver.read = quiet


def has_no_name(driver):
    driver.identity = lambda: ""


# With the check that sees it.
MUTANTS = (
    (waits_in_the_camera_module, others_have_their_turn),
    (keeps_the_buffer, frames_are_of_now),
    (leaves("exposure_ctrl", True), a_steady_scene_gives_steady_frames),
    (leaves("gain_ctrl", True), a_steady_scene_gives_steady_frames),
    (leaves("whitebal", True), a_steady_scene_gives_steady_frames),
    (leaves("lenc", True), a_steady_scene_gives_steady_frames),
    (leaves("raw_gma", False), the_board_files_gamma_holds),
    (takes_what_comes, frames_that_are_not_whole_are_told),
    (stamps_later, frames_come_in_order_and_in_time),
    (gives_frames_after_the_stop, no_frames_without_a_start),
    (never_sleeps, it_sleeps_when_it_is_not_wanted),
    (falls_asleep_over_its_work, it_sleeps_when_it_is_not_wanted),
    (exposes_as_it_likes, the_exposure_and_the_gain_are_those_asked_for),
    (swallows_faults, silence_is_told_after_half_a_second),
    (has_no_name, it_has_a_name),
)


@pytest.mark.parametrize(("mutant", "check"), MUTANTS, ids=lambda each: each.__name__)
def test_wrong_drivers_of_imagers_are_caught(mutant, check):
    assert caught("camera", "esp32s3", mutant, (check,))
