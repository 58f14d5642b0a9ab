"""Under MicroPython or CPython: `judge_images.py FOLDER` takes every image of FOLDER/images.json as a module would.

The file lists [name, facts]; the answer, on stdout, is the `why` of each, or "" for one that was taken.
"""

import binascii
import json
import sys

from dermis.core import manifest, mcuboot


def judged(path, facts, keys):
    with open(path, "rb") as file:
        size = file.seek(0, 2)

        def read_at(offset, buffer):
            file.seek(offset)
            assert file.readinto(buffer) == len(buffer), "reads end inside the file"

        try:
            image = mcuboot.Image(read_at, size)
            image.check(keys)
            manifest.acceptable(image, facts)
        except mcuboot.BadImage as error:
            return error.why
    return ""


def main(folder):
    with open(folder + "/images.json") as file:
        job = json.load(file)
    keys = {binascii.unhexlify(name): binascii.unhexlify(job["keys"][name]) for name in job["keys"]}
    print(json.dumps([judged(folder + "/" + name, manifest.Facts(*facts), keys) for name, facts in job["images"]]))


if __name__ == "__main__":
    main(sys.argv[1])
