"""A verification that a host steps through, so that it can fetch every burst that is judged.

Between two steps the module holds it beside the burst. It is gone with the burst (whatever takes the sensors or the
frames' memory ends it), with the session, and when what judges the bursts is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app.verification import Verification
from dermis.core.errors import RC_NO_ENTRY, WireError

if TYPE_CHECKING:
    from typing import Any

    from dermis.app.module import Module

# From the end of one step to the next. The frames of a burst take seven seconds at 921600 baud; whoever has this long
# to put something else there has it in every pause, which is why a stepped verdict is bound to nothing.
LONGEST_PAUSE_MS = 30_000


class Stepped:
    """nonce: of whoever asked, sent back with the verdict."""

    def __init__(self, module: Module, time_limit_ms: int, nonce: bytes):
        self.verification = Verification(module, time_limit_ms)
        self.nonce = nonce
        self._basis = _basis(module)
        self._burst_id = 0
        self._left_us = 0

    def leave(self, module: Module) -> None:
        """Keeps it for the next step."""
        self._burst_id = module.burst_id
        self._left_us = module.clock.ticks_us()
        module.stepped = self

    def go_on(self, module: Module, burst_id: int) -> str:
        """Takes the pause after that burst off its time; "", or why it cannot go on."""
        if burst_id != self._burst_id or module.burst is not self.verification.taken:
            return "it was at burst %d" % self._burst_id
        if self._basis != _basis(module):
            return "session, profile, calibration or model are not those that it began with"
        paused_us = module.clock.ticks_us() - self._left_us
        if not 0 <= paused_us <= 1000 * LONGEST_PAUSE_MS:
            return "it waited longer than %d s" % (LONGEST_PAUSE_MS // 1000)
        self.verification.uncount(paused_us)
        return ""


def found(module: Module, burst_id: int) -> Stepped:
    """The verification that goes on after that burst. Raises WireError (no entry) when there is none."""
    stepped: Any = module.stepped
    why = stepped.go_on(module, burst_id) if stepped else "the sensors were used by somebody else, or none was begun"
    if why:
        raise WireError(
            RC_NO_ENTRY, "no verification goes on after burst %d (%s); begin anew, with after = 0" % (burst_id, why)
        )
    return stepped


def _basis(module):
    """What must not change between two steps."""
    opened = module.sessions().opened if module.session else 0
    return (opened, module.profile, module.calibration.record, module.model)
