"""Reads the packs that make_models.py writes (see there for the format), under CPython and MicroPython."""

import struct

DATA = __file__.replace("\\", "/").rpartition("/")[0] + "/data/"


def read(name):
    """A list of (name, model file, vectors as bytes, their number)."""
    with open(DATA + name + ".pack", "rb") as file:
        data = file.read()
    entries = []
    at = 0
    while at < len(data):
        length = data[at]
        title = data[at + 1 : at + 1 + length].decode()
        at += 1 + length
        size = struct.unpack_from("<I", data, at)[0]
        model = data[at + 4 : at + 4 + size]
        at += 4 + size
        entries.append([title, model, None, struct.unpack_from("<H", data, at)[0]])
        at += 2
        width = vector_bytes(model) if entries[-1][3] else 0
        entries[-1][2] = data[at : at + width * entries[-1][3]]
        at += width * entries[-1][3]
    return entries


def vector_bytes(model):
    """Bytes of one vector: all inputs and all outputs."""
    from dermis.tflite import Model

    loaded = Model(model)
    return sum([info.bytes for info in loaded.inputs + loaded.outputs])


def check(model, vectors, count):
    """Runs every vector; the number of those whose outputs differ in any byte."""
    different = at = 0
    for _ in range(count):
        inputs = []
        for info in model.inputs:
            size = info.bytes
            inputs.append(vectors[at : at + size])
            at += size
        good = True
        results = model.invoke(inputs)
        for index, info in enumerate(model.outputs):
            size = info.bytes
            good = bytes(results[index]) == vectors[at : at + size] and good
            at += size
        different += not good
    return different
