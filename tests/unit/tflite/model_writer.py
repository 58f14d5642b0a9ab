"""Writes single-operator .tflite files with any shape and quantisation, without a converter.

Needs TensorFlow for the schema's object API only; see make_models.py, which uses it.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

INT8 = schema.TensorType.INT8
UINT8 = schema.TensorType.UINT8
INT32 = schema.TensorType.INT32
INT16 = schema.TensorType.INT16
FLOAT32 = schema.TensorType.FLOAT32
NUMPY_TYPES = {INT8: np.int8, INT16: np.int16, UINT8: np.uint8, INT32: np.int32, FLOAT32: np.float32}


class Writer:
    """Collects tensors and operators of one subgraph; `finish` gives the file's bytes."""

    def __init__(self):
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = "dermis test"
        empty = schema.BufferT()
        self.model.buffers = [empty]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []

    def tensor(self, shape, scale=None, zero_point=0, kind=INT8, data=None, axis=0, name=None):
        """Adds a tensor and gives its index; `scale` is a number or a list (one a channel of `axis`)."""
        tensor = schema.TensorT()
        tensor.shape = list(shape)
        tensor.type = kind
        tensor.name = name or f"t{len(self.graph.tensors)}"
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, NUMPY_TYPES[kind]).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        if scale is not None:
            quantisation = schema.QuantizationParametersT()
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            quantisation.scale = scales
            quantisation.zeroPoint = np.full(len(scales), zero_point, np.int64)
            quantisation.quantizedDimension = axis
            tensor.quantization = quantisation
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, name, inputs, outputs, options=None, version=1):
        """Adds an operator by its schema name; `options` is an object of the schema's API."""
        value = getattr(schema.BuiltinOperator, name)
        code = schema.OperatorCodeT()
        code.builtinCode = value
        code.deprecatedBuiltinCode = min(value, 127)
        code.version = version
        self.model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self.graph.operators.append(operator)

    def finish(self, inputs, outputs):
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)
        self.model.subgraphs = [self.graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def options(name, **fields):
    """`options("Conv2DOptions", strideH=2)`."""
    value = getattr(schema, name + "T")()
    for key, field in fields.items():
        assert hasattr(value, key), key
        setattr(value, key, field)
    return value
