"""Under MicroPython or CPython: `time_signature.py FILE COUNT` verifies the signature of FILE that many times.

FILE is JSON: [public, digest, signature] in hex, and optionally the path of an image, which is then checked by the
same key. Prints JSON: us of each verification, us of each check of the image's hash, bytes that one verification
leaves behind (0 where nothing counts them).
"""

import binascii
import gc
import json
import sys
import time

from dermis.core import mcuboot, p256

if hasattr(time, "ticks_us"):
    ticks_us, ticks_diff = time.ticks_us, time.ticks_diff  # type: ignore[attr-defined]
else:

    def ticks_us():
        return time.perf_counter_ns() // 1000

    def ticks_diff(later, earlier):
        return later - earlier


def left_behind(case):
    """Bytes that are allocated by one verification, collected or not."""
    if not hasattr(gc, "mem_alloc"):
        return 0
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()  # type: ignore[attr-defined]
    p256.verify(*case)
    count = gc.mem_alloc() - before  # type: ignore[attr-defined]
    gc.enable()
    return count


def main(path, count):
    with open(path) as file:
        job = json.load(file)
    case = [binascii.unhexlify(part) for part in job["case"]]
    signatures, hashes = [], []
    for _ in range(count):
        started = ticks_us()
        assert p256.verify(*case)
        signatures.append(ticks_diff(ticks_us(), started))
    with open(job["image"], "rb") as file:

        def read_at(offset, buffer):
            file.seek(offset)
            file.readinto(buffer)

        image = mcuboot.Image(read_at, file.seek(0, 2))
        for _ in range(count):
            started = ticks_us()
            image.sound()
            hashes.append(ticks_diff(ticks_us(), started))
    print(json.dumps({"signature_us": signatures, "hash_us": hashes, "left_behind": left_behind(case)}))


main(sys.argv[1], int(sys.argv[2]))
