"""Everything that `make bench` prints, one part after the other; `python -m tests.bench PART ...` for some."""

import sys

from tests.bench import (
    audit_power,
    board_memory,
    budget,
    bursts,
    calibration,
    calibration_power,
    coral,
    depth_accuracy,
    esptool,
    gates,
    heap_life,
    held_out,
    inference,
    lock,
    reflectance,
    replay,
    signature,
    simulation,
    skins,
    species,
    stages,
    update,
    update_power,
)

PARTS = {
    "stages": stages.main,
    "held-out": held_out.main,
    "depth": lambda: depth_accuracy.main([]),
    "reflectance": lambda: reflectance.main([]),
    "calibration": lambda: calibration.main([]),
    "calibration-power": calibration_power.main,
    "update-power": update_power.main,
    "audit-power": audit_power.main,
    "audit-wear": audit_power.wear,
    "inference": inference.main,
    "bursts": lambda: bursts.main([]),
    "budget": lambda: budget.main([]),
    "memory": board_memory.main,
    "heap": lambda: heap_life.main([]),
    "replay": replay.main,
    "esptool": esptool.main,
    "coral": coral.main,
    "signature": signature.main,
    "lock": lock.main,
    "species": lambda: species.main(["--draws", "1"]),
    "simulation": lambda: simulation.main([]),
    "gates": lambda: gates.main(["--geometries", "1"]),
    "skins": skins.main,
    "update": lambda: update.main([]),
}


# These take options when they are run alone: `python -m tests.bench bursts --count 200`.
WITH_OPTIONS = {
    "depth": depth_accuracy.main,
    "bursts": bursts.main,
    "budget": budget.main,
    "heap": heap_life.main,
    "calibration": calibration.main,
    "species": species.main,
    "simulation": simulation.main,
    "gates": gates.main,
    "update": update.main,
}


def main(chosen: list[str]) -> int:
    if len(chosen) > 1 and chosen[0] in WITH_OPTIONS and chosen[1].startswith("-"):
        return WITH_OPTIONS[chosen[0]](chosen[1:])
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        print(f"there is no part {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for name in chosen or PARTS:
        print(f"== {name}")
        PARTS[name]()
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
