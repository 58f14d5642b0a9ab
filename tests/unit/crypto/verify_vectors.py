"""Under MicroPython or CPython: `verify_vectors.py FILE`, a JSON list of [public, digest, signature] in hex.

Prints a JSON list of what `p256.verify` says of each.
"""

import binascii
import json
import sys

from dermis.core import p256

with open(sys.argv[1]) as file:
    cases = json.load(file)
print(json.dumps([p256.verify(*[binascii.unhexlify(part) for part in case]) for case in cases]))
