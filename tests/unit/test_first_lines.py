"""What a board runs first turns Ctrl-C off before anything else: until then it would leave MicroPython's prompt."""

from __future__ import annotations

import builtins
import types
from pathlib import Path

import pytest
from test_under_micropython import FIRMWARE

STAGE = Path(FIRMWARE) / "dermis" / "first_stage"


class FirstImport(Exception):
    """Something else than `micropython` was imported."""


@pytest.mark.parametrize("name", ["boot.py", "main.py"])
def test_ctrl_c_is_off_before_anything_is_imported(name):
    keys: list[int] = []
    runtime = types.SimpleNamespace(kbd_intr=keys.append)

    def only_micropython(wanted, *_args, **_kwargs):
        if wanted == "micropython":
            return runtime
        raise FirstImport(wanted)

    code = compile((STAGE / name).read_text(), name, "exec")
    own = {**vars(builtins), "__import__": only_micropython}
    with pytest.raises(FirstImport):
        exec(code, {"__name__": "__main__", "__builtins__": own})
    assert keys == [-1], "the first lines must turn Ctrl-C off: micropython.kbd_intr(-1)"
