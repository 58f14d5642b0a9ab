"""LiteRT (`tflite_runtime`, or its successor `ai_edge_litert`), for boards that run Linux, with an Edge TPU or without.

One thread, and those kernels of each package that are nearest to `dermis.tflite` (`python -m tests.bench coral`).

An Edge TPU runs only what its compiler has packed into an operator of its own, so its delegate is loaded for such
models and no others. No Edge TPU has met this code, and its answers have been compared with nothing.

LiteRT's Python package brings numpy; nothing here imports it, the tensors are reached as buffers.
Ref: the interpreter API of LiteRT, https://ai.google.dev/edge/api/tflite/python/tf/lite/Interpreter.
"""

from __future__ import annotations

import ctypes
from array import array
from importlib import import_module, metadata
from time import perf_counter_ns
from typing import TYPE_CHECKING

from dermis import tflite
from dermis.core.errors import SensorFault
from dermis.tflite.graph import Graph
from dermis.tflite.model import NO_BUFFER, WRONG_NUMBER
from dermis.tflite.ops import CUSTOM

if TYPE_CHECKING:
    from typing import Any

REFERENCE, BUILT_IN = "BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"  # of LiteRT's OpResolverType
# Package -> its kernels; the first package that can be imported is taken. tflite_runtime's reference kernels give
# every byte of ours. The others round fully connected layers in another way: ai_edge_litert's built-in ones in few
# cases, its reference ones in more, and XNNPACK, which it takes unless told otherwise, rounds many layers so.
KERNELS = {"tflite_runtime": REFERENCE, "ai_edge_litert": BUILT_IN}
KERNELS_IN_WORDS = {REFERENCE: "reference kernels", BUILT_IN: "built-in kernels"}
EDGE_TPU_LIBRARY = "libedgetpu.so.1"
EDGE_TPU_OPERATOR = b"edgetpu-custom-op"  # what the Edge TPU's compiler calls its operator
THREADS = 1  # enough for a model of this size, and the same work in the same order every time
ARRAY_TYPES = {"int8": "b", "uint8": "B", "int32": "i", "float32": "f"}
UNKNOWN = 0  # LiteRT does not tell
NEEDED = ("Interpreter", "OpResolverType")  # of a runtime; early ones lack the latter
# What a package raises that is there but does not work: half installed, too old, or made for another numpy (a
# tflite_runtime beside numpy 2 is imported without a word, and fails with a SystemError when it reads a model).
BROKEN = (ImportError, AttributeError, OSError, SystemError, TypeError)
REMEDY = (
    'install one of them with pip, tflite-runtime with numpy below 2, or set `inference` to "interpreter" in the '
    "board file."
)


class MissingRuntime(tflite.ModelError):
    """What the model needs is not installed or not plugged in; the sentence names it."""


