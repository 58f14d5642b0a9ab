"""The spoof model's architecture and its export to full int8.

Two inputs (`dermis.core.feature_tensor`): relief and reflectance maps through a small depthwise-separable
network, SWIR ratios and shape figures through a dense layer; joined, one logistic output: P(bona fide).
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from dermis.core.feature_tensor import CHANNELS, COLUMNS, ROWS, SPECTRA

# The features are int8 numbers; the network is trained on them scaled to about 1, and the scale is folded into
# the first weights at export, so that the exported input scale is exactly 1.
INPUT_SCALE = 1.0 / 32.0
# Of the last 7 x 6 cells, to a part of the face: 3 parts along u, 2 along v. The seventh row, the highest 32 mm along
# u, is in none of them: `largest` alone sees it.
PART_CELLS = 2, 3
DROPOUT = 0.3


def build(batch: int | None = None) -> keras.Model:
    """The network on scaled inputs; `batch=1` gives the fixed shape that exports without shape arithmetic."""
    layers = keras.layers
    maps = layers.Input(batch_shape=(batch, ROWS, COLUMNS, CHANNELS), name="maps")
    spectra = layers.Input(batch_shape=(batch, SPECTRA), name="spectra")

    def normalised(tensor, name):
        return layers.ReLU(6.0)(layers.BatchNormalization(name=name)(tensor))

    def separable(tensor, filters, stride, name):
        tensor = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False, name=f"{name}_depth")(tensor)
        tensor = normalised(tensor, f"{name}_depth_norm")
        tensor = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_point")(tensor)
        return normalised(tensor, f"{name}_point_norm")

    h = layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False, name="stem")(maps)
    h = normalised(h, "stem_norm")
    h = separable(h, 24, 1, "block1")
    h = separable(h, 36, 2, "block2")
    h = separable(h, 36, 1, "block3")
    # The means say what each part of the face is (brow, middle, jaw; left, right), so that a hat's brim is told from a
    # forehead of silicone; the largest answer, what one spot is: a nose of silicone is a few cells.
    mean = layers.Flatten(name="parts")(layers.AveragePooling2D(PART_CELLS, name="pool")(h))
    largest = layers.Reshape((h.shape[-1],))(layers.MaxPooling2D(h.shape[1:3], name="largest")(h))
    s = layers.ReLU(6.0)(layers.Dense(24, name="spectral")(spectra))
    joined = layers.Concatenate(name="join")([mean, largest, s])
    joined = layers.Dropout(DROPOUT)(joined)
    joined = layers.ReLU(6.0)(layers.Dense(32, name="fuse")(joined))
    output = layers.Dense(1, activation="sigmoid", name="bona_fide")(joined)
    return keras.Model([maps, spectra], output)


def folded(model: keras.Model, scaling: tuple[float, float] = (1.0, 0.0)) -> keras.Model:
    """The same function on unscaled int8 values, with a batch of one; scaling: (factor, offset) of the logit."""
    exported = build(batch=1)
    exported.set_weights(model.get_weights())
    for name in ("stem", "spectral"):
        layer = exported.get_layer(name)
        weights = layer.get_weights()
        layer.set_weights([weights[0] * INPUT_SCALE, *weights[1:]])
    factor, offset = scaling
    weights, bias = exported.get_layer("bona_fide").get_weights()
    exported.get_layer("bona_fide").set_weights([weights * factor, bias * factor + offset])
    return exported


def export_int8(model: keras.Model, maps: np.ndarray, spectra: np.ndarray, scaling: tuple[float, float]) -> bytes:
    """Full int8 `.tflite`, calibrated on the given features (int8 arrays). scaling: as in `folded`.

    Four samples, each with one input at an end of its range, are added so that the converter picks scale 1 and zero
    point 0 for the inputs: the device then hands its features over as they are.
    """
    ends = [np.full((1, ROWS, COLUMNS, CHANNELS), value, np.float32) for value in (-128, 127)]
    end_spectra = [np.full((1, SPECTRA), value, np.float32) for value in (-128, 127)]

    def representative():
        for index in range(len(maps)):
            yield [maps[index : index + 1].astype(np.float32), spectra[index : index + 1].astype(np.float32)]
        # Alone, the ends would stretch the activations: each comes with an ordinary partner.
        for value in range(2):
            yield [ends[value], spectra[:1].astype(np.float32)]
            yield [maps[:1].astype(np.float32), end_spectra[value]]

    converter = tf.lite.TFLiteConverter.from_keras_model(folded(model, scaling))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


def macs(model: keras.Model) -> int:
    """Multiply-accumulates of one inference."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            kernel = layer.get_weights()[0].shape
            _, rows, columns, _ = layer.output.shape
            total += rows * columns * int(np.prod(kernel))
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.get_weights()[0].shape))
    return total
