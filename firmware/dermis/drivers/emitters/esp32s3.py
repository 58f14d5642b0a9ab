"""The lights of DM1 on an ESP32-S3: current by LEDC, pulses by RMT, so that a hang holds no light on.

Ref: MicroPython 1.29, docs/library/machine.PWM.rst. The camera module makes its clock in the LCD_CAM block of the S3
(esp32-camera, target/esp32s3/ll_cam.c), so that LEDC is the lights' alone. Nothing of this has met a board.
"""

from __future__ import annotations

from machine import PWM, Pin

from dermis.core.errors import SensorFault
from dermis.drivers.dm1_emitters import Dm1Emitters
from dermis.drivers.esp32s3_pulse import OneShot


class S3Emitters(Dm1Emitters):
    """Dark from now on. Transmitter and PWM are made with the first pulse: a module without them still answers."""

    def __init__(self, board, expander, clock):
        super().__init__(board, expander, clock)
        self._shot = OneShot(board["pins"]["light_pulse"], board["clocks"]["pulse_resolution_hz"])
        self._current_pin = Pin(board["pins"]["light_current"], Pin.OUT, value=0)
        self._pwm_hz = board["clocks"]["current_pwm_hz"]
        self._pwm = None

    def _current(self, duty_u16: int) -> None:
        try:
            if self._pwm is None:
                self._pwm = PWM(self._current_pin, freq=self._pwm_hz, duty_u16=duty_u16)
            else:
                self._pwm.duty_u16(duty_u16)
        except (OSError, ValueError, RuntimeError) as error:
            self._no_current()
            raise SensorFault("the lights' current cannot be set (%s); reset the module" % error)

    def _begin(self, length_us: int) -> None:
        try:
            self._shot.fire(length_us)
        except SensorFault:
            self.dark()
            raise

    def _end(self) -> None:
        """Pulse and current, each on its own: either one alone is darkness."""
        try:
            self._shot.end()
        finally:
            if self._pwm is not None:
                try:
                    self._pwm.duty_u16(0)
                except (OSError, ValueError, RuntimeError):
                    self._no_current()

    def _no_current(self):
        """The output register takes the pin from a PWM that does not do as it is told, and says dark."""
        self._pwm = None
        self._current_pin.init(Pin.OUT, value=0)
