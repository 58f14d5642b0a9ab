"""Jobs cut into shards, kept whole, gone on with after a kill; the same bytes whoever makes them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dermis_host import cli, recording
from dermis_host.errors import HostError, UsageError
from dermis_host.replaying import replay
from dermis_hw.materials import resolve
from dermis_hw.render.bsdf import BSDFS
from dermis_models import dataset, drawing, generator, keeping, presentations, scheduling, simulation, sources, splits
from dermis_models.plan import Plan
from threadpoolctl import threadpool_info, threadpool_limits

PLAN = """
format = 1
split = "training"
seed = 11
[species]
photo_matte = 4
[subjects]
each = 1
[modules]
count = 1
"""


def job(kind: str = simulation.FEATURES, **changes) -> simulation.Job:
    values = {"name": "p", "split": "training", "seed": 1, "species": {"bona_fide": 41, "photo_matte": 30}, **changes}
    return simulation.Job(Plan(**values), generator.TRAINING, kind)


def test_every_presentation_is_in_one_shard():
    these = simulation.shards(job())
    groups = [group for shard in these for group in shard]
    assert sum(group.variants for group in groups if group.species == "bona_fide") == 41
    assert sum(group.variants for group in groups if group.species == "photo_matte") == 30
    assert len({group.subject for group in groups}) == len(groups)
    assert {group.species for group in these[0]} == {"bona_fide", "photo_matte"}  # mixed
    assert [simulation.shard(job(), number) for number in range(len(these))] == these
    assert simulation.shards(job(seed=2))[0] != these[0]


def test_a_folder_is_one_jobs_and_says_what_it_lacks(tmp_path):
    wanted = job()
    count = len(simulation.shards(wanted))
    assert keeping.prepare(wanted, tmp_path / "a") == list(range(count))
    keeping.keep(tmp_path / "a", {simulation.name_of(wanted, 1): b"whole"})
    (tmp_path / "a" / (simulation.name_of(wanted, 0) + ".part")).write_bytes(b"half of it")
    assert keeping.prepare(wanted, tmp_path / "a") == [number for number in range(count) if number != 1]
    for other, said in (
        (job(seed=2), "another plan"),
        (job(simulation.RECORDINGS), "holds features"),
        (simulation.Job(wanted.plan, generator.Generator("other"), wanted.kind), "another generator"),
        (simulation.Job(wanted.plan, wanted.generator, wanted.kind, "0" * 16), "another state of the sources"),
    ):
        with pytest.raises(UsageError, match=said):
            keeping.prepare(other, tmp_path / "a")


def test_a_folder_that_cannot_be_the_jobs(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is no folder"):
        keeping.prepare(job(), tmp_path / "file")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "shard-0000.npz").write_bytes(b"")
    with pytest.raises(UsageError, match=r"holds shards but no plan\.json"):
        keeping.prepare(job(), tmp_path / "old")
    (tmp_path / "damaged").mkdir()
    for damaged in (b"{", b"[]", b"\xff\xfe"):
        (tmp_path / "damaged" / keeping.DESCRIPTION).write_bytes(damaged)
        with pytest.raises(UsageError, match=r"plan\.json is damaged: name another folder"):
            keeping.prepare(job(), tmp_path / "damaged")


def test_what_cannot_be_written_leaves_no_half_shard(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(HostError, match="No space left"):
        keeping.keep(tmp_path, {"shard-000000.npz": b"x"})
    assert list(tmp_path.iterdir()) == []


def test_a_worker_of_other_sources_refuses(tmp_path):
    foreign = simulation.Job(job().plan, generator.TRAINING, simulation.FEATURES, sources="0" * 16)
    with pytest.raises(HostError, match="runs other sources"):
        simulation.make(foreign, 0, tmp_path)


def test_another_renderer_is_another_state_of_the_sources(monkeypatch):
    here = sources.digest()
    assert here == sources.digest.__wrapped__() and len(here) == 16
    monkeypatch.setattr(sources, "version", lambda name: "0" if name == "mitsuba" else metadata.version(name))
    assert sources.digest.__wrapped__() != here


def test_a_generator_that_says_nonsense_is_refused():
    with pytest.raises(ValueError, match="no BSDF 'phong'"):
        generator.Generator("g", bsdf="phong")
    with pytest.raises(ValueError, match="in Lambert's place"):
        generator.Generator("g", bsdf="oren_nayar_beckmann", minnaert_power=(0.7, 1.1))


def test_a_geometry_has_a_surface_of_its_own_where_a_generator_draws_one():
    rng = np.random.default_rng(3)
    known = BSDFS["lambert_ggx"]
    assert generator.TRAINING.surface(rng) is known and rng.random() == np.random.default_rng(3).random()
    tilted = np.array([[0.6, 0.0, -0.8]], np.float32)
    powers = []
    for _ in range(50):
        surface = generator.WIDE.surface(rng)
        assert (surface.glints, surface.gloss) == (known.glints, known.gloss)
        factor = surface.diffuse(np.zeros((1, 3), np.float32), tilted, (0.0, 0.0, -450.0), (0.0, 0.0, -450.0))
        powers.append(1 + np.log(np.asarray(factor).item()) / np.log(0.8**2))
    low, high = generator.WIDE.minnaert_power
    assert low - 1e-4 < min(powers) < 0.75 and 1.05 < max(powers) < high + 1e-4


def test_a_plans_surroundings_replace_the_species_own():
    (drawn,) = presentations.draw("bona_fide", 5, 1)
    rng = np.random.default_rng(1)
    pose = {"distance_mm": (300.0, 310.0), "yaw_deg": (20.0, 21.0), "speed_mm_s": (100.0, 100.0)}
    values = drawing.surroundings(drawn, rng, pose, {"led": (0.0, 0.0, 1.0), "sun": (1.0, 3.0, 3.5)})
    assert 300 <= values["pose"]["distance_mm"] <= 310 and 20 <= values["pose"]["yaw_deg"] <= 21
    assert values["pose"]["roll_deg"] == drawn.values["pose"]["roll_deg"]
    assert np.linalg.norm(values["pose"]["velocity_mm_s"]) == pytest.approx(100)
    assert values["ambient"]["lamp"] == "sun" and 3 <= values["ambient"]["klux"] <= 3.5
    adapted = drawing.adapted(drawn, rng, tones=(0.25, 0.26), temperature_c=(-5.0, -4.0))
    assert 0.25 <= adapted.tone <= 0.26
    assert f"r700={adapted.tone:.3f}" in adapted.values["object"][0]["material"]
    assert -5 <= adapted.values["module"]["temperature_c"] <= -4


@pytest.fixture(scope="module")
def made_here(tmp_path_factory) -> Path:
    """The plan's recordings, made by this process alone."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "p.toml").write_text(PLAN)
    assert cli.main(["simulate", str(folder / "p.toml"), "-o", str(folder / "out"), "--processes", "1"]) == 0
    return folder


