"""What can go wrong on the host, by who can put it right. Every message is one sentence that says what to do."""

from __future__ import annotations

from dermis.core.errors import NAMES, DermisError

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_ATTACK, EXIT_NO_DECISION, EXIT_INTERRUPTED = 0, 1, 2, 10, 11, 130


class HostError(DermisError):
    """A command cannot go on; `exit_code` is what the process ends with."""

    exit_code = EXIT_FAILED


class UsageError(HostError):
    """What the person gave cannot be what they meant: a missing file, a wrong shape, an impossible number."""

    exit_code = EXIT_USAGE


class LinkError(HostError):
    """The port cannot be opened, is busy, or went away."""


class NotDermis(LinkError):
    """Something else answers on this port, or nothing does."""


class RequestTimeout(LinkError):
    """The module is alive but did not answer this request in time."""


class ModuleReset(HostError):
    """The module restarted in the middle of a request; whether the request took effect is unknown."""


class RequestFailed(HostError):
    """The module refused: SMP's `code` and its `name` (`dermis.core.errors.NAMES`), the module's `sentence`."""

    def __init__(self, message_name: str, code: int, sentence: str = ""):
        self.code = code
        self.name = NAMES.get(code, f"code_{code}")
        self.sentence = sentence or f"it gave no reason beyond the code {code}"
        super().__init__(f"The module refused {message_name} ({self.name}): {self.sentence}")


class AccessDenied(RequestFailed):
    """The module wants a session for it, and none could be had; `remedy` says how one can."""

    def __init__(self, message_name: str, code: int, sentence: str = "", remedy: str = ""):
        super().__init__(message_name, code, sentence)
        if remedy:
            self.args = (f"{str(self).rstrip('.')}; {remedy}.",)


class Impostor(HostError):
    """What answers does not hold the key of the module that it says it is."""


class RecordingError(UsageError):
    """A recording is damaged, of another version, or not a recording."""


class DeviceCodeError(HostError):
    """The device's code, run on this computer, could not do the job."""


class CalibrationFailed(HostError):
    """A measurement of a calibration lies outside its limits; nothing was written."""


def sentence(problem: object) -> str:
    """What other rooms complain of, as a sentence: capital first (but no file's name), full stop last."""
    text = str(problem).strip()
    first = text.partition(" ")[0].rstrip(":")
    if first.isalpha():
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?")) else text + "."
