"""Analyses a burst that lies in files and prints what came out: `analyse_files.py FOLDER`. For both interpreters."""

import gc
import hashlib
import json
import sys
import time

import synthetic
from dermis.core import analysis, burst, calibration, vocabulary

# MicroPython's own; on CPython there is no heap to watch.
mem_alloc = getattr(gc, "mem_alloc", None)
ticks_ms = getattr(time, "ticks_ms", None)


def read_into(buffer, folder, name):
    """Files are read into buffers that stand already, as the firmware's frames do."""
    with open(folder + "/" + name, "rb") as file:
        assert file.readinto(buffer) == len(buffer), name  # type: ignore[attr-defined]
    return buffer


def now_ms():
    return ticks_ms() if ticks_ms else int(time.perf_counter() * 1000)  # type: ignore[attr-defined]


def main(folder):
    with open(folder + "/header") as file:
        taken = burst.from_header(json.loads(file.read()))
    with open(folder + "/record_size") as file:
        record_size = int(file.read())
    for name in vocabulary.FRAMES:
        taken.frames[name] = bytearray(burst.FRAME_BYTES)
    analyser = analysis.Analyser(synthetic.BOARD)
    record = calibration.decode(read_into(bytearray(record_size), folder, "record"))
    for name in vocabulary.FRAMES:
        read_into(taken.frames[name], folder, name)
    if mem_alloc:
        analyser.analyse(taken, record)  # a second look needs no more than the first
    gc.collect()
    used = mem_alloc() if mem_alloc else 0
    started = now_ms()
    seen = analyser.analyse(taken, record)
    took = now_ms() - started
    digest = hashlib.sha256(bytes(seen.maps) + bytes(seen.spectra)).digest()
    evidence = [[key, seen.evidence[key]] for key in sorted(seen.evidence)]
    print(json.dumps([evidence, [list(finding) for finding in seen.findings], list(digest)]))
    print(took, used)


main(sys.argv[1])
