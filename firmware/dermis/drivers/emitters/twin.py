"""The twin's lights."""

from __future__ import annotations

import struct

from dermis.core import twin_wire as wire
from dermis.core import vocabulary
from dermis.drivers.emitters import Emitters


class TwinEmitters(Emitters):
    def __init__(self, channel):
        self._channel = channel

    def pulse(self, light: str, level_q8: int, longest_us: int) -> None:
        if light == vocabulary.DARK or light not in vocabulary.LIGHTS:
            raise ValueError("there is no light %r; there are: %s" % (light, ", ".join(vocabulary.LIGHTS[1:])))
        index = vocabulary.LIGHTS.index(light)
        self._channel.ask(wire.EMIT, struct.pack(wire.EMIT_REQUEST, index, level_q8, longest_us))

    def dark(self) -> None:
        self._channel.ask(wire.DARKEN)
