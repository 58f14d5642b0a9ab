"""An OV2640 before a grey scene: free-running, rolling, exposed by whatever burns in each row's time.

Ref: espressif/esp32-camera, sensors/ov2640.c: what of it starts automatic (exposure, gain, white balance, gamma, lens
and pixel correction), lines of exposure, gain in whole steps. Levels are those of DM1's monitor tab.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.fakes.esp32s3.chip import Chip
from tests.fakes.esp32s3.lights import Bank

WIDTH, HEIGHT, SENSOR_LINES, FULL_SCALE = 320, 240, 296, 65535
CURVE = 2.2  # of the sensor's gamma where that is on: as the board file has it, and not measured
# As `esp_camera_init` leaves them.
AUTOMATIC = {
    "exposure_ctrl": True,
    "aec2": False,
    "gain_ctrl": True,
    "whitebal": True,
    "awb_gain": True,
    "raw_gma": True,
    "lenc": True,
    "bpc": False,
    "wpc": True,
    "colorbar": False,
    "special_effect": 0,
    "brightness": 0,
    "contrast": 0,
    "saturation": 0,
    "agc_gain": 0,
    "aec_value": 168,
    "dcw": True,
    "hmirror": False,
    "vflip": False,
}


class Imager:
    """absent, silent, frozen: as the words say. short_bytes: so many are missing at a frame's end. lost: numbers of
    frames that never come. ambient: linear level of the tab in the dark. brightness: of the scene, in codes."""

    name = "OV2640"

    def __init__(self, chip: Chip, board: dict[str, Any], bank: Bank):
        self._chip, self._board, self._bank = chip, board, bank
        self.absent = self.silent = self.frozen = False
        self.short_bytes = 0
        self.lost: set[int] = set()
        self.ambient = 600
        self._brightness = [(0, 40)]  # (since when, codes)
        self.refused: set[str] = set()  # settings that do not stay
        self.settings: dict[str, Any] = {}
        self.frames = 0  # exposed since the power came
        self._rng = np.random.default_rng(chip.seed)
        self._last: bytes | None = None

    def reset(self) -> None:
        self.settings = dict(AUTOMATIC)

    @property
    def brightness(self) -> int:
        return self._brightness[-1][1]

    @brightness.setter
    def brightness(self, codes: int) -> None:
        self._brightness.append((self._chip.now_us, codes))

    @property
    def period_us(self) -> int:
        return self._board["frame_period_us"]

    def exposure_us(self) -> int:
        return self.settings["aec_value"] * self._board["row_time_us"] * HEIGHT // SENSOR_LINES

    def latency_us(self) -> int:
        """From the last row's end until the frame can be taken."""
        low, high = self._board["latency_us"]
        return int(self._rng.integers(low, (low + high) // 2))

    def pixels(self, begun_us: int) -> bytes:
        """The frame whose exposure began then."""
        if self.frozen and self._last is not None:
            return self._last[: len(self._last) - self.short_bytes]
        board, settings, rng = self._board, self.settings, self._rng
        exposure_us = self.exposure_us()
        brightness = [codes for since_us, codes in self._brightness if since_us <= max(0, begun_us)][-1]
        starts = begun_us + np.arange(HEIGHT) * board["row_time_us"]
        light = np.full(HEIGHT, self.ambient * exposure_us / board["exposure_us"])
        for burn in self._bank.burns:
            off_us = self._chip.now_us if burn.off_us is None else burn.off_us
            if off_us <= starts[0] or burn.on_us >= starts[-1] + exposure_us or burn.light in self._bank.dead:
                continue
            lit = np.minimum(starts + exposure_us, off_us) - np.maximum(starts, burn.on_us)
            light += np.maximum(lit, 0) * (burn.level * board["monitor_nominal"][burn.light] / board["exposure_us"])
        scene = np.full(HEIGHT, brightness / 255 * FULL_SCALE / 8 * exposure_us / board["exposure_us"])
        factor = np.full(HEIGHT, settings["agc_gain"] + 1.0)
        if settings["exposure_ctrl"] or settings["gain_ctrl"] or settings["aec2"] or settings["whitebal"]:
            factor *= rng.uniform(0.5, 1.6)  # it hunts
        if settings["lenc"] or settings["awb_gain"]:
            factor *= np.linspace(0.85, 1.15, HEIGHT)
        light, scene = light * factor, scene * factor
        first, last = board["monitor_columns"]
        tab = light[:, None] * (1 + 0.004 * rng.standard_normal((HEIGHT, last - first)))
        row = light / 8 + scene  # the scene is even along a row, so that its noise is, too
        codes = np.empty((HEIGHT, WIDTH), np.uint8)
        codes[:] = self._codes(row)[:, None]
        codes[:, first:last] = self._codes(tab)
        frame = self._last = codes.tobytes()
        return frame[: len(frame) - self.short_bytes]

    def _codes(self, linear: np.ndarray) -> np.ndarray:
        """Linear counts to codes, rounded up or down by chance."""
        gamma = CURVE if self.settings["raw_gma"] else 1.0
        black = self._board["black_code"]
        part = np.clip(linear / FULL_SCALE, 0, 1) ** (1 / gamma)
        exact = part * (255 - black) + black + self._rng.uniform(0, 1, linear.shape)
        return np.clip(exact, 0, 255).astype(np.uint8)
