"""Power and lamp in the hands of several threads: once a rig comes to its last rest, nobody can undo that.

A thread that is still at work when the main one hears Ctrl-C would otherwise take the module's power away after it was
given back.
"""

from __future__ import annotations

import threading

from dermis_host.rig.contract import Instrument, LightSource, PowerSwitch, RigError


class _Guard:
    def __init__(self, instrument: Instrument):
        self._instrument = instrument
        self._lock = threading.RLock()
        self._ended = False

    def identity(self) -> str:
        return self._instrument.identity()

    def close(self) -> None:
        self._instrument.close()

    def end(self) -> None:
        """From now on it can be brought to rest, and nothing else. Waits for what is being done with it."""
        with self._lock:
            self._ended = True

    def _check(self) -> None:
        if self._ended:
            raise RigError("The rig is being closed: open it anew.")


class GuardedPower(_Guard, PowerSwitch):
    """A power switch."""

    def __init__(self, switch: PowerSwitch):
        super().__init__(switch)
        self._switch = switch

    def on(self) -> None:
        with self._lock:
            self._switch.on()

    def off(self) -> None:
        with self._lock:
            self._check()
            self._switch.off()


class GuardedLight(_Guard, LightSource):
    """A lamp."""

    def __init__(self, light: LightSource):
        super().__init__(light)
        self._light = light

    def set(self, klux: float) -> None:
        with self._lock:
            if klux:
                self._check()
            self._light.set(klux)
