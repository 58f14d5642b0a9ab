"""Fixtures for the host's tests."""

from __future__ import annotations

import pytest
from dermis.core import vocabulary
from dermis_host.recording import SHAPE, Recording
from dermis_hw.boards import board_file
from fake_module import META, frame


@pytest.fixture
def recording() -> Recording:
    """A whole recording with recognisable pixels."""
    import numpy as np

    frames = {name: np.frombuffer(frame(name), np.uint8).reshape(SHAPE) for name in vocabulary.FRAMES}
    return Recording(dict(META), frames, b"DRMCAL1\nnot a record", board_file("twin"), {"kind": "attack"})
