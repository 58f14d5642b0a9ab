"""A .tflite interpreter for MicroPython and CPython: int8, exact, in Python.

    model = Model(open("model.tflite", "rb").read())
    [scores] = model.invoke([pixels])

See README.md beside this file. Imports nothing outside itself.
"""

from .assembler import install_for_this_machine
from .errors import BadInput, BadModel, ModelError, UnsupportedOp
from .model import ARENA_LIMIT, WORK_LIMIT, Model, TensorInfo

install_for_this_machine()

__all__ = ["ARENA_LIMIT", "WORK_LIMIT", "BadInput", "BadModel", "Model", "ModelError", "TensorInfo", "UnsupportedOp"]
