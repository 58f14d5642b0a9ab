"""From a burst to evidence, findings and the model's inputs. Owns every buffer that this needs."""

from __future__ import annotations

from dermis.core import feature_tensor


class Analysis:
    """What one burst shows. One object an `Analyser`, filled anew by each call: take what you keep.

    evidence: str -> int, str, bool or list of int: docs/formats/evidence.md.
    findings: list of (ATTACK or NO_DECISION, reason), the weightiest first; empty when every gate passed.
    maps, spectra: the model's inputs, int8 as two's complement (core/feature_tensor.py).
    usable: the maps and spectra hold a face that the model should be asked about.
    """

    def __init__(self):
        self.evidence = {}
        self.findings = []
        self.maps = bytearray(feature_tensor.ROWS * feature_tensor.COLUMNS * feature_tensor.CHANNELS)
        self.spectra = bytearray(feature_tensor.SPECTRA)
        self.usable = False


class Analyser:
    """board: the board file as a dict (`hw/dermis_hw/boards`)."""

    def __init__(self, board: dict):
        self.board = board
        self.result = Analysis()

    def analyse(self, burst, calibration) -> Analysis:
        """Evidence, findings and features of `burst` (core.burst.Burst) under `calibration`.

        Bad bursts do not raise: what is missing or out of range becomes a finding with a reason.
        """
        raise NotImplementedError
