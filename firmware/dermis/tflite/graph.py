"""Tensors and operators of a model, read from the file and checked, before anything is planned or run."""

from struct import unpack_from

from . import kernels_moves, op_names, quantise
from .errors import BadModel, UnsupportedOp
from .native import octets
from .reader import root

SCHEMA_VERSION = 3
MOST_TENSORS = 1024  # bounds what planning costs (its square); a model for a microcontroller has a few dozen
MOST_OPERATORS = 512
MOST_BUFFERS = 4096
MOST_CODES = 256
MOST_AXES = 6
MOST_PLACES = 256  # inputs or outputs of the model or of an operator
MOST_CHANNELS = 1 << 16  # of all layers with weights: each costs microseconds and 16 bytes at load
MOST_SHARING = 8  # times that the constants may exceed the file, as tensors may share one buffer

# enum TensorType
FLOAT32, FLOAT16, INT32, UINT8, INT64, STRING, BOOL, INT16, COMPLEX64, INT8 = range(10)
TYPE_NAMES = ("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8")
TYPE_BYTES = (4, 2, 4, 1, 8, 0, 1, 2, 8, 1)

NO_TENSOR = -1


class Block:
    """A stretch of the arena: `bytes` long, needed from step `first` to step `last`; `data` once it is placed."""

    def __init__(self, size):
        self.bytes = size
        self.first = self.last = -1
        self.offset = 0
        self.data = None


class Tensor(Block):
    """One tensor. `constant` is a view of its bytes in the file, None where it is computed or given.

    `alias` names the tensor whose bytes this one shares (a reshape), None where it has its own.
    """

    def __init__(self, table, buffers):
        self._table = table
        self.shape = table.int32s(0, MOST_AXES, "axes in a tensor")
        self.kind = table.int8(1)
        self.constant = None
        self.alias = None
        self.ready = False  # given, constant, or computed by an operator seen so far
        if not 0 <= self.kind < len(TYPE_NAMES):
            raise BadModel("Tensor '%s' has the unknown type %d." % (self.name, self.kind))
        self.size = 1
        for count in self.shape:
            if count < 1:
                raise BadModel("Tensor '%s' has no fixed shape; export the model with a batch of 1." % self.name)
            self.size *= count
        super().__init__(self.size * TYPE_BYTES[self.kind])
        index = table.uint32(2)
        if index >= len(buffers):
            raise BadModel("Tensor '%s' refers to buffer %d of %d." % (self.name, index, len(buffers)))
        start, count = buffers[index].vector(0, 1)
        if count:
            if count != self.bytes:
                raise BadModel(
                    "Tensor '%s' has %d bytes of data where its shape asks for %d." % (self.name, count, self.bytes)
                )
            self.constant = table.reader.data[start : start + count]
            self.ready = True
        quantisation = table.table(4)
        self._scales, self.scale_count = quantisation.vector(2, 4) if quantisation else (0, 0)
        zeros, zero_count = quantisation.vector(3, 8) if quantisation else (0, 0)
        self.quantised_axis = quantisation.int32(6) if quantisation else 0
        self.zero_point = table.reader.at("<q", 8, zeros) if zero_count else 0
        # Every one but the last against its neighbour, as bytes: there may be as many as the file holds.
        last = max(zeros + 8 * (zero_count - 1), zeros)
        if table.reader.data[zeros:last] != table.reader.data[zeros + 8 : last + 8]:
            raise BadModel("Tensor '%s' has a zero point a channel; only one for all is defined." % self.name)
        lowest = {INT8: -128, UINT8: 0}.get(self.kind)
        if self.scale_count and lowest is not None and not lowest <= self.zero_point <= lowest + 255:
            raise BadModel("Tensor '%s' has zero point %d, outside its type." % (self.name, self.zero_point))

    @property
    def name(self):
        return self._table.text(3)

    @property
    def type(self):
        return TYPE_NAMES[self.kind]

    @property
    def raised_zero(self):
        """The zero point as it lies in the arena, 0 to 255: an int8 is raised by 128 there, a uint8 is not."""
        return self.zero_point + 128 if self.kind == INT8 else self.zero_point

    def scale(self, channel=0):
        """The scale (of one channel) as (mantissa, exponent); see `quantise`. Raises BadModel where it is none."""
        scale = quantise.scale_from_bits(self._table.reader.at("<I", 4, self._scales + 4 * channel))
        if scale is None:
            raise BadModel("Tensor '%s' has a scale that is no positive number; quantise the model again." % self.name)
        return scale

    def scale_as_float(self):
        """The tensor's one scale as a float; 0.0 where it has none."""
        return self._table.reader.at("<f", 4, self._scales) if self.scale_count else 0.0

    def int32s(self):
        """The values of an int32 constant."""
        return unpack_from("<%di" % self.size, self.constant) if self.constant is not None else ()

    def lay_out(self):
        """Copies a constant into memory as it would lie in the arena: an int8 raised by 128."""
        if self.constant is None or self.data is not None:
            return
        self.data = octets(bytearray(self.bytes))
        if self.kind == INT8:
            kernels_moves.flip(self.constant, self.data, self.bytes)
        else:
            kernels_moves.copy_bytes(self.constant, self.data, self.bytes)

    def home(self):
        """The tensor that owns the bytes."""
        tensor = self
        while tensor.alias is not None:
            tensor = tensor.alias
        return tensor


