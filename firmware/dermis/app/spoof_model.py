"""The model that fuses maps and spectra into a score: a .tflite file and the description beside it."""

from __future__ import annotations

import binascii
import hashlib
import json
from typing import TYPE_CHECKING

from dermis import tflite
from dermis.app import heap
from dermis.core import feature_tensor
from dermis.core.errors import BadInput

if TYPE_CHECKING:
    from typing import Any

MAPS_SHAPE = (1, feature_tensor.ROWS, feature_tensor.COLUMNS, feature_tensor.CHANNELS)
SPECTRA_SHAPE = (1, feature_tensor.SPECTRA)
HASH_DIGITS = 16
# Quantisation of inputs and output (docs/formats/feature-tensor.md): the output is P(bona fide).
INPUT_SCALE, INPUT_ZERO_POINT = 1, 0
OUTPUT_ZERO_POINT = -128
OUTPUT_STEPS = 256
SCORE_HIGHEST = 10000


class SpoofModel:
    """data: the .tflite file's bytes, kept. model_class: what runs it (`dermis.drivers.inference`). description: the
    map of `spoof.json`, or None.

    Raises BadInput when the file is no model, or not one for these features, or the description is another model's:
    a wrong scale or threshold would let attacks pass. SensorFault when an accelerator does not answer.
    """

    def __init__(self, data, model_class, description=None):
        description = {} if description is None else description
        if not isinstance(description, dict):
            raise BadInput("the description beside the spoof model holds no map; export the model again")
        version = description.get("feature_tensor", feature_tensor.VERSION)
        if version != feature_tensor.VERSION:
            raise BadInput(
                "the model reads feature tensor version %s, this firmware makes %d; update both together"
                % (version, feature_tensor.VERSION)
            )
        try:
            self._model: Any = model_class(data)
        except tflite.ModelError as error:
            raise BadInput("the spoof model cannot be used: %s" % error)
        self.backend = self._model.backend
        self._maps_first = self._order()
        self._check_quantisation()
        digest = str(binascii.hexlify(hashlib.sha256(data).digest()), "ascii")
        if description.get("sha256", digest) != digest:
            raise BadInput("the description beside the spoof model is of another model; install both together")
        self.hash = digest[:HASH_DIGITS]
        self.name = str(description.get("name", "unnamed"))
        self._thresholds = _thresholds(description)
        self._at_start = self._of_nothing()

    def _order(self):
        """Whether the maps are the first input; the exporter is free to swap the two."""
        shapes = [tuple(tensor.shape) for tensor in self._model.inputs]
        if shapes == [MAPS_SHAPE, SPECTRA_SHAPE]:
            return True
        if shapes == [SPECTRA_SHAPE, MAPS_SHAPE]:
            return False
        raise BadInput(
            "the spoof model takes inputs of %s, this firmware gives %s and %s; use its own model"
            % (shapes, MAPS_SHAPE, SPECTRA_SHAPE)
        )

    def _check_quantisation(self):
        for tensor in self._model.inputs:
            if (tensor.type, tensor.scale, tensor.zero_point) != ("int8", INPUT_SCALE, INPUT_ZERO_POINT):
                raise BadInput("the spoof model's inputs are not int8 with scale 1 and zero point 0; export it again")
        outputs = [(each.type, each.bytes, each.scale, each.zero_point) for each in self._model.outputs]
        if outputs != [("int8", 1, 1 / OUTPUT_STEPS, OUTPUT_ZERO_POINT)]:
            raise BadInput(
                "the spoof model's output is not one int8 with scale 1/%d and zero point %d; export it again"
                % (OUTPUT_STEPS, OUTPUT_ZERO_POINT)
            )

    def score(self, maps, spectra) -> int:
        """PAD score 0..10000 of the features (int8 as bytes)."""
        inputs = [maps, spectra] if self._maps_first else [spectra, maps]
        output = self._model.invoke(inputs)[0][0]
        if output > 127:  # a byte view of an int8
            output -= 256
        return (output - OUTPUT_ZERO_POINT) * SCORE_HIGHEST // OUTPUT_STEPS

    def sound(self) -> bool:
        """Whether it answers as it did when it was loaded: memory that fails changes weights."""
        return self._of_nothing() == self._at_start

    def _of_nothing(self):
        return self.score(
            bytes(feature_tensor.ROWS * feature_tensor.COLUMNS * feature_tensor.CHANNELS), bytes(feature_tensor.SPECTRA)
        )

    def threshold(self, profile):
        """The score to hand to `core.decision.Session` for a profile (`profiles.Profile`); None: its default.

        The description names the whole threshold of a profile; the session adds the profile's offset to what it
        is given, so that is taken off here.
        """
        if profile.name not in self._thresholds:
            return None
        return self._thresholds[profile.name] - profile.threshold_offset


def _thresholds(description):
    """Profile -> score below which the model says attack. Raises BadInput: one of 0 would pass everything."""
    thresholds = description.get("threshold", {})
    if not isinstance(thresholds, dict):
        raise BadInput("the thresholds of the spoof model are no map of profiles; export the model again")
    for profile in thresholds:
        value = thresholds[profile]
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= SCORE_HIGHEST:
            raise BadInput(
                "the spoof model's threshold for %s is no whole number of 1 to %d; export the model again"
                % (profile, SCORE_HIGHEST)
            )
    return thresholds


def load(path, model_class) -> SpoofModel:
    """The model in a .tflite file, with the .json beside it when there is one; `model_class` runs it. Raises OSError,
    BadInput, SensorFault."""
    data = heap.read_whole(path)
    description = None
    try:
        with open(path[: path.rindex(".")] + ".json") as file:
            description = json.load(file)
    except OSError:
        description = None  # a model alone works, with the default threshold
    except ValueError:
        raise BadInput("the description beside the model %s is no JSON; export the model again" % path)
    return SpoofModel(data, model_class, description)
