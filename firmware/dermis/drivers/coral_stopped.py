"""What is done when the module's process has ended, however it did: `python -m dermis.drivers.coral_stopped`.

systemd runs it after every stop (`ExecStopPost=`). A line of the GPIO device stays as a dead process left it: here the
lights' pulse pins and the relay go back to their idle levels, and the reason is noted for the next start.
"""

from __future__ import annotations

import json
import os
import sys

from dermis.core.errors import DermisError

RESTART_STATUS = 75  # the exit status of a module that asked for its restart (EX_TEMPFAIL of sysexits.h)
# The unit's `RuntimeDirectory`, which a stop of the service leaves and a start of the machine does not have.
NOTE = "/run/dermis/stopped"
IDLE = {"light_pulse": 0, "swir_pulse": 0, "relay": 0, "wiegand_d0": 1, "wiegand_d1": 1}


def cause_of_start() -> str:
    """The last stop's reason, by the contract of `drivers.system`; "" before the first since the machine's start."""
    try:
        with open(NOTE) as file:
            return file.read().strip()
    except OSError:
        return ""


def cause_of_stop(result: str, status: str) -> str:
    """result, status: SERVICE_RESULT and EXIT_STATUS, as systemd gives them (systemd.exec(5))."""
    if result == "watchdog":
        return "watchdog"
    if result == "success" or (result == "exit-code" and status == str(RESTART_STATUS)):
        return "software"
    return "crash"


def darken(board: dict) -> list:
    """Drive every line of `IDLE` to its level; returns one sentence for each that could not be driven."""
    from dermis.drivers import coral_gpio

    faults = []
    for name, level in IDLE.items():
        try:
            coral_gpio.output(board, name, level).release()
        except DermisError as error:
            faults.append(str(error))
        except (LookupError, TypeError, ValueError) as error:  # the other lines all the same
            faults.append("the board file says of the line %s what cannot be: %s" % (name, error))
    return faults


def main() -> int:
    faults = []
    try:
        with open(os.environ["DERMIS_BOARD"]) as file:
            faults = darken(json.load(file))
    except (KeyError, OSError, ValueError) as error:
        faults = ["the board file cannot be read (%s); no line was driven" % error]
    try:
        with open(NOTE, "w") as file:
            file.write(cause_of_stop(os.environ.get("SERVICE_RESULT", ""), os.environ.get("EXIT_STATUS", "")))
    except OSError as error:
        faults.append("the reason of this stop cannot be noted (%s)" % error.strerror)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
