"""The power budget: what the module draws from its supply, idle, in a burst and while it watches.

Currents of the lights and parts of the board come from the board data; those below are design figures or taken from
data sheets as noted, and none has been measured. `python -m dermis_hw.power` prints the budget of every board.
"""

from __future__ import annotations

from dataclasses import dataclass

from dermis_hw.boards.wiring import WIRED, Wiring, wired
from dermis_hw.environment import SUPPLY_V
from dermis_hw.optics import DM1, Optics

LIGHTS_V = 7.5  # rail of the lights: two LEDs in series at their hottest, ballast and current sink
CONVERTER = 0.88  # efficiency of the step-down converters, design
PSU_ROOM = 1.25  # a supply is not run at its limit
FUSE_ROOM = 1.5  # a fuse must not age at the peak
FUSES_A = (0.5, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0)  # IEC 60127 sizes
PSUS_W = (6, 12, 15, 18, 24, 30, 36, 48)

# A burst: five looks at a light, each as long as a slot, and the last at most a whole pulse (docs/timing.md).
LOOKS = {"850": 2, "970": 1, "1050": 1, "dots": 1}
SLOT_MARGIN_US = 400
DARK_SLOTS = 3  # the ambient frame, and one or two between the lights
SWIR_BANDS = 5
PAUSE_US = 200_000  # between two bursts of a watching module, at least: the analysis


@dataclass(frozen=True)
class Load:
    """One consumer. rail_v: 0 for the supply itself. idle_ma, burst_ma: mean. peak_ma: the most at once."""

    name: str
    rail_v: float
    idle_ma: float
    burst_ma: float
    peak_ma: float


# Controllers with their memory. ESP32-S3: data sheet, both cores at 240 MHz with the radio off, and what octal PSRAM
# and flash take; start-up peaks higher with the radio, which stays off. Coral: its supply is 5 V, 2 to 3 A.
CONTROLLERS = {
    "esp32s3": Load("ESP32-S3 with PSRAM and flash", 3.3, 70, 150, 240),
    "coral": Load("Coral Dev Board", 5.0, 700, 1600, 3000),
}
IMAGERS = {
    "esp32s3": Load("imager", 3.3, 2, 55, 70),
    "coral": Load("imager (USB or CSI, at the Coral's 5 V)", 5.0, 20, 250, 300),
}
OTHERS = (
    Load("logic, expander, thermometer, ADC", 3.3, 3, 5, 8),
    Load("SWIR amplifier", 3.3, 4, 4, 6),
    Load("RS-485 while it sends into 54 ohm", 3.3, 2, 10, 60),
    Load("status LED", 3.3, 5, 5, 10),
    Load("buzzer", 5.0, 0, 0, 30),
    Load("relay's coil", 5.0, 0, 0, 21),
)


@dataclass(frozen=True)
class Budget:
    """Of one board, at the supply's lower limit. Currents in mA from the supply; times in us."""

    board: str
    burst_us: int
    idle_ma: float
    burst_ma: float
    watch_ma: float
    peak_ma: float
    loads: tuple[Load, ...]

    @property
    def psu_w(self) -> int:
        """The smallest common supply that holds the peak with room."""
        return _next(PSUS_W, self.peak_ma / 1000 * SUPPLY_V[0] * PSU_ROOM)

    @property
    def fuse_a(self) -> float:
        """The smallest slow fuse that does not age at the peak."""
        return _next(FUSES_A, self.peak_ma / 1000 * FUSE_ROOM)


def _next(sizes: tuple, wanted: float):
    return next(size for size in sizes if size >= wanted)


def slot_us(optics: Optics = DM1) -> int:
    """How long a light burns for one look: a frame period, a whole frame and what a switch takes (docs/timing.md)."""
    whole = optics.height * optics.row_time_us + optics.exposure_us
    return min(round(optics.frame_period_us + whole) + SLOT_MARGIN_US, optics.longest_pulse_us)


def burst_us(optics: Optics = DM1) -> int:
    """From the first slot to the last: lights, dark slots, and the last light until its frame has come."""
    return slot_us(optics) * (sum(LOOKS.values()) - 1 + DARK_SLOTS) + optics.longest_pulse_us


def loads(board: Wiring, optics: Optics = DM1, pairs: int = 64) -> tuple[Load, ...]:
    """Every consumer of a board. pairs: lock-in pairs of a band of the SWIR head in a burst."""
    whole_us = burst_us(optics)
    lights = [
        Load(f"light {light}", LIGHTS_V, 0, board.currents_ma[light] * looks * slot_us(optics) / whole_us, 0)
        for light, looks in LOOKS.items()
    ]
    # One burns at a time: the hungriest counts.
    hungriest = max(board.currents_ma[light] for light in LOOKS)
    swir_ma = board.currents_ma["swir"]
    # Of each pair the LED burns for one pulse, which may last as long as its one-shot lets it.
    swir_share = SWIR_BANDS * pairs * board.one_shots["swir_us"] / whole_us
    return (
        CONTROLLERS[board.board],
        IMAGERS[board.board],
        *OTHERS,
        *lights,
        Load("the hungriest light", LIGHTS_V, 0, 0, hungriest),
        Load("SWIR LED", LIGHTS_V, 0, swir_ma * swir_share, swir_ma),
    )


def budget(name: str, optics: Optics = DM1) -> Budget:
    """Of a board, all loads at the supply's lower limit. Watching is burst after burst."""
    of_board = loads(wired(name), optics)

    def from_supply(currents: list[float]) -> float:
        watts = sum(load.rail_v * current / 1000 for load, current in zip(of_board, currents, strict=True))
        return 1000 * watts / CONVERTER / SUPPLY_V[0]

    idle, burst, peak = (
        from_supply([getattr(load, kind) for load in of_board]) for kind in ("idle_ma", "burst_ma", "peak_ma")
    )
    # Between bursts a watching module analyses the last one: the controller and the imager go on, the lights rest.
    whole_us = burst_us(optics)
    duty = whole_us / (whole_us + PAUSE_US)
    lit = [load.burst_ma * (duty if load.rail_v == LIGHTS_V else 1) for load in of_board]
    return Budget(name, whole_us, idle, burst, from_supply(lit), peak, of_board)


def table(name: str) -> str:
    """The budget as text."""
    made = budget(name)
    lines = [
        f"Power of DM1 on {wired(name).controller}, DESIGN FIGURES, NOTHING MEASURED",
        f"{'consumer':<42} {'rail':>6} {'idle':>7} {'burst':>7} {'peak':>7}",
    ]
    for load in made.loads:
        currents = " ".join(f"{current:>4.0f} mA" for current in (load.idle_ma, load.burst_ma, load.peak_ma))
        lines.append(f"{load.name:<42} {load.rail_v:>4.1f} V {currents}")
    volts = SUPPLY_V[0]
    for what, current in (
        ("idle", made.idle_ma),
        (f"burst ({made.burst_us / 1e6:.2f} s)", made.burst_ma),
        ("watch (burst after burst)", made.watch_ma),
        ("peak", made.peak_ma),
    ):
        lines.append(f"{what + ', from ' + str(volts) + ' V':<42} {current:>6.0f} mA {current * volts / 1000:>6.1f} W")
    lines.append(f"supply: 12 V, {made.psu_w} W or more; fuse: {made.fuse_a} A slow")
    return "\n".join(lines)


if __name__ == "__main__":
    print("\n\n".join(table(board) for board in WIRED))
