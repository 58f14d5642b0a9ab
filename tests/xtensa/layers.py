"""Random layers without a file around them, to hold the assembler kernels against the viper kernels' plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from dermis.tflite import native
from dermis.tflite.graph import INT8, INT32, MOST_CHANNELS, Node
from dermis.tflite.ops import assembled, windows

SAME, VALID = 0, 1
CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED = 3, 4, 9


class Tensor:
    """What the operators ask of a graph's tensor; scales are (mantissa, exponent)."""

    def __init__(self, shape: tuple[int, ...], scales: list[tuple[int, int]], zero_point: int, values: Any = None):
        self.shape = list(shape)
        self.size = int(np.prod(shape))
        self.bytes = self.size
        self.kind = INT8
        self.name = "a tensor"
        self.type = "int8"
        self.zero_point = zero_point
        self.raised_zero = zero_point + 128
        self.scale_count = len(scales)
        self.quantised_axis = 0
        self.constant = None if values is None else memoryview(values.tobytes())
        self.data: Any = memoryview(bytearray(self.size))
        self._scales, self._values = scales, values

    def scale(self, channel: int = 0) -> tuple[int, int]:
        return self._scales[channel]

    def int32s(self) -> list[int]:
        return [] if self._values is None else [int(value) for value in self._values]

    def lay_out(self) -> None:
        """Nothing: no input here is a constant."""

    def home(self) -> Tensor:
        return self


class Options:
    """An operator's fields by number."""

    def __init__(self, fields: dict[int, int]):
        self._fields = fields

    def int8(self, field: int, default: int = 0) -> int:
        return self._fields.get(field, default)

    int32 = int8


@dataclass
class Layer:
    node: Node
    step: Any  # by viper

    def run(self, taken: Any) -> bytes:
        """The output of `taken`, the step or what took its place."""
        for block in taken.scratch:
            block.data = memoryview(bytearray(b"\x5a" * block.bytes))
        taken.bind()
        taken.run()
        return bytes(taken.output.data)


def scale(value: float) -> tuple[int, int]:
    mantissa, exponent = np.frexp(value)
    return int(mantissa * (1 << 24)), int(exponent) - 24


def zero_point(rng: np.random.Generator) -> int:
    return int(rng.choice([-128, -128, 127, int(rng.integers(-128, 128))]))


def random_layer(rng: np.random.Generator, code: int) -> Layer:
    if code == FULLY_CONNECTED:
        batches, length, channels = (int(n) for n in (rng.integers(1, 4), rng.integers(1, 40), rng.integers(1, 9)))
        if rng.random() < 0.6:
            length = int(rng.choice([8, 12, 16, 20, 24]))
        shape, w_shape, y_shape = (batches, length), (channels, length), (batches, channels)
        fields, taps, axis = {0: int(rng.choice([0, 1, 3]))}, length, 0
    else:
        shape, w_shape, y_shape, fields = random_window(rng, code)
        channels, axis = y_shape[3], 3 if code == DEPTHWISE_CONV_2D else 0
        taps = int(np.prod(w_shape)) // channels
    per_channel = rng.random() < 0.5
    weights = rng.integers(-127, 128, w_shape).astype(np.int8)
    spread = np.exp(rng.uniform(-2, 2, channels if per_channel else 1))
    y_scale = 74 * 73 * np.sqrt(taps) / 50 * np.exp(rng.choice([0, 0, 0, -4, 4]))
    x = Tensor(shape, [scale(1.0)], zero_point(rng))
    w = Tensor(w_shape, [scale(float(value)) for value in spread], 0, weights)
    w.quantised_axis = axis
    bias = Tensor((channels,), [scale(1.0)], 0, rng.integers(-9000, 9000, channels).astype(np.int32))
    bias.kind = INT32
    y = Tensor(y_shape, [scale(float(y_scale))], zero_point(rng))
    x.data[:] = rng.integers(0, 256, x.size).astype(np.uint8).tobytes()
    node = Node(code, 1, [x, w, bias], [y], Options(fields), [MOST_CHANNELS])
    builder = {
        CONV_2D: windows.Conv2D,
        DEPTHWISE_CONV_2D: windows.DepthwiseConv2D,
        FULLY_CONNECTED: windows.FullyConnected,
    }[code]
    wide, native.WIDE = native.WIDE, False
    try:
        return Layer(node, builder(node))
    finally:
        native.WIDE = wide


def random_window(rng: np.random.Generator, code: int) -> tuple[Any, Any, Any, dict[int, int]]:
    """(shapes of input, weights and output, fields of the options)."""
    depthwise = code == DEPTHWISE_CONV_2D
    window, strides, dilations = ([int(n) for n in rng.integers(1, most, 2)] for most in (4, 3, 3))
    depth = int(rng.integers(1, 9))
    multiplier = int(rng.integers(1, 3))
    if rng.random() < 0.6:  # what the quickest kernels take
        depth = int(rng.choice([4, 8] if depthwise else [8, 12, 16]))
        window, strides, dilations, multiplier = ([3, 3], [int(rng.integers(1, 3))] * 2, [1, 1], 1)
        if not depthwise:
            window = strides = [1, 1]
    padding = int(rng.choice([SAME, VALID]))
    reach = [(size - 1) * dilation + 1 for size, dilation in zip(window, dilations, strict=True)]
    size = [int(rng.integers(extent, extent + 6)) for extent in reach]
    out = [
        -(-count // stride) if padding == SAME else (count + stride - extent) // stride
        for count, stride, extent in zip(size, strides, reach, strict=True)
    ]
    channels = depth * multiplier if depthwise else int(rng.integers(1, 9))
    batches = 1 if rng.random() < 0.8 else 2
    w_shape = (1, *window, channels) if depthwise else (channels, *window, depth)
    activation = 4 if depthwise else 3  # the field; the dilations follow it
    fields = {0: padding, 1: strides[1], 2: strides[0], activation: int(rng.choice([0, 1, 3]))}
    fields |= {activation + 1: dilations[1], activation + 2: dilations[0]}
    return (batches, *size, depth), w_shape, (batches, *out, channels), fields


def taken(layer: Layer) -> Any:
    return assembled.taken(layer.node, layer.step)
