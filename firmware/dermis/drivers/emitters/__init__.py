"""The lights. A pulse ends by hardware, whatever becomes of the program that asked for it."""


class Emitters:
    def pulse(self, light: str, level_q8: int, longest_us: int) -> None:
        """Light one of `vocabulary.LIGHTS` but `dark`, alone, at a level (1/256 of the nominal current).

        A hardware one-shot ends it after `longest_us`, which the board limits further (`hw`: IEC 62471,
        IEC 60825-1); asking again restarts the one-shot within the duty limit. Raises InterlockOpen for the
        projector without its diffuser, SensorFault where the driver reports a fault.
        """
        raise NotImplementedError

    def dark(self) -> None:
        """Every light off now."""
        raise NotImplementedError
