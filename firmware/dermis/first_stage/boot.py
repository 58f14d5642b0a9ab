"""`boot.py` of the boot partition: every emitter dark, before anything else."""

import micropython  # type: ignore[import-not-found]

# Before the imports, which take a while: a Ctrl-C in them would leave MicroPython's prompt in every state.
if hasattr(micropython, "kbd_intr"):
    micropython.kbd_intr(-1)  # type: ignore[attr-defined]

from dermis.boot import darken
from dermis.first_stage.hardware import path_of_file

darken(path_of_file())
del darken, micropython, path_of_file  # what they belong to would stay in memory with them
