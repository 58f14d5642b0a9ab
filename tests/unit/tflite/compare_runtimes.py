"""Where the runtimes of a PC differ from tflite-micro: a table in Markdown, kind by kind.

    python tests/unit/tflite/against_oracle.py --inputs 64 --keep FOLDER    models, inputs, the oracle's outputs
    python tests/unit/tflite/compare_runtimes.py FOLDER                     with ai-edge-litert or tflite-runtime

A cell says how many models give other bytes for any of the inputs kept, and by how many steps at most (for float32
outputs: the largest difference). What no column shows to differ is left out and counted.
"""

# pyright: reportMissingImports=false

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

try:
    from ai_edge_litert import __version__ as version
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    NAME = "ai-edge-litert " + version
except ImportError:
    from tflite_runtime import __version__ as version
    from tflite_runtime.interpreter import Interpreter, OpResolverType

    NAME = "tflite-runtime " + version

RESOLVERS = {
    "reference kernels": OpResolverType.BUILTIN_REF,
    "built-in kernels": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "default (XNNPACK)": OpResolverType.AUTO,
}


def largest_difference(path, resolver):
    """The largest difference in any output value over the inputs kept; None where the runtime refuses the model."""
    vectors = np.load(path.with_suffix(".npz"))
    try:
        interpreter = Interpreter(str(path), experimental_op_resolver_type=resolver, num_threads=1)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError):
        return None
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    worst = 0.0
    for number in range(len(vectors["input_0"])):
        for index, detail in enumerate(inputs):
            interpreter.set_tensor(detail["index"], vectors[f"input_{index}"][number].reshape(detail["shape"]))
        interpreter.invoke()
        for index, detail in enumerate(outputs):
            found = interpreter.get_tensor(detail["index"]).ravel()
            right = vectors[f"output_{index}"][number].ravel()
            if found.tobytes() != right.tobytes():
                worst = max(worst, float(np.abs(found.astype(float) - right.astype(float)).max()))
    return worst


def cell(differences):
    """One kind under one resolver."""
    refused = sum(1 for value in differences if value is None)
    other = [value for value in differences if value]
    text = f"{len(other)} of {len(differences)}" if other else "-"
    text += f", up to {max(other):g}" if other else ""
    return text + (f", {refused} refused" if refused else "")


def main(folder):
    kinds = defaultdict(list)
    for path in sorted(Path(folder).glob("*.tflite")):
        family, _, rest = path.stem.partition("-")
        kinds[rest.partition("-")[2] if family == "single" else f"{rest} (whole)"].append(path)
    if not kinds:
        return f"{folder} holds no models; against_oracle.py --keep {folder} puts them there."
    same = 0
    print(f"| {NAME} | {' | '.join(RESOLVERS)} |")
    print("|---" * (1 + len(RESOLVERS)) + "|")
    for kind, paths in kinds.items():
        cells = [cell([largest_difference(path, resolver) for path in paths]) for resolver in RESOLVERS.values()]
        if set(cells) == {"-"}:
            same += 1
        else:
            print(f"| {kind} | {' | '.join(cells)} |")
    print(f"\n{same} other kinds, of {len(kinds)}, with the same bytes in all columns.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 2 else __doc__)
