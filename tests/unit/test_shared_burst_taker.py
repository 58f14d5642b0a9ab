"""The burst taker before an imager that is late, drops, repeats and sees two lights in one frame."""

import asyncio

import fakes
from dermis.app.burst_checks import dark_changes, dark_slot_unseen
from dermis.app.burst_taker import SWIR_PARTS, BurstTaker
from dermis.core import vocabulary
from dermis.core.errors import InterlockOpen, SensorFault, TooBright


def setup(seed=1):
    drivers = fakes.drivers(seed)
    taker = BurstTaker(
        fakes.BOARD,
        drivers.clock,
        drivers.camera,
        drivers.emitters,
        drivers.swir,
        drivers.thermometer,
        drivers.system,
    )
    return drivers, taker


def take(taker, *arguments):
    return asyncio.run(taker.take(*arguments))


def fault_of(taker, *arguments):
    try:
        take(taker, *arguments)
    except SensorFault as error:
        return str(error)
    return ""


def tab(burst, name):
    """Linear level of the tab in a frame's first, middle and last row."""
    table = fakes.FakeRecord().linear
    return [table[burst.frames[name][row * 320]] for row in (0, 120, 239)]


def lit_as_named(drivers, burst):
    assert not [name for name in burst.frames if burst.frames[name] is burst.spare]  # the work would overwrite it
    for name in vocabulary.FRAMES:
        wanted = drivers.camera.levels[vocabulary.FRAME_LIGHT[name]] + drivers.camera.ambient
        for level in tab(burst, name):
            assert abs(level - wanted) * 100 <= 4 * wanted + 20000, (name, level, wanted)


def test_a_burst_is_whole_and_takes_less_than_a_second():
    drivers, taker = setup()
    burst = take(taker)
    assert sorted(burst.frames) == sorted(vocabulary.FRAMES)
    assert drivers.clock.now < 1000000, drivers.clock.now
    lit_as_named(drivers, burst)
    assert burst.swir == tuple([((1700 + band) * 64, 700 * 64, 64) for band in vocabulary.SWIR_BANDS])
    assert burst.temperature_cc == 2512 and burst.exposure_us == 6000
    assert len({id(frame) for frame in burst.frames.values()}) == 6
    assert drivers.emitters.lit_at(drivers.clock.now) == vocabulary.DARK and drivers.camera.started is None
    for _, level, longest in drivers.emitters.pulses:
        assert level == 256 and 80000 < longest <= 200000
    header = burst.header()
    assert header["order"][0] == "dark" and len(header["dark_levels"]) >= 2


def test_the_order_differs_and_keeps_its_rules():
    orders = set()
    for seed in range(1, 9):
        _, taker = setup(seed)
        burst = take(taker)
        order = burst.order
        assert len(burst.dark_levels) == order.count("dark") and not dark_slot_unseen(burst)
        orders.add(order)
        assert order[0] == "dark" and order[-1] == "850" and "dark" in order[1:]
        assert order[-2] != "850", order
        for light in ("970", "1050", "dots"):
            assert order.count(light) == 1
        assert order.count("850") == 2
        assert not [at for at in range(1, len(order)) if order[at - 1] == order[at] == "dark"], order
    assert len(orders) >= 6, orders


