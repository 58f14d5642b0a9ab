"""Compares dermis.tflite with tflite-micro, byte for byte, on random inputs; exit status 1 where anything differs.

    python tests/unit/tflite/against_oracle.py                     all of it: minutes
    python tests/unit/tflite/against_oracle.py --singles 62 --inputs 8 --cuts 0

Three parts: `--singles` random single-operator models; the whole models of data/ and the released one; and each
whole model cut after every operator, whose output is then an intermediate tensor of the whole (`--cuts` inputs
each). Ours runs under MicroPython, named by DERMIS_MICROPYTHON or found on the path, twice: by the loops for 64-bit
words and by a microcontroller's. `--keep FOLDER` leaves models, inputs and the oracle's outputs for
compare_runtimes.py. Needs what make_models.py needs.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import edge_ops
import flatbuffers
import make_models
import moving_ops
import numpy as np
import packs
import single_ops
from tensorflow.lite.python import schema_py_generated as schema

ROOT = Path(__file__).parents[3]
FIRMWARE = ROOT / "firmware"
RELEASED = ROOT / "models" / "released" / "spoof.tflite"
KINDS = single_ops.KINDS + moving_ops.KINDS + edge_ops.KINDS
NOT_WHOLE = ("single_ops", "refused", "mutated")  # packs of other things
KEPT_INPUTS = 64  # of each model, for compare_runtimes.py


class Refused(Exception):
    """Ours does not take the model; the message is ours."""


def ours(file, inputs, wide):
    """The outputs of dermis.tflite under MicroPython: for each output, one array of bytes an input. Raises Refused.

    wide: whether by the loops for 64-bit words, where they fit; else by those that a microcontroller runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = [f"input_{index}.bin" for index in range(len(inputs[0]))]
        for index, name in enumerate(names):
            Path(folder, name).write_bytes(b"".join(values[index].tobytes() for values in inputs))
        Path(folder, "model.tflite").write_bytes(file)
        job = {"model": "model.tflite", "batch": len(inputs), "inputs": names}
        Path(folder, "job.json").write_text(json.dumps(job))
        program = "from dermis.tflite import native; from dermis.tools import infer; "
        program += f"native.WIDE = {wide}; infer.main({folder!r})"
        subprocess.run(
            [os.environ.get("DERMIS_MICROPYTHON", "micropython"), "-X", "heapsize=16m", "-c", program],
            env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen"},
        )
        result = json.loads(Path(folder, "result.json").read_text())
        if "error" in result:
            raise Refused(result["error"])
        found = [Path(folder, entry["file"]).read_bytes() for entry in result["outputs"]]
    return [np.frombuffer(data, np.uint8).reshape(len(inputs), -1) for data in found]


def compare(file, count, rng, keep=None):
    """(inputs whose outputs differ in any byte, number of different answers, bytes compared)."""
    oracle = make_models.Oracle(file)
    inputs = [oracle.random_inputs(rng) for _ in range(count)]
    answers = [oracle.run(values) for values in inputs]
    expected = [
        np.stack([np.frombuffer(values[index].tobytes(), np.uint8) for values in answers])
        for index in range(len(oracle.outputs))
    ]
    different = np.zeros(count, bool)
    for wide in (True, False):
        for found, right in zip(ours(file, inputs, wide), expected, strict=True):
            different |= (found != right).any(axis=1)
    if keep:
        keep.with_suffix(".tflite").write_bytes(file)
        arrays: dict[str, Any] = {
            f"input_{i}": np.stack([v[i] for v in inputs[:KEPT_INPUTS]]) for i in range(len(inputs[0]))
        }
        arrays |= {f"output_{i}": np.stack([v[i] for v in answers[:KEPT_INPUTS]]) for i in range(len(answers[0]))}
        np.savez_compressed(keep.with_suffix(".npz"), **arrays)
    told = len({b"".join(value.tobytes() for value in values) for values in answers})
    return int(different.sum()), told, sum(array.size for array in expected)


def singles(models, inputs, seed, keep=None):
    """Random models, every kind in turn; prints a line a kind and gives the number of inputs that differ.

    What tflite-micro itself refuses is drawn again; what only ours refuses is counted and named.
    """
    table = defaultdict(lambda: [0, 0, 0, 0])
    refusals = []
    oracle_refuses = 0
    for number in range(models):
        kind = KINDS[number % len(KINDS)]
        rng = np.random.default_rng([seed, number])
        while True:
            name, file = kind(rng)
            try:
                different, _, size = compare(
                    file, inputs, rng, keep and keep / f"single-{number:04}-{name.split(',')[0]}"
                )
            except RuntimeError:
                oracle_refuses += 1
                continue
            except Refused as refusal:
                refusals.append(f"{name}: {refusal}")
                continue
            break
        row = table[name]
        for index, value in enumerate((1, inputs, size, different)):
            row[index] += value
        if different:
            print(f"number {number}, {name}: {different} of {inputs} inputs differ")
    print(f"{'single-operator models':52} {'models':>6} {'inputs':>8} {'bytes':>11} {'differ':>6}")
    for name, row in sorted(table.items()):
        print(f"{name:52} {row[0]:6} {row[1]:8} {row[2]:11} {row[3]:6}")
    total = [sum(row[index] for row in table.values()) for index in range(4)]
    print(f"{'all':52} {total[0]:6} {total[1]:8} {total[2]:11} {total[3]:6}")
    print(f"drawn again: {oracle_refuses} that tflite-micro refuses, {len(refusals)} that only ours refuses")
    for refusal in refusals:
        print(f"  {refusal}")
    return total[3]


def whole_models():
    """Files by name: every whole model of data/, and the released one."""
    names = sorted(path.stem for path in (Path(__file__).parent / "data").glob("*.pack"))
    files = {name: packs.read(name)[0][1] for name in names if name not in NOT_WHOLE}
    return files | {"released": RELEASED.read_bytes()}


def cuts(file):
    """`file` once for each operator, ending there: its outputs are the model's."""
    model = schema.ModelT.InitFromPackedBuf(file, 0)
    graph = model.subgraphs[0]
    operators = list(graph.operators)
    model.signatureDefs = None
    for index, last in enumerate(operators):
        graph.operators = operators[: index + 1]
        graph.outputs = list(last.outputs)
        read = {tensor for operator in graph.operators for tensor in operator.inputs}
        graph.inputs = [tensor for tensor in model_inputs(file) if tensor in read]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        yield bytes(builder.Output())


def model_inputs(file):
    return [int(tensor) for tensor in schema.ModelT.InitFromPackedBuf(file, 0).subgraphs[0].inputs]


def wholes(inputs, cut_inputs, seed, keep=None):
    """The whole models and their cuts; prints a line each and gives the number of inputs that differ."""
    bad = 0
    print(f"{'whole model':24} {'inputs':>8} {'answers':>8} {'differ':>6}   cuts (inputs each), differ")
    for name, file in whole_models().items():
        rng = np.random.default_rng([seed, *name.encode()])
        different, told, _ = compare(file, inputs, rng, keep and keep / f"whole-{name}")
        parts = [compare(cut, cut_inputs, rng)[0] for cut in (cuts(file) if cut_inputs else ())]
        print(f"{name:24} {inputs:8} {told:8} {different:6}   {len(parts)} ({cut_inputs}), {sum(parts)}")
        bad += different + sum(parts)
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--singles", type=int, default=300)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    bad = singles(options.singles, options.inputs, options.seed, options.keep)
    bad += wholes(options.inputs, options.cuts, options.seed, options.keep)
    print("every byte is equal" if not bad else f"{bad} inputs differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
