"""What the first stage tells the firmware that it starts.

A map, kept where modules are: the first stage's own modules are forgotten before the firmware's are loaded, and the
two may be of different releases. Keys: `slot` (index into boot_state.SLOTS), `testing`, `given_up` (version of the
image that was given up last, and why; None: none was), `cause` (of this start), `board`, `revision` (of the hardware).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

KEY = "dermis_handover"
APP = "/app"  # where the image's body is mounted


def leave(facts: dict) -> None:
    """To be found by the firmware of this process."""
    modules: Any = sys.modules
    modules[KEY] = facts


def found() -> dict | None:
    """What the first stage left; None where the firmware was started without one."""
    modules: Any = sys.modules
    return modules.get(KEY)
