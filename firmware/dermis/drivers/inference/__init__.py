"""Inference: what runs a .tflite file on this board.

Whichever it is keeps the contract of `dermis.tflite.Model`: made from the file's bytes, then `inputs`, `outputs`
(tuples of `TensorInfo`, in the graph's order), `invoke(buffers) -> arrays`, `profile()`, `macs`, `arena_bytes`, and
the errors of `dermis.tflite`. Beside that it has `backend`, which says in words what runs, so that a log can.
"""

from __future__ import annotations

from dermis.core.errors import BadInput

KEY = "inference"  # in the board file; without it the board's own choice holds
INTERPRETER, LITERT = "interpreter", "litert"
CHOICES = (INTERPRETER, LITERT)
CHOICE_OF_BOARD = {"coral": LITERT}  # every other board has no LiteRT


def choice_of(board):
    """What a board file's values ask for."""
    return board.get(KEY, CHOICE_OF_BOARD.get(board.get("board"), INTERPRETER))


def model_class(choice):
    """What makes a model out of a file's bytes. Raises BadInput for a choice that there is not."""
    if choice == INTERPRETER:
        from dermis.drivers.inference.interpreter import InterpretedModel

        return InterpretedModel
    if choice == LITERT:
        from dermis.drivers.inference.litert import LiteRtModel

        return LiteRtModel
    raise BadInput("`%s` cannot be %r; it may be: %s" % (KEY, choice, ", ".join(CHOICES)))
