"""DM1 before a recorded scene: what the twin's optics gave its imager and its photodiode, to the chip's.

A frame is put together row by row from the recorded ones, by how long which light burned in the row's exposure, in the
linear scale of the recording's own calibration.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from dermis.core import calibration, cbor, vocabulary
from dermis_host.recording import Recording

from tests.fakes.esp32s3.imager import HEIGHT, Imager
from tests.fakes.esp32s3.module import Dm1

AUTOMATIC = ("exposure_ctrl", "gain_ctrl", "whitebal", "awb_gain", "lenc")


class RecordedImager(Imager):
    """saturated: every pixel at its highest code."""

    saturated = False

    def show(self, recording: Recording) -> None:
        """From now on the imager sees that."""
        self._linear_of = np.asarray(calibration.decode(recording.calibration).linear, np.float64)
        self._recorded_us = recording.meta["exposure_us"]
        self._fields = {name: self._linear_of[pixels] for name, pixels in recording.frames.items()}

    def pixels(self, begun_us: int) -> bytes:
        if self.frozen and self._last is not None:
            return self._last[: len(self._last) - self.short_bytes]
        exposure_us = self.exposure_us()
        starts = begun_us + np.arange(HEIGHT) * self._board["row_time_us"]
        dark = self._fields[vocabulary.DARK]
        linear = dark * (exposure_us / self._recorded_us)
        for burn in self._bank.burns:
            off_us = self._chip.now_us if burn.off_us is None else burn.off_us
            if off_us <= starts[0] or burn.on_us >= starts[-1] + exposure_us or burn.light in self._bank.dead:
                continue
            lit = np.minimum(starts + exposure_us, off_us) - np.maximum(starts, burn.on_us)
            share = np.maximum(lit, 0) * (burn.level / self._recorded_us)
            linear = linear + (self._fields[burn.light] - dark) * share[:, None]
        # The recording's curve is a gamma's, as the board file has it.
        if any(self.settings[name] for name in AUTOMATIC) or not self.settings["raw_gma"]:
            linear *= self._rng.uniform(0.5, 1.6)  # it hunts
        scale, codes = np.unique(self._linear_of, return_index=True)
        exact = np.interp(np.clip(linear, 0, None), scale, codes) + self._rng.uniform(0, 1, linear.shape)
        if self.saturated:
            exact[:] = 255
        whole = self._last = np.clip(exact, 0, 255).astype(np.uint8).tobytes()
        return whole[: len(whole) - self.short_bytes]


class RecordedDm1(Dm1):
    """A module whose scene is a recording."""

    imager: RecordedImager

    def __init__(self, board: dict[str, Any], recording: Recording, seed: int = 1):
        super().__init__(board, seed)
        self.imager = RecordedImager(self.chip, board, self.lights)
        self.chip.imager = self.imager
        self.show(recording)

    def show(self, recording: Recording) -> None:
        self.imager.show(recording)
        self.thermometer.celsius = recording.meta["temperature_cc"] / 100
        sums = dict(zip(vocabulary.SWIR_BANDS, recording.meta["swir"], strict=True))
        self.swir_dark = float(np.mean([off / pairs for _, off, pairs in sums.values()]))
        self.swir_levels = {str(band): (on - off) / pairs for band, (on, off, pairs) in sums.items()}


def record_for(recording: Recording, serial: str, imager: str, swir: str) -> bytes:
    """The recording's calibration as it would be of this module, under the key that everybody has."""
    from dermis_host.calibration.keys import DEVELOPMENT_KEY  # with it comes the host's client, which no scene needs

    fields: Any = cbor.loads(bytes(recording.calibration[calibration.HEADER_BYTES :]))
    changed = dict(fields) | {"serial": serial, "sensors": {"imager": imager, "swir": swir}}
    return calibration.encode({name: value for name, value in changed.items() if name != "format"}, DEVELOPMENT_KEY)
