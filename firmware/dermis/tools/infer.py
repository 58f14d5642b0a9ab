"""Inferences on files, by the device's own interpreter: `micropython -X heapsize=64m -m dermis.tools.infer JOB_DIR`.

JOB_DIR/job.json: model (path of a .tflite file, relative to JOB_DIR unless absolute), batch (how many times to run),
inputs (names of raw files in JOB_DIR, one an input of the model, each `batch` tensors one after the other, int8 as
two's complement, row-major).

Writes output_0.bin, output_1.bin, ... (`batch` tensors each, as the inputs) and result.json: batch; outputs and
inputs, a list of {file, name, shape (of one inference), dtype, scale, zero_point} each; profile, a list of
{op, output, shape, macs, us} in order, `us` the mean over the batch; macs; arena_bytes; load_us, the time that
reading and planning the model took once its file was in memory. If it cannot: result.json
{"error": sentence} and exit code 1.
"""

from __future__ import annotations

import json
import sys

from dermis.tflite import Model, ModelError
from dermis.tflite.native import ticks_diff, ticks_us

ARENA_LIMIT = 1 << 30  # the heap is the limit here, not a module's memory


class BadJob(Exception):
    """The job cannot be done; the message says what to do."""


def main(folder):
    """Do the job in that folder. Returns the exit code."""
    try:
        result = run(folder)
    except (BadJob, ModelError) as error:
        result = {"error": str(error)}
    except MemoryError:
        result = {"error": "The model and its tensors do not fit in memory; give more with --heap."}
    with open(folder + "/result.json", "w") as file:
        json.dump(result, file)
    return 1 if "error" in result else 0


def run(folder):
    """Read, infer, write. Returns what result.json says. Raises BadJob, ModelError, MemoryError."""
    job = read_job(folder)
    file = read_file(folder, job["model"])
    start = ticks_us()
    model = Model(file, ARENA_LIMIT)
    load_us = ticks_diff(ticks_us(), start)
    batch = job["batch"]
    if len(job["inputs"]) != len(model.inputs):
        raise BadJob("The model takes %d inputs, not %d." % (len(model.inputs), len(job["inputs"])))
    given = [open_file(folder, name) for name in job["inputs"]]
    buffers = [bytearray(info.bytes) for info in model.inputs]
    written = ["output_%d.bin" % index for index in range(len(model.outputs))]
    files = [open(folder + "/" + name, "wb") for name in written]
    times = [0] * len(model.profile())
    try:
        for _ in range(batch):
            for index, buffer in enumerate(buffers):
                if given[index].readinto(buffer) != len(buffer):
                    raise wrong_size(job["inputs"][index], model.inputs[index], batch)
            for index, result in enumerate(model.invoke(buffers)):
                files[index].write(result)
            for index, entry in enumerate(model.profile()):
                times[index] += entry["us"]
        for index, file in enumerate(given):
            if file.read(1):
                raise wrong_size(job["inputs"][index], model.inputs[index], batch)
    finally:
        for file in given + files:
            file.close()
    profile = model.profile()
    for index, entry in enumerate(profile):
        entry["us"] = times[index] // batch
    return {
        "batch": batch,
        "inputs": describe(model.inputs, job["inputs"]),
        "outputs": describe(model.outputs, written),
        "profile": profile,
        "macs": model.macs,
        "arena_bytes": model.arena_bytes,
        "load_us": load_us,
    }


def describe(infos, names):
    """What result.json says of tensors and their files."""
    return [
        {
            "file": names[index],
            "name": info.name,
            "shape": list(info.shape),
            "dtype": info.type,
            "scale": info.scale,
            "zero_point": info.zero_point,
        }
        for index, info in enumerate(infos)
    ]


def wrong_size(name, info, batch):
    return BadJob(
        "%s must hold %d times %d bytes: %d tensors of shape %s, %s."
        % (name, batch, info.bytes, batch, info.shape, info.type)
    )


def read_job(folder):
    """The job, checked. Raises BadJob where it is not one."""
    try:
        job = json.loads(read_file(folder, "job.json"))
    except ValueError:
        raise BadJob("job.json is not JSON.")
    if not isinstance(job, dict) or not isinstance(job.get("model"), str):
        raise BadJob("job.json must hold one JSON object that names the model.")
    inputs, batch = job.get("inputs"), job.get("batch")
    if not isinstance(inputs, list) or not all(isinstance(name, str) for name in inputs):
        raise BadJob("job.json must list the files of the inputs.")
    if not isinstance(batch, int) or batch < 1:
        raise BadJob("job.json must give the batch, a whole number of at least 1.")
    return job


def open_file(folder, name):
    """A file of the job, to read. Raises BadJob where there is none."""
    try:
        return open(name if name.startswith("/") else folder + "/" + name, "rb")
    except OSError:
        raise BadJob("%s cannot be read in %s." % (name, folder))


def read_file(folder, name):
    with open_file(folder, name) as file:
        return file.read()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: micropython -m dermis.tools.infer JOB_DIR", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1]))
