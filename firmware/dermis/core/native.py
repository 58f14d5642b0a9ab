"""The `micropython` module for shared sources, and what a kernel must know of the machine it runs on.

A kernel is a small function under `@micropython.viper`. Under CPython the decorator does nothing and
the same lines run as plain Python, so a kernel keeps to what both agree on:

* arguments annotated `ptr8`, `ptr16`, `ptr32` are only ever indexed (no pointer arithmetic);
* a value stored through a pointer already fits it (viper would truncate, CPython raises);
* a signed value loaded from a `ptr32` goes through `(v << SIGN_SHIFT) >> SIGN_SHIFT`, because viper's
  `ptr32` load zero-extends on a 64-bit machine; `SIGN_SHIFT` is handed in as an argument.
"""

import sys

try:
    import micropython
except ImportError:  # CPython

    class _Micropython:
        @staticmethod
        def viper(function):
            return function

        native = viper

        @staticmethod
        def const(value):
            return value

    micropython = _Micropython()

IS_MICROPYTHON = sys.implementation.name == "micropython"
SIGN_SHIFT = 32 if IS_MICROPYTHON and sys.maxsize > (1 << 32) else 0
# Room behind the arguments of an assembler kernel that takes them in a block (`xtensa.following_words` needs 49).
SPARE_WORDS = 64
