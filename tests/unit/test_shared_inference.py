"""What runs the model is the board's choice; on every board without LiteRT it is our own interpreter."""

from dermis import tflite
from dermis.core.errors import BadInput
from dermis.drivers import inference


def test_the_board_chooses_and_its_file_may_choose_otherwise():
    for board, choice in (
        ({"board": "twin"}, "interpreter"),
        ({"board": "esp32s3"}, "interpreter"),
        ({"board": "coral"}, "litert"),
        ({"board": "coral", "inference": "interpreter"}, "interpreter"),
        ({"board": "twin", "inference": "litert"}, "litert"),
    ):
        assert inference.choice_of(board) == choice, board


def test_our_own_interpreter_says_that_it_runs():
    own = inference.model_class("interpreter")
    assert issubclass(own, tflite.Model) and own.backend == "dermis.tflite"


def test_a_choice_that_there_is_not():
    for choice in ("tensorflow", "", None, 1):
        try:
            inference.model_class(choice)
        except BadInput as error:
            assert "interpreter, litert" in str(error)
        else:
            raise AssertionError(choice)