class LiteRtModel:
    """A .tflite model run by LiteRT; see `dermis.tflite.Model` for what is not said here.

    The file is read and checked by `dermis.tflite` first, so that both refuse the same models in the same words:
    LiteRT's own reader has been seen to crash on a file that is cut short. Of a model compiled for the Edge TPU only
    the frame can be checked.

    backend: what runs, in words. on_edge_tpu: whether an Edge TPU has a part in it. macs: 0 where the Edge TPU's
    compiler has hidden them. arena_bytes: 0, LiteRT does not tell.

    Raises `MissingRuntime` beside `BadModel` and `UnsupportedOp`; SensorFault from `invoke` when LiteRT fails.
    """

    kernels = ""  # those of `KERNELS`

    def __init__(self, buffer, arena_limit=tflite.ARENA_LIMIT, work_limit=tflite.WORK_LIMIT):
        data = bytes(buffer)
        # The name alone could be anywhere in the file, and would spare it the check.
        custom = [node for node in Graph(memoryview(data)).nodes if node.code == CUSTOM]
        self.on_edge_tpu = bool(custom) and EDGE_TPU_OPERATOR in data
        self.macs = UNKNOWN if self.on_edge_tpu else tflite.Model(data, arena_limit, work_limit).macs
        self.arena_bytes = UNKNOWN
        runtime, package, version = find_runtime()
        self.kernels = self.kernels or KERNELS[package]
        self.backend = "%s %s, %s" % (package, version, KERNELS_IN_WORDS.get(self.kernels, "default kernels"))
        delegates = []
        if self.on_edge_tpu:
            delegates.append(_edge_tpu(runtime))
            self.backend += ", Edge TPU (unverified)"
        else:
            self.backend += ", processor alone"
        try:
            self._interpreter: Any = runtime.Interpreter(
                model_content=data,
                num_threads=THREADS,
                experimental_op_resolver_type=runtime.OpResolverType[self.kernels],
                experimental_delegates=delegates,
            )
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise tflite.BadModel("%s refuses the model: %s." % (self.backend, _first_line(error)))
        except BROKEN as error:
            raise MissingRuntime("%s does not work (%s); %s" % (self.backend, _first_line(error), REMEDY))
        self.inputs, self._inputs = self._described(self._interpreter.get_input_details())
        self.outputs, self._outputs = self._described(self._interpreter.get_output_details())
        self._results = [array(ARRAY_TYPES.get(info.type, "B"), bytes(info.bytes)) for info in self.outputs]
        self._microseconds = 0

    def _described(self, details):
        """(infos, functions that give each tensor's memory). A view may not outlive the statement that asks for it:
        LiteRT refuses to run while one is held."""
        views = [self._interpreter.tensor(detail["index"]) for detail in details]
        infos = []
        for detail, view in zip(details, views):
            scale, zero_point = detail["quantization"]
            shape = tuple([int(count) for count in detail["shape"]])
            size = memoryview(view()).nbytes
            infos.append(
                tflite.TensorInfo(detail["name"], shape, detail["dtype"].__name__, scale, int(zero_point), size)
            )
        return tuple(infos), views

    def invoke(self, inputs):
        """Runs once; as `dermis.tflite.Model.invoke`. Raises BadInput, SensorFault."""
        started = perf_counter_ns()
        if len(inputs) != len(self.inputs):
            raise tflite.BadInput(WRONG_NUMBER % (len(self.inputs), len(inputs)))
        for index, info in enumerate(self.inputs):
            try:
                source = memoryview(inputs[index]).cast("B")
            except TypeError:
                raise tflite.BadInput(NO_BUFFER % (index, info.name))
            if len(source) != info.bytes:
                raise tflite.BadInput(
                    "Input %d ('%s') takes %d bytes, not %d: %s of shape %s."
                    % (index, info.name, info.bytes, len(source), info.type, info.shape)
                )
            memoryview(self._inputs[index]()).cast("B")[:] = source
        try:
            self._interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise SensorFault(
                "%s failed (%s); restart the module, and check the Edge TPU where one is used"
                % (self.backend, _first_line(error))
            )
        for index, result in enumerate(self._results):
            memoryview(result).cast("B")[:] = memoryview(self._outputs[index]()).cast("B")
        self._microseconds = (perf_counter_ns() - started) // 1000
        return self._results

    def profile(self):
        """One entry, for the whole model: LiteRT gives no times of operators. `us` is that of the last `invoke`."""
        first = self.outputs[0]
        return [
            {
                "op": "MODEL",
                "output": first.name,
                "shape": list(first.shape),
                "macs": self.macs,
                "us": self._microseconds,
            }
        ]


def find_runtime():
    """(the interpreter's module, its package, the version). Raises MissingRuntime."""
    problems = []
    for package in KERNELS:
        try:
            module = import_module(package + ".interpreter")
        except BROKEN as error:
            problems.append("%s (%s)" % (package, _first_line(error)))
            continue
        missing = [name for name in NEEDED if not hasattr(module, name)]
        if missing:
            problems.append("%s (it has no %s: another version is needed)" % (package, " and no ".join(missing)))
            continue
        return module, package, _version(package)
    raise MissingRuntime("LiteRT cannot be imported: %s; %s" % (", ".join(problems), REMEDY))


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def _edge_tpu(runtime):
    """The delegate. Raises MissingRuntime."""
    problem = "The model is compiled for an Edge TPU, and %s; %s, or install the model that was not compiled."
    try:
        ctypes.CDLL(EDGE_TPU_LIBRARY)  # LiteRT would leave half a delegate, which complains when it is collected
    except OSError as error:
        raise MissingRuntime(problem % ("there is no driver (%s)" % _first_line(error), "install libedgetpu1-std"))
    try:
        return runtime.load_delegate(EDGE_TPU_LIBRARY)
    except (ValueError, AttributeError) as error:
        raise MissingRuntime(problem % ("%s finds none (%s)" % (EDGE_TPU_LIBRARY, _first_line(error)), "plug it in"))


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
