"""`make soak`: days of a door in virtual time. Exit 0: everything held; 1: the reasons are printed; 2: wrong usage;
130: interrupted, and everything held until then."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from dermis_host.errors import HostError
from dermis_hw.twin import TwinError

from tests.soak.report import hour_line, hour_told, summary, told
from tests.soak.run import Hour, Options, Soak

DEFAULT_DAYS, PASSAGES = 1.0, 2000
FAULTS, RESETS, VISITS = 8.0, 0.5, 3.0  # an hour
# Half an hour before 32 bits of milliseconds are full: most of what a soak does lies on either side of it.
FULL_32_BITS_MS = 1 << 32
BEFORE_MS = 30 * 60_000
INTERRUPTED = 130  # as a shell says it


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    made.add_argument("--days", type=float, help=f"of virtual time (default: {DEFAULT_DAYS:g})")
    made.add_argument("--hours", type=float, help="instead of --days")
    made.add_argument("--passages", type=int, default=PASSAGES, help="a day (default: %(default)s)")
    made.add_argument("--seed", type=int, default=1, help="of passages, faults, visits and noise (default: 1)")
    made.add_argument("--faults", type=float, default=FAULTS, help="an hour, on average (default: %(default)s)")
    made.add_argument("--resets", type=float, default=RESETS, help="an hour, on average (default: %(default)s)")
    made.add_argument("--visits", type=float, default=VISITS, help="of hosts, an hour (default: %(default)s)")
    made.add_argument(
        "--ticks-ms",
        type=int,
        default=FULL_32_BITS_MS - BEFORE_MS,
        help="what the module's clock says at each start (default: half an hour before 32 bits of ms are full)",
    )
    made.add_argument("--folder", type=Path, help="for the twin, kept afterwards; default: a temporary one")
    made.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")
    return made


def main(words: list[str] | None = None) -> int:
    arguments = parser().parse_args(words)
    hours = arguments.hours or 24 * (arguments.days or DEFAULT_DAYS)
    if hours <= 0 or min(arguments.faults, arguments.resets, arguments.visits, arguments.ticks_ms) < 0:
        print("Hours are positive, and nothing comes less than 0 times an hour.", file=sys.stderr)
        return 2
    options = Options(
        hours,
        arguments.passages,
        arguments.seed,
        arguments.faults,
        arguments.resets,
        arguments.visits,
        arguments.ticks_ms,
    )
    where = sys.stderr if arguments.json else sys.stdout

    def say(hour: Hour) -> None:
        print(hour_line(hour), file=where, flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            soak = Soak(options, folder, say)
            result = soak.run()
        except ValueError as problem:
            print(f"There is no such timetable: {problem}.", file=sys.stderr)
            return 2
        except (TwinError, HostError) as problem:
            print(problem, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("Interrupted while it began or ended: there is no report.", file=sys.stderr)
            return INTERRUPTED
    if arguments.json:
        print(json.dumps(told(soak, result) | {"hours": [hour_told(hour) for hour in result.hours]}))
    print(summary(soak, result), file=where)
    return 1 if result.problems else INTERRUPTED if result.interrupted else 0


if __name__ == "__main__":
    raise SystemExit(main())
