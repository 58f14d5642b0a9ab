"""`esp32.RMT` of the desktop's MicroPython: it counts what it is asked to send."""


class RMT:
    PULSE_MAX = 32767
    sent_us = 0
    sending = False

    def __init__(self, *, pin, resolution_hz):
        self.pin = pin

    def active(self, value=None):
        RMT.sending = False
        return False

    def write_pulses(self, durations, levels):
        assert len(durations) == len(levels) and max(durations) <= RMT.PULSE_MAX and all(levels)
        RMT.sent_us = sum(durations)
        RMT.sending = True

    def deinit(self):
        self.pin = None
