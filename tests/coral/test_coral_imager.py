"""The Coral's imager: the kernel's structures as others wrote them, what it sets, and what no other board's can be."""

from __future__ import annotations

import asyncio
import ctypes

import pytest
from dermis.core.errors import SensorFault
from dermis.drivers import coral_v4l2 as v4l2
from dermis_hw.boards import board_file
from linuxpy.video import raw

from tests.contracts import test_camera_contract as contract
from tests.contracts.benches.camera_coral import CoralCameraBench, bench
from tests.fakes.coral.video import Control

PIXELS = 320 * 240
EXPOSURE_US = 6000


def test_structures_and_requests_are_the_kernels():
    code = raw.IOC
    for own, layout, theirs, structure in (
        (v4l2.QUERYCAP, v4l2.CAPABILITY, code.QUERYCAP, raw.v4l2_capability),
        (v4l2.S_FMT, v4l2.FORMAT, code.S_FMT, raw.v4l2_format),
        (v4l2.S_PARM, v4l2.INTERVAL, code.S_PARM, raw.v4l2_streamparm),
        (v4l2.QUERYCTRL, v4l2.QUERY, code.QUERYCTRL, raw.v4l2_queryctrl),
        (v4l2.G_CTRL, v4l2.CONTROL, code.G_CTRL, raw.v4l2_control),
        (v4l2.S_CTRL, v4l2.CONTROL, code.S_CTRL, raw.v4l2_control),
        (v4l2.REQBUFS, v4l2.REQUEST, code.REQBUFS, raw.v4l2_requestbuffers),
        (v4l2.QUERYBUF, v4l2.BUFFER, code.QUERYBUF, raw.v4l2_buffer),
        (v4l2.QBUF, v4l2.BUFFER, code.QBUF, raw.v4l2_buffer),
        (v4l2.DQBUF, v4l2.BUFFER, code.DQBUF, raw.v4l2_buffer),
        (v4l2.STREAMON, v4l2.BUFFER_TYPE, code.STREAMON, ctypes.c_int),
        (v4l2.STREAMOFF, v4l2.BUFFER_TYPE, code.STREAMOFF, ctypes.c_int),
    ):
        assert own == theirs.value & 0xFFFFFFFF, theirs
        assert layout.size == ctypes.sizeof(structure), structure


def test_names_of_controls_are_the_kernels():
    theirs = raw.ControlID
    for name in ("GAIN", "AUTOGAIN", "GAMMA", "AUTO_WHITE_BALANCE", "BACKLIGHT_COMPENSATION"):
        assert getattr(v4l2, name) == getattr(theirs, name), name
    for name in ("EXPOSURE_AUTO", "EXPOSURE_ABSOLUTE", "EXPOSURE_AUTO_PRIORITY", "WIDE_DYNAMIC_RANGE"):
        assert getattr(v4l2, name) == getattr(theirs, name), name
    assert v4l2.EXPOSURE_LINES == theirs.EXPOSURE and v4l2.ANALOGUE_GAIN == theirs.ANALOGUE_GAIN
    assert raw.v4l2_fourcc(*"GREY") == v4l2.GREY
    assert v4l2.DAMAGED == raw.BufferFlag.ERROR and v4l2.STAMP_MONOTONIC == raw.BufferFlag.TIMESTAMP_MONOTONIC


def start(camera: CoralCameraBench, exposure_us: int = EXPOSURE_US, gain_q8: int = 256, buffers: int = 2) -> None:
    camera.run(lambda: camera.driver.start(exposure_us, gain_q8, buffers))


def frame(camera: CoralCameraBench) -> tuple[bytes, int]:
    """(pixels, arrival) of the next one."""
    pixels = bytearray(PIXELS)
    return bytes(pixels), camera.run(lambda: camera.driver.read(pixels))  # type: ignore[return-value]


