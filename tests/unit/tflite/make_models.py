"""Makes the committed models and golden vectors of tests/unit/tflite/data, with TensorFlow and tflite-micro.

    python tests/unit/tflite/make_models.py

against_oracle.py compares many more models on many more inputs, and writes nothing. Both need tensorflow-cpu 2.21 and
tflite_micro, which no test needs. tflite-micro is the oracle: its reference kernels are what a microcontroller runs;
LiteRT rounds some layers differently (compare_runtimes.py).

A .pack file is a sequence of entries: name length (1 byte), name, model length (4 bytes, little-endian), model,
number of vectors (2 bytes), vectors; a vector is the inputs' bytes and then the outputs' bytes.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import os
import struct
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import moving_ops
import numpy as np
import refused_models
import single_ops
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tflite_micro.python.tflite_micro import runtime

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "firmware"))
DATA = HERE / "data"
KINDS = single_ops.KINDS + moving_ops.KINDS
NUMPY = {0: np.float32, 3: np.uint8, 9: np.int8}
SEED = 20240
ARENA = 1 << 20
VECTORS = 3  # of a single-operator model
WHOLE_VECTORS = 4  # of a whole model
TELLING = 12  # different bytes among the outputs of an entry
LARGEST_SINGLE = 3000  # bytes of a committed entry, model and vectors


class Oracle:
    """tflite-micro on one model, with the shapes and types read from the file."""

    def __init__(self, file):
        graph = schema.ModelT.InitFromPackedBuf(file, 0).subgraphs[0]
        self.inputs = [self._kind(graph.tensors[index]) for index in graph.inputs]
        self.outputs = [self._kind(graph.tensors[index]) for index in graph.outputs]
        self.interpreter = runtime.Interpreter.from_bytes(file, arena_size=ARENA)

    @staticmethod
    def _kind(tensor):
        return [int(n) for n in tensor.shape] if tensor.shape is not None else [], NUMPY[tensor.type]

    def random_inputs(self, rng):
        """Spread, or constant at an end now and then."""
        values = []
        for shape, kind in self.inputs:
            if kind is np.float32:
                values.append((rng.normal(size=shape) * np.exp(rng.uniform(-3, 3))).astype(kind))
                continue
            limits = np.iinfo(kind)
            if rng.random() < 0.15:
                values.append(np.full(shape, rng.choice([limits.min, limits.max]), kind))
            else:
                values.append(rng.integers(limits.min, limits.max + 1, shape).astype(kind))
        return values

    def run(self, inputs):
        for index, value in enumerate(inputs):
            self.interpreter.set_input(value, index)
        self.interpreter.invoke()
        return [self.interpreter.get_output(index) for index in range(len(self.outputs))]


def entry(name, file, vectors, rng):
    """One entry of a pack; None where the outputs vary so little that they would tell nothing."""
    parts = [struct.pack("<B", len(name)), name.encode(), struct.pack("<I", len(file)), file]
    parts.append(struct.pack("<H", vectors))
    if not vectors:  # nothing to run
        return b"".join(parts)
    oracle = Oracle(file)
    seen = b""
    for _ in range(vectors):
        inputs = oracle.random_inputs(rng)
        parts += [value.tobytes() for value in inputs]
        parts += [value.tobytes() for value in oracle.run(inputs)]
        seen += parts[-1]
    if len(set(seen)) < min(TELLING, len(seen) // 2):
        return None
    return b"".join(parts)


def convert(model, representative):
    """A Keras model as full int8."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def whole_range(shapes, rng, count=64):
    """Integers -128 to 127, every input with both ends in it: the converter then gives scale 1, zero point 0."""
    for _ in range(count):
        values = [rng.integers(-128, 128, shape).astype(np.float32) for shape in shapes]
        for value in values:
            value.flat[0], value.flat[-1] = -128, 127
        yield values


def separable(layers):
    """Depthwise-separable, with batch normalisation, RELU6, and a mean at the end."""
    x = h = layers.Input(batch_shape=(1, 28, 24, 5))
    h = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(h)
    h = layers.ReLU(6.0)(layers.BatchNormalization()(h))
    for channels, stride in ((8, 1), (12, 2), (16, 2)):
        h = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(h)
        h = layers.ReLU(6.0)(layers.BatchNormalization()(h))
        h = layers.Conv2D(channels, 1, use_bias=False)(h)
        h = layers.ReLU(6.0)(layers.BatchNormalization()(h))
    h = layers.GlobalAveragePooling2D()(h)
    h = layers.Dense(8, activation="relu")(h)
    return [x], layers.Dense(1, activation="sigmoid")(h)


def reference(layers):
    """What costs are quoted for: 193,424 multiply-accumulates, of the shape of a small attack detector."""
    x = h = layers.Input(batch_shape=(1, 32, 32, 5))
    h = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(h)
    h = layers.ReLU(6.0)(layers.BatchNormalization()(h))
    for channels, stride in ((16, 1), (24, 2), (32, 2)):
        h = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(h)
        h = layers.ReLU(6.0)(layers.BatchNormalization()(h))
        h = layers.Conv2D(channels, 1, use_bias=False)(h)
        h = layers.ReLU(6.0)(layers.BatchNormalization()(h))
    h = layers.GlobalAveragePooling2D()(h)
    h = layers.Dense(16, activation="relu")(h)
    return [x], layers.Dense(1, activation="sigmoid")(h)