def shards_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".npz", ".json")}


def test_skin_alone_strays_and_only_where_a_generator_says_so(monkeypatch):
    shown = [{name: resolve(name) for name in ("skin:dev-05", "plaster")}]

    def moved(by: generator.Generator, seed: int) -> tuple[float, float]:
        still = replace(by, skin_ripple=0.0, material_ripple=0.0)
        (found,) = drawing.varied(shown, still, np.random.default_rng(seed), 1.0)
        skin, plaster = (float(np.abs(np.log(found[name].values / was.values)).max()) for name, was in shown[0].items())
        return skin, plaster

    assert moved(generator.TRAINING, 5) == (0.0, 0.0)
    skins, plasters = zip(*(moved(generator.WIDE, seed) for seed in range(60)), strict=True)
    # How far is drawn anew each time, from nearly none on.
    assert set(plasters) == {0.0} and min(skins) < 0.02 < 0.10 < max(skins)
    # A generator without straying draws nothing for it: what comes after stays what it was.
    monkeypatch.setattr(drawing.skin, "strayed", lambda *_: pytest.fail("asked to stray"))
    moved(generator.TRAINING, 5)


def test_recordings_have_the_truth_and_the_devices_code_takes_them(made_here):
    paths = sorted((made_here / "out").glob("recording-*.npz"))
    assert len(paths) == 4
    taken = [recording.load(path) for path in paths]
    for each in taken:
        assert each.truth is not None and each.simulated
        assert each.truth["kind"] == "attack" and each.truth["species"] == "photo_matte"
        assert splits.split_of_subject(each.truth["subject"]) == "training"
        assert splits.split_of_module(each.truth["module"]) == "training"
    results = replay(taken, None, features_only=True)
    assert any(result.get("usable") for result in results), results
    packed = dataset.pack([row() for _ in taken], results)
    (made_here / "shard-000000.npz").write_bytes(packed)
    data = dataset.load(made_here)
    assert {len(values) for values in data.values()} == {sum(bool(result.get("usable")) for result in results)}
    assert data["maps"].shape[1:] == (28, 24, 5) and data["species"][0] == "photo_matte"


