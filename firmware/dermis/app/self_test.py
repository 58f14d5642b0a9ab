"""The self-test: what a module can find out about itself, each check with its limits and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import drift, swir, vocabulary
from dermis.core.errors import DermisError
from dermis.core.reflectance import water_index

if TYPE_CHECKING:
    from dermis.app.module import Module

# Ambient light on the tab in the dark frame, linear counts: above this no burst can be exposed well.
DARK_HIGHEST = 32768
TEMPERATURE_LOWEST_CC, TEMPERATURE_HIGHEST_CC = -2000, 7000
# Difference of a lit and a dark sample of the SWIR head, counts: with nothing before it the window's reflection.
SWIR_LIT_LOWEST = 5
SWIR_OFF_LOWEST, SWIR_OFF_HIGHEST = 20, 60000  # a stuck ADC sits at an end
# Without a record a light is looked for about the design's level: its LED 20% off, gamma 10%, and some more.
NOMINAL_MARGIN_PERCENT = 60
STORAGE_LOWEST = 512 * 1024
TEST_FILE = "selftest.bin"


def check(name, ok, value=None, unit="", low=None, high=None, todo=""):
    """One check as the wire carries it."""
    return {
        "name": name,
        "ok": bool(ok),
        "value": value,
        "unit": unit,
        "low": low,
        "high": high,
        "todo": "" if ok else todo,
    }


def within(name, value, unit, low, high, todo):
    return check(name, low <= value <= high, value, unit, low, high, todo)


async def self_test(module: Module) -> list:
    """Every check, whatever the ones before said. The caller holds the sensors."""
    checks = await _lights(module)
    checks += await _swir(module)
    checks.append(_thermometer(module))
    checks.append(_storage(module))
    checks.append(_model(module))
    fault = module.calibration.fault
    checks.append(check("calibration", not fault, module.calibration.hash(), todo=fault))
    return checks


async def _lights(module: Module):
    """Imager and lights from frames of one light at a time, so that a dead one does not hide the others."""
    checks, drifts = [], {}
    taker, record = module.taker, module.calibration.record
    if record is None:
        try:
            await taker.learn_levels()
        except DermisError as error:
            return [check("imager", False, todo=str(error))]
    for light in vocabulary.LIGHTS:
        name = "imager" if light == vocabulary.DARK else "light_" + light
        try:
            await taker.take(record, (light,), swir=False)
        except DermisError as error:
            checks.append(check(name, False, todo=str(error)))
            if light == vocabulary.DARK:
                return checks  # without frames no light can be seen
            continue
        level = taker.monitor_levels()[light]
        if light == vocabulary.DARK:
            checks.append(
                within(name, level, "linear counts", 0, DARK_HIGHEST, "shade the module from the sun or a lamp")
            )
        else:
            expected, percent = module.board["monitor_nominal"][light], NOMINAL_MARGIN_PERCENT
            if record is not None:
                expected, percent = taker.identity.expected()[light], taker.identity.tolerance_percent()
                drifts[light] = level
            margin = expected * percent // 100
            todo = "calibrate again; when it fails still, replace the LEDs of %s" % light
            checks.append(within(name, level, "linear counts", expected - margin, expected + margin, todo))
    return checks + _drifts(module, drifts)


def _drifts(module, levels):
    """How far each light has drifted since the record in force was made, by the monitor tab, temperature taken off:
    the limits are those beyond which no burst is judged."""
    try:
        temperature_cc = module.thermometer.centi_celsius()
    except DermisError:
        return []  # the check of the thermometer says so
    record, board = module.calibration.record, module.board
    checks, left_q14 = [], {}
    for light in vocabulary.LIGHTS[1:]:
        if light in levels:
            off_cc = drift.offset_cc(temperature_cc, record.temperature_cc)
            _, left, left_q14[light] = drift.monitor(
                record, light, levels[light], board["exposure_us"], board["gain_q8"], off_cc
            )
            checks.append(
                within(
                    "drift_" + light,
                    left - 1000,
                    "1/1000",
                    drift.MONITOR_LOWEST - 1000,
                    drift.MONITOR_HIGHEST - 1000,
                    "clean the window; when it fails still, calibrate again",
                )
            )
    if len(left_q14) == len(vocabulary.LIGHTS) - 1:
        tilt = water_index(left_q14["850"], left_q14["970"], left_q14["1050"])
        todo = "keep other lamps off the window; when it fails still, calibrate again"
        checks.append(within("drift_between", tilt, "1/16384", -drift.LARGEST_TILT_Q14, drift.LARGEST_TILT_Q14, todo))
    return checks


async def _swir(module: Module):
    if not module.board["swir"]:
        return []
    if not module.swir.fitted:
        return [check("swir", False, todo="the board has a SWIR head and none answers; check its cable")]
    checks = []
    pairs, record = module.board["swir_pairs"], module.calibration.record
    # What tab and window alone send back of each LED, whatever stands before them.
    pedestals = record.swir_dark if record is not None else [0] * len(vocabulary.SWIR_BANDS)
    for band, pedestal in zip(vocabulary.SWIR_BANDS, pedestals):
        lowest = max(SWIR_LIT_LOWEST, pedestal * swir.PEDESTAL_LOWEST_PERCENT // (100 * swir.WHITE_SCALE))
        name = "swir_%d" % band
        try:
            on, off = await module.swir.read(band, pairs)
        except DermisError as error:
            checks.append(check(name, False, todo=str(error)))
            continue
        off //= pairs
        if not SWIR_OFF_LOWEST <= off <= SWIR_OFF_HIGHEST:
            todo = "the SWIR ADC is stuck or the photodiode saturated; shade the module, then check its cable"
            checks.append(check(name, False, off, "counts", SWIR_OFF_LOWEST, SWIR_OFF_HIGHEST, todo))
        else:
            lit = on // pairs - off
            todo = "hold something bright before the module; when it fails still, replace the LED of %d nm" % band
            checks.append(check(name, lit >= lowest, lit, "counts", lowest, None, todo))
    return checks


def _thermometer(module):
    try:
        value = module.thermometer.centi_celsius()
    except DermisError as error:
        return check("thermometer", False, todo=str(error))
    return within(
        "thermometer",
        value,
        "1/100 degree Celsius",
        TEMPERATURE_LOWEST_CC,
        TEMPERATURE_HIGHEST_CC,
        "let the module come to room temperature; when it fails still, check the thermometer",
    )


def _storage(module):
    pattern = module.system.random(32)
    try:
        module.storage.write(TEST_FILE, pattern)
        same = module.storage.read(TEST_FILE) == pattern
        module.storage.remove(TEST_FILE)
        free = module.storage.free_bytes()
    except OSError:
        return check("storage", False, todo="the data partition cannot be written; flash it anew")
    if not same:
        return check("storage", False, todo="the data partition does not keep what is written; replace the flash")
    todo = "the data partition is full; remove files"
    return check("storage", free >= STORAGE_LOWEST, free, "bytes", STORAGE_LOWEST, None, todo)


def _model(module):
    if module.model is None:
        return check("model", False, todo=module.model_fault)
    todo = "the model answers otherwise than at the start; restart, then install it again"
    try:
        sound = module.model.sound()
    except DermisError as error:  # an accelerator that does not answer
        return check("model", False, todo=str(error))
    return check("model", sound, module.model_hash(), todo=todo)