def residual(layers):
    """Zero padding, a branch that is added back, both pools, flattening, softmax."""
    x = h = layers.Input(batch_shape=(1, 14, 12, 3))
    h = layers.Conv2D(8, 3, strides=2, activation="relu")(h)
    h = layers.ZeroPadding2D(1)(h)
    branch = h = layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu")(h)
    h = layers.Conv2D(16, 3, padding="same", dilation_rate=2)(h)
    h = layers.Add()([branch, h])
    h = layers.MaxPooling2D(2)(h)
    h = layers.AveragePooling2D(2, padding="same")(h)
    h = layers.Flatten()(h)
    return [x], layers.Dense(4, activation="softmax")(h)


def plain(layers):
    """Convolutions and leaky units only, then one dense layer."""
    x = h = layers.Input(batch_shape=(1, 16, 12, 2))
    for channels, stride in ((6, 2), (8, 1), (8, 2)):
        h = layers.Conv2D(channels, 3, strides=stride, padding="same")(h)
        h = layers.LeakyReLU(negative_slope=0.1)(h)
    return [x], layers.Dense(3)(layers.Flatten()(h))


def pooled(layers):
    """Both pools with overlapping windows, a transposed and a sliced branch, halves compared; two outputs."""
    x = h = layers.Input(batch_shape=(1, 18, 14, 3))
    h = layers.Conv2D(8, 3, activation="relu")(h)
    h = layers.MaxPooling2D(3, strides=2, padding="same")(h)
    h = layers.AveragePooling2D(2, strides=1)(h)
    h = layers.Conv2D(8, (3, 1), activation="tanh")(h)
    left, right = tf.keras.ops.split(h, 2, axis=-1)
    best = layers.Maximum()([left, right])
    first = layers.Dense(3, activation="softmax")(layers.Flatten()(layers.Permute((3, 2, 1))(best)))
    second = layers.Dense(2, activation="tanh")(layers.Flatten()(best[:, ::-1, 1::2, :]))
    return [x], [first, second]


def wide_dense(layers):
    """Long dot products: 1,000 inputs."""
    x = h = layers.Input(batch_shape=(1, 1000))
    h = layers.Dense(12, activation="relu6")(h)
    h = layers.Dense(40, activation="relu")(h)
    return [x], layers.Dense(5, activation="softmax")(h)


def two_inputs(layers):
    """Maps and spectra, as the presentation-attack model takes them."""
    maps = h = layers.Input(batch_shape=(1, 28, 24, 5), name="maps")
    spectra = layers.Input(batch_shape=(1, 10), name="spectra")
    h = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(h)
    h = layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu")(h)
    h = layers.Conv2D(8, 1, activation="relu")(h)
    h = layers.GlobalAveragePooling2D()(h)
    h = layers.Concatenate()([h, layers.Dense(8, activation="relu")(spectra)])
    h = layers.Dense(8, activation="relu")(h)
    return [maps, spectra], layers.Dense(1, activation="sigmoid")(h)


WHOLE = (plain, separable, residual, pooled, two_inputs, wide_dense, reference)


def seeded(name):
    """A generator of its own for each pack entry: adding one changes no other."""
    return np.random.default_rng([SEED, *name.encode()])


def keras_model(build, rng):
    layers = tf.keras.layers
    tf.keras.utils.set_random_seed(SEED)
    inputs, output = build(layers)
    model = tf.keras.Model(inputs, output)
    heads = [tensor._keras_history.operation for tensor in model.outputs]
    # Untrained weights on inputs of -128 to 127 saturate everything: bring every layer back to about 1.
    values = next(whole_range([tuple(tensor.shape) for tensor in inputs], rng))
    for layer in model.layers:
        if layer.get_weights() and not isinstance(layer, layers.BatchNormalization):
            out = tf.keras.Model(inputs, layer.output)(values if len(values) > 1 else values[0], training=False)
            spread = float(np.std(out)) or 1.0
            target = 0.1 if layer in heads else 2.0
            layer.set_weights([weight * (target / spread) for weight in layer.get_weights()])
    return model, convert(model, lambda: whole_range([tuple(tensor.shape) for tensor in inputs], rng))


def write():
    DATA.mkdir(exist_ok=True)
    pack = []
    for kind in KINDS:
        rng = seeded(kind.__name__)
        made = 0
        while made < 2:
            _, file = kind(rng)
            packed = entry(f"{kind.__name__}_{made}", file, VECTORS, rng)
            if packed is None or len(packed) > LARGEST_SINGLE:
                continue
            pack.append(packed)
            made += 1
    (DATA / "single_ops.pack").write_bytes(b"".join(pack))
    refused = [entry(model.__name__, model(), 0, seeded("")) or b"" for model in refused_models.MODELS]
    (DATA / "refused.pack").write_bytes(b"".join(refused))
    for build in WHOLE:
        write_whole(build)


def write_whole(build):
    """One architecture's pack."""
    rng = seeded(build.__name__)
    model, file = keras_model(build, rng)
    packed = None
    while packed is None:
        packed = entry(build.__name__, file, WHOLE_VECTORS, rng)
    (DATA / f"{build.__name__}.pack").write_bytes(packed)
    print(build.__name__, len(file), "bytes,", model.count_params(), "parameters")


if __name__ == "__main__":
    write()
