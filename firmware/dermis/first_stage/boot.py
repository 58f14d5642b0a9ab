"""`boot.py` of the boot partition: every emitter dark, before anything else."""

import micropython  # type: ignore[import-not-found]

# Before the imports, which take a while: a Ctrl-C in them would leave MicroPython's prompt in every state.
if hasattr(micropython, "kbd_intr"):
    micropython.kbd_intr(-1)  # type: ignore[attr-defined]

try:
    from dermis.boot import darken
    from dermis.first_stage.hardware import path_of_file

    darken(path_of_file())
    del darken, path_of_file  # what they belong to would stay in memory with them
except BaseException as error:  # noqa: BLE001 - after a `boot.py` that fails, MicroPython opens its prompt
    import time

    import machine  # type: ignore[import-not-found]

    print("%s: %s" % (type(error).__name__, error))
    time.sleep(1)  # so that it can be read, and the port be used, between two starts
    machine.reset()  # type: ignore[attr-defined]
del micropython
