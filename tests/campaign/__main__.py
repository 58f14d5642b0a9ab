"""Long hunts for faults, each with a seed and a count: `python -m tests.campaign PART --count N --seed S`."""

import sys

from tests.campaign import models

PARTS = {
    "models": models.main,
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in PARTS:
        print(f"usage: python -m tests.campaign PART [options], where PART is of {', '.join(PARTS)}", file=sys.stderr)
        return 2
    return PARTS[arguments[0]](arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
