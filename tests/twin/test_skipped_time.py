"""Virtual time of which a part is skipped, and that begins late; and how often the flash was erased."""

from __future__ import annotations

import itertools

import pytest
from dermis.core import partitions
from dermis_host import Module
from dermis_hw.lightfield import LightField
from dermis_hw.optics import DM1
from dermis_hw.twin import synthetic
from dermis_hw.twin.flash import SECTOR, Flash, PowerCut
from dermis_hw.twin.world import World

QUIET_S = 3600.0
PERIOD_MS = 300
WEEKS_US = (1 << 32) * 1000 - 5_000_000  # five seconds before 32 bits of milliseconds are full


class Quiet:
    """Nobody, and for an hour from the fifth second on nothing that anybody would miss."""

    def __call__(self, at_s: float) -> LightField:
        return synthetic.nothing(at_s)

    def quiet_until(self, at_s: float) -> float:
        return QUIET_S if at_s >= 5 else at_s


quiet = Quiet()


def test_a_sleep_is_prolonged_only_over_what_is_quiet():
    world = World(DM1, virtual=True)
    world.show(quiet)
    world.module_started()
    assert world.skips and world.skipped_to(100_000) == 100_000
    world.hear(5_000_000)
    assert world.module_us(int(QUIET_S * 1e6)) == world.skipped_to(5_100_000)
    world.hear(int(QUIET_S * 1e6))
    assert world.skipped_to(int(QUIET_S * 1e6) + 100) == int(QUIET_S * 1e6) + 100
    world.show(synthetic.nothing)
    assert not world.skips and world.skipped_to(7) == 7


def test_world_time_goes_on_whatever_the_clock_begins_with():
    world = World(DM1, virtual=True, ticks_us=WEEKS_US)
    world.module_started()
    assert world.now_us() == 1 and world.hear(WEEKS_US + 500) == 501
    world.module_ended()
    world.module_started()
    assert world.now_us() == 502 and world.hear(WEEKS_US + 10) == 512 and world.module_us(512) == WEEKS_US + 10


def test_a_watching_module_skips_and_its_clock_passes_32_bits_of_milliseconds(make_twin):
    twin = make_twin(provider="tests.twin.test_skipped_time:quiet", ticks_us=WEEKS_US)
    with Module(twin.url) as module:
        began = module.identity().uptime_ms
        assert began >= WEEKS_US // 1000
        watching = module.watch(PERIOD_MS)
        times = [next(watching)["t_ms"] for _ in range(20)]
        watching.close()
        assert module.identity().uptime_ms > 1 << 32
    pauses = [after - before for before, after in itertools.pairwise(times)]
    [skipped] = [pause for pause in pauses if pause > 60_000]
    assert QUIET_S * 1000 - 10_000 < skipped < QUIET_S * 1000
    assert times == sorted(times) and times[0] < 1 << 32 < times[-1]


def test_erases_are_counted_by_block(make_twin, tmp_path):
    flash = Flash(tmp_path / "flash.bin")
    flash.erase(SECTOR, 2 * SECTOR)
    flash.cut_power_after(1)
    with pytest.raises(PowerCut):
        flash.erase(SECTOR, SECTOR)  # what was begun has worn it, too
    assert flash.erases[:4].tolist() == [0, 2, 1, 0]
    flash.close()
    twin = make_twin()
    before = twin.request({"do": "wear"})["erases"]
    assert set(before) == {each.name for each in partitions.PARTITIONS}
    with Module(twin.url) as module:
        module.setting_write("name", b"door")
    after = twin.request({"do": "wear"})["erases"]
    assert sum(after["data"]) > sum(before["data"]) and sum(after["slot0"]) == 0
