from __future__ import annotations

import numpy as np
import pytest
from dermis_host.inference import infer
from dermis_host.released import released_model

from tests.coral import tensors


@pytest.fixture(scope="session")
def thousand() -> tuple[list[np.ndarray], np.ndarray]:
    """(the shipped model's inputs, each int8 (1000, ...); our interpreter's outputs, (1000,))."""
    arrays, _ = tensors.thousand()
    return arrays, infer(released_model(), arrays).outputs[0].ravel().astype(int)
