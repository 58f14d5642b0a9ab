"""Which light lit a frame: drawn tabs, drifted, mixed, saturated."""

import fakes
from dermis.app.frame_identity import BLOCK_ROWS, FrameIdentity, gamma_table
from dermis.core import vocabulary
from dermis.core.burst import FRAME_BYTES, HEIGHT, WIDTH

NOMINAL = fakes.BOARD["monitor_nominal"]
TABLE = gamma_table(fakes.BOARD["black_code"], fakes.BOARD["gamma_q8"])


CODES = {}  # what was asked before


def code_of(linear):
    if linear not in CODES:
        CODES[linear] = min(range(256), key=lambda code: abs(TABLE[code] - linear))
    return CODES[linear]


def frame(linear_of_row, noise=0):
    """A frame whose tab has that linear level row by row; the scene is grey."""
    pixels = bytearray(bytes([90]) * FRAME_BYTES)
    state = 7
    for row in range(HEIGHT):
        code = code_of(linear_of_row(row))
        for column in range(6):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            shift = (state >> 16) % (2 * noise + 1) - noise if noise else 0
            pixels[row * WIDTH + column] = max(0, min(255, code + shift))
    return pixels


def even(linear):
    return lambda _row: linear


def test_gamma_table_rises_from_black_to_full_scale():
    values = [TABLE[code] for code in range(256)]
    assert values[0] == values[4] == 0 and values[255] == 65535
    assert values == sorted(values)
    assert abs(values[134] - 65535 * 0.2274) < 700  # ((134 - 4) / 251) ** 2.2


def test_every_light_is_known_with_and_without_ambient():
    identity = FrameIdentity(fakes.BOARD)
    for ambient in (0, 262, 13000):
        assert identity.set_ambient(frame(even(ambient)))
        assert identity.identify(frame(even(ambient))) == vocabulary.DARK
        for light in NOMINAL:
            assert identity.identify(frame(even(NOMINAL[light] + ambient), 2)) == light, (light, ambient)
            assert abs(identity.lit_level() - NOMINAL[light]) < NOMINAL[light] // 20


def test_drifted_lights_are_known_and_levels_between_two_are_not():
    identity = FrameIdentity(fakes.BOARD)
    for record in (None, fakes.FakeRecord(100)):
        identity.use(record, fakes.BOARD["exposure_us"])
        identity.set_ambient(frame(even(300)))
        for light in NOMINAL:
            for percent in (82, 90, 115, 124):
                level = NOMINAL[light] * percent // 100
                assert identity.identify(frame(even(level + 300))) == light, (light, percent)
    for level in (3500, 11100, 60000):
        assert identity.identify(frame(even(level + 300))) is None, level


def test_a_record_moves_the_levels():
    identity = FrameIdentity(fakes.BOARD)
    record = fakes.FakeRecord(85)
    record.monitor["1050"] = NOMINAL["970"]  # this module's 1050 is as bright as the nominal 970
    record.monitor["970"] = NOMINAL["850"]
    record.monitor["850"] = 60000
    identity.use(record, fakes.BOARD["exposure_us"])
    assert identity.identify(frame(even(NOMINAL["970"]))) == "1050"
    assert identity.identify(frame(even(NOMINAL["850"]))) == "970"
    identity.use(None, fakes.BOARD["exposure_us"])
    assert identity.identify(frame(even(NOMINAL["970"]))) == "970"


def test_a_frame_that_two_lights_lit_is_nobodys():
    """Only where the other light touched a few rows at the edge, and those hardly, may the frame pass."""
    identity = FrameIdentity(fakes.BOARD)
    identity.set_ambient(frame(even(300)))
    lights = dict(NOMINAL)
    lights[vocabulary.DARK] = 0
    refused = 0
    for before in lights:
        for after in lights:
            if before == after:
                continue
            for switch in (5, 12, 120, 197, 232, 262):
                # The rolling exposure turns the switch into a ramp over 6 ms, that is 43 rows.
                def level(row, before=before, after=after, switch=switch):
                    part = max(0, min(43, row - switch + 43))
                    return (lights[before] * (43 - part) + lights[after] * part) // 43

                def tab(row, level=level):
                    return level(row) + 300

                found = identity.identify(frame(tab))
                if found is None:
                    refused += 1
                    continue
                worst = max([abs(level(row) - lights[found]) for row in range(HEIGHT)])
                assert worst <= max(900, lights[found] * 12 // 100), (before, after, switch, found, worst)
    assert refused > 20 * 5


def test_the_dark_frame_must_be_even_too():
    identity = FrameIdentity(fakes.BOARD)
    identity.set_ambient(frame(even(500)))
    assert not identity.set_ambient(frame(lambda row: 500 if row < 100 else 9000))
    assert abs(identity.ambient_level - 500) < 60  # as it was before
    assert identity.set_ambient(None) and identity.ambient_level == 0


def test_a_stripe_shorter_than_a_block_is_seen():
    identity = FrameIdentity(fakes.BOARD)

    def level(row):
        return 0 if 100 <= row < 100 + BLOCK_ROWS // 2 else NOMINAL["970"]

    assert identity.identify(frame(level)) is None


def test_scene_level_is_a_mean():
    identity = FrameIdentity(fakes.BOARD)
    assert identity.scene_level(bytes([200]) * FRAME_BYTES) == TABLE[200]
    half = bytearray(FRAME_BYTES)
    for at in range(0, FRAME_BYTES, 2):
        half[at] = 200
    assert abs(identity.scene_level(half) - TABLE[200] // 2) < 100
