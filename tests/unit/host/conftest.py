"""Fixtures for the host's tests."""

from __future__ import annotations

import numpy as np
import pytest
import serial.urlhandler.protocol_socket
from dermis.core import vocabulary
from dermis_host.recording import SHAPE, Recording
from dermis_hw.boards import board_file
from fake_module import META, frame
from rig_evaluations import go, hurried  # noqa: F401 - fixtures


class _Hurried:
    """pyserial sleeps 0.3 s after closing a socket, for servers that are slow to notice; ours is not."""

    @staticmethod
    def sleep(_: float) -> None:
        return


@pytest.fixture(autouse=True)
def close_at_once(monkeypatch):
    monkeypatch.setattr(serial.urlhandler.protocol_socket, "time", _Hurried)


@pytest.fixture
def recording() -> Recording:
    """A whole recording with recognisable pixels."""
    frames = {name: np.frombuffer(frame(name), np.uint8).reshape(SHAPE) for name in vocabulary.FRAMES}
    return Recording(dict(META), frames, b"DRMCAL1\nnot a record", board_file("twin"), {"kind": "attack"})
