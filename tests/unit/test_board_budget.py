"""What the budget of a board is made of: drivers' times from the board data, memory by the width of pointers."""

from __future__ import annotations

import pytest
from dermis.core import vocabulary
from dermis_hw.boards import board_file

from tests.bench import board_memory, driver_cost, heap_life
from tests.bench.burst_rig import Rig, Setting
from tests.contracts.benches import swir_esp32s3

BITS_OF_A_SAMPLE = 27  # address, two bytes, each with its acknowledge
BOARD = board_file("esp32s3")


@pytest.fixture(scope="module")
def costs() -> driver_cost.DriverCosts:
    return driver_cost.estimate()


def test_a_sample_takes_at_least_its_bits(costs):
    assert costs.sample > BITS_OF_A_SAMPLE * 1e6 / BOARD["clocks"]["i2c_hz"]
    assert min(us for _, us in costs.rows()) > 0


def test_a_sample_in_the_light_comes_while_the_led_burns(costs):
    """With room for a third more: a shorter one-shot, or a slower driver, and the head would be refused."""
    assert 0 < costs.lit * 4 / 3 < costs.lit_allowed


def test_a_slower_bus_makes_a_dearer_pair():
    taken = {}
    for hz in (350_000, 400_000):
        with swir_esp32s3.bench(clocks=BOARD["clocks"] | {"i2c_hz": hz}) as bench:
            bench.see({driver_cost.BAND_NM: 20_000}, 1_000, 1.0)
            bench.run(lambda read=bench.driver.read: read(driver_cost.BAND_NM, 8))
            taken[hz] = bench.chip.now_us
    assert taken[350_000] > taken[400_000]


def test_a_burst_with_a_boards_drivers_reads_the_swir_head_as_long_as_they_do(costs):
    def before_the_imager(given: driver_cost.DriverCosts | None) -> float:
        rig = Rig(3, Setting(costs=given))
        assert not rig.burst().refusal
        begun = rig.taker._sorter.slots[0].start - rig.begun_us
        rig.close()
        return begun

    pairs = BOARD["swir_pairs"]
    assert before_the_imager(costs) >= 2 * pairs * costs.sample > before_the_imager(None)
    assert len(vocabulary.SWIR_BANDS) == 5


def test_buffers_stay_and_the_rest_shrinks_with_the_pointers():
    assert heap_life.on_32_bits(1000, 1000) == 1000
    assert heap_life.on_32_bits(1100, 1000) == 1000 + round(100 * heap_life.OBJECTS_ON_32_BITS)
    life = heap_life.Life(probe=10, buffers={"a": 3, "b": 4}, stages=[("x", [{"most": 60}, {"most": 90}]), ("y", [])])
    assert (life.peak, life.at_rest) == (80, 7)


def test_the_kernels_fit_what_the_system_leaves_of_the_sram():
    left = board_memory.SRAM_KIB - board_memory.SYSTEM_SRAM_KIB - board_memory.MAIN_STACK_KIB
    assert 0 < board_memory.kernel_bytes() < left * board_memory.KIB
