"""DM1's imager on an ESP32-S3: an OV2640 through the camera module of the published MicroPython builds.

Ref: github.com/cnadler86/micropython-camera-API, README and src/modcamera_api.c (construction starts the imager and
waits for a frame, at most 4 s; `frame_available` says whether `capture` returns at once; a buffer that is not given
back is not filled again); espressif/esp32-camera, driver/cam_hal.c (grab mode LATEST with two buffers keeps the newest
frame of those not taken) and sensors/ov2640.c (`agc_gain` n is (n + 1)-fold, `aec_value` counts lines of the sensor).
Assumed, and not met on hardware: at QVGA the sensor reads `SENSOR_LINES` lines while the frame's 240 rows come.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import camera as module

from dermis.core.errors import SensorFault
from dermis.drivers.camera import Camera

if TYPE_CHECKING:
    from typing import Any

    from dermis.drivers.clock import Clock

SILENCE_LIMIT_US = 500_000  # the contract's half second
POLL_MS = 2
SENSOR_LINES = 296  # of the OV2640's CIF mode, scaled down to 240 rows
GAIN_STEP_Q8, MOST_GAIN = 256, 31
# Waking it takes some 0.3 s (estimated), which nobody at a door should wait for but the first one for a while.
SLEEP_AFTER_MS = 300_000
# Everything that makes one frame differ from the next, or a pixel from its light. What a setter refuses is a warning on
# the console alone, so that each is read back (which tells what the module wrote, not what the sensor took).
SETTINGS = (
    ("exposure_ctrl", False),
    ("aec2", False),
    ("gain_ctrl", False),
    ("whitebal", False),
    ("awb_gain", False),
    ("lenc", False),
    ("bpc", False),
    ("wpc", False),
    ("colorbar", False),
    ("special_effect", 0),
    ("brightness", 0),
    ("contrast", 0),
)
# The sensor has one curve or none: which, is the board file's to say, so that codes mean what a record is judged by.
LINEAR_Q8 = 256
DATA_PINS = 8

# What the camera module raises (`check_esp_err_`); its frame buffers are not on MicroPython's heap.
FAULTS = (OSError, ValueError, RuntimeError, NotImplementedError, MemoryError)


class S3Camera(Camera):
    """board: the board file's values. number: () -> what names this imager's board (the thermometer beside it has a
    number, an OV2640 has none)."""

    def __init__(self, board, clock: Clock, number):
        self._board = board
        self._clock = clock
        self._number = number
        self._imager: module.Camera | None = None  # none while the sensor sleeps
        self._started = False
        self._buffers = 0
        self._sleeper: Any = None
        self.sleep_after_ms = SLEEP_AFTER_MS

    def identity(self) -> str:
        """Empty where imager or thermometer do not answer: then no record holds, and bursts say why."""
        asleep = self._imager is None
        try:
            name = self._woken(self._board["buffers"]).get_sensor_name()
            return "%s-%s" % (name, self._number())
        except (SensorFault,) + FAULTS:
            return ""
        finally:
            if asleep:
                self._sleep()

    async def start(self, exposure_us: int, gain_q8: int, buffers: int = 2) -> None:
        if self._sleeper is not None:
            self._sleeper.cancel()
            self._sleeper = None
        board = self._board
        gain, rest = divmod(gain_q8, GAIN_STEP_Q8)
        if rest or not 1 <= gain <= MOST_GAIN or buffers not in (1, 2):
            raise SensorFault("the imager takes gains of 1 to 31 times 256 and 1 or 2 buffers; ask for such")
        span_us = board["row_time_us"] * self.height
        lines = (exposure_us * SENSOR_LINES + span_us // 2) // span_us
        if lines < 1 or exposure_us > board["frame_period_us"]:
            shortest_us, longest_us = span_us // SENSOR_LINES, board["frame_period_us"]
            raise SensorFault("the imager takes exposures of %d to %d us; ask for such" % (shortest_us, longest_us))
        imager = self._woken(buffers)
        try:
            _set(imager, "agc_gain", gain - 1)
            _set(imager, "aec_value", lines)
            if imager.frame_available():  # exposed before
                imager.capture()
            imager.free_buffer()
            self._started = True
        except FAULTS as error:
            raise self._failure(error)

    async def read(self, pixels) -> int:
        if len(pixels) != self.width * self.height:
            raise ValueError("a frame takes a buffer of %d bytes" % (self.width * self.height))
        imager = self._imager
        if imager is None or not self._started:
            raise SensorFault("the imager is not started; start it before reading")
        arrived_us, whole = 0, False
        give_up_us = self._clock.ticks_us() + SILENCE_LIMIT_US
        try:
            while not imager.frame_available():
                if self._clock.ticks_us() > give_up_us:
                    self._sleep()  # the next start wakes it anew
                    raise SensorFault("the imager sent no frame for half a second; check its cable, then reset")
                await self._clock.sleep_ms(POLL_MS)
            arrived_us = self._clock.ticks_us()
            frame = imager.capture()
            whole = frame is not None and len(frame) == len(pixels)
            if whole:
                pixels[:] = frame
            imager.free_buffer()  # or it would keep this one and stop at the next
        except FAULTS as error:
            raise self._failure(error)
        if not whole:
            raise SensorFault("the imager sent a frame that is not whole; check its cable, then reset")
        return arrived_us

    async def stop(self) -> None:
        self._started = False
        if self._imager is not None and self._sleeper is None:
            self._sleeper = asyncio.create_task(self._sleep_later())

    async def _sleep_later(self):
        await self._clock.sleep_ms(self.sleep_after_ms)
        self._sleeper = None
        self._sleep()

    def _woken(self, buffers) -> module.Camera:
        """The camera module's object, with so many buffers and the settings that stay."""
        if self._imager is not None and buffers == self._buffers:
            return self._imager
        self._sleep()
        pins = self._board["pins"]
        try:
            imager = self._imager = module.Camera(
                data_pins=[pins["camera_d%d" % bit] for bit in range(DATA_PINS)],
                pclk_pin=pins["camera_pclk"],
                vsync_pin=pins["camera_vsync"],
                href_pin=pins["camera_href"],
                sda_pin=pins["camera_sda"],
                scl_pin=pins["camera_scl"],
                xclk_pin=pins["camera_xclk"],
                xclk_freq=self._board["clocks"]["camera_xclk_hz"],
                pixel_format=module.PixelFormat.GRAYSCALE,
                frame_size=module.FrameSize.QVGA,
                fb_count=buffers,
                grab_mode=module.GrabMode.LATEST if buffers > 1 else module.GrabMode.WHEN_EMPTY,
            )
            if not hasattr(imager, "frame_available"):  # waiting in `capture` would stop everything else
                raise NotImplementedError("this build's camera module is too old")
            for name, value in SETTINGS:
                _set(imager, name, value)
            _set(imager, "raw_gma", self._board["gamma_q8"] != LINEAR_Q8)
            self._buffers = buffers
            return imager
        except FAULTS as error:
            raise self._failure(error)

    def _sleep(self):
        """The camera module lets go of the sensor and of the frame buffers."""
        imager, self._imager = self._imager, None
        self._started = False
        if imager is not None:
            try:
                imager.deinit()
            except FAULTS:
                return  # the next start makes it anew, and says so where that fails

    def _failure(self, error):
        """What to raise; the next start wakes the sensor anew."""
        self._sleep()
        return SensorFault("the imager does not answer as it should (%s); check its cable, then reset" % error)


def _set(imager, name, value):
    getattr(imager, "set_" + name)(value)
    if getattr(imager, "get_" + name)() != value:
        raise ValueError("%s does not stay at %d" % (name, value))
