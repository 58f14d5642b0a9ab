"""Trains the float model, epoch by epoch, so that a kill costs one epoch. Needs the extra `[train]`."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras  # pyright: ignore[reportMissingImports] - of the extra [train], which lint has not
import numpy as np

from dermis_models import made_of, network
from dermis_models.balance import Balance
from dermis_models.dataset import Data

BATCH = 64
LEARNING_RATE = 2e-3
LABEL_SMOOTHING = 0.02
# What no generator draws, in the features' own units (`dermis.core.feature_tensor`). Of each cell and number:
MAP_NOISE, SPECTRA_NOISE = 2.0, 0.5
# Of a whole presentation, as a module that strays shifts a channel everywhere; without it the model learns where the
# drawn modules lie. Each channel and number in proportion, and how much of that: chosen among 0, .6 and 1 by one run
# each on development data (docs/decisions/0017).
MAP_SHIFTS = 1.5, 2.5, 2.5, 1.5, 0.0
SPECTRA_SHIFTS = 0.6, 0.6, 0.8, 0.8, 0.6, 1.0, 5.0, 0.6, 2.0, 2.0
SHIFTED = 0.6
JUDGED = 150  # rows of a group whose loss says how often the group is seen next
STATE = "state.json"
MODEL = "model.keras"


@dataclass(frozen=True)
class Schedule:
    """epochs: in each as many rows as there are, drawn with replacement by their groups' shares. seed: of weights, of
    noise and of what is drawn."""

    epochs: int
    seed: int

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"{self.epochs} epochs train nothing: give --epochs 1 or more")


def augment(rng: np.random.Generator, maps: np.ndarray, spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(maps, spectra) of rows, float32 of the same shapes: mirrored left to right by chance (a face mirrored is a
    face), noisy and shifted. maps: int8 (n, 28, 24, 5); spectra: int8 (n, 10); in the features' own units."""
    flip = rng.random(len(maps)) < 0.5
    maps = maps.astype(np.float32)
    maps[flip] = maps[flip][:, :, ::-1]
    inside = maps[..., 4:5] != 0
    maps += rng.normal(0, MAP_NOISE, maps.shape).astype(np.float32) * inside
    spectra = spectra + rng.normal(0, SPECTRA_NOISE, spectra.shape).astype(np.float32)
    shifts = rng.normal(0, 1, (len(maps), 1, 1, maps.shape[-1])).astype(np.float32)
    maps += shifts * (np.array(MAP_SHIFTS, np.float32) * SHIFTED) * inside
    shifts = rng.normal(0, 1, spectra.shape).astype(np.float32)
    return maps, spectra + shifts * (np.array(SPECTRA_SHIFTS, np.float32) * SHIFTED)


def fit(data: Data, schedule: Schedule, folder: Path, tell: Callable[[str], None] = print) -> keras.Model:
    """The trained model. folder: of checkpoints; a run that was killed goes on from the last whole epoch, to the same
    weights. Checkpoints of other data or another schedule are replaced.

    Raises ValueError without presentations of both classes.
    """
    origin = f"{made_of.digest([data])} {asdict(schedule)}"
    balance = Balance.of(data)
    steps = -(-len(data["label"]) // BATCH)
    model, begun = _resumed(folder, origin, balance)
    if model is None:
        keras.utils.set_random_seed(schedule.seed)
        model = network.build()
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps * schedule.epochs)),
            keras.losses.BinaryCrossentropy(label_smoothing=LABEL_SMOOTHING),
        )
    elif begun < schedule.epochs:
        tell(f"going on after epoch {begun}")
    for epoch in range(begun, schedule.epochs):
        _seed(model, schedule.seed, epoch)
        loss = _epoch(model, data, balance, np.random.default_rng([schedule.seed, epoch]))
        _keep(model, balance, epoch + 1, folder, origin)
        worst = balance.groups[int(np.argmax(balance.share / balance.first))]
        tell(f"epoch {epoch + 1:3d}/{schedule.epochs}  loss {loss:.4f}  seen more than at first: {worst}")
    return model


