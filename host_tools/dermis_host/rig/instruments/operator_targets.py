"""A person as the target changer: asked on the terminal, who presses Enter when the target stands there."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dermis_host.rig.contract import RigError, Targets
from dermis_host.rig.keys import Keys

LOOK_S = 0.2  # between two looks at the keyboard
MOST_S = 24 * 3600.0


class OperatorTargets(Targets):
    """Keys: targets (their names), patience_s (how long to wait for Enter)."""

    def __init__(self, names: tuple[str, ...], patience_s: float):
        self._names, self._patience_s = names, patience_s
        if not sys.stdin.isatty():
            raise RigError("A person places the rig's targets, and there is no terminal to ask on: run it on one.")

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], OperatorTargets]:
        names, patience_s = keys.texts("targets"), keys.number("patience_s", 1.0, MOST_S, 600.0)
        return lambda: cls(names, patience_s)

    def identity(self) -> str:
        return "a person on this terminal"

    def names(self) -> Sequence[str]:
        return list(self._names)

    def show(self, target: str | Path) -> None:
        if str(target) not in self._names:
            raise RigError(f"The rig has no target {target}: there are {', '.join(self._names)}.")
        while self._typed(0):  # an Enter pressed too early, or twice, says nothing of this one
            self._line()
        print(f"Put {target} before the module, then press Enter (Ctrl-C stops): ", end="", file=sys.stderr, flush=True)
        until = time.monotonic() + self._patience_s
        while not self._typed(LOOK_S):
            if time.monotonic() >= until:
                print(file=sys.stderr)
                raise RigError(f"Nobody put {target} before the module within {self._patience_s:g} s: begin again.")
        self._line()

    def close(self) -> None:
        """Nothing was opened."""

    def _typed(self, wait_s: float) -> bool:
        return bool(select.select([sys.stdin], [], [], wait_s)[0])

    def _line(self) -> None:
        if not sys.stdin.readline():
            raise RigError("The terminal was closed while the rig waited for a target: begin again on another.")
