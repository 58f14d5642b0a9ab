"""The kernels' Xtensa machine code gives the bytes that CPython gives, call by call.

That the unix port gives CPython's bytes too is what tests/unit/tflite shows with the same vectors.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from dermis.tflite import Model, fixedpoint, kernels_moves, kernels_wide
from dermis_host.released import released_model

from tests.unit.tflite import packs
from tests.xtensa import calls, mpy
from tests.xtensa.machine import MISSING, MachineError, is_installed, retired
from tests.xtensa.rig import STOP, Rig

needs_core = pytest.mark.skipif(not is_installed(), reason=MISSING)
GOLDEN_MODELS = ("plain", "separable", "residual", "pooled", "two_inputs", "wide_dense")

# (calls, output, expected output)
Inference = tuple[list[calls.Call], bytes, bytes]


@pytest.fixture(scope="module")
def rig():
    with Rig(calls.SOURCES) as rig:
        yield rig


def shipped_inference() -> Inference:
    """Of the first golden vector."""
    path = released_model()
    golden = np.load(path.with_suffix(".golden.npz"))
    by_size = {golden[name][0].size: golden[name][0].tobytes() for name in ("maps", "spectra")}
    file = path.read_bytes()
    recorded, outputs, _ = calls.record(file, [by_size[info.bytes] for info in Model(file).inputs])
    return recorded, outputs[0], golden["output"][:1].tobytes()


def golden_inference(file: bytes, vectors: bytes) -> Inference:
    """Of the first vector of a golden model."""
    at, inputs = 0, []
    for info in Model(file).inputs:
        inputs.append(vectors[at : at + info.bytes])
        at += info.bytes
    recorded, outputs, _ = calls.record(file, inputs)
    output = b"".join(outputs)
    return recorded, output, vectors[at : at + len(output)]


def inference(name: str) -> Inference:
    if name == "shipped":
        return shipped_inference()
    [(_, file, vectors, _)] = packs.read(name)
    return golden_inference(file, vectors)


def differing(rig: Rig, recorded: list[calls.Call]) -> list[str]:
    """The calls that leave other bytes on the core than were recorded."""
    return [
        f"call {number}: {call.kernel}"
        for number, call in enumerate(recorded)
        if rig.call(call.kernel, call.arguments, call.before).buffers != call.after
    ]


@needs_core
@pytest.mark.parametrize("name", ["shipped", *GOLDEN_MODELS])
def test_every_call_of_an_inference_is_byte_equal(rig: Rig, name: str):
    recorded, output, expected = inference(name)
    assert output == expected
    assert len(recorded) > 3
    assert differing(rig, recorded) == []


@needs_core
def test_every_kernel_is_byte_equal_in_the_single_operators(rig: Rig):
    called = set()
    for name, file, vectors, _ in packs.read("single_ops"):
        recorded, output, expected = golden_inference(file, vectors)
        assert output == expected, name
        assert differing(rig, recorded) == [], name
        called.update(call.kernel for call in recorded)
    assert called == calls.kernel_names() == rig.kernels


def test_no_module_with_kernels_is_forgotten():
    folder = calls.source(kernels_moves).parent
    found = {path for path in folder.rglob("*.py") if mpy.viper_functions(path.read_text())}
    # No machine of 32-bit words loads the wide ones.
    assert found == {*calls.SOURCES, calls.source(fixedpoint), calls.source(kernels_wide)}


@needs_core
def test_fixed_point_products_are_equal():
    ends = (0, 1, -1, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x3FFFFFFF, -0x40000000, 0x7FFFFFFF, -0x7FFFFFFF, -0x80000000)
    with Rig([calls.source(fixedpoint)]) as rig:
        for a in ends:
            for b in ends:
                if a == b == ends[-1]:
                    continue  # its caller looks after this one
                result = rig.call("_doubling_high_product", [a, b], []).result
                assert result == fixedpoint._doubling_high_product(a, b) & 0xFFFFFFFF, (a, b)


@needs_core
def test_a_wrong_byte_is_noticed(rig: Rig):
    recorded, _, _ = inference("residual")
    number, call = next((n, call) for n, call in enumerate(recorded) if call.kernel == "conv")
    arena = call.arguments[3]
    assert isinstance(arena, tuple)
    wrong = bytearray(call.after[arena[0]])
    wrong[arena[1]] ^= 1
    after = (*call.after[: arena[0]], bytes(wrong), *call.after[arena[0] + 1 :])
    recorded[number] = replace(call, after=after)
    assert differing(rig, recorded) == [f"call {number}: conv"]


@needs_core
def test_a_write_behind_a_buffer_is_noticed(rig: Rig):
    assert rig.call("fill", [(0, 4), 7, 12], [bytes(16)]).buffers == (bytes(4) + b"\x07" * 12,)
    with pytest.raises(MachineError, match="fill writes outside buffer 0"):
        rig.call("fill", [(0, 4), 7, 13], [bytes(16)])


@needs_core
def test_an_access_without_memory_is_reported(rig: Rig):
    with pytest.raises(MachineError, match="raises an exception of the core"):
        rig.call("fill", [0x7FFFFFF0, 7, 1], [])
    assert rig.call("fill", [(0, 0), 7, 1], [b"\x00"]).buffers == (b"\x07",)


@needs_core
def test_counts_are_exact_and_repeat(rig: Rig):
    counts = [rig.call("fill", [(0, 0), 7, count], [bytes(64)]).instructions for count in range(65)]
    steps = {later - earlier for earlier, later in pairwise(counts)}
    assert len(steps) == 1 and steps.pop() > 1
    assert rig.call("fill", [(0, 0), 7, 64], [bytes(64)]).instructions == counts[64]


@needs_core
def test_counts_are_those_of_single_steps(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    machine, stepped = rig._machine, []
    monkeypatch.setattr(machine, "run_from", lambda address: stepped.append(machine.step_from(address, STOP)))
    buffers = [bytes(range(64)), bytes(64)]
    counted = [
        rig.call("fill", [(0, 0), 7, 0], buffers).instructions,
        rig.call("flip", [(0, 0), (1, 0), 33], buffers).instructions,
        rig.call("weight_sums", [(0, 0), (1, 0), 4, 9], buffers).instructions,
    ]
    around = {steps - count for steps, count in zip(stepped, counted, strict=True)}
    assert len(around) == 1  # what surrounds the call is always the same
    assert counted[2] > counted[1] > counted[0]


@needs_core
@pytest.mark.parametrize(("numerator", "denominator"), [(7, 2), (-7, 2), (7, -2), (-7, -2), (-8, 2), (0, -3)])
def test_the_division_service_floors(rig: Rig, numerator: int, denominator: int):
    assert rig.floor_divide(numerator, denominator) == numerator // denominator


@needs_core
def test_a_kernel_that_needs_more_than_the_rig_has_is_refused(tmp_path: Path):
    source = tmp_path / "greedy.py"
    source.write_text("import micropython\n@micropython.viper\ndef greedy():\n    print(1)\n")
    with Rig([source]) as rig, pytest.raises(MachineError, match="runtime service"):
        rig.call("greedy", [], [])


def test_a_clock_that_runs_by_itself_is_noticed():
    assert retired(128) == 100
    with pytest.raises(MachineError, match="does not follow"):
        retired(4)  # 3 instructions give 3, 4 give 5


def test_every_viper_function_is_found_by_name():
    module = mpy.compile_module(calls.source(kernels_moves))
    names = mpy.viper_functions(inspect.getsource(kernels_moves))
    assert list(module.kernels) == names and "copy" in names
    assert all(code for code in module.kernels.values())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no .mpy file"),
        (b"M\x06\x0b\x1f", "no .mpy file"),  # for another architecture
        (mpy.HEADER + b"\x1f\x02", "ends too early"),
        (mpy.HEADER + b"\x1f\x00\x00\x00", "0 native functions where the source has 1"),
    ],
)
def test_other_files_are_refused(data: bytes, message: str):
    with pytest.raises(mpy.MpyError, match=message):
        mpy.parse(data, ["conv"])


def test_a_source_that_does_not_compile_is_refused(tmp_path: Path):
    source = tmp_path / "broken.py"
    source.write_text("def broken(:\n")
    with pytest.raises(mpy.MpyError, match=r"refuses broken\.py"):
        mpy.compile_module(source)
