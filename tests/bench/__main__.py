"""Everything that `make bench` prints, one part after the other; `python -m tests.bench PART ...` for some."""

import sys

from tests.bench import coral, depth_accuracy, held_out, inference, reflectance, replay, stages

PARTS = {
    "stages": stages.main,
    "held-out": held_out.main,
    "depth": lambda: depth_accuracy.main([]),
    "reflectance": lambda: reflectance.main([]),
    "inference": inference.main,
    "replay": replay.main,
    "coral": coral.main,
}


def main(chosen: list[str]) -> int:
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
