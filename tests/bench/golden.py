"""The shipped model's golden vectors, as the parts of the bench feed them."""

from __future__ import annotations

import numpy as np
from dermis_host.released import released_model


def golden_inputs() -> list[np.ndarray]:
    """The golden vectors' inputs in the model's order: each int8 (vectors, ...)."""
    from dermis.tflite import Model

    path = released_model()
    golden = np.load(path.with_suffix(".golden.npz"))
    by_size = {golden[name][0].size: golden[name] for name in ("maps", "spectra")}
    return [by_size[info.bytes] for info in Model(path.read_bytes()).inputs]
