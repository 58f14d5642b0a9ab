"""What goes wrong in making a module, planted into one on purpose, so that a bench can show that it finds it.

Defects of the bench (the wrong target, the wrong distance, light in the room) are the bench's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dermis_hw.module_instance import LIGHT_KEYS, ModuleInstance, Scratch
from dermis_hw.optics import DM1

TURN_DEG = 4.0  # of a DOE that sits askew: a screw's play over its width is about a degree
SLOPE = 0.08
# Through the middle of the lower half, where a hand wipes; a scratch that is out of focus is this wide.
SCRATCHES = (Scratch(150.0, 90.0, 35.0, 5.0, 0.25), Scratch(210.0, 150.0, 20.0, 4.0, 0.15))


def _dead(light: str) -> Callable[[ModuleInstance], ModuleInstance]:
    return lambda module: replace(module, level={**module.level, light: 0.0})


def _fitted(light: str, other: str) -> Callable[[ModuleInstance], ModuleInstance]:
    return lambda module: replace(module, other_led={**module.other_led, light: other})


def _exchanged(module: ModuleInstance) -> ModuleInstance:
    order = list(module.swir_order)
    order[2], order[3] = order[3], order[2]
    return replace(module, swir_order=tuple(order))


_PLANTED: dict[str, Callable[[ModuleInstance], ModuleInstance]] = {
    **{f"dead_led:{light}": _dead(light) for light in LIGHT_KEYS},
    "dead_led": _dead("970"),
    "swapped_led": _fitted("970", "940"),
    "swapped_led:970": _fitted("970", "940"),
    "swapped_led:swir1300": _fitted("swir1300", "swir1200"),
    "tilted_doe": lambda module: replace(module, pattern_turn_deg=TURN_DEG, baseline_slope=SLOPE),
    "tilted_doe:turned": lambda module: replace(module, pattern_turn_deg=TURN_DEG),
    "tilted_doe:sloped": lambda module: replace(module, baseline_slope=SLOPE),
    "scratched_window": lambda module: replace(module, scratches=SCRATCHES),
    "miswired_photodiode": lambda module: replace(module, photodiode_sign=-1),
    "miswired_photodiode:sign": lambda module: replace(module, photodiode_sign=-1),
    "miswired_photodiode:exchanged": _exchanged,
    "stuck_gamma": lambda module: replace(module, gamma=1.0),
    # The projector on the other side of the lens: what should come nearer goes farther.
    "mirrored_reference": lambda module: replace(
        module, baseline_error_mm=-2 * DM1.baseline_mm - module.baseline_error_mm
    ),
}
NAMES = tuple(name for name in _PLANTED if ":" not in name)
VARIANTS = tuple(_PLANTED)


def plant(module: ModuleInstance, name: str) -> ModuleInstance:
    """The module with that defect: a name of `NAMES`, or one of its `VARIANTS` (`dead_led:swir1450`).

    Raises ValueError for a defect there is not.
    """
    if name not in _PLANTED:
        raise ValueError(f"there is no defect '{name}'; there are: {', '.join(VARIANTS)}")
    return _PLANTED[name](module)
