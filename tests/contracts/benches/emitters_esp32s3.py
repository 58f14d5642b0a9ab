"""The lights before the ESP32-S3's drivers, on the simulated chip."""

from __future__ import annotations

from tests.contracts.benches.emitters import EmittersBench
from tests.contracts.benches.esp32s3_parts import S3Bench, on_the_chip


class S3EmittersBench(S3Bench, EmittersBench):
    ends_itself = True

    def __init__(self, module):
        super().__init__(module)
        from dermis.drivers.emitters.esp32s3 import S3Emitters

        self.driver = S3Emitters(self.board, self.expander, self.clock)

    def burning(self) -> str:
        return self.module.lights.burning()

    def burned_us(self, light: str, within_us: int) -> int:
        since_us, burned_us = self.chip.now_us - within_us, 0
        for burn in self.module.lights.burns:
            if burn.light == light:
                off_us = self.chip.now_us if burn.off_us is None else burn.off_us
                burned_us += max(0, off_us - max(burn.on_us, since_us))
        return burned_us

    def level(self) -> float:
        return self.module.lights.level()

    def switched_lit(self) -> int:
        return len(self.module.lights.switched)

    def advance_us(self, duration_us: int) -> None:
        self.chip.run(duration_us)

    def hang(self, duration_us: int) -> None:
        self.chip.run(duration_us)  # nothing of ours runs in it

    def fault(self, what: str, on: bool) -> None:
        expander, bits = self.module.expander, self.board["expander"]
        if what == "expander":
            expander.absent = on
        elif what == "decoder":
            expander.shorted = {bits["light_select_0"][0]: 1, bits["light_select_1"][0]: 1} if on else {}
        elif what in ("light_fault", "interlock"):
            bit, active = bits[what]
            expander.outside[bit] = active if on == (what == "light_fault") else 1 - active
            self.chip.changed()
        elif what == "current":
            self.chip.broken_pwm = on
        else:
            super().fault(what, on)


def bench(**board):
    return on_the_chip(S3EmittersBench, **board)
