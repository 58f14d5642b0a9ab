"""Times our interpreter's `invoke`, under MicroPython or CPython: `micropython time_invoke.py FOLDER BATCH`.

FOLDER holds model.tflite and input_0.bin, input_1.bin, ... (BATCH tensors each). Writes outputs.bin, all first outputs
one after the other, and prints the us of each call, everything that `invoke` does included.
"""

import sys
import time

from dermis.tflite import Model

if hasattr(time, "ticks_us"):
    ticks_us, ticks_diff = time.ticks_us, time.ticks_diff  # type: ignore[attr-defined]
else:

    def ticks_us():
        return time.perf_counter_ns() / 1000  # type: ignore[attr-defined]

    def ticks_diff(later, earlier):
        return later - earlier


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(folder, batch):
    model = Model(read(folder + "/model.tflite"))
    inputs = [memoryview(read(f"{folder}/input_{index}.bin")) for index in range(len(model.inputs))]
    times = []
    with open(folder + "/outputs.bin", "wb") as file:
        for item in range(batch):
            given = []
            for index, info in enumerate(model.inputs):
                given.append(inputs[index][item * info.bytes : (item + 1) * info.bytes])
            started = ticks_us()
            outputs = model.invoke(given)
            times.append(ticks_diff(ticks_us(), started))
            file.write(outputs[0])
    print(times)


main(sys.argv[1], int(sys.argv[2]))
