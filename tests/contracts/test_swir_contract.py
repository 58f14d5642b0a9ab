"""The SWIR head: on and off samples that belong together, of the band asked for, and no number where there is none."""

from __future__ import annotations

import contextlib

import pytest
from dermis.core import vocabulary
from dermis.core.errors import SensorFault

from tests.contracts.benches import bench, boards
from tests.contracts.benches.emitters import Unbreakable
from tests.contracts.benches.swir import BREAKS
from tests.contracts.mutants import caught

BANDS = vocabulary.SWIR_BANDS
PAIRS = 64
LEVELS = {1050: 6000.0, 1200: 5200.0, 1300: 4800.0, 1450: 900.0, 1550: 1500.0}
AMBIENT = 1000.0
TOLERANCE = 0.08  # of a level, with what an ADC of 12 bits makes of it
STEP = 16  # of that ADC, in counts of 65,536
FRAME_US = 40_000  # between two frames, of which a reader that waits longer for its turn loses one


def read(head, band_nm=1200, pairs=PAIRS):
    return head.run(lambda: head.driver.read(band_nm, pairs))


def signal(reading, pairs=PAIRS):
    """Of the LED alone, counts a sample."""
    on, off = reading
    return (on - off) / pairs


def each_band_is_its_own(head):
    head.see(LEVELS, AMBIENT)
    for band_nm in (*BANDS, 1300):
        assert abs(signal(read(head, band_nm)) - LEVELS[band_nm]) <= TOLERANCE * LEVELS[band_nm] + STEP, band_nm


def off_is_without_light(head):
    head.see(LEVELS, AMBIENT)
    _, off = read(head)
    assert abs(off / PAIRS - AMBIENT) <= TOLERANCE * AMBIENT + STEP


def sums_grow_with_the_pairs(head):
    head.see(LEVELS, AMBIENT)
    for pairs in (1, 16, 256):
        on, off = read(head, 1200, pairs)
        assert abs((on - off) / pairs - LEVELS[1200]) <= TOLERANCE * LEVELS[1200] + 4 * STEP
        assert isinstance(on, int) and isinstance(off, int)


def drift_is_taken_off(head):
    """Ambient light that rises while it reads falls on both alike."""
    head.see(LEVELS, AMBIENT, drift_per_ms=100.0)
    assert abs(signal(read(head, 1450)) - LEVELS[1450]) <= 0.15 * LEVELS[1450] + STEP


def others_have_their_turn(head):
    head.see(LEVELS, AMBIENT)
    read(head, pairs=256)
    assert head.longest_turn_us() < FRAME_US // 2


def dark_when_done(head):
    head.see(LEVELS, AMBIENT)
    read(head)
    assert head.burning() == ""
    for what in BREAKS:
        try:
            head.break_(what)
        except Unbreakable:
            continue
        with contextlib.suppress(SensorFault):
            read(head)
        assert head.burning() == "", what
        head.mend(what)


def faults_are_told(head):
    head.see(LEVELS, AMBIENT)
    for what in BREAKS:
        try:
            head.break_(what)
        except Unbreakable:
            continue
        if what == "stuck":
            never_a_signal_from_a_stuck_adc(head)
        else:
            with pytest.raises(SensorFault) as told:
                read(head)
            assert len(str(told.value)) > 20
        head.mend(what)
        assert abs(signal(read(head)) - LEVELS[1200]) <= TOLERANCE * LEVELS[1200] + STEP, what


def never_a_signal_from_a_stuck_adc(head):
    """The driver may say so; if not, both sums must be the same."""
    try:
        on, off = read(head)
    except SensorFault:
        return
    assert on == off


def other_bands_are_refused(head):
    for band_nm in (0, 850, 970, 1600):
        with pytest.raises(ValueError):
            read(head, band_nm)


def it_has_a_name(head):
    assert head.driver.fitted
    assert 0 < len(head.driver.identity()) <= 40


