"""What a user of the interpreter meets: descriptions, results, the profile, and refusals that say what to do."""

import packs
from dermis.tflite import BadInput, BadModel, Model, ModelError, UnsupportedOp, graph

# What must stand in the message; the models are refused_models.py's.
REFUSALS = {
    "operator_unknown": (UnsupportedOp, ("HARD_SWISH version 7", "'wanted'", "README.md")),
    "operator_custom": (UnsupportedOp, ("CUSTOM", "'wanted'", "replace")),
    "float_tensors": (UnsupportedOp, ("RELU version 1", "'given'", "float32", "full int8")),
    "int16_activations": (UnsupportedOp, ("FULLY_CONNECTED version 11", "'given'", "int16", "full int8")),
    "unquantised": (UnsupportedOp, ("RELU", "'given'", "quantise")),
    "grouped_convolution": (UnsupportedOp, ("CONV_2D version 5", "group")),
    "computed_weights": (UnsupportedOp, ("'weights'", "constants")),
    "fused_tanh": (UnsupportedOp, ("activation 4", "layer of its own")),
    "logistic_other_scale": (UnsupportedOp, ("LOGISTIC", "1/256")),
    "bad_shape": (BadModel, ("RELU", "(1, 5)", "(1, 4)")),
    "bad_stride": (BadModel, ("CONV_2D", "at least 1")),
    "bad_batch": (BadModel, ("'given'", "batch of 1")),
    "bad_scales": (BadModel, ("2**30",)),
    "bad_scale_sign": (BadModel, ("'given'", "no positive number")),
    "bad_zero_point": (BadModel, ("'given'", "200")),
    "bad_order": (BadModel, ("'never'", "before it is computed")),
    "bad_double_output": (BadModel, ("'wanted'", "twice")),
    "bad_weights_length": (BadModel, ("'weights'", "7", "8")),
    "bad_weights_longer": (BadModel, ("'weights'", "9", "8")),
    "bad_axis": (BadModel, ("MEAN", "axis 2")),
    "bad_arena": (BadModel, ("8388608", "limit")),
    "bad_work": (BadModel, ("1000000000000 steps", "limit of 268435456")),
    "bad_results": (BadModel, ("outputs take 6553600 bytes", "limit of 4194304")),
    "bad_places": (BadModel, ("300 inputs of an operator", "at most 256")),
    "bad_parameters": (BadModel, ("MEAN", "20 parameters")),
    "bad_name": (BadModel, ("RELU", "...'", "(5,)")),
    "tanh_other_scale": (UnsupportedOp, ("TANH", "1/128")),
    "leaky_no_number": (BadModel, ("LEAKY_RELU", "alpha")),
    "quantise_scale_of_no_number": (BadModel, ("'wanted'", "no positive number")),
    "padding_scale": (UnsupportedOp, ("PADV2", "'value'", "share scale")),
    "transposed_scales": (UnsupportedOp, ("TRANSPOSE", "share scale")),
    "joined_scales": (UnsupportedOp, ("CONCATENATION", "'other'", "share scale")),
    "bad_order_of_axes": (BadModel, ("TRANSPOSE", "(1, 1)")),
    "five_axes_moved": (UnsupportedOp, ("TRANSPOSE", "5 axes", "reshape")),
    "bad_slice_stride": (BadModel, ("STRIDED_SLICE", "stride is 0")),
    "bad_slice_empty": (BadModel, ("STRIDED_SLICE", "nothing of axis 0")),
    "bad_slice_index": (BadModel, ("STRIDED_SLICE", "nothing of axis 0")),
    "bad_slice_index_backward": (BadModel, ("STRIDED_SLICE", "negative stride")),
    "bad_slice_axes": (BadModel, ("STRIDED_SLICE", "2 axes")),
    "slice_new_axis": (UnsupportedOp, ("STRIDED_SLICE", "new axes")),
    "bad_split": (BadModel, ("SPLIT", "cannot be split into 2")),
    "bad_split_axis": (BadModel, ("SPLIT", "axis that exists")),
    "bad_split_number": (BadModel, ("SPLIT", "split into 2")),
}
LONGEST_SENTENCE = 400  # whatever stands in the file


