"""What can go wrong with a model; every message is one sentence (or two) that says what to do."""


class ModelError(Exception):
    """Something about a model or its inputs; the parent of the three below."""


class BadModel(ModelError):
    """The bytes are no .tflite file, are cut short, or contradict themselves."""


class UnsupportedOp(ModelError):
    """A sound model asks for something that is not implemented here: op, version and tensor are named."""


class BadInput(ModelError):
    """The buffers handed to `invoke` are not what the model takes."""