class NoOptions:
    """Stands for the options of an operator that has none: every field at its default."""

    def int8(self, field, default=0):
        return default

    int32 = uint32 = uint8 = int8


class Node:
    """One operator with its tensors, and the questions that every builder asks."""

    def __init__(self, code, version, inputs, outputs, options, channels):
        self._channels = channels  # how many are left of MOST_CHANNELS, in a list that all nodes share
        self.code = code
        self.version = version
        self.inputs = inputs
        self.outputs = outputs
        self.options = options or NoOptions()

    def refuse(self, sentence, tensor=None):
        """An UnsupportedOp that names operator, version and tensor; `sentence` says what would help."""
        tensor = tensor or self.outputs[0]
        return UnsupportedOp(
            "%s version %d at tensor '%s': %s" % (op_names.name(self.code), self.version, tensor.name, sentence)
        )

    def damaged(self, sentence):
        """A BadModel that names operator and output."""
        return BadModel("%s at tensor '%s': %s" % (op_names.name(self.code), self.outputs[0].name, sentence))

    def expect(self, inputs, outputs=1, optional=0):
        """Raises BadModel unless the operator has `inputs` inputs (the last `optional` may be absent)."""
        if not inputs - optional <= len(self.inputs) <= inputs or len(self.outputs) != outputs:
            raise self.damaged("%d inputs and %d outputs make no sense." % (len(self.inputs), len(self.outputs)))
        while len(self.inputs) < inputs:
            self.inputs.append(None)
        for tensor in self.inputs[: inputs - optional]:
            if tensor is None:
                raise self.damaged("an input is missing.")

    def int8(self, tensor, other_kind=None):
        """`tensor`, which must be int8 (or `other_kind`) with one scale; a constant is raised into memory."""
        if tensor.kind != INT8 and tensor.kind != other_kind:
            raise self.refuse(
                "%s is not implemented; convert the model to full int8 (TFLITE_BUILTINS_INT8)." % tensor.type, tensor
            )
        if tensor.scale_count != 1:
            raise self.refuse("one scale is needed, there are %d; quantise the model." % tensor.scale_count, tensor)
        tensor.lay_out()
        return tensor

    def same_quantisation(self, x, y, exactly=False):
        """Raises UnsupportedOp unless the bytes of x mean the same in y.

        Where tflite-micro looks, nothing may differ (`exactly`; its pools would allow 1e-6). Where it copies bytes
        without looking, the scales may differ by what is less than half a step over all of int8: more would give
        an answer in the wrong unit.
        """
        same = x.scale() == y.scale() or (not exactly and quantise.nearly_equal(x.scale(), y.scale()))
        if x.zero_point != y.zero_point or not same:
            raise self.refuse("its tensors must share scale and zero point; quantise the model again.", x)

    def constant(self, tensor, kind):
        """`tensor`, which must be a constant of type `kind`."""
        if tensor.constant is None:
            raise self.refuse("its weights or parameters must be constants.", tensor)
        if tensor.kind != kind:
            raise self.refuse(
                "%s constants are not implemented, %s is; convert the model to full int8."
                % (tensor.type, TYPE_NAMES[kind]),
                tensor,
            )
        return tensor

    def parameters(self, tensor):
        """The values of `tensor`, a constant of a few int32: axes, widths, an order."""
        if self.constant(tensor, INT32).size > 2 * MOST_AXES:
            raise self.damaged("%d parameters make no sense." % tensor.size)
        return tensor.int32s()

    def count_channels(self, channels):
        """Raises BadModel where the layers so far, this one included, have more than MOST_CHANNELS."""
        self._channels[0] -= channels
        if self._channels[0] < 0:
            raise self.damaged("the model's layers have more than %d channels; make it smaller." % MOST_CHANNELS)

    def clamps(self, activation, tensor):
        """(lowest, highest) raised output under a fused activation."""
        limits = quantise.activation_range(activation, tensor.scale(), tensor.zero_point)
        if limits is None:
            raise self.refuse("fused activation %d is not implemented; put it in a layer of its own." % activation)
        return limits[0] + 128, limits[1] + 128

    def same_shape(self, tensor, shape):
        """Raises BadModel unless `tensor` has `shape`."""
        if tuple(tensor.shape) != tuple(shape):
            raise self.damaged("its shape is %s where %s follows from its inputs." % (tensor.shape, tuple(shape)))


