"""MicroPython never evaluates annotations; this lets shared files say so to CPython."""

annotations = True
