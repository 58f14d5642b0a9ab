"""Board files: what the firmware must know of the hardware it runs on, as JSON.

Only composition roots read one (`dermis.main` on the device, the twin and the flasher on the host);
everything else takes values as arguments. Pins and what hangs on them stand in the TOML files beside this one
(`wiring` reads and checks them); optics and limits come from `dermis_hw.optics`.
"""

from __future__ import annotations

import json

from dermis_hw.boards.wiring import FORMAT, WIRED, wired
from dermis_hw.optics import DM1, Optics

# Name -> the hardware's revision as it is made now, by which an image knows whether it drives it.
REVISIONS = {"twin": 1, **{name: wired(name).revision for name in WIRED}}
BOARDS = tuple(REVISIONS)
FLASHED = ("twin", "esp32s3")  # a boot partition tells the first stage what the hardware is; the Coral has none


def board_file(name: str, optics: Optics = DM1) -> dict:
    """The board file of that name: optics and limits, and of a board with pins also

    - `link`, `pins` (name -> gpio; on the Coral [GPIO device, line]), `clocks` (Hz), `devices` (the Coral's);
    - `i2c` (name -> address), `expander` (name -> [bit, idle level of an output or active level of an input]),
      `light_select` and `swir_select` (what -> output of the decoder), `one_shots` and `wiegand` (us),
      `rmt_channels` (pin -> channel);
    - what the lights' driver must keep to: `longest_pulse_us`, and of any `duty_window_us` no more than
      `duty_limit_q8` / 256 (the limits that `dermis_hw.eye_safety` judges), `nominal_duty_u16` (PWM duty of level
      256), `swir_sample_us` (from a SWIR LED's pulse to its sample).

    Raises KeyError with the boards there are, BoardError for a TOML file that cannot be so.
    """
    _check(name, BOARDS)
    return {**_optics(name, optics), **(_wired(name, optics) if name in WIRED else {})}


def _wired(name: str, optics: Optics) -> dict:
    board = wired(name)
    return {
        "link": board.link,
        "pins": {pin.name: pin.place for pin in board.pins.values()},
        "clocks": board.clocks,
        "devices": board.devices,
        "i2c": {device.name: device.address for device in board.i2c.values()},
        "expander": {bit.name: [bit.bit, bit.level] for bit in board.expander.values()},
        "light_select": board.light_select,
        "swir_select": board.swir_select,
        "one_shots": board.one_shots,
        "wiegand": board.wiegand,
        "rmt_channels": board.rmt_channels,
        "nominal_duty_u16": board.nominal_duty_u16,
        "duty_limit_q8": int(optics.duty_limit * 256),
        "duty_window_us": optics.duty_window_us,
        "swir_sample_us": optics.swir_sample_us,
    }


def _optics(name: str, optics: Optics) -> dict:
    return {
        "format": FORMAT,
        "board": name,
        "focal_px_q8": round(optics.focal_px * 256),
        "centre_u_q8": round(optics.centre_u * 256),
        "centre_v_q8": round(optics.centre_v * 256),
        "baseline_um": round(optics.baseline_mm * 1000),
        "z_ref_mm": round(optics.z_ref_mm),
        "z_near_mm": round(optics.z_near_mm),
        "z_far_mm": round(optics.z_far_mm),
        "exposure_us": optics.exposure_us,
        "gain_q8": 256,
        "buffers": 2,
        "row_time_us": round(optics.row_time_us),
        "frame_period_us": optics.frame_period_us,
        # From a frame's end to its arrival. Linux stamps a frame as its last byte comes.
        "latency_us": [0 if name == "coral" else optics.latency_us[0], optics.latency_us[1]],
        "level_q8": {"850": 256, "970": 256, "1050": 256, "dots": 256},
        "longest_pulse_us": optics.longest_pulse_us,
        "monitor_columns": list(optics.monitor_columns),
        # Nominal levels of the monitor tab (linear counts of 65535), until a calibration has measured them.
        "monitor_nominal": {light: round(level * 65535) for light, level in optics.monitor_level.items()},
        "gamma_q8": round(optics.gamma * 256),
        "black_code": optics.black_code,
        "swir": True,
        "swir_pairs": 64,
        "swir_centre_um": [
            round(optics.swir_position_mm[0] * 1000),
            round(optics.swir_position_mm[1] * 1000),
        ],
        "swir_fwhm_urad": round(optics.swir_fwhm_mrad * 1000),
        "profile": "border",
    }


def board_json(name: str, optics: Optics = DM1) -> bytes:
    """The same as the bytes that the device reads."""
    return (json.dumps(board_file(name, optics), indent=1, sort_keys=True) + "\n").encode()


def hardware_json(name: str, revision: int | None = None) -> bytes:
    """What the flasher writes beside the first stage: which board this is and of which revision (default: today's),
    and, of a board with pins, `emitter_pins` (gpio -> dark level), which are driven before anything else.

    Raises KeyError with the boards that have a boot partition.
    """
    _check(name, FLASHED)
    stated: dict = {"board": name, "revision": REVISIONS[name] if revision is None else revision}
    if name in WIRED:
        stated["emitter_pins"] = wired(name).emitter_pins
    return (json.dumps(stated, sort_keys=True) + "\n").encode()


def _check(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise KeyError(f"there is no board {name!r}; there are: {', '.join(names)}")
