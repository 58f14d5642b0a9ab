"""A .tflite interpreter for MicroPython and CPython: int8, exact, in Python.

    model = Model(open("model.tflite", "rb").read())
    [scores] = model.invoke([pixels])

See README.md beside this file. Imports nothing outside itself.
"""

from .errors import BadInput, BadModel, ModelError, UnsupportedOp
from .model import ARENA_LIMIT, WORK_LIMIT, Model, TensorInfo

__all__ = ["ARENA_LIMIT", "WORK_LIMIT", "BadInput", "BadModel", "Model", "ModelError", "TensorInfo", "UnsupportedOp"]