class Graph:
    """tensors, inputs, outputs and nodes (in order of execution) of a .tflite file.

    Raises BadModel where the file contradicts itself.
    """

    def __init__(self, data):
        model = root(data)
        if model.uint32(0) != SCHEMA_VERSION:
            raise BadModel("The model is of schema version %d, not %d." % (model.uint32(0), SCHEMA_VERSION))
        subgraphs = model.tables(2, MOST_TENSORS, "subgraphs")
        if len(subgraphs) != 1:
            raise BadModel("The model has %d subgraphs, not 1; export it without control flow." % len(subgraphs))
        subgraph = subgraphs[0]
        buffers = model.tables(4, MOST_BUFFERS, "buffers")
        self.tensors = [Tensor(table, buffers) for table in subgraph.tables(0, MOST_TENSORS, "tensors")]
        constants = sum([tensor.bytes for tensor in self.tensors if tensor.ready])
        if constants > MOST_SHARING * len(data):
            raise BadModel("The model has %d bytes of constants in a file of %d." % (constants, len(data)))
        self.inputs = [self._tensor(index) for index in subgraph.int32s(1, MOST_PLACES, "inputs")]
        self.outputs = [self._tensor(index) for index in subgraph.int32s(2, MOST_PLACES, "outputs")]
        if not self.inputs or not self.outputs:
            raise BadModel("The model has no inputs or no outputs.")
        for tensor in self.inputs:
            if tensor.ready:
                raise BadModel("Input '%s' is a constant or stands twice among the inputs." % tensor.name)
            tensor.ready = True
        codes = [self._code(table) for table in model.tables(1, MOST_CODES, "operator codes")]
        self.nodes = []
        self._channels = [MOST_CHANNELS]
        for operator in subgraph.tables(3, MOST_OPERATORS, "operators"):
            self.nodes.append(self._node(operator, codes))
        for tensor in self.outputs:
            if not tensor.ready:
                raise BadModel("Output '%s' is never computed." % tensor.name)

    @staticmethod
    def _code(table):
        # The old field is one byte; codes above 127 stand in the new one, and both are filled for the others.
        return max(table.int8(0), table.int32(3)), table.int32(2, 1)

    def _tensor(self, index):
        if not 0 <= index < len(self.tensors):
            raise BadModel("The model refers to tensor %d of %d." % (index, len(self.tensors)))
        return self.tensors[index]

    def _node(self, operator, codes):
        index = operator.uint32(0)
        if index >= len(codes):
            raise BadModel("The model refers to operator code %d of %d." % (index, len(codes)))
        code, version = codes[index]
        places = operator.int32s(1, MOST_PLACES, "inputs of an operator")
        inputs = [None if index == NO_TENSOR else self._tensor(index) for index in places]
        outputs = [self._tensor(index) for index in operator.int32s(2, MOST_PLACES, "outputs of an operator")]
        if not outputs:
            raise BadModel("%s has no output." % op_names.name(code))
        for tensor in inputs:
            if tensor is not None and not tensor.ready:
                raise BadModel("Tensor '%s' is used before it is computed." % tensor.name)
        for tensor in outputs:
            if tensor.ready:
                raise BadModel("Tensor '%s' is computed twice, or a constant or an input is." % tensor.name)
            tensor.ready = True
        return Node(code, version, inputs, outputs, operator.table(4), self._channels)
