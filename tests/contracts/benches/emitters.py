"""What a bench of the lights can do."""

from __future__ import annotations

from dermis.drivers.emitters import Emitters

# What `break_` takes. i2c_low: somebody holds the bus low. expander: it does not answer. decoder: its inputs do not
# follow the expander. light_fault: the light driver reports one. interlock: the diffuser is missing. current: the
# current cannot be set. A bench refuses (Unbreakable) what its board has not.
BREAKS = ("i2c_low", "expander", "decoder", "light_fault", "interlock", "current")


class Unbreakable(Exception):
    """This board has no such part, or the bench cannot reach it."""


class EmittersBench:
    """driver: what is tested. board: the board file's values. ends_itself: whether a pulse ends at the time asked for
    while the program stands still; if not, the one-shot on the lights' board ends it."""

    driver: Emitters
    board: dict
    ends_itself = False

    def switched_lit(self) -> int:
        """How often the light was changed for another one while it burned; 0 where the bench cannot tell."""
        return 0

    def burning(self) -> str:
        """The light that burns now, "" for none."""
        raise NotImplementedError

    def burned_us(self, light: str, within_us: int) -> int:
        """How long it burned in the time just past, whatever its level."""
        raise NotImplementedError

    def level(self) -> float:
        """Current of the light that burns, as a part of the nominal one."""
        raise NotImplementedError

    def advance_us(self, duration_us: int) -> None:
        """Let time pass with the firmware awake; it has nothing to do meanwhile."""
        raise NotImplementedError

    def hang(self, duration_us: int) -> None:
        """Let time pass while the program stands still."""
        raise NotImplementedError

    def break_(self, what: str) -> None:
        """From now on this is broken. Raises Unbreakable."""
        raise NotImplementedError

    def mend(self, what: str) -> None:
        """And now it is not any more."""
        raise NotImplementedError
