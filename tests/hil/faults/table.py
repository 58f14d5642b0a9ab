"""The table: a row a fault, how it is asked for, and what each operation must make of it. Data, no code.

What a cell may say:

| word | meaning |
|---|---|
| right | done as if there were no fault; every verdict right: bona fide for the face, attack for each attack |
| named | refused or broken off with a reason: an error in a sentence, `no_decision` with a reason |
| refused | the face is taken for an attack: wrong, on the safe side, and admitted in the row |

Words after a colon: one of them must stand in what was said (an error, a reason, the module's sentence, a check that
the self-test fails). An attack that passes, a hang, or something lost is never allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

VERIFY, WATCH, CALIBRATE, UPDATE, AUDIT = OPERATIONS = ("verify", "watch", "calibrate", "update", "audit")

RIGHT, NAMED, REFUSED = "right", "named", "refused"


@dataclass(frozen=True)
class Draw:
    """An argument that the seed draws: one of those, or a whole number from 1 to a part of what the operation takes
    without a fault (`of`: "requests" of the hardware or "writes" of the flash)."""

    choices: tuple[Any, ...] = ()
    of: str = ""


@dataclass(frozen=True)
class Share:
    """An argument that is a place among what the operation takes without a fault: 0 the first, 1 the last."""

    place: float
    of: str


Ask = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """One fault.

    asks: faults of the twin (docs/twin.md) with their arguments. again: it hits once, so it is asked for anew before
    each scene. beside: a second host on the "same" port or on the module's "other" one. expect: operation -> words as
    above; those that are left out are `right`. loses_bytes: whether answers may be lost, so that hosts wait in vain
    (here less long than they do). restarts: whether the module may restart. loses_entries: whether entries
    of the audit log may be missing, which the log then says itself. acts: what somebody has to do once the fault is
    gone, "" when nothing: "reset", "date" (set the clock). admitted: what the module cannot see, or sees as something
    else. quick: the operations that `make test` runs.
    """

    name: str
    asks: tuple[Ask, ...]
    expect: dict[str, str] = field(default_factory=dict)
    again: bool = False
    beside: str = ""
    loses_bytes: bool = False
    restarts: bool = False
    loses_entries: bool = False
    acts: str = ""
    admitted: str = ""
    quick: tuple[str, ...] = ()

    def expected(self, operation: str) -> str:
        return self.expect.get(operation, RIGHT)


def everywhere(words: str) -> dict[str, str]:
    return dict.fromkeys(OPERATIONS, words)


def measuring(words: str) -> dict[str, str]:
    """What measures says so; an update goes by checks that did not fail before, and the log needs no sensor."""
    return dict.fromkeys((VERIFY, WATCH, CALIBRATE), words)


LINK = "right named: fell silent, gave no answer, do not fit together, no SMP answer, broke, come back, try again"
RESTARTED = "right named: restarted, broke, went back"
SWIR_LEDS = ("swir1050", "swir1200", "swir1300", "swir1450", "swir1550")

SERIAL = (
    Row(
        "serial_loss",
        (("serial_noise", {"drop": 2e-4}),),
        everywhere(LINK),
        loses_bytes=True,
        quick=(VERIFY,),
    ),
    Row(
        "serial_silence",
        (("serial_noise", {"drop": 1.0, "direction": "to_host"}),),
        everywhere("named: Nothing on"),
        loses_bytes=True,
    ),
    Row(
        "serial_silence_later",
        (("serial_stall", {"seconds": 60.0, "after": 3000, "direction": "to_host"}),),
        everywhere(LINK),
        loses_bytes=True,
    ),
    Row(
        "serial_duplication",
        (("serial_noise", {"repeat": 0.5}),),
        everywhere(f"{LINK}, busy"),
        admitted="a request that comes twice is refused as busy the second time, which the host takes for its answer",
        loses_bytes=True,
        quick=(CALIBRATE,),
    ),
    Row("serial_doubled_bytes", (("serial_noise", {"double": 2e-4}),), everywhere(LINK), loses_bytes=True),
    Row("serial_corruption", (("serial_noise", {"flip": 2e-4}),), everywhere(LINK), loses_bytes=True, quick=(AUDIT,)),
    Row(
        "serial_stall",
        (("serial_stall", {"seconds": 1.5, "after": Draw((50, 500, 1500))}),),
        everywhere("right"),
        quick=(WATCH,),
    ),
)

RESETS = (
    Row(
        "reset_at_random",
        (("sudden_reset", {"after": Draw(of="requests")}),),
        everywhere(RESTARTED),
        again=True,
        restarts=True,
        quick=(VERIFY,),
    ),
    *(
        Row(
            f"power_cut_{name}_write",
            (("power_cut", {"after": place, "torn": Draw((0, 1, 17, 100, 4000))}),),
            everywhere(RESTARTED),
            restarts=True,
            quick=quick,
        )
        for name, place, quick in (
            ("first", Share(0, "writes"), (CALIBRATE,)),
            ("second", 2, ()),
            ("middle", Share(0.5, "writes"), ()),
            ("last", Share(1, "writes"), ()),
            ("random", Draw(of="writes"), ()),
        )
    ),
)

DIM_ADMITTED = (
    "as much as aging may take: the record's own limits bear it, and the verdicts stay right. No module can tell it "
    "from aging"
)
LIGHTS = (
    Row(
        "led_dead",
        (("dead_light", {"light": Draw(("850", "970", "1050"))}),),
        measuring("named: stays dark, light_"),
        quick=(VERIFY,),
    ),
    Row(
        "led_dies_in_burst",
        (("dead_light", {"light": Draw(("850", "970", "1050")), "after": 0, "burns_us": 20_000}),),
        measuring("named: light_, the light, monitor tab"),
    ),
    Row(
        "led_dim_a_little",
        (("dim_light", {"light": Draw(("850", "970")), "left": 0.985}),),
        admitted=DIM_ADMITTED,
        quick=(VERIFY,),
    ),
    Row(
        "leds_dim_alike",
        tuple(("dim_light", {"light": light, "left": 0.9}) for light in ("850", "970", "1050")),
        admitted=DIM_ADMITTED,
    ),
    Row(
        "led_dim",
        (("dim_light", {"light": Draw(("850", "970", "1050")), "left": Draw((0.9, 0.75, 0.5))}),),
        measuring("named: drift_, light_"),
        quick=(CALIBRATE,),
    ),
    Row(
        "leds_swapped",
        (("swapped_lights", {"first": Draw(("850", "dots")), "second": Draw(("970", "1050"))}),),
        measuring("named: monitor tab, wiring, light_"),
        quick=(VERIFY,),
    ),
    Row(
        "swir_led_dead",
        (("dead_light", {"light": Draw(SWIR_LEDS)}),),
        measuring("named: SWIR, swir_"),
    ),
    Row(
        "swir_led_dim",
        (("dim_light", {"light": Draw(SWIR_LEDS), "left": 0.75}),),
        {VERIFY: "right refused", WATCH: "right refused"},
        admitted="a LED of the SWIR head that lost a quarter moves its ratios: a face near a limit is refused, no more",
    ),
    Row(
        "swir_led_very_dim",
        (("dim_light", {"light": "swir1450", "left": 0.3}),),
        measuring("named refused: SWIR, swir_, sensor_fault, not_skin_swir"),
    ),
    Row(
        "swir_leds_swapped",
        (("swapped_lights", {"first": "swir1300", "second": "swir1450"}),),
        {VERIFY: "refused", WATCH: "refused"},
        admitted=(
            "the head's LEDs have no tab that tells them apart: a face has no skin then, and is refused as "
            "not_skin_swir; calibrating before the white and the spectral standard finds it"
        ),
    ),
)

PROJECTOR = (
    Row(
        "projector_off",
        (("dead_light", {"light": "dots"}),),
        measuring("named: dots"),
        quick=(WATCH,),
    ),
    Row("projector_diffuser_gone", (("interlock_open", {}),), measuring("named: diffuser, dots")),
    Row(
        "projector_shifted_along",
        (("shifted_projector", {"du": Draw((-4.0, -1.5, 2.0, 4.0))}),),
        admitted=(
            "along the baseline a shift is a distance: what lies before the module seems up to 40% nearer or farther "
            "and keeps its shape, so the verdicts stay right; `dermis calibrate verify` measures the distance of a card"
        ),
        quick=(VERIFY,),
    ),
    Row(
        "projector_shifted_across",
        (("shifted_projector", {"dv": Draw((-5.0, 3.0, 6.0))}),),
        {VERIFY: "named: too_far, no_face", WATCH: "named: too_far, no_face"},
        admitted="no dot is found again: told as too_far, and the self-test, which has no target, does not see it",
    ),
)

IMAGER = (
    Row("imager_frozen", (("frozen_imager", {}),), measuring("named: imager, same frame"), again=True, quick=(VERIFY,)),
    Row(
        "imager_freezes_in_burst",
        (("frozen_imager", {"after": Draw((1, 3, 5, 8))}),),
        measuring("named: imager, same frame"),
        again=True,
    ),
    Row(
        "imager_saturated",
        (("saturated_imager", {}),),
        measuring("named: imager, too_bright, dark frame"),
        quick=(WATCH,),
    ),
    Row("imager_silent", (("silent_imager", {}),), measuring("named: imager"), quick=(CALIBRATE,)),
    Row(
        "imager_late",
        (("bad_frames", {"late": 0.9, "late_ms": 400}),),
        measuring("right named: imager, monitor tab, moving, light_"),
        admitted="frames so late cannot be told from frames of another light: the sentence may name a light's wiring",
        quick=(WATCH,),
    ),
    Row(
        "imager_drops_frames",
        (("bad_frames", {"drop": 0.3, "repeat": 0.2}),),
        measuring("right named: imager, monitor tab, moving, light_"),
    ),
)

SWIR = (
    Row(
        "swir_noisy",
        (("noisy_swir", {"times": 20.0}),),
        admitted="noise that the ratios bear: 64 pairs average it, and the verdicts stay right",
    ),
    Row(
        "swir_very_noisy",
        (("noisy_swir", {"times": 1000.0}),),
        measuring("named: SWIR, swir_"),
        quick=(VERIFY,),
    ),
    Row("swir_stuck", (("stuck_adc", {"value": 700}),), measuring("named: SWIR, swir_"), quick=(WATCH,)),
    Row("swir_stuck_high", (("stuck_adc", {"value": 65535}),), measuring("named: SWIR, swir_, too_bright")),
    Row("swir_silent", (("dead_part", {"part": "swir_adc"}),), measuring("named: SWIR, swir_")),
)

REST = (
    Row("hot", (("hot_module", {"temperature_c": 60.0}),), quick=(VERIFY,)),
    Row(
        "too_hot",
        (("hot_module", {"temperature_c": 95.0}),),
        measuring("right named: thermometer, drift_, temperature"),
    ),
    Row(
        "flash_full",
        (("full_flash", {}),),
        {
            CALIBRATE: "named: full, storage",
            UPDATE: "right named: full, stor",  # its notes are small enough for blocks that are there
        },
        restarts=True,
        loses_entries=True,
        quick=(CALIBRATE,),
    ),
    Row(
        "flash_bad_block",
        (("bad_block", {"partition": "data", "after": Draw(of="erases")}),),
        everywhere("right named: stor, flash, data partition"),
        loses_entries=True,
        quick=(CALIBRATE,),
    ),
    Row(
        "flash_bad_block_in_slot",
        (("bad_block", {"partition": "slot1", "after": Draw((1, 2, 3, 4, 5))}),),
        {UPDATE: "right named: agree, refused, flash, no longer whole"},
        admitted="a block that goes bad once nothing is to be read from it again costs nothing",
        quick=(UPDATE,),
    ),
    Row(
        "flash_dead",
        (("dead_part", {"part": "flash"}),),
        {CALIBRATE: "named: stor", UPDATE: "named: stor, flash", AUDIT: "named: stor, read, flash"},
        loses_entries=True,
    ),
    Row("clock_forward_a_little", (("clock_jump", {"seconds": Draw((0.05, 0.7))}),), again=True),
    Row(
        "clock_forward",
        (("clock_jump", {"seconds": Draw((5.0, 86400.0))}),),
        measuring("right named: moving, monitor tab"),
        again=True,
        admitted="the leap takes the time in which a burst that was disturbed is repeated: it is told as what it was",
        quick=(VERIFY,),
    ),
    Row(
        "clock_back",
        (("clock_jump", {"seconds": -40 * 365 * 86400.0}), ("sudden_reset", {"after": 1})),
        everywhere("right named: restarted"),
        restarts=True,
        acts="date",
    ),
    Row(
        "two_hosts_on_one_port",
        (),
        {UPDATE: "right named: Another program holds"},
        beside="same",
        admitted="while a module restarts under an update nobody holds its port: whoever comes first has it then",
        quick=(VERIFY,),
    ),
    Row(
        "two_hosts_on_two_ports",
        (),
        everywhere(f"{LINK}, busy, in use"),
        loses_bytes=True,
        beside="other",
        admitted="both cables lead to one line: what two hosts say at the same moment is mixed, and each waits in vain",
        quick=(CALIBRATE,),
    ),
)

NO_FAULT = Row("no_fault", ())
ROWS = (NO_FAULT, *SERIAL, *RESETS, *LIGHTS, *PROJECTOR, *IMAGER, *SWIR, *REST)
