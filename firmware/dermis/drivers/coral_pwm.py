"""A PWM of Linux by its files in sysfs. The service's unit exports it before it starts.

Ref: Documentation/driver-api/pwm.rst of the kernel: `period` and `duty_cycle` in ns, `enable`.
"""

from __future__ import annotations

from dermis.core.errors import SensorFault

FULL_U16 = 65_535
SECOND_NS = 1_000_000_000


class LinuxPwm:
    """folder: such as /sys/class/pwm/pwmchip0/pwm0. Set up when it is first used, and again after a fault."""

    def __init__(self, folder: str, hz: int):
        self._folder = folder
        self._period_ns = SECOND_NS // hz
        self._running = False

    def set(self, duty_u16: int) -> None:
        """Raises SensorFault."""
        if not self._running:
            self._write("duty_cycle", 0)  # a period below the duty would be refused
            self._write("period", self._period_ns)
        running, self._running = self._running, False
        self._write("duty_cycle", self._period_ns * duty_u16 // FULL_U16)
        if not running:
            self._write("enable", 1)
        self._running = True

    def _write(self, name, value):
        try:
            with open(self._folder + "/" + name, "w") as file:
                file.write(str(value))
        except OSError as error:
            raise SensorFault(
                "the lights' current cannot be set by %s (%s); start the module as a service, which sets it up"
                % (self._folder, error.strerror)
            )
