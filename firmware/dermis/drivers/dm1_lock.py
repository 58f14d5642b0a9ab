"""What DM1's lock side has on the expander: status LED, buzzer, inputs. The boards bring relay and Wiegand."""

from dermis.core.errors import SensorFault
from dermis.drivers.lock import AMBER, COLOURS, GREEN, LONGEST_WIEGAND, RED, Inputs, Lock


class Dm1Lock(Lock):
    """expander: `dm1_i2c.Expander`."""

    def __init__(self, expander):
        self._expander = expander

    def led(self, colour: str) -> None:
        if colour not in COLOURS:
            raise ValueError("the LED can be %s, not %r" % (", ".join(COLOURS), colour))
        red, green = colour in (RED, AMBER), colour in (GREEN, AMBER)
        self._expander.write({"status_red": int(red), "status_green": int(green)})

    def buzzer(self, on: bool) -> None:
        self._expander.write({"buzzer": int(on)})

    def inputs(self) -> Inputs:
        expander = self._expander
        expander.check()
        return Inputs(expander.active("trigger"), expander.active("tamper"), expander.active("power_good"))

    def safe(self) -> None:
        try:
            self._open_relay()
            self._expander.write({"status_red": 0, "status_green": 0, "buzzer": 0})
        except SensorFault:
            return  # it is called when all else has failed; who asks for anything next is told

    def _open_relay(self) -> None:
        """Raises SensorFault."""
        raise NotImplementedError


def check_bits(bits: str) -> None:
    """Raises ValueError for what `Lock.wiegand` does not take."""
    if not 0 < len(bits) <= LONGEST_WIEGAND or bits.strip("01"):
        raise ValueError("Wiegand takes 1 to %d bits, each 0 or 1" % LONGEST_WIEGAND)
