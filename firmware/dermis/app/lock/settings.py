"""The settings of the lock's side. They are a table of their own, so that a module without a lock does not hold it.

docs/lock.md has them; a test compares the two.
"""

from __future__ import annotations

from dermis.app.settings import LOCK_PREFIX, Setting
from dermis.core import messages, wiegand

OFF, ON = "off", "on"
TRIGGER, WATCH, HOST = "trigger", "watch", "host"

START, RELAY, PATIENCE = "lock_start", "lock_relay_ms", "lock_patience_ms"
WIEGAND, FACILITY, CARD = "lock_wiegand", "lock_facility", "lock_card"
OSDP, ADDRESS, BAUD = "lock_osdp", "lock_osdp_address", "lock_osdp_baud"

LONGEST_RELAY_MS = 60_000  # longer than any door is asked to stay open; a watchdog's reset opens it then anyway
BAUDS = "9600 19200 38400 57600 115200 230400"  # those of OSDP
HIGHEST_ADDRESS = 126  # 127 is everybody's
HIGHEST_FACILITY = (1 << wiegand.FORMATS["34"].facility) - 1
HIGHEST_CARD = (1 << wiegand.FORMATS["37"].card) - 1


def _setting(name, kind, unit, low, high, default, meaning):
    return Setting(name, kind, unit, low, high, default, messages.SETUP, meaning)


# Of a "word", `unit` holds those that there are. (restart) in a meaning: from the next start on.
SETTINGS = (
    _setting(START, "word", "off trigger watch host", 0, 0, OFF, "whose verdicts drive the lock (restart)"),
    _setting(RELAY, "int", "ms", 0, LONGEST_RELAY_MS, 3000, "how long a bona fide closes the relay; 0: not at all"),
    _setting(PATIENCE, "int", "ms", 0, 60_000, 5000, "how long a passage looks again after no decision"),
    _setting(WIEGAND, "word", "off 26 34 37", 0, 0, OFF, "bits of the Wiegand frame that a bona fide sends"),
    _setting(FACILITY, "int", "", 0, HIGHEST_FACILITY, 0, "facility code of that frame"),
    _setting(CARD, "int", "", 0, HIGHEST_CARD, 0, "card code of that frame"),
    _setting(OSDP, "word", "off on", 0, 0, OFF, "an OSDP device on RS-485 (restart)"),
    _setting(ADDRESS, "int", "", 0, HIGHEST_ADDRESS, 0, "its address (restart, or by the panel)"),
    _setting(BAUD, "word", BAUDS, 0, 0, "9600", "its speed (restart, or by the panel)"),
)


def wanted(settings) -> bool:
    """Whether anything of the lock's side is switched on. settings: `app.settings.Settings`."""
    return settings.any_set(LOCK_PREFIX) and (settings.get(START) != OFF or settings.get(OSDP) == ON)


def frame(settings, changed="", value=None) -> str:
    """The bits of the Wiegand frame in force, "" where it is off; with one of its settings changed, if that is given.

    Raises BadInput where the codes do not fit the format.
    """
    held = {name: settings.get(name) for name in (WIEGAND, FACILITY, CARD)}
    if changed in held:
        held[changed] = value
    if held[WIEGAND] == OFF:
        return ""
    return wiegand.frame(held[WIEGAND], held[FACILITY], held[CARD])