def test_everything_automatic_is_off_and_the_rest_as_asked():
    with bench() as camera:
        start(camera)
        controls = camera.module.video.controls
        assert controls[v4l2.EXPOSURE_AUTO].value == v4l2.EXPOSURE_MANUAL
        assert controls[v4l2.EXPOSURE_AUTO_PRIORITY].value == 0 and controls[v4l2.BACKLIGHT_COMPENSATION].value == 0
        assert controls[v4l2.EXPOSURE_ABSOLUTE].value == EXPOSURE_US // 100
        assert controls[v4l2.GAIN].value == controls[v4l2.GAIN].least
        assert controls[v4l2.GAMMA].value == round(camera.board["gamma_q8"] * 100 / 256)
        assert camera.module.video.interval_us == camera.board["frame_period_us"]


@pytest.mark.parametrize(
    "number", [v4l2.EXPOSURE_AUTO, v4l2.EXPOSURE_AUTO_PRIORITY, v4l2.EXPOSURE_ABSOLUTE, v4l2.GAIN, v4l2.GAMMA]
)
def test_a_control_that_does_not_stay_is_told(number):
    with bench() as camera:
        camera.module.video.controls[number].stuck = True
        with pytest.raises(SensorFault, match="cannot be set"):
            start(camera)
        assert not camera.running()


def test_an_imager_that_counts_its_exposure_in_lines():
    with bench() as camera:
        controls = camera.module.video.controls
        del controls[v4l2.EXPOSURE_ABSOLUTE]
        controls[v4l2.EXPOSURE_LINES] = Control(1, 300, 100)
        start(camera)
        assert controls[v4l2.EXPOSURE_LINES].value == round(EXPOSURE_US / camera.board["row_time_us"])
        with pytest.raises(SensorFault, match="longer"):
            start(camera, 100)  # between none and a line
        del controls[v4l2.EXPOSURE_LINES]
        with pytest.raises(SensorFault, match="exposure"):
            start(camera)


def test_a_gain_without_a_scale_is_left_at_its_lowest():
    with bench() as camera:
        controls = camera.module.video.controls
        controls[v4l2.GAIN] = Control(0, 100, 40)
        camera.module.video._gain_q8 = lambda: 256
        start(camera)
        assert controls[v4l2.GAIN].value == 0
        with pytest.raises(SensorFault, match="`gain_q8`"):
            start(camera, gain_q8=512)
        del controls[v4l2.GAIN]
        start(camera)
        with pytest.raises(SensorFault, match="`gain_q8`"):
            start(camera, gain_q8=512)


@pytest.mark.parametrize("taken", [(640, 480, v4l2.GREY), (320, 240, 0x56595559)])
def test_frames_of_another_kind_are_refused(taken):
    with bench() as camera:
        camera.module.video.format = taken
        with pytest.raises(SensorFault, match="no grey frames of 320x240"):
            start(camera)


def test_rows_with_padding_lose_it():
    with bench() as camera:
        start(camera)
        plain = bytearray(PIXELS)
        camera.run(lambda: camera.driver.read(plain))
    with bench() as camera:
        camera.module.video.line_bytes = 384
        start(camera)
        padded = bytearray(PIXELS)
        camera.run(lambda: camera.driver.read(padded))
    assert padded == plain


def arrival_and_end(camera: CoralCameraBench) -> tuple[int, int]:
    """Of the first frame: its arrival, and when its last byte had come."""
    _, arrived_us = frame(camera)
    return arrived_us, camera.module.video.last_arrival_us - (camera.machine.now_us - camera.clock.ticks_us())


def test_a_frame_that_waited_is_as_old_as_the_kernel_says():
    with bench() as camera:
        start(camera)
        camera.machine.run(150_000)  # this program is busy
        arrived_us, end_us = arrival_and_end(camera)
        assert abs(arrived_us - end_us) < 100 and camera.clock.ticks_us() - arrived_us > 50_000


def test_a_stamp_of_the_start_counts_from_there():
    with bench() as camera:
        took_us = EXPOSURE_US + 240 * camera.board["row_time_us"]
        camera.module.video.stamps |= raw.BufferFlag.TSTAMP_SRC_SOE
        camera.module.video.stamp_shift_us = -took_us
        start(camera)
        camera.machine.run(150_000)
        arrived_us, end_us = arrival_and_end(camera)
        assert abs(arrived_us - end_us) < 100


