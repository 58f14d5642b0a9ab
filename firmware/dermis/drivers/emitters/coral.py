"""The imager's lights on a Linux board.

Linux cannot end a pulse by hardware: that is the one-shot's on the lights' board, 220 ms after the pin rose, whatever
becomes of this program or of the kernel. Beside it a thread lowers the pin when the pulse that was asked for is over,
also while the loop computes; the duty is counted as if only the one-shot did.
"""

from __future__ import annotations

import threading

from dermis.core.errors import SensorFault
from dermis.drivers.coral_gpio import OutputLine
from dermis.drivers.coral_pwm import LinuxPwm
from dermis.drivers.dm1_emitters import Dm1Emitters

MICROSECOND_S = 1e-6


class CoralEmitters(Dm1Emitters):
    """line: of `light_pulse`. pwm: of the current."""

    def __init__(self, board: dict, expander, clock, line: OutputLine, pwm: LinuxPwm):
        super().__init__(board, expander, clock)
        self._one_shot_us = board["one_shots"]["light_us"]
        self._line = line
        self._pwm = pwm
        self._timer: threading.Timer | None = None
        self._late_fault: SensorFault | None = None  # of the thread, which nobody waits for
        self._lock = threading.RLock()

    def pulse(self, light: str, level_q8: int, longest_us: int) -> None:
        with self._lock:
            fault, self._late_fault = self._late_fault, None
            if fault is not None:
                self.dark()
                raise fault
            super().pulse(light, level_q8, longest_us)

    def dark(self) -> None:
        with self._lock:
            super().dark()

    def _most_us(self, length_us: int) -> int:
        return self._one_shot_us

    def _current(self, duty_u16: int) -> None:
        self._pwm.set(duty_u16)

    def _begin(self, length_us: int) -> None:
        timer = threading.Timer(length_us * MICROSECOND_S, lambda: self._over(timer))
        timer.daemon = True
        self._timer = timer
        try:
            timer.start()  # first: there is no moment at which the light burns and nothing will end it
            self._line.set(1)
        except RuntimeError as error:
            self.dark()
            raise SensorFault("the machine has no thread left to end a pulse (%s); restart the module" % error)
        except SensorFault:
            self.dark()
            raise

    def _end(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        self._line.set(0)

    def _over(self, timer):
        """In the timer's thread: the pulse has lasted as long as was asked for."""
        with self._lock:
            if self._timer is not timer:
                return  # it was ended, or another began
            try:
                super().dark()
            except SensorFault as fault:
                self._late_fault = fault
