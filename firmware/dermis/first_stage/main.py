"""`main.py` of the boot partition."""

import micropython  # type: ignore[import-not-found]

# Before the imports, which take a while: a Ctrl-C in them would leave MicroPython's prompt in every state.
if hasattr(micropython, "kbd_intr"):
    micropython.kbd_intr(-1)  # type: ignore[attr-defined]

from dermis.first_stage.launch import launch

launch()
