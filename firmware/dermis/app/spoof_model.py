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
# The output is P(bona fide) with scale 1/256 and zero point -128 (docs/formats/feature-tensor.md).
OUTPUT_ZERO_POINT = -128
OUTPUT_STEPS = 256
SCORE_HIGHEST = 10000


class SpoofModel:
    """data: the .tflite file's bytes, kept. description: the map of `spoof.json`, or None.

    Raises BadInput when the file is no model, or not one for these features.
    """

    def __init__(self, data, description=None):
        description = description or {}
        version = description.get("feature_tensor", feature_tensor.VERSION)
        if version != feature_tensor.VERSION:
            raise BadInput(
                "the model reads feature tensor version %s, this firmware makes %d; update both together"
                % (version, feature_tensor.VERSION)
            )
        try:
            self._model: Any = tflite.Model(data)
        except tflite.ModelError as error:
            raise BadInput("the spoof model cannot be used: %s" % error)
        self._maps_first = self._order()
        self.hash = str(binascii.hexlify(hashlib.sha256(data).digest()), "ascii")[:HASH_DIGITS]
        self.name = str(description.get("name", "unnamed"))
        self._thresholds = description.get("threshold", {})

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

    def score(self, maps, spectra) -> int:
        """PAD score 0..10000 of the features (int8 as bytes)."""
        inputs = [maps, spectra] if self._maps_first else [spectra, maps]
        output = self._model.invoke(inputs)[0][0]
        if output > 127:  # a byte view of an int8
            output -= 256
        return (output - OUTPUT_ZERO_POINT) * SCORE_HIGHEST // OUTPUT_STEPS

    def threshold(self, profile):
        """The score to hand to `core.decision.Session` for a profile (`profiles.Profile`); None: its default.

        The description names the whole threshold of a profile; the session adds the profile's offset to what it
        is given, so that is taken off here.
        """
        if profile.name not in self._thresholds:
            return None
        return int(self._thresholds[profile.name]) - profile.threshold_offset


def load(path) -> SpoofModel:
    """The model in a .tflite file, with the .json beside it when there is one. Raises OSError, BadInput."""
    data = heap.read_whole(path)
    description = None
    try:
        with open(path[: path.rindex(".")] + ".json") as file:
            description = json.load(file)
    except OSError:
        description = None  # a model alone works, with the default threshold
    except ValueError:
        raise BadInput("the description beside the model %s is no JSON; export the model again" % path)
    return SpoofModel(data, description)
