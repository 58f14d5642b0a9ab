"""Board files: what the firmware must know of the hardware it runs on, as JSON.

Only composition roots read one (`dermis.main` on the device, the twin and the flasher on the host);
everything else takes values as arguments.
"""

from __future__ import annotations

import json

from dermis_hw.optics import DM1, Optics

FORMAT = 1
# Name -> the hardware's revision as it is made now, by which an image knows whether it drives it. The ESP32-S3's pins
# come with its drivers.
REVISIONS = {"twin": 1, "esp32s3": 1}
BOARDS = tuple(REVISIONS)


def board_file(name: str, optics: Optics = DM1) -> dict:
    """The board file of that name.

    Raises KeyError with the boards there are.
    """
    if name not in BOARDS:
        raise KeyError(f"there is no board {name!r}; there are: {', '.join(BOARDS)}")
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
        "latency_us": list(optics.latency_us),
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
    """What the flasher writes beside the first stage: which board this is and of which revision (default: today's).

    Raises KeyError with the boards there are.
    """
    if name not in BOARDS:
        raise KeyError(f"there is no board {name!r}; there are: {', '.join(BOARDS)}")
    stated = {"board": name, "revision": REVISIONS[name] if revision is None else revision}
    return (json.dumps(stated, sort_keys=True) + "\n").encode()