def test_without_a_stamp_a_frame_is_as_old_as_its_reading():
    with bench() as camera:
        camera.module.video.stamps = 0
        start(camera)
        camera.machine.run(150_000)
        _, arrived_us = frame(camera)
        assert abs(camera.clock.ticks_us() - arrived_us) < 1000


def test_a_damaged_frame_is_told_and_its_buffer_given_back():
    with bench() as camera:
        start(camera)
        camera.module.video.damaged = True
        for _ in range(4):  # more than there are buffers
            with pytest.raises(SensorFault, match="not whole"):
                frame(camera)
        camera.module.video.damaged = False
        frame(camera)


def test_a_fault_that_is_still_told_does_not_keep_the_imager_from_stopping():
    with bench() as camera:
        start(camera)
        camera.module.video.damaged = True
        with pytest.raises(SensorFault, match="not whole"):
            try:
                frame(camera)
            finally:
                camera.run(camera.driver.stop)


def test_an_imager_that_is_pulled_out_and_put_back():
    with bench() as camera:
        start(camera)
        frame(camera)
        camera.break_("absent")
        with pytest.raises(SensorFault, match="No such device"):
            frame(camera)
        assert camera.driver.identity() == ""
        camera.mend("absent")
        start(camera)
        frame(camera)
        asyncio.run(camera.driver.stop())
        assert camera.driver.identity() == "Grey Imager-0123456789ab"


def test_the_board_file_names_what_the_driver_needs():
    board = board_file("coral")
    assert board["devices"]["camera"] == "/dev/video0" and board["row_time_us"] and board["gamma_q8"]


def frames_that_lay_long_are_not_handed_over(camera):
    """Where Linux keeps the oldest frames and loses the newest."""
    start(camera)
    frame(camera)
    camera.machine.run(700_000)
    frame(camera)
    assert camera.machine.now_us - camera.module.video.last_arrival_us < camera.board["frame_period_us"]


def test_frames_that_lay_long_are_not_handed_over():
    with bench() as camera:
        frames_that_lay_long_are_not_handed_over(camera)


def wrong_drivers():
    from dermis.drivers.camera.coral import CoralCamera

    class AutomaticStays(CoralCamera):
        def _set(self, device, number, value, name, needed=True):
            if number != v4l2.EXPOSURE_AUTO:
                super()._set(device, number, value, name, needed)

    class TakesShortOnes(CoralCamera):
        def _copy(self, content, frame, pixels):
            pixels[: len(content)] = content[: len(pixels)]

    class KeepsBuffers(CoralCamera):
        def _opened(self):
            device = super()._opened()
            device.give_back = device.__dict__.get("give_back", _some(device.give_back, 2))
            return device

    class OldFrames(CoralCamera):
        async def read(self, pixels):
            self._read_us = self._clock.ticks_us()
            return await super().read(pixels)

    class NeverStops(CoralCamera):
        async def stop(self):
            return None

    return [
        (AutomaticStays, contract.a_steady_scene_gives_steady_frames),
        (TakesShortOnes, contract.frames_that_are_not_whole_are_told),
        (KeepsBuffers, contract.frames_come_in_order_and_in_time),
        (OldFrames, frames_that_lay_long_are_not_handed_over),
        (NeverStops, contract.it_sleeps_when_it_is_not_wanted),
    ]


def _some(work, count: int):
    left = [count]

    def limited(index):
        if left[0]:
            left[0] -= 1
            work(index)

    return limited


@pytest.mark.parametrize(("camera", "check"), wrong_drivers(), ids=lambda each: each.__name__)
def test_a_wrong_driver_fails(camera, check):
    with bench(camera) as wrong, pytest.raises((AssertionError, SensorFault, OSError, pytest.fail.Exception)):
        check(wrong)
