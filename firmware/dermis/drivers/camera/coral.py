"""An imager that Linux knows (V4L2): grey frames of 320x240, everything automatic off. No imager has met this yet.

Assumed, and to be seen on the first one (docs/coral.md): that its gain 1 is the lowest step of its gain control; that
its exposure can be set in units of 100 us or in lines; that a gamma control, where it has one, counts in hundredths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.errors import SensorFault
from dermis.drivers import coral_v4l2 as v4l2
from dermis.drivers.camera import Camera

if TYPE_CHECKING:
    from dermis.drivers.clock.coral import CoralClock

SILENCE_LIMIT_US = 500_000  # the contract's half second
POLL_MS = 2
# Frames that wait keep newer ones out. Whoever asked for none for so long wants none of those.
STALE_US = 200_000
LONGEST_IDENTITY = 40
NOMINAL_GAIN_Q8 = 256
EXPOSURE_UNIT_US = 100  # of V4L2_CID_EXPOSURE_ABSOLUTE
INEXACT_PERCENT = 5  # what an exposure may be off for the imager's own steps
# Off, where the imager has them; an automatic function that stays on would make every frame another measurement.
OFF = {
    v4l2.EXPOSURE_AUTO: v4l2.EXPOSURE_MANUAL,
    v4l2.EXPOSURE_AUTO_PRIORITY: 0,  # it would stretch the time between frames
    v4l2.AUTOGAIN: 0,
    v4l2.AUTO_WHITE_BALANCE: 0,
    v4l2.BACKLIGHT_COMPENSATION: 0,
    v4l2.WIDE_DYNAMIC_RANGE: 0,
}
CHECK = "check the imager and its cable, then reset"


class CoralCamera(Camera):
    """board: the board file's values. number: () -> what names this imager's board (the thermometer beside it has a
    number; few imagers have one)."""

    def __init__(self, board: dict, clock: CoralClock, number):
        self._path = board["devices"]["camera"]
        self._row_us = board["row_time_us"]
        self._period_us = board["frame_period_us"]
        self._gamma_percent = round(board["gamma_q8"] * 100 / 256)
        self._clock = clock
        self._number = number
        self._device: v4l2.VideoDevice | None = None
        self._streaming = False
        self._line_bytes = self.width
        self._read_us = 0  # when a frame was asked for last
        self._exposed_us = 0  # from the first row's start to the last one's end

    def identity(self) -> str:
        """Empty where imager or thermometer do not answer: then no record holds, and bursts say why."""
        try:
            name, number = self._opened().description(), self._number()
        except OSError:
            self._forget()
            return ""
        except SensorFault:
            return ""
        return "%s-%s" % (name[: LONGEST_IDENTITY - len(number) - 1], number)

    async def start(self, exposure_us: int, gain_q8: int, buffers: int = 2) -> None:
        if not 0 < exposure_us <= self._period_us or buffers not in (1, 2):
            raise SensorFault("the imager takes exposures of 1 to %d us and 1 or 2 buffers" % self._period_us)
        await self.stop()
        try:
            device = self._opened()
            device.description()
            self._set_format(device)
            period_us = self._period_us * (1 if buffers > 1 else 2)
            device.set_interval(period_us, 1_000_000)
            for number, value in OFF.items():
                self._set(device, number, value, "an automatic function", needed=False)
            self._set(device, v4l2.GAMMA, self._gamma_percent, "gamma", needed=False)
            self._set_exposure(device, exposure_us)
            self._set_gain(device, gain_q8)
            device.start(buffers)
        except OSError as error:
            raise self._fault(error)
        self._exposed_us = exposure_us + self._row_us * self.height
        self._streaming = True
        self._read_us = self._clock.ticks_us()

    async def read(self, pixels) -> int:
        if len(pixels) != self.width * self.height:
            raise ValueError("a frame takes a buffer of %d bytes" % (self.width * self.height))
        device = self._device
        if device is None or not self._streaming:
            raise SensorFault("the imager is not started; start it before reading")
        begun_us = self._clock.ticks_us()
        try:
            if begun_us - self._read_us > STALE_US:
                _drop_waiting(device)
        except OSError as error:
            raise self._fault(error)
        give_up_us = begun_us + SILENCE_LIMIT_US
        while True:
            try:
                frame = device.take()
                if frame is not None:
                    now_us = self._read_us = self._clock.ticks_us()
                    try:
                        with device.content(frame) as content:  # a fault's traceback would hold it
                            self._copy(content, frame, pixels)
                    finally:
                        device.give_back(frame.index)
                    return self._arrival_us(frame, now_us)
            except OSError as error:
                raise self._fault(error)
            if self._clock.ticks_us() >= give_up_us:
                raise SensorFault("the imager sent no frame for half a second; " + CHECK)
            await self._clock.sleep_ms(POLL_MS)

    async def stop(self) -> None:
        device, streaming = self._device, self._streaming
        self._streaming = False
        if device is not None and streaming:
            try:
                device.stop()
            except OSError as error:
                raise self._fault(error)

    def _copy(self, content, frame, pixels):
        """Raises SensorFault for a frame that is damaged or short."""
        height, width, line = self.height, self.width, self._line_bytes
        if frame.damaged or len(content) < line * (height - 1) + width:
            raise SensorFault("the imager sent a frame that is not whole; " + CHECK)
        if line == width:
            pixels[:] = content[: width * height]
            return
        for row in range(height):
            pixels[row * width : (row + 1) * width] = content[row * line : row * line + width]

    def _arrival_us(self, frame, now_us):
        """When its last byte had come. A frame that had to wait for this program is as old as the kernel says."""
        if frame.stamp_us is None:
            return now_us
        stamp_us = self._clock.of_monotonic_us(frame.stamp_us)
        if frame.at_start:
            stamp_us += self._exposed_us
        return min(stamp_us, now_us)

    def _opened(self):
        if self._device is None:
            self._device = v4l2.VideoDevice(self._path)
        return self._device

    def _forget(self):
        device, self._device = self._device, None
        self._streaming = False
        if device is not None:
            device.close()

    def _fault(self, error):
        self._forget()
        return SensorFault("the imager at %s fails (%s); %s" % (self._path, error.strerror or error, CHECK))

    def _set_format(self, device):
        took = device.set_format(self.width, self.height, v4l2.GREY)
        if (took.width, took.height, took.pixel_format) != (self.width, self.height, v4l2.GREY):
            raise SensorFault(
                "the imager at %s gives no grey frames of %dx%d; use one that does"
                % (self._path, self.width, self.height)
            )
        self._line_bytes = max(took.line_bytes, self.width)

    def _set(self, device, number, value, name, needed=True):
        """Raises SensorFault where the control is needed and missing, or does not stand at `value` then."""
        limits = device.control(number)
        if limits is None:
            if needed:
                raise SensorFault("the imager's %s cannot be set; use one that can" % name)
            return
        value = min(max(value, limits.least), limits.most) if not needed else value
        if not limits.least <= value <= limits.most or device.set_control(number, value) != value:
            raise SensorFault("the imager's %s cannot be set to %d; use one that can" % (name, value))

    def _set_exposure(self, device, exposure_us):
        for number, unit_us in ((v4l2.EXPOSURE_ABSOLUTE, EXPOSURE_UNIT_US), (v4l2.EXPOSURE_LINES, self._row_us)):
            if device.control(number) is None:
                continue
            units = round(exposure_us / unit_us)
            if abs(units * unit_us - exposure_us) * 100 > exposure_us * INEXACT_PERCENT:
                raise SensorFault("the imager cannot expose for %d us; ask for a longer time" % exposure_us)
            self._set(device, number, units, "exposure")
            return
        raise SensorFault("the imager's exposure cannot be set; use one that can")

    def _set_gain(self, device, gain_q8):
        for number in (v4l2.ANALOGUE_GAIN, v4l2.GAIN):
            limits = device.control(number)
            if limits is None:
                continue
            if limits.least <= 0 and gain_q8 != NOMINAL_GAIN_Q8:
                raise SensorFault("the imager's gain counts in steps of its own; set `gain_q8` to 256")
            self._set(device, number, limits.least * gain_q8 // NOMINAL_GAIN_Q8, "gain")
            return
        if gain_q8 != NOMINAL_GAIN_Q8:
            raise SensorFault("the imager has no gain to set; set `gain_q8` to 256")


def _drop_waiting(device):
    frame = device.take()
    while frame is not None:
        device.give_back(frame.index)
        frame = device.take()
