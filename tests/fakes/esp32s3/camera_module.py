"""`camera`, the module of the published builds, before the board's imager.

Ref: github.com/cnadler86/micropython-camera-API, typings/camera.pyi (constants), src/modcamera_api.c (construction
takes a frame; arguments are keywords; one that is missing is TypeError) and espressif/esp32-camera, driver/cam_hal.c
(one buffer is filled, one waits; in LATEST a newer frame takes the waiting one's place; a held one is not filled).
"""

from __future__ import annotations

from collections import deque
from typing import Any

from tests.fakes.esp32s3.chip import Chip
from tests.fakes.esp32s3.imager import AUTOMATIC

GRAYSCALE, QVGA = 3, 6
WHEN_EMPTY, LATEST = 0, 1
GET_TIMEOUT_US = 4_000_000
SET_UP_US, SETTING_US, COPY_US = 250_000, 600, 20
FASTEST_CLOCK_HZ = 40_000_000
PINS = ("pclk_pin", "vsync_pin", "href_pin", "sda_pin", "scl_pin", "xclk_pin")


class Constants:
    def __init__(self, **values: int):
        self.__dict__.update(values)


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    class Camera:
        def __init__(
            self,
            *,
            data_pins,
            pclk_pin,
            vsync_pin,
            href_pin,
            sda_pin=-1,
            scl_pin=-1,
            xclk_pin,
            i2c=None,
            xclk_freq=20_000_000,
            powerdown_pin=-1,
            reset_pin=-1,
            pixel_format=0,
            frame_size=1,
            jpeg_quality=85,
            fb_count=2,
            grab_mode=LATEST,
            init=True,
        ):
            if not isinstance(data_pins, (list, bytearray)):
                raise TypeError("data_pins must be a list or bytearray")
            if len(data_pins) != 8:
                raise ValueError("data_pins must have 8 elements")
            given = dict(zip(PINS, (pclk_pin, vsync_pin, href_pin, sda_pin, scl_pin, xclk_pin), strict=True))
            board = chip.imager._board["pins"]
            for name, number in [*given.items(), *((f"d{bit}", pin) for bit, pin in enumerate(data_pins))]:
                if number != board["camera_" + name.removesuffix("_pin")]:
                    raise AssertionError(f"{name} is not wired to GPIO {number}: the imager would not be found")
            if xclk_freq > FASTEST_CLOCK_HZ:
                raise ValueError("xclk frequency cannot be grather than 40MHz")
            if pixel_format != GRAYSCALE or frame_size != QVGA:
                raise AssertionError("not grey frames of 320x240")
            if fb_count not in (1, 2) or (fb_count == 1 and grab_mode == LATEST) or grab_mode not in (0, 1):
                raise ValueError("Invalid grab_mode")
            if chip.camera is not None:
                chip.camera.deinit()
            self._count, self._latest = fb_count, grab_mode == LATEST
            chip.run(SET_UP_US)
            if chip.imager.absent:
                raise OSError("Camera not found")
            chip.imager.reset()
            chip.camera = self
            self._waiting: deque[int] = deque()
            self._held = False
            self._filling = 0
            self._on = True
            self._next()
            if self.capture() is None:
                self.deinit()
                raise OSError("Failed to capture initial frame. Construct a new object with appropriate configuration.")
            self.free_buffer()

        # Frames.

        def _next(self):
            """The sensor begins a frame."""
            if not self._on:
                return
            imager, begun = chip.imager, chip.now_us
            period = imager.period_us * (1 if self._count > 1 else 2)
            chip.at(begun + period, self._next)
            number = imager.frames
            imager.frames += 1
            room = self._count - len(self._waiting) - self._held - self._filling
            if room <= 0 or imager.silent or number in imager.lost:
                return
            self._filling += 1
            end = begun + imager.exposure_us() + chip.imager._board["row_time_us"] * 240
            chip.at(end, self._filled)
            # The board file's latency: what a frame is late by, wherever it is meanwhile.
            chip.at(end + imager.latency_us(), lambda: self._arrive(begun))

        def _filled(self):
            self._filling -= 1

        def _arrive(self, begun):
            if self._on:
                if self._latest and len(self._waiting) >= self._count - 1:
                    self._waiting.popleft()
                self._waiting.append(begun)

        def frame_available(self):
            chip.run(COPY_US)
            self._check()
            return bool(self._waiting)

        def capture(self):
            self._check()
            self.free_buffer()
            until = chip.now_us + GET_TIMEOUT_US
            while not self._waiting and chip.now_us < until:
                chip.blocked_us += 1000
                chip.run(1000)
            if not self._waiting:
                return None
            self._held = True
            # The module gives signed bytes, which MicroPython copies into unsigned ones as they are; CPython would not.
            return memoryview(bytearray(chip.imager.pixels(self._waiting.popleft())))

        def free_buffer(self):
            chip.run(COPY_US)
            self._held = False

        def deinit(self):
            if self._on:
                self._on = False
                chip.run(SETTING_US)
                if chip.camera is self:
                    chip.camera = None

        def init(self):
            raise AssertionError("a sensor that was put to sleep is constructed anew")

        reconfigure = init

        def _check(self):
            if not self._on:
                raise OSError(2, "ENOENT")

        def get_sensor_name(self):
            self._check()
            return chip.imager.name

    def setting(name):
        def get(self):
            self._check()
            return chip.imager.settings[name]

        def put(self, value):
            self._check()
            chip.run(SETTING_US)
            if chip.imager.absent:
                raise ValueError(f"Invalid setting for {name}")
            if name not in chip.imager.refused:
                chip.imager.settings[name] = value

        return get, put

    for name in AUTOMATIC:
        get, put = setting(name)
        setattr(Camera, "get_" + name, get)
        setattr(Camera, "set_" + name, put)

    return {
        "camera": {
            "Camera": Camera,
            "PixelFormat": Constants(RGB565=0, YUV422=1, YUV420=2, GRAYSCALE=GRAYSCALE, JPEG=4),
            "FrameSize": Constants(QQVGA=1, HQVGA=4, R240X240=5, QVGA=QVGA, CIF=8, VGA=10),
            "GrabMode": Constants(WHEN_EMPTY=WHEN_EMPTY, LATEST=LATEST),
        }
    }