def test_the_swir_bands_come_in_any_order():
    orders = set()
    for seed in range(1, 9):
        drivers, taker = setup(seed)
        asked, read = [], drivers.swir.read

        async def noted(band, pairs, asked=asked, read=read):
            asked.append(band)
            return await read(band, pairs)

        drivers.swir.read = noted
        readings = take(taker).swir
        assert [on // 64 - 1700 for on, _, _ in readings] == list(vocabulary.SWIR_BANDS)
        assert sorted(asked) == sorted(vocabulary.SWIR_BANDS * SWIR_PARTS)
        assert asked[:SWIR_PARTS] == [1050] * SWIR_PARTS
        orders.add(tuple(asked))
    assert len(orders) >= 6, orders


def test_a_swir_band_whose_halves_differ_is_counted():
    drivers, taker = setup()
    seen, read = [], drivers.swir.read

    async def jumps(band, pairs):
        lit, dark = await read(band, pairs)
        seen.append(band)
        return lit + (2000 * pairs if band == 1450 and seen.count(band) > 1 else 0), dark

    drivers.swir.read = jumps
    assert take(taker).swir_uneven == 1
    drivers.swir.read = read
    assert take(taker).swir_uneven == 0


def readings_of(seed, took_ms):
    """(drivers, order, [(begun, ended)]) of a burst whose SWIR head takes so long for a part of a band."""
    drivers, taker = setup(seed)
    times, read = [], drivers.swir.read

    async def slowly(band, pairs):
        begun = drivers.clock.now
        await drivers.clock.sleep_ms(took_ms - 13)  # the fake's own
        answer = await read(band, pairs)
        times.append((begun, drivers.clock.now))
        return answer

    drivers.swir.read = slowly
    burst = take(taker)
    assert burst.swir == tuple([((1700 + band) * 64, 700 * 64, 64) for band in vocabulary.SWIR_BANDS])
    return drivers, burst.order, times


def test_swir_bands_are_read_in_the_dark_slots_as_far_as_they_fit_there():
    for seed in range(1, 5):
        for took_ms, fitting in ((23, 3), (45, 1), (100, 0)):
            drivers, order, times = readings_of(seed, took_ms)
            assert len(times) == len(vocabulary.SWIR_BANDS) * SWIR_PARTS
            history = drivers.emitters.history
            for begun, ended in times:
                assert drivers.emitters.lit_at(begun) == drivers.emitters.lit_at(ended - 1) == vocabulary.DARK
            first_light = min([at for at, light in history if light != vocabulary.DARK])
            later = [begun for begun, _ in times if begun > first_light]
            assert len(later) == fitting * (order.count(vocabulary.DARK) - 1)
            for at in range(len(history) - 1):
                (since, light), (until, _) = history[at], history[at + 1]
                if since > first_light and light == vocabulary.DARK and until > since:
                    assert 80000 <= until - since < 82000, until - since


def test_frames_are_sorted_whatever_the_latency():
    for latencies in ((20000,), (90000,), (20000, 90000), (90000, 20000, 50000)):
        drivers, taker = setup(3)
        drivers.camera._latencies = latencies
        burst = take(taker)
        lit_as_named(drivers, burst)
        assert burst.time_us["850"] < burst.time_us["850b"]


def test_dropped_and_repeated_frames():
    for drop in ((0,), (3, 4), (5, 6, 9), (11, 12, 13), (1, 2, 14, 15, 16)):
        drivers, taker = setup(5)
        drivers.camera.drop = drop
        drivers.camera.repeat = (7, 8)
        lit_as_named(drivers, take(taker))


def test_a_frame_that_comes_again_does_not_lie_where_the_work_is_done():
    for seed, drop in ((0, (8, 13, 2)), (3, (5, 11, 10)), (4, (5, 6, 3))):
        drivers, taker = setup(seed)
        drivers.camera.drop = drop
        lit_as_named(drivers, take(taker))


def test_buffers_are_used_again_without_mixing_them_up():
    drivers, taker = setup(2)
    first = take(taker)
    kept = dict(first.frames)
    second = take(taker)
    assert {id(frame) for frame in second.frames.values()} <= {id(frame) for frame in taker._buffers}
    lit_as_named(drivers, second)
    assert len(kept) == 6 and drivers.camera.starts == 2


def test_drifted_lights_are_still_known():
    for percent in (85, 120):
        drivers, taker = setup(4)
        for light in drivers.camera.levels:
            drivers.camera.levels[light] = drivers.camera.levels[light] * percent // 100
        lit_as_named(drivers, take(taker, fakes.FakeRecord()))


def test_ambient_light_is_taken_off():
    drivers, taker = setup(6)
    drivers.camera.ambient = 13000  # 50 klux of sun
    lit_as_named(drivers, take(taker))


def test_a_dead_light_is_named():
    drivers, taker = setup()
    drivers.camera.levels["970"] = 0
    sentence = fault_of(taker)
    assert "970" in sentence and "dark" in sentence, sentence
    assert drivers.emitters.lit_at(drivers.clock.now) == vocabulary.DARK
    drivers.camera.levels["970"] = fakes.BOARD["monitor_nominal"]["970"]
    assert len(take(taker).frames) == 6  # and the next burst is taken as ever


def test_swapped_lights_are_named():
    drivers, taker = setup()
    levels = drivers.camera.levels
    levels["970"], levels["1050"] = levels["1050"], levels["970"]
    sentence = fault_of(taker)
    assert "970" in sentence and "1050" in sentence and "wiring" in sentence, sentence


def test_a_silent_imager_is_a_fault_and_not_a_wait():
    drivers, taker = setup()
    drivers.camera.silent = True
    assert "imager" in fault_of(taker)
    assert drivers.clock.now < 2000000


def test_a_light_that_never_gives_a_whole_frame():
    drivers, taker = setup()
    drivers.camera.levels["dots"] = 1000000  # saturates: no light is known by it
    assert "dots" in fault_of(taker)


def test_an_open_interlock_goes_up_with_everything_dark():
    drivers, taker = setup()
    drivers.emitters.fault = InterlockOpen("the diffuser is open")
    try:
        take(taker)
    except InterlockOpen:
        pass
    else:
        raise AssertionError("no InterlockOpen")
    assert drivers.camera.started is None


def test_a_part_of_a_burst():
    drivers, taker = setup()
    burst = take(taker, None, ("dots",))
    assert sorted(burst.frames) == ["dark", "dots"] and burst.order == ("dark", "dots")
    burst = take(taker, None, ("850", "850b"), False)
    assert sorted(burst.frames) == ["850", "850b", "dark"] and burst.swir == ()
    assert burst.time_us["850"] < burst.time_us["850b"] and "dark" in burst.order[1:]
    assert sorted(taker.monitor_levels()) == ["850", "dark"]
    assert abs(taker.monitor_levels()["850"] - drivers.camera.levels["850"]) < 2000


def test_somebody_elses_light_in_step_with_ours_shows_in_the_dark_slots():
    drivers, taker = setup(7)
    assert not dark_changes(take(taker).dark_levels)
    start = drivers.clock.now
    drivers.camera.scene = 0

    def ambient(time_us):  # on a second lamp as soon as the first dark frame is over
        return 600 if time_us < start + 90000 else 2000

    drivers.camera.ambient_at = ambient
    levels = take(taker).dark_levels
    assert len(levels) >= 2 and max(levels) > min(levels), levels
    assert dark_changes((1000, 4000)) and not dark_changes((1000, 1200)) and not dark_changes((30000, 33000))
    assert not dark_changes(()) and not dark_changes((5,))


def test_a_lamp_that_burns_in_a_dark_slot_is_missed_in_the_count():
    """So bright that the frame is not dark at all: nothing may be noted, and that is what tells."""
    for level in (4000, 7864, 26214, 50000):
        drivers, taker = setup(7)
        emitters = drivers.emitters

        def ambient(time_us, emitters=emitters, level=level):
            lit_before = [name for since, name in emitters.history if since <= time_us and name != vocabulary.DARK]
            after_the_last = len(lit_before) == 5
            return level if lit_before and not after_the_last and emitters.lit_at(time_us) == vocabulary.DARK else 0

        drivers.camera.ambient_at = ambient
        burst = take(taker)
        assert sorted(burst.frames) == sorted(vocabulary.FRAMES)
        assert dark_slot_unseen(burst), (level, burst.order, burst.dark_levels)


def test_everything_is_dark_whatever_ends_a_burst():
    def swir_fails(drivers):
        drivers.swir.fault = SensorFault("the ADC does not answer")

    def light_fails(drivers):
        pulse = drivers.emitters.pulse

        def third_fails(*arguments):
            pulse(*arguments)  # it is lit when the driver finds the fault
            if len(drivers.emitters.pulses) == 3:
                raise SensorFault("the LED driver reports a fault")

        drivers.emitters.pulse = third_fails

    def imager_dies(drivers):
        read = drivers.camera.read

        async def fails(pixels):
            if len(drivers.emitters.pulses) == 2:
                raise SensorFault("the imager is gone")
            return await read(pixels)

        drivers.camera.read = fails

    def something_unforeseen(drivers):
        def fails(*_):
            raise KeyError("lost")

        drivers.thermometer.centi_celsius = fails

    for prepare in (swir_fails, light_fails, imager_dies, something_unforeseen):
        drivers, taker = setup()
        prepare(drivers)
        try:
            take(taker)
        except (SensorFault, KeyError):
            pass
        else:
            raise AssertionError(prepare)
        assert drivers.emitters.lit_at(drivers.clock.now) == vocabulary.DARK, prepare
        assert drivers.camera.started is None, prepare


def test_a_burst_that_is_cancelled_leaves_everything_dark():
    drivers, taker = setup()

    async def cancelled():
        task = asyncio.create_task(taker.take())
        while len(drivers.emitters.pulses) < 2:
            await asyncio.sleep(0)
        assert drivers.emitters.lit_at(drivers.clock.now) != vocabulary.DARK
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return True
        return False

    assert asyncio.run(cancelled())
    assert drivers.emitters.lit_at(drivers.clock.now) == vocabulary.DARK and drivers.camera.started is None
    assert len(take(taker).frames) == 6


def test_a_module_without_a_record_learns_its_levels():
    """LEDs a fifth off, and a level where the next light's is looked for."""
    drivers, taker = setup()
    nominal = fakes.BOARD["monitor_nominal"]
    drivers.camera.levels.update({"850": nominal["850"] * 80 // 100, "970": nominal["970"] * 115 // 100})
    drivers.camera.levels["dots"] = nominal["dots"] * 160 // 100
    assert fault_of(taker, None)
    asyncio.run(taker.learn_levels())
    taught = drivers.clock.now
    for light in vocabulary.LIGHTS[1:]:
        wanted = drivers.camera.levels[light]
        assert abs(taker.identity.expected()[light] - wanted) * 20 <= wanted, (light, wanted)
    assert drivers.camera.started is None and drivers.emitters.lit_at(taught) == vocabulary.DARK
    lit_as_named(drivers, take(taker))
    asyncio.run(taker.learn_levels())
    assert drivers.camera.starts == 3 and taker.identity.knows(6000)  # once is enough
    drivers.camera.silent = True
    assert fault_of(taker, None) and taker.identity.knows(6000)  # the imager's fault, not the levels'
    drivers.camera.silent = False
    drivers.camera.levels["970"] = nominal["970"] * 60 // 100
    assert fault_of(taker, None) and not taker.identity.knows(6000)


def test_a_light_that_shows_nothing_is_not_learned():
    drivers, taker = setup()
    drivers.camera.levels["1050"] = 0
    asyncio.run(taker.learn_levels())
    assert taker.identity.knows(6000)
    assert "1050 stays dark" in fault_of(taker, None)


def test_an_imager_that_gives_nothing_cannot_be_learned_from():
    drivers, taker = setup()
    drivers.camera.silent = True
    try:
        asyncio.run(taker.learn_levels())
    except SensorFault:
        assert not taker.identity.knows(6000) and drivers.camera.started is None
    else:
        raise AssertionError("nothing was seen and something learned")


def test_other_exposures_are_told_apart_with_and_without_a_record():
    for exposure_us in (1500, 6000, 12000):
        for record in (fakes.FakeRecord(), None):
            drivers, taker = setup()
            drivers.camera.levels.update({"850": 28000, "970": 18000, "1050": 11000, "dots": 5500})
            if record is None:
                asyncio.run(taker.learn_levels(exposure_us))
            else:
                record.monitor = {light: drivers.camera.levels[light] for light in vocabulary.LIGHTS[1:]}
            burst = asyncio.run(taker.take(record, exposure_us=exposure_us))
            assert burst.exposure_us == exposure_us == burst.header()["exposure_us"]
            for name in ("850", "1050"):
                light = drivers.camera.levels[vocabulary.FRAME_LIGHT[name]]
                wanted = light * exposure_us // 6000 + drivers.camera.ambient
                for level in tab(burst, name):
                    assert abs(level - wanted) * 100 <= 4 * wanted + 20000, (name, exposure_us)


def test_a_tab_that_a_long_exposure_saturates_is_too_bright():
    _, taker = setup()
    try:
        asyncio.run(taker.take(fakes.FakeRecord(), exposure_us=12000))
    except TooBright as error:
        assert "850" in str(error) and "12000" in str(error)
    else:
        raise AssertionError("the tab cannot have been told")