CHECKS = (
    each_band_is_its_own,
    off_is_without_light,
    sums_grow_with_the_pairs,
    drift_is_taken_off,
    others_have_their_turn,
    dark_when_done,
    faults_are_told,
    other_bands_are_refused,
    it_has_a_name,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("board", boards("swir"))
def test_swir_head(board, check):
    with bench("swir", board) as head:
        check(head)


@pytest.mark.parametrize("board", boards("swir"))
def test_a_module_without_the_head_says_so(board):
    with bench("swir", board, swir=False) as head:
        assert not head.driver.fitted and head.driver.identity() == ""
        with pytest.raises(SensorFault, match="fitted"):
            read(head)


@pytest.mark.parametrize("board", ["esp32s3", "coral"])
def test_a_sample_counts_only_where_the_shortest_one_shot_still_burned(board):
    """An I2C that is slow by so much that an LED of a one-shot at its lower tolerance is dark by then."""
    with bench("swir", board) as head:
        head.see(LEVELS, AMBIENT)
        driver = head.driver
        sample, wait_us = driver._adc.sample, driver._clock.wait_us

        def slow():
            wait_us(int(head.board["one_shots"]["swir_us"] * 0.95) - head.board["swir_sample_us"])
            return sample()

        driver._adc.sample = slow
        with pytest.raises(SensorFault, match="later than its LEDs burn"):
            read(head)
        assert head.burning() == ""


# Drivers that are wrong in one thing each.


def lights_nothing(driver):
    driver._shot.fire = lambda _length_us: None


def never_ends_a_pulse(driver):
    """And holds the pin, so that its one-shot alone ends it."""
    pin = driver._shot._pin
    driver._shot.fire = lambda _length_us: pin.init(pin.OUT, value=1)
    driver._shot.end = lambda: None


def samples_late(driver):
    """After the LED went out."""
    fire, clock = driver._shot.fire, driver._clock

    def fire_and_wait(length_us):
        fire(length_us)
        clock.wait_us(length_us)

    driver._shot.fire = fire_and_wait
    driver._latest_us = 10_000


def gives_no_turn(driver):
    class Impatient:
        ticks_us, wait_us = driver._clock.ticks_us, driver._clock.wait_us

        async def sleep_ms(self, _duration_ms):
            return

    driver._clock = Impatient()


def first_all_on_then_all_off(driver):
    async def read(band_nm, pairs):
        driver._expander.select("swir_select_", driver._select[str(band_nm)])
        on = 0
        for _ in range(pairs):
            driver._light()
            on += driver._adc.sample()
            driver._dark()
        await driver._clock.sleep_ms(0)
        return on, sum(driver._adc.sample() for _ in range(pairs))

    driver.read = read


def reads_the_neighbour(driver):
    driver._select = {band: (number + 1) % 5 for band, number in driver._select.items()}


def swaps_on_and_off(driver):
    read = driver.read

    async def swapped(band_nm, pairs):
        on, off = await read(band_nm, pairs)
        return off, on

    driver.read = swapped


def swallows_faults(driver):
    read = driver.read

    async def quiet(band_nm, pairs):
        try:
            return await read(band_nm, pairs)
        except SensorFault:
            return 4000 * pairs, 1000 * pairs

    driver.read = quiet


def trusts_the_decoder(driver):
    driver._expander.check = lambda: None


def takes_eight_bits(driver):
    sample = driver._adc.sample
    driver._adc.sample = lambda: sample() & 0xFF00


MUTANTS = (
    lights_nothing,
    never_ends_a_pulse,
    samples_late,
    gives_no_turn,
    first_all_on_then_all_off,
    reads_the_neighbour,
    swaps_on_and_off,
    swallows_faults,
    trusts_the_decoder,
    takes_eight_bits,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_wrong_drivers_of_swir_heads_are_caught(mutant):
    assert caught("swir", "esp32s3", mutant, CHECKS)
