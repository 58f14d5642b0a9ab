"""On a module, in the place of `dermis.main`: the firmware, watched for what lies in its heap. See `heap_life`.

A line of the log `heap` for every message: bytes alive before it, at most while it was answered (collected wherever
the firmware lets others run, or ends a piece of its analysis) and after it, and the largest free piece then. Between
these points more may be alive for a moment: what a module needs is the smallest heap in which it lives, and this only
says where it goes. Once, a line `heap_buffers`: bytes of buffers, by what they are for.
"""

from __future__ import annotations

import gc
import sys
from array import array
from typing import TYPE_CHECKING

import uctypes  # type: ignore[import-not-found]
from dermis import main_of_image  # type: ignore[attr-defined] # the image's own main
from dermis.app import heap, module, pipeline, server

if TYPE_CHECKING:
    from typing import Any

OF_OURS = "dermis"
DEEPEST = 12  # objects within objects: more is a loop, which `seen` ends anyway
ITEM_BYTES = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4}


def alive():
    gc.collect()
    gc.collect()  # what the first one freed may have held the last of something else
    return gc.mem_alloc()  # type: ignore[attr-defined]


class Watch:
    """The most that was alive since `begin`, and where."""

    def __init__(self):
        self.most, self.where, self.before = 0, "", 0

    def begin(self):
        self.before = self.most = alive()
        self.where = ""

    def look(self, where):
        now = alive()
        if now > self.most:
            self.most, self.where = now, where


watch = Watch()


def watched_handlers():
    of_name = server.handler_of

    def handler_of(name):
        watch.begin()
        handler = of_name(name)

        async def handle(module, request):
            watch.look("loaded")
            try:
                return await handler(module, request)
            finally:
                watch.look("answered")
                module.log.event(
                    "heap",
                    message=name,
                    before=watch.before,
                    most=watch.most,
                    where=watch.where,
                    after=alive(),
                    largest=heap.largest(),
                )

        return handle

    server.handler_of = handler_of


def watched_pipeline():
    early, steps = pipeline.Pipeline.early, pipeline.Pipeline.steps

    def watched_early(self, burst, calibration):
        more = early(self, burst, calibration)
        watch.look("early")
        return more

    def watched_steps(self, burst, calibration):
        for stage in steps(self, burst, calibration):
            watch.look(stage)
            yield stage

    pipeline.Pipeline.early, pipeline.Pipeline.steps = watched_early, watched_steps


def watched_start():
    watched: Any = module.Module
    build = watched.__init__

    def watched_build(self, *arguments):
        build(self, *arguments)
        sleep_ms = self.clock.sleep_ms

        async def watched_sleep(duration_ms):
            watch.look("waiting")
            await sleep_ms(duration_ms)

        self.clock.sleep_ms = watched_sleep
        self.log.event("heap_buffers", parts=buffers_of(self))

    watched.__init__ = watched_build


def buffers_of(made):
    """Part of the module -> bytes of its buffers: bytearrays and arrays, without their heads."""
    analyser, seen = made.pipeline.analyser, set()
    found = {"frames": sum([len(frame) for frame in made.taker._buffers])}
    for name, part in (
        ("record", made.calibration),
        ("depth", analyser.mapper),
        ("reflectance", analyser.reflectance),
        ("model", made.model),
        ("rest of analysis", analyser),
    ):
        found[name] = bytes_of(part, seen, 0)
    modules = [each for each in sys.modules.values() if getattr(each, "__name__", "").startswith(OF_OURS)]
    found["tables"] = sum([bytes_of(buffers_in(each), seen, 0) for each in modules])
    return found


def buffers_in(each):
    return [value for value in each.__dict__.values() if isinstance(value, (bytes, bytearray, array, tuple))]


def bytes_of(thing, seen, depth):
    """Of the buffers that it reaches, each once. seen: of objects their numbers, of buffers (start, end)."""
    if isinstance(thing, (bytes, bytearray, array, memoryview)):
        if not len(thing):
            return 0
        # An array does not tell the size of its items otherwise. Views are of arrays that were met before, or of bytes.
        size = len(thing) * (ITEM_BYTES[str(thing)[len("array('")]] if isinstance(thing, array) else 1)
        start = uctypes.addressof(thing)
        if any(isinstance(span, tuple) and span[0] <= start < span[1] for span in seen):
            return 0
        seen.add((start, start + size))
        return size
    if depth > DEEPEST or isinstance(thing, (int, str, float, type)) or id(thing) in seen:
        return 0
    if isinstance(thing, dict):
        inside = thing.values()
    elif isinstance(thing, (list, tuple, set)):
        inside = thing
    elif hasattr(thing, "__dict__"):
        inside = thing.__dict__.values()
    else:
        return 0
    seen.add(id(thing))
    return sum([bytes_of(value, seen, depth + 1) for value in inside])


def main():
    watched_handlers()
    watched_pipeline()
    watched_start()
    main_of_image.main()
