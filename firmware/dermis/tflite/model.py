"""The model: reads, plans, runs."""

from array import array
from collections import namedtuple

from . import kernels_moves, plan
from .errors import BadInput, BadModel
from .graph import FLOAT32, INT8, INT32, NO_TENSOR, UINT8, Graph
from .native import IS_MICROPYTHON, octets, ticks_diff, ticks_us
from .ops import build

ARENA_LIMIT = 4 * 1024 * 1024  # half of the 8 MiB that an ESP32-S3's PSRAM usually has

WORK_LIMIT = 1 << 28  # about four seconds of an ESP32-S3 at 240 MHz and 3.5 instructions a turn: an estimate

# Made once, as a tuple is allocated where it stands.
OCTETS = (bytes, bytearray)  # whose `len` is in bytes
VIEWS = (array, memoryview)

ARRAY_TYPES = {INT8: "b", UINT8: "B", INT32: "i", FLOAT32: "f"}

WRONG_NUMBER = "The model takes %d inputs, not %d; give a list that holds a buffer for each."
NO_BUFFER = "Input %d ('%s') is no buffer whose bytes lie together; give bytes, a bytearray, an array or a memoryview."

TensorInfo = namedtuple("TensorInfo", ("name", "shape", "type", "scale", "zero_point", "bytes"))
"""An input or output: real value = scale * (integer - zero_point). `type` as numpy names it; `scale` a float, 0.0
where there is none; `bytes` the length of its buffer."""


class Model:
    """A .tflite model, ready to run.

    buffer: the file as bytes, bytearray or memoryview; it is kept and read from (weights are not copied), so it
    may lie in flash and must not change.
    arena_limit: bytes that tensors and scratch may take together; so may the results.
    work_limit: multiply-accumulates, or turns of another operator's innermost loop, that an inference may take: a
    file of a few bytes can ask for hours.

    Raises `BadModel` where the bytes are no sound .tflite file or ask for more than a limit, `UnsupportedOp` where
    the model asks for something that is not implemented.
    """

    def __init__(self, buffer, arena_limit=ARENA_LIMIT, work_limit=WORK_LIMIT):
        try:
            self._load(octets(buffer), arena_limit, work_limit)
        except MemoryError:
            raise BadModel("The model does not fit into the memory that is free; give a larger heap.")

    def _load(self, file, arena_limit, work_limit):
        graph = Graph(file)
        self._steps = [build(node) for node in graph.nodes]
        self.work = sum([step.work for step in self._steps])
        if self.work > work_limit:
            raise BadModel("An inference takes %d steps, more than the limit of %d." % (self.work, work_limit))
        self._inputs = graph.inputs
        self._outputs = graph.outputs
        for tensor in self._outputs:
            tensor.lay_out()  # a constant may be given out, too, and no operator need have read it
        blocks = _live(graph, self._steps)
        self.arena_bytes = 0
        self._arena = plan.allocate(blocks, arena_limit)
        self.arena_bytes = len(self._arena)
        for tensor in graph.tensors:
            if tensor.alias is not None:
                tensor.data = tensor.home().data
        for step in self._steps:
            step.bind()
        results = sum([tensor.bytes for tensor in self._outputs])
        if results > arena_limit:
            raise BadModel("The outputs take %d bytes, more than the limit of %d." % (results, arena_limit))
        self.inputs = tuple([_info(tensor) for tensor in self._inputs])
        self.outputs = tuple([_info(tensor) for tensor in self._outputs])
        self._results = [array(ARRAY_TYPES.get(tensor.kind, "B"), bytes(tensor.bytes)) for tensor in self._outputs]
        self._result_octets = [octets(result) for result in self._results]
        self._microseconds = array("i", bytes(4 * len(self._steps)))

    @property
    def macs(self):
        """Multiply-accumulates of one inference."""
        return sum([step.macs for step in self._steps])

    def invoke(self, inputs):
        """Runs once: a list of buffers in, a list of arrays out, in the order of `.inputs` and `.outputs`.

        An input is any buffer of exactly the tensor's bytes (int8 as two's complement). The arrays returned ('b'
        for int8) belong to the model and are overwritten by the next call. Raises `BadInput` otherwise.
        """
        if len(inputs) != len(self._inputs):
            raise BadInput(WRONG_NUMBER % (len(self._inputs), len(inputs)))
        for index in range(len(inputs)):
            tensor = self._inputs[index]
            try:
                source = _input_octets(inputs[index], tensor.data)
            except TypeError:
                raise BadInput(NO_BUFFER % (index, tensor.name))
            if len(source) != tensor.bytes:
                raise BadInput(
                    "Input %d ('%s') takes %d bytes, not %d: %s of shape %s."
                    % (index, tensor.name, tensor.bytes, len(source), tensor.type, tensor.shape)
                )
            if tensor.kind == INT8:
                kernels_moves.flip(source, tensor.data, tensor.bytes)
            else:
                kernels_moves.copy_bytes(source, tensor.data, tensor.bytes)
        for index in range(len(self._steps)):
            start = ticks_us()
            self._steps[index].run()
            self._microseconds[index] = ticks_diff(ticks_us(), start)
        for index in range(len(self._outputs)):
            tensor = self._outputs[index]
            if tensor.kind == INT8:
                kernels_moves.flip(tensor.data, self._result_octets[index], tensor.bytes)
            else:
                kernels_moves.copy_bytes(tensor.data, self._result_octets[index], tensor.bytes)
        return self._results

    def profile(self):
        """A list of maps, one an operator in order: `op`, `output` (name), `shape`, `macs`, and `us`, the time that
        it took in the last `invoke` (0 before the first)."""
        return [
            {
                "op": step.op,
                "output": step.output.name,
                "shape": list(step.output.shape),
                "macs": step.macs,
                "us": self._microseconds[index],
            }
            for index, step in enumerate(self._steps)
        ]


class _Slices:
    """MicroPython has no constructor of slices, and makes one anew wherever it stands."""

    def __getitem__(self, index):
        return index


_WHOLE = _Slices()[:]


def _input_octets(buffer, target):
    """`buffer` as a kernel takes it, of which `len` counts the bytes. Raises TypeError where it is no buffer.

    MicroPython tells of an array or a memoryview only the number of items, and a kernel looks at nothing. What tells
    bytes from wider items, and allocates nothing, is to put them into `target`; of wider ones a copy is made.
    """
    if not IS_MICROPYTHON:
        return octets(buffer)
    if isinstance(buffer, OCTETS):
        return buffer
    if not isinstance(buffer, VIEWS):
        raise TypeError
    try:
        target[_WHOLE] = buffer
    except ValueError:  # wider, or of another length
        return bytes(buffer)
    return target


def _info(tensor):
    return TensorInfo(
        tensor.name, tuple(tensor.shape), tensor.type, tensor.scale_as_float(), tensor.zero_point, tensor.bytes
    )


def _live(graph, steps):
    """The blocks that need a place, with the first and last step that need each: inputs from -1, outputs to the end."""
    blocks = []
    seen = set()

    def touch(tensor, step):
        block = tensor.home()
        if block.data is not None:  # a constant
            return
        if id(block) not in seen:
            seen.add(id(block))
            blocks.append(block)
            block.first = step
        block.last = max(block.last, step)

    for tensor in graph.inputs:
        touch(tensor, NO_TENSOR)
    for index, step in enumerate(steps):
        for tensor in step.reads:
            touch(tensor, index)
        for tensor in step.outputs:
            touch(tensor, index)
        for block in step.scratch:
            block.first = block.last = index
            blocks.append(block)
    for tensor in graph.outputs:
        touch(tensor, len(steps))
    return blocks