def raised(action, *arguments):
    """The ModelError that a call raises, None where it raises none."""
    try:
        action(*arguments)
    except ModelError as error:
        return error
    return None


def two_inputs():
    [(_, file, vectors, count)] = packs.read("two_inputs")
    return file, vectors, count


def test_refusals_name_what_is_wrong_and_what_helps():
    entries = packs.read("refused")
    assert sorted([entry[0] for entry in entries]) == sorted(REFUSALS)
    for name, file, _, _ in entries:
        kind, words = REFUSALS[name]
        error = raised(Model, file)
        assert error is not None and type(error) is kind, name
        for word in words:
            assert word in str(error), (name, word, str(error))
        assert len(str(error)) < LONGEST_SENTENCE, name


def test_inputs_are_described_and_take_integers_as_they_are():
    file, _, _ = two_inputs()
    maps, spectra = Model(file).inputs
    assert "maps" in maps.name and "spectra" in spectra.name
    assert maps.shape == (1, 28, 24, 5) and spectra.shape == (1, 10)
    for info in (maps, spectra):  # representative data from -128 to 127: see make_models.whole_range
        assert (info.type, info.scale, info.zero_point) == ("int8", 1.0, 0)
    assert maps.bytes == 28 * 24 * 5


def test_the_output_is_a_probability():
    file, _, _ = two_inputs()
    [out] = Model(file).outputs
    assert (out.shape, out.type, out.scale, out.zero_point) == ((1, 1), "int8", 1 / 256, -128)


def test_results_are_signed_and_belong_to_the_model():
    file, vectors, count = two_inputs()
    model = Model(file)
    width = len(vectors) // count
    maps, spectra = [info.bytes for info in model.inputs]
    first = model.invoke([vectors[:maps], vectors[maps : maps + spectra]])
    expected = vectors[width - 1]
    assert first[0][0] == (expected - 256 if expected > 127 else expected)
    second = model.invoke([vectors[width : width + maps], vectors[width + maps : width + maps + spectra]])
    assert first[0] is second[0]
    assert first[0][0] & 255 == vectors[2 * width - 1]


def test_the_model_may_be_any_buffer_and_is_not_changed():
    file, vectors, count = two_inputs()
    for buffer in (file, bytearray(file), memoryview(file)):
        assert packs.check(Model(buffer), vectors, count) == 0
        assert bytes(buffer) == file
    inside = memoryview(b"....." + file + b"....")
    assert packs.check(Model(inside[5 : 5 + len(file)]), vectors, count) == 0


def test_inputs_may_be_any_buffer():
    from array import array

    file, vectors, _ = two_inputs()
    model = Model(file)
    maps, spectra = vectors[: 28 * 24 * 5], vectors[28 * 24 * 5 : 28 * 24 * 5 + 10]
    results = set()
    for kind in (bytes, bytearray, memoryview, lambda data: array("b", data), lambda data: array("B", data)):
        results.add(bytes(model.invoke([kind(maps), kind(spectra)])[0]))
    assert len(results) == 1


def test_wrong_inputs_are_refused():
    file, _, _ = two_inputs()
    model = Model(file)
    maps, spectra = bytes(28 * 24 * 5), bytes(10)
    for inputs, word in (
        ([], "takes 2 inputs, not 0"),
        ([maps], "not 1"),
        ([maps, spectra, spectra], "not 3"),
        ([spectra, maps], "takes 3360 bytes, not 10"),
        ([maps, spectra[:9]], "takes 10 bytes, not 9"),
        ([maps + b"\x00", spectra], "not 3361"),
    ):
        error = raised(model.invoke, inputs)
        assert isinstance(error, BadInput) and word in str(error), inputs
    assert raised(model.invoke, [maps, spectra]) is None