class Impatient:
    """A judge that has seen enough of one module's presentations with three bursts, and of others with five."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def results(self, bursts):
        self.asked.append(len(bursts))
        return [{"time": each.meta["time_us"]["850"], "module": each.truth["module"]} for each in bursts]

    def enough(self, results) -> bool:
        return len(results) >= 3 and results[-1]["module"] == 1


def test_a_presentation_has_the_bursts_that_its_judge_wants(made_here, monkeypatch):
    """Asked for at once or by and by, they are the same; the first is the one that is alone elsewhere."""
    values = {"name": "p", "split": "training", "seed": 11, "species": {"photo_matte": 2}, "each": 2, "modules": 1}
    judge = Impatient()
    judged = simulation.Job(Plan(**values, bursts=5), generator.TRAINING, simulation.RECORDINGS, judge=judge)
    group = simulation.Group("photo_matte", simulation.groups(judged.plan)[0].subject, 2)
    folder = made_here / "out" / scheduling.MODULES
    standing = simulation._standing(judged, group, folder)
    standing[0].truth["module"] = 1
    taken = simulation._judged(standing, judged)
    assert judge.asked == [6, 2]
    names = [(each.truth["presentation"], each.truth["burst"]) for each, _ in taken if each.truth]
    first, second = (f"{group.subject}-{variant}" for variant in (0, 1))
    assert names == [(first, 0), (first, 1), (first, 2), *((second, number) for number in range(5))]
    assert [result["time"] for _, result in taken if result] == [each.meta["time_us"]["850"] for each, _ in taken]
    for wanted in (5, 1):
        at_once = simulation.Job(Plan(**values, bursts=wanted), generator.TRAINING, simulation.RECORDINGS)
        others = [each for each, _ in simulation.presented(at_once, group, folder)][-wanted:]
        for one, (other, _) in zip(others, taken[3:], strict=False):
            assert one.meta == other.meta
            assert all(np.array_equal(one.frames[name], other.frames[name]) for name in one.frames)
    assert "judge" not in judged.description()


def test_a_burst_that_the_devices_code_cannot_read_is_no_presentation_without_a_face(monkeypatch, tmp_path):
    standing = SimpleNamespace(bursts=lambda count: [None] * count, row=row())
    monkeypatch.setattr(simulation, "_standing", lambda *_: [standing])
    found = {"usable": False, "findings": [[0, "sensor_fault"]]}
    monkeypatch.setattr(simulation, "replay", lambda bursts, *_, **__: [found] * len(bursts))
    (shard,) = simulation.make(job(), 0, tmp_path).values()
    (tmp_path / "shard-000000.npz").write_bytes(shard)
    assert dataset.non_response([tmp_path]) == {"photo_matte": simulation.GEOMETRIES[simulation.FEATURES]}
    monkeypatch.setattr(simulation, "replay", lambda bursts, *_, **__: [{"error": "it is torn"}] * len(bursts))
    with pytest.raises(
        HostError, match=r"cannot read a burst of photo_matte, subject 1 before module 2 \(it is torn\)"
    ):
        simulation.make(job(), 0, tmp_path)


def row() -> dataset.Row:
    return dataset.Row(False, "photo_matte", 1, 2, float("nan"), "", 400.0, 25.0)


def test_a_kill_in_the_middle_loses_no_whole_shard_and_another_number_of_processes_changes_no_byte(made_here, tmp_path):
    shutil.copytree(made_here / "out" / scheduling.MODULES, tmp_path / scheduling.MODULES)  # seconds of calibration
    command = [sys.executable, "-m", "dermis_host.cli", "simulate", str(made_here / "p.toml"), "-o", str(tmp_path)]
    process = subprocess.Popen([*command, "--processes", "1"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while not list(tmp_path.glob("shard-*.json")) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    first = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("shard-*.json")}
    assert len(first) == 1
    done = subprocess.run([*command, "--processes", "2", "--json"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["kept"] == 2 * len(first) and said["made"] == 4 - said["kept"]
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in first} == first  # not made again
    assert shards_of(tmp_path) == shards_of(made_here / "out")


def test_blas_has_one_thread_while_a_shard_is_made_and_the_callers_own_after(tmp_path, monkeypatch):
    def threads() -> set[int]:
        return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

    drawn = job()
    monkeypatch.setattr(simulation, "make", lambda *_: threads())
    with threadpool_limits(2, "blas"):
        assert threads() == {2}
        assert list(scheduling.locally(drawn, [0], 1, tmp_path)) == [(0, {1})]
        assert threads() == {2}


def test_a_killed_process_is_a_sentence(tmp_path):
    """Not the hang of a pool that waits for who never comes."""
    maker = scheduling.locally(job(), range(4), 2, tmp_path)
    import threading

    def kill() -> None:
        import multiprocessing

        while not multiprocessing.active_children():
            time.sleep(0.02)
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(HostError, match=r"was killed .* give the same command again"):
        next(maker)
    killer.join()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--processes", "0"], "--processes 0 is out of reach: give 1 to 256"),
        (["--processes", "1", "--scheduler", "tcp://x:1"], "not allowed with argument"),
    ],
)
def test_what_the_command_refuses(tmp_path, capsys, words, said):
    (tmp_path / "p.toml").write_text(PLAN)
    assert cli.main(["simulate", str(tmp_path / "p.toml"), "-o", str(tmp_path / "out"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_bad_plan_is_one_sentence_and_a_wrong_usage(tmp_path, capsys):
    (tmp_path / "p.toml").write_text(PLAN.replace("photo_matte", "photo_mate"))
    assert cli.main(["simulate", str(tmp_path / "p.toml"), "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "did you mean 'photo_matte'?" in error and "Traceback" not in error and not (tmp_path / "out").exists()


def test_the_test_split_alone_is_made_by_the_frozen_generator(tmp_path, monkeypatch):
    made = []

    def none(job, _numbers, _processes, _folder):
        made.append(job.generator.name)
        yield from ()

    monkeypatch.setattr(scheduling, "locally", none)
    for split in splits.SPLITS:
        (tmp_path / f"{split}.toml").write_text(PLAN.replace('"training"', f'"{split}"'))
        assert cli.main(["simulate", str(tmp_path / f"{split}.toml"), "-o", str(tmp_path / split)]) == 0
    assert made == ["training-1", "training-1", "test-1"]
