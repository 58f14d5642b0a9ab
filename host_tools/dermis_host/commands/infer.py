"""`dermis infer`: a .tflite model on int8 arrays, by the device's own interpreter."""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_host.arguments import add_heap, add_output
from dermis_host.inference import infer, read_inputs, write_outputs
from dermis_host.output import Output, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="a full-int8 .tflite")
    parser.add_argument("input", type=Path, help=".npy, or .npz of input_0, input_1, ...; int8, leading batch axis")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file for the outputs, of the same kind")
    add_heap(parser)
    add_output(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    inputs = read_inputs(arguments.input)
    found = infer(arguments.model, inputs, heap=arguments.heap, tell=output.note)
    write_outputs(arguments.output, found.outputs)
    rows = table("operation", "output shape", "MACs", "us")
    for entry in found.details["profile"]:
        rows.add_row(*(str(entry[key]) for key in ("op", "shape", "macs", "us")))
    output.say(rows)
    shapes = ", ".join(str(array.shape) for array in found.outputs)
    output.say(
        f"{shapes}; {found.details['macs']} MACs and {found.details['arena_bytes']} bytes of tensors an inference "
        f"({found.interpreter})"
    )
    output.result({**found.details, "interpreter": found.interpreter, "output": arguments.output})
    return 0