def test_what_is_no_buffer_of_octets_is_refused():
    from array import array

    file, _, _ = two_inputs()
    model = Model(file)
    maps, spectra = bytes(28 * 24 * 5), bytes(10)
    wide = array("h", [0] * 10)
    for given, words in (
        ([0] * 10, "no buffer"),
        (10, "no buffer"),
        (None, "no buffer"),
        ("0123456789", "no buffer"),
        (wide, "takes 10 bytes, not 20"),
        (memoryview(wide), "takes 10 bytes, not 20"),
    ):
        error = raised(model.invoke, [maps, given])
        assert isinstance(error, BadInput) and "Input 1" in str(error) and words in str(error), (given, error)
    same = array("h", [0] * 5)
    assert bytes(model.invoke([maps, same])[0]) == bytes(model.invoke([maps, spectra])[0])


def test_profile():
    file, _, _ = two_inputs()
    model = Model(file)
    assert [entry["us"] for entry in model.profile()] == [0] * len(model.profile())
    model.invoke([bytes(info.bytes) for info in model.inputs])
    profile = model.profile()
    assert profile[0]["op"] == "CONV_2D" and profile[0]["macs"] == 14 * 12 * 6 * 3 * 3 * 5
    assert profile[-1]["op"] == "LOGISTIC"
    assert sum([entry["macs"] for entry in profile]) == model.macs
    assert sum([entry["us"] for entry in profile]) > 0


def test_the_arena_is_shared_by_tensors_and_bounded():
    file, _, _ = two_inputs()
    model = Model(file)
    every = sum([packs_bytes(entry["shape"]) for entry in model.profile()]) + sum([info.bytes for info in model.inputs])
    assert model.arena_bytes < every
    assert raised(Model, file, model.arena_bytes) is None
    error = raised(Model, file, model.arena_bytes - 1)
    assert isinstance(error, BadModel) and str(model.arena_bytes) in str(error)


def test_limits_are_exact():
    file, _, _ = two_inputs()
    work = Model(file).work
    assert work >= Model(file).macs and Model(file, work_limit=work).work == work
    error = raised(lambda: Model(file, work_limit=work - 1))
    assert isinstance(error, BadModel) and f"takes {work} steps" in str(error)
    channels = 6 + 6 + 8 + 8 + 8 + 1
    for name, enough, words in (
        ("MOST_CHANNELS", channels, f"more than {channels - 1} channels"),
        ("MOST_PLACES", 3, "inputs of an operator where at most 2"),
        ("MOST_SHARING", 1, "bytes of constants in a file"),
    ):
        kept = getattr(graph, name)
        try:
            setattr(graph, name, enough)
            assert raised(Model, file) is None, name
            setattr(graph, name, enough - 1)
            error = raised(Model, file)
            assert isinstance(error, BadModel) and words in str(error), (name, error)
        finally:
            setattr(graph, name, kept)


def test_too_little_memory_is_a_named_error():
    from dermis.tflite import plan

    def none(size):
        raise MemoryError()

    file, _, _ = two_inputs()
    kept, plan.new_arena = plan.new_arena, none
    try:
        assert "larger heap" in str(raised(Model, file))
    finally:
        plan.new_arena = kept


def packs_bytes(shape):
    size = 1
    for count in shape:
        size *= count
    return size


def test_what_is_not_a_model():
    for data in (b"", b"TFL3", bytes(100), b"\x1c\x00\x00\x00TFL4" + bytes(100)):
        error = raised(Model, data)
        assert isinstance(error, BadModel) and "not a .tflite" in str(error)
    error = raised(Model, b"\x1c\x00\x00\x00TFL3")
    assert isinstance(error, BadModel) and "cut short" in str(error)
