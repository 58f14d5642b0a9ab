"""Trains the spoof model on feature shards and releases it: `python -m dermis_models.train`.

Writes `spoof.tflite`, `spoof.json` (what the device reads: thresholds by profile, versions), `spoof.md` (the
card) and golden vectors into the release folder. Needs the extra `[train]`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from dermis.core import feature_tensor

from dermis_models import card, dataset, metrics

GOLDEN = 64
# A threshold lies in the gap between the classes on development data: the stricter the profile, the nearer to the
# bona fide end. A fixed BPCER would put it at the very edge of them, where a slightly different module stumbles.
GAP_TAIL = 0.005
GAP_PLACE = {"border": 0.75, "payment": 0.6, "turnstile": 0.5, "attendance": 0.5, "handset": 0.6}
LOWEST_THRESHOLD = 0.5  # whatever the data say: what is more likely an attack than not does not pass


def augment(rng: np.random.Generator, maps: np.ndarray, spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A face mirrored left to right is a face; small noise stands for what no generator draws."""
    flip = rng.random(len(maps)) < 0.5
    maps = maps.copy()
    maps[flip] = maps[flip][:, :, ::-1]
    inside = maps[..., 4:5] != 0
    maps = maps + rng.normal(0, 2.0, maps.shape) * inside
    return maps, spectra + rng.normal(0, 1.5, spectra.shape)


def weights_of(data: dict[str, np.ndarray]) -> np.ndarray:
    """Bona fide and attack presentations weigh alike, and so do the PAI species among the attacks."""
    weights = np.zeros(len(data["label"]), np.float32)
    bona_fide = data["label"] == 1
    weights[bona_fide] = 0.5 / max(bona_fide.sum(), 1)
    species = [name for name in np.unique(data["species"]) if name != "bona_fide"]
    for name in species:
        rows = data["species"] == name
        weights[rows] = 0.5 / len(species) / rows.sum()
    return weights * len(weights)


def fit(training: dict[str, np.ndarray], epochs: int, seed: int):
    """A trained Keras model on the training split."""
    import keras

    from dermis_models import network

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = network.build()
    steps = max(1, len(training["label"]) // 64)
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, steps * epochs)
    model.compile(keras.optimizers.Adam(schedule), keras.losses.BinaryCrossentropy(label_smoothing=0.02))
    weights = weights_of(training)
    for epoch in range(epochs):
        maps, spectra = augment(rng, training["maps"].astype(np.float32), training["spectra"].astype(np.float32))
        history = model.fit(
            [maps * network.INPUT_SCALE, spectra * network.INPUT_SCALE],
            training["label"].astype(np.float32),
            sample_weight=weights,
            batch_size=64,
            verbose=0,  # type: ignore[arg-type]
        )
        print(f"epoch {epoch + 1:3d}/{epochs}  loss {history.history['loss'][-1]:.4f}", flush=True)
    return model


def float_scores(model, data: dict[str, np.ndarray]) -> np.ndarray:
    """P(bona fide) of the float model, (n,)."""
    from dermis_models import network

    inputs = [data[name].astype(np.float32) * network.INPUT_SCALE for name in ("maps", "spectra")]
    return model.predict(inputs, batch_size=256, verbose=0)[:, 0]


def int8_scores(tflite: bytes, data: dict[str, np.ndarray]) -> np.ndarray:
    """P(bona fide) of the exported model, (n,), by TensorFlow's reference kernels."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(
        model_content=tflite, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    inputs = {tuple(entry["shape"][1:]): entry["index"] for entry in interpreter.get_input_details()}
    for entry in interpreter.get_input_details():
        if entry["quantization"] != (1.0, 0):
            raise SystemExit(f"{entry['name']} has scale and zero point {entry['quantization']}, not 1 and 0")
    output = interpreter.get_output_details()[0]["index"]
    scores = np.empty(len(data["label"]), np.float32)
    for index in range(len(scores)):
        interpreter.set_tensor(inputs[data["maps"].shape[1:]], data["maps"][index : index + 1])
        interpreter.set_tensor(inputs[data["spectra"].shape[1:]], data["spectra"][index : index + 1])
        interpreter.invoke()
        scores[index] = (int(interpreter.get_tensor(output)[0, 0]) + 128) / 256
    return scores


def golden_rows(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """GOLDEN rows at most: one of each score first, because most scores lie at the two ends; then any."""
    _, first = np.unique(scores, return_index=True)
    rest = rng.permutation(np.setdiff1d(np.arange(len(scores)), first))
    return np.concatenate([rng.permutation(first), rest])[:GOLDEN]


def golden_outputs(tflite: bytes, data: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
    """int8 (n,): the outputs of tflite-micro, the interpreter that ours must equal byte for byte."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(tflite)
    outputs = np.empty(len(rows), np.int8)
    for index, row in enumerate(rows):
        for position in (0, 1):
            shape = tuple(interpreter.get_input_details(position)["shape"])
            name = "maps" if shape[1:] == data["maps"].shape[1:] else "spectra"
            interpreter.set_input(data[name][row : row + 1], position)
        interpreter.invoke()
        outputs[index] = interpreter.get_output(0)[0, 0]
    return outputs


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Trains the spoof model and releases it.")
    parser.add_argument("--shards", type=Path, default=Path("build/train"))
    parser.add_argument("--release", type=Path, default=Path("models/released"))
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    try:
        data = dataset.load(options.shards)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1

    from dermis_models import network

    training, development = dataset.split(data)
    model = fit(training, options.epochs, options.seed)
    rng = np.random.default_rng(options.seed)
    sample = rng.choice(len(training["label"]), min(400, len(training["label"])), replace=False)
    tflite = network.export_int8(model, training["maps"][sample], training["spectra"][sample])

    scores = {"float": float_scores(model, development), "int8": int8_scores(tflite, development)}
    bona_fide = development["label"] == 1
    classes = scores["int8"][bona_fide], scores["int8"][~bona_fide]
    thresholds = {
        profile: max(LOWEST_THRESHOLD, metrics.threshold_between(*classes, GAP_TAIL, place))
        for profile, place in GAP_PLACE.items()
    }
    digest = hashlib.sha256(tflite).hexdigest()
    description = {
        "name": "spoof-1",
        "feature_tensor": feature_tensor.VERSION,
        "sha256": digest,
        "macs": network.macs(network.build(batch=1)),
        "bytes": len(tflite),
        "threshold": {profile: int(value * 10000) for profile, value in thresholds.items()},
        "simulated": True,
    }
    options.release.mkdir(parents=True, exist_ok=True)
    (options.release / "spoof.tflite").write_bytes(tflite)
    (options.release / "spoof.json").write_text(json.dumps(description, indent=1) + "\n")
    rows = golden_rows(scores["int8"], rng)
    np.savez_compressed(
        options.release / "spoof.golden.npz",
        maps=development["maps"][rows],
        spectra=development["spectra"][rows],
        output=golden_outputs(tflite, development, rows),
    )
    text = card.render(description, training, development, scores, thresholds, dataset.non_response(options.shards))
    (options.release / "spoof.md").write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