def _seed(model: keras.Model, seed: int, epoch: int) -> None:
    """Sets what dropout draws from: an epoch is the same whether the process was started before it or long ago."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign([seed, epoch])


def _epoch(model: keras.Model, data: Data, balance: Balance, rng: np.random.Generator) -> float:
    """One epoch and the shares of the next; returns the mean loss of what was seen."""
    count = len(data["label"])
    rows = rng.choice(count, count, p=balance.probabilities())
    maps, spectra = augment(rng, data["maps"][rows], data["spectra"][rows])
    history = model.fit(
        [maps * network.INPUT_SCALE, spectra * network.INPUT_SCALE],
        data["label"][rows].astype(np.float32),
        batch_size=BATCH,
        shuffle=False,  # the rows are in an order of chance already
        verbose=0,  # type: ignore[arg-type]
    )
    judged = balance.sample(rng, JUDGED)
    scores = np.clip(_scores(model, data, judged), 1e-6, 1 - 1e-6)
    bona_fide = data["label"][judged] == 1
    balance.update(balance.losses(-np.log(np.where(bona_fide, scores, 1 - scores)), judged))
    return float(history.history["loss"][-1])


def _scores(model: keras.Model, data: Data, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
    inputs = [data[name][rows].astype(np.float32) * network.INPUT_SCALE for name in ("maps", "spectra")]
    return model.predict(inputs, batch_size=512, verbose=0)[:, 0]


def scores(model: keras.Model, data: Data) -> np.ndarray:
    """P(bona fide) of the float model, (n,)."""
    return _scores(model, data)


def _place(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch:04d}"


def _keep(model: keras.Model, balance: Balance, epoch: int, folder: Path, origin: str) -> None:
    """A checkpoint is a folder that gets its name when all of it is written; the one before goes then."""
    part = folder / "writing"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    model.save(part / MODEL)
    state = {
        "made_of": origin,
        "model_sha256": hashlib.sha256((part / MODEL).read_bytes()).hexdigest(),
        "share": dict(zip(balance.groups, balance.share.tolist(), strict=True)),
    }
    (part / STATE).write_text(json.dumps(state))
    shutil.rmtree(_place(folder, epoch), ignore_errors=True)
    part.rename(_place(folder, epoch))
    shutil.rmtree(_place(folder, epoch - 1), ignore_errors=True)


def _resumed(folder: Path, origin: str, balance: Balance) -> tuple[keras.Model | None, int]:
    """(model, epochs done) of the newest checkpoint; its shares go into `balance`. All others are removed: damaged
    ones, those of another origin, and older ones that a kill has left."""
    newest = None
    for place in sorted(folder.glob("epoch-*"), reverse=True):
        share = None if newest else _share(place, origin, balance.groups)
        if share is None:
            shutil.rmtree(place)
        else:
            newest, balance.share = place, share
    if newest is None:
        return None, 0
    # Keras numbers what a process builds, and the exported file names its tensors by that: a run that goes on has built
    # as many as one that was never stopped, so that both export the same bytes.
    network.build()
    return keras.saving.load_model(newest / MODEL), int(newest.name.partition("-")[2])  # type: ignore[return-value]


def _share(place: Path, origin: str, groups: Sequence[str]) -> np.ndarray | None:
    """float (groups,): the shares of a checkpoint; None of one of another origin, or damaged.

    The model's bytes are compared before Keras sees them: what it makes of damaged ones it would number, too."""
    try:
        state = json.loads((place / STATE).read_bytes())
        whole = state["model_sha256"] == hashlib.sha256((place / MODEL).read_bytes()).hexdigest()
        if not whole or state["made_of"] != origin:
            return None
        return np.array([float(state["share"][name]) for name in groups])
    except (KeyError, OSError, TypeError, ValueError):
        return None
