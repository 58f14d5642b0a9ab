"""`main.py` of the boot partition."""

import micropython  # type: ignore[import-not-found]

# Before the imports, which take a while: a Ctrl-C in them would leave MicroPython's prompt in every state.
if hasattr(micropython, "kbd_intr"):
    micropython.kbd_intr(-1)  # type: ignore[attr-defined]

try:
    from dermis.first_stage.launch import launch

    launch()
except SystemExit:
    raise
except BaseException as error:  # noqa: BLE001 - a partition that is damaged must not end at the prompt either
    import time

    import machine  # type: ignore[import-not-found]

    print("%s: %s" % (type(error).__name__, error))
    time.sleep(1)  # so that it can be read, and the port be used, between two starts
    machine.reset()  # type: ignore[attr-defined]
