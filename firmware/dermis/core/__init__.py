"""Pure parts: no I/O, no clock, no `machine`, no numpy. Everything is integer, so that every platform agrees."""
