"""The few settings that an integrator may change, kept in storage. What is not set has its default."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING

from dermis.app.log import WARNING
from dermis.core import cbor, messages, profiles
from dermis.core.errors import BadInput
from dermis.drivers.storage import ENOENT

if TYPE_CHECKING:
    from typing import Any

FILE = "settings"
LARGEST_FILE = 512  # bytes: all settings at their longest need less

# kind: "profile" (one of core.profiles), "word" (one of those in `unit`), "text" (low to high characters) or "int" (low
# to high, in `unit`).
# default None: the board file's. right: what a write needs, as in the table of messages.
Setting = namedtuple("Setting", ("name", "kind", "unit", "low", "high", "default", "right", "meaning"))

LOCK_PREFIX = "lock_"  # their table is `app.lock.settings`: most modules have none of them set, and do not load it
PROFILE, NAME, WATCH_PERIOD, EXPIRY = "profile", "name", "watch_period_ms", "verdict_expiry_s"

SETTINGS = (
    Setting(PROFILE, "profile", "", 0, 0, None, messages.SETUP, "deployment profile; stands in every verdict"),
    Setting(NAME, "text", "", 0, 32, "", messages.SETUP, "what people call this module; `os_info` gives it as node"),
    # Below the longest time limit nothing can be told from a watch that hangs; an hour is no watching any more.
    Setting(WATCH_PERIOD, "int", "ms", 0, 3_600_000, 200, messages.SETUP, "pause between two looks of `watch`"),
    # A door opens within seconds; a payment may wait for a person. Longer, and the face has long gone.
    Setting(EXPIRY, "int", "s", 5, 300, 30, messages.SETUP, "how long a bound verdict may be acted on"),
)


def by_name(name: str) -> Setting:
    """The setting of that name. Raises BadInput with those that there are."""
    there_are = SETTINGS
    if name.startswith(LOCK_PREFIX):
        from dermis.app.lock.settings import SETTINGS as there_are  # see LOCK_PREFIX
    for setting in there_are:
        if setting.name == name:
            return setting
    raise BadInput(
        "there is no setting %r; there are: %s; and those of the lock's side, %s... (docs/lock.md)"
        % (name, ", ".join([each.name for each in SETTINGS]), LOCK_PREFIX)
    )


def parsed(setting: Setting, text: str):
    """The value that `text` means. Raises BadInput with what is allowed."""
    if setting.kind == "profile":
        return profiles.by_name(text).name
    if setting.kind == "word":
        if text not in setting.unit.split():
            raise BadInput("%s is one of: %s" % (setting.name, setting.unit.replace(" ", ", ")))
        return text
    if setting.kind == "text":
        if not setting.low <= len(text) <= setting.high or [char for char in text if not " " <= char <= "~"]:
            raise BadInput("%s has at most %d printable ASCII characters" % (setting.name, setting.high))
        return text
    try:
        value = int(text) if text.isdigit() else setting.low - 1
    except ValueError:  # digits of other scripts
        value = setting.low - 1
    if not setting.low <= value <= setting.high:
        raise BadInput(
            "%s lies within %d and %d%s, written in decimal digits"
            % (setting.name, setting.low, setting.high, setting.unit and " " + setting.unit)
        )
    return value


class Settings:
    """storage: `drivers.storage.Storage`. board_profile: name of the board file's profile.

    fault: why what was kept could not be read (every default is in force then), or "".
    """

    def __init__(self, storage, board_profile, log):
        self._storage = storage
        self._board_profile = board_profile
        self._set: dict = {}
        self.fault = ""
        try:
            self._set = self._kept()
        except OSError as error:
            if error.errno != ENOENT:
                self.fault = "the settings cannot be read from storage; run the self-test"
        except BadInput:
            self.fault = "the settings kept are damaged and the defaults are in force; set them again"
        if self.fault:
            log.event("settings_fault", WARNING, reason=self.fault)

    def _kept(self):
        room = bytearray(LARGEST_FILE)
        kept = cbor.loads(memoryview(room)[: self._storage.read_into(FILE, room)])
        if not isinstance(kept, dict):
            raise BadInput("no map")
        return {name: parsed(by_name(name), str(kept[name])) for name in kept if _known(name)}

    def any_set(self, prefix: str) -> bool:
        """Whether any setting whose name begins so is not at its default."""
        return any(name.startswith(prefix) for name in self._set)

    def get(self, name: str) -> Any:
        """The value in force."""
        setting = by_name(name)
        return self._set.get(name, self._board_profile if setting.default is None else setting.default)

    def change(self, name: str, value) -> None:
        """Put a value (of `parsed`) in force and keep it; None: back to the default. Raises OSError (storage): then
        nothing has changed."""
        wanted = dict(self._set)
        wanted.pop(name, None)
        if value is not None:
            wanted[name] = value
        if wanted != self._set or self.fault:
            self._storage.write(FILE, cbor.dumps(wanted))
        self._set = wanted
        self.fault = ""


def _known(name):
    """A newer firmware's settings are passed over; what this one would not take is damage."""
    try:
        return isinstance(name, str) and by_name(name).name == name
    except BadInput:
        return False
