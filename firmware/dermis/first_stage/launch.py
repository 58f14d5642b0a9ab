"""Starts the firmware, with as little as possible of the first stage left in memory: nothing that is imported here
stays, and whatever of it is needed again is loaded again.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

FAILED = 1  # status of a firmware that could not start
INTERRUPT = 3
# What stays shall lie together at the heap's beginning: the firmware needs the rest in large pieces. Without this,
# the heap is filled with rubbish once before any is collected.
COLLECT_AFTER = 16 * 1024


def launch() -> None:
    """Returns when the firmware has given way to the prompt; ends in a reset or with the firmware otherwise."""
    import micropython  # type: ignore[import-not-found]

    runtime: Any = micropython
    # Where the console is a terminal of the system, that decides who gets Ctrl-C.
    interrupts: Any = getattr(runtime, "kbd_intr", lambda _key: None)
    interrupts(-1)
    collector: Any = gc  # CPython's has no such method
    collector.threshold(COLLECT_AFTER)
    from dermis.first_stage import start

    app_path = start.prepare()
    del start
    own_path = list(sys.path)
    _forget()
    sys.path[:] = app_path
    gc.collect()
    try:
        import dermis.main  # of the image

        dermis.main.main()
    except SystemExit as ended:
        # 0 and the twin's status for a reset are how a firmware ends that is well.
        if ended.args and ended.args[0] == FAILED:
            _note(own_path, "the firmware could not start")
        raise
    except BaseException as error:  # noqa: BLE001 - the prompt must not open, whatever an image does
        _note(own_path, "%s: %s" % (type(error).__name__, error))
        import machine  # type: ignore[import-not-found]

        board: Any = machine
        board.reset()
    interrupts(INTERRUPT)


def _note(own_path, reason):
    """Note that the firmware failed, by the first stage's own code."""
    _forget()
    gc.collect()
    sys.path[:] = own_path
    try:
        from dermis.first_stage import start

        start.failed(reason)
    except Exception as error:  # noqa: BLE001 - what cannot be noted must not open the prompt either
        print("%s: %s" % (type(error).__name__, error))


def _forget():
    for name in list(sys.modules):
        if name == "dermis" or name.startswith("dermis."):
            del sys.modules[name]
