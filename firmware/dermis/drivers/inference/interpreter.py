"""Our own interpreter: runs wherever Python does, and is what the others are measured by."""

from __future__ import annotations

from dermis import tflite


class InterpretedModel(tflite.Model):
    backend = "dermis.tflite"
