"""What the flasher wrote of the hardware: `hardware.json` of the boot partition."""

from __future__ import annotations

import json
import os
import sys

from dermis.core.errors import BadInput

FILE = "hardware.json"


def path_of_file() -> str:
    """Where it lies: the root of the boot partition, which is on the path."""
    for folder in sys.path:
        path = folder + "/" + FILE if folder else FILE
        try:
            os.stat(path)
        except OSError:
            continue
        return path
    return "/" + FILE


def facts() -> dict:
    """{"board", "revision"} and what else there is. Raises BadInput."""
    try:
        with open(path_of_file()) as file:
            found = json.load(file)
    except (OSError, ValueError):
        raise BadInput("%s of the boot partition cannot be read" % FILE)
    if not isinstance(found, dict) or not isinstance(found.get("board"), str):
        raise BadInput("%s of the boot partition names no board" % FILE)
    return found
