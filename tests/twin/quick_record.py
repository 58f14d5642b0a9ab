"""A calibration record of a twin without defects in a second: what its sensors give of a white card and of nothing,
worked out by what works out a real one, without a bench, a fixture and a judgement."""

from __future__ import annotations

import numpy as np
from dermis.core import calibration, vocabulary
from dermis_host.answers import Identity
from dermis_host.calibration import maths
from dermis_host.calibration.keys import DEVELOPMENT_KEY
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1
from dermis_hw.twin import synthetic
from dermis_hw.twin.sensor import ImagerSensor, swir_sums

TEMPERATURE_C = 25.0
PAIRS = 64


def quick_record(identity: Identity, created: str = "2026-01-01T00:00:00") -> bytes:
    """The file of a record for that module, under the development key."""
    module = ModuleInstance()
    frames = _frames(ImagerSensor(DM1, module))
    black = maths.black_code(frames["dark"])
    table = maths.balanced(maths.linear_table(module.gamma, black), frames["dark"], black)
    white, nothing = (_swir(module, field) for field in (synthetic.plane(), synthetic.nothing()))
    fields = {
        "serial": identity.serial,
        "created": created,
        "sensors": {"imager": identity.imager, "swir": identity.swir_head},
        "z_ref_um": round(DM1.z_ref_mm * 1000),
        "exposure_us": DM1.exposure_us,
        "temperature_cc": round(TEMPERATURE_C * 100),
        "linear": calibration.u16_bytes([int(value) for value in table]),
        "monitor": maths.monitor_levels([frames], table, DM1.monitor_columns),
        "flat": {
            band: calibration.u16_bytes(maths.flat_nodes([frames], band, table, DM1.monitor_columns).ravel().tolist())
            for band in vocabulary.NIR_BANDS
        },
        "reference": maths.dot_pattern([frames], table).tobytes(),
        "swir_white": [lit - dark for lit, dark in zip(white, nothing, strict=True)],
        "swir_dark": nothing,
        "baseline_um": round(DM1.baseline_mm * 1000),
        "z_offset_um": 0,
    }
    return calibration.encode(fields, DEVELOPMENT_KEY)


def _frames(sensor: ImagerSensor) -> dict[str, np.ndarray]:
    """One frame under each light before the white card at the reference distance."""
    rng = np.random.default_rng(1)
    burned = np.full(DM1.height, DM1.exposure_us, np.float32)
    return {
        light: sensor.expose(
            synthetic.plane(),
            {} if light == vocabulary.DARK else {light: burned},
            DM1.exposure_us,
            1.0,
            TEMPERATURE_C,
            rng,
        )
        for light in vocabulary.LIGHTS
    }


def _swir(module: ModuleInstance, field) -> list[int]:
    rng = np.random.default_rng(2)
    rows = [(*swir_sums(DM1, module, field, band, PAIRS, TEMPERATURE_C, rng), PAIRS) for band in vocabulary.SWIR_BANDS]
    return maths.swir_levels([rows])
