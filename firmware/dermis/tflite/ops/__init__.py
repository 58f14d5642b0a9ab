"""The operators: which builder takes which code. A builder checks everything, once; `run` trusts it."""

from .. import assembler
from . import elementwise, reduction, shaping, slicing, softmax, windows

# Ref: enum BuiltinOperator of the TensorFlow Lite schema.
BUILDERS = {
    0: elementwise.Add,
    1: windows.Pool,
    2: shaping.Concatenation,
    3: windows.Conv2D,
    4: windows.DepthwiseConv2D,
    6: elementwise.Dequantize,
    9: windows.FullyConnected,
    14: elementwise.Squash,
    17: windows.Pool,
    18: elementwise.Mul,
    19: elementwise.Relu,
    21: elementwise.Relu6,
    22: shaping.Reshape,
    25: softmax.Softmax,
    28: elementwise.Squash,  # TANH
    34: shaping.Pad,
    39: slicing.Transpose,
    40: reduction.Mean,
    41: elementwise.Add,
    43: shaping.Reshape,  # SQUEEZE
    45: slicing.StridedSlice,
    49: slicing.Split,
    55: elementwise.Choose,
    57: elementwise.Choose,
    60: shaping.Pad,  # PADV2
    70: shaping.Reshape,  # EXPAND_DIMS
    98: elementwise.LeakyRelu,
    114: elementwise.Quantize,
}
CUSTOM = 32


def build(node):
    """The step that runs `node`. Raises UnsupportedOp or BadModel."""
    builder = BUILDERS.get(node.code)
    if builder is None:
        helps = (
            "a custom operator has no definition here; replace the layer"
            if node.code == CUSTOM
            else ("it is not implemented; replace the layer by one of those in README.md's table")
        )
        raise node.refuse(helps + ".")
    step = builder(node)
    if assembler.kernels is None:
        return step
    from . import assembled  # where there are no such kernels, nothing loads it

    return assembled.taken(node, step)


__all__ = ["BUILDERS", "build"]
