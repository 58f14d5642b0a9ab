"""What every parser of the device promises, under CPython and MicroPython alike."""

from binascii import crc32

from dermis.core import osdp
from dermis.core.errors import DermisError, WireError
from dermis.tflite import ModelError


class Broken(Exception):
    """A parser did not keep what it promises."""


def told(data):
    """A short name of bytes."""
    return f"{len(data)}:{crc32(data) & 0xFFFFFFFF:08x}"


def must(holds, what):
    """Raises Broken with `what` unless it holds."""
    if not holds:
        raise Broken(what)


def either(first, second):
    """What both outcomes are, where each may be a refusal: (function, argument) pairs. Raises the first's refusal where
    both refuse, so that the fuzzer sees it."""
    out, refusal = [], None
    for function, argument in (first, second):
        try:
            out.append(function(argument))
        except (DermisError, ModelError, WireError, osdp.Refused) as error:
            refusal = refusal or error
            out.append(type(error).__name__)
    if refusal is not None and not [one for one in out if not one.isalpha()]:
        raise refusal
    return " | ".join(out)
