"""Gives the device's parsers what a file holds and prints a line each: MicroPython's part of the replay.

    micropython tests/fuzz/replay.py FILE

FILE: for each input the length of its target's name, the name, the input's length in 4 bytes (little-endian) and the
input. A line is the input's number, a tab and what came of it.
"""

import struct
import sys

sys.path.insert(0, sys.argv[0].rpartition("/")[0] + "/../..")
device = __import__("tests.fuzz.device", None, None, ("device",))


def main(path):
    file = open(path, "rb")
    number = 0
    while True:
        head = file.read(1)
        if not head:
            break
        name = str(file.read(head[0]), "ascii")
        data = file.read(struct.unpack("<I", file.read(4))[0])
        try:
            said = device.outcome(name, data)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other interpreter's must be the same
            said = f"FAILED: {error!r}"
        print(f"{number}\t{said}")
        number += 1


main(sys.argv[1])
