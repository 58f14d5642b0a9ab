"""The same on a Dask cluster: a real scheduler and two workers, each in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from dermis_host.errors import HostError, UsageError
from dermis_models import generator, keeping, scheduling, simulation
from dermis_models.plan import Plan

START_S = 60


def small() -> simulation.Job:
    plan = Plan("p", "training", 1, {"photo_matte": 1})
    return simulation.Job(plan, generator.TRAINING, simulation.FEATURES)


class Cluster:
    """Scheduler and workers as their users start them, without a shared folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.modules = folder / "kept"
        self._processes: list[subprocess.Popen[str]] = []
        said = self._start("dask_scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._wait(said, r"Scheduler at:\s+(tcp://\S+)")

    def worker(self) -> subprocess.Popen[str]:
        name = f"worker-{len(self._processes)}"
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self._folder / name)]
        said = self._start("dask_worker", name, self.address, *options)
        self._wait(said, r"Registered to:\s+(tcp://\S+)")
        return self._processes[-1]

    def close(self) -> None:
        """The scheduler goes away."""
        self._processes[0].kill()
        self._processes[0].wait()

    def _start(self, module: str, name: str, *arguments: str) -> Path:
        said = self._folder / f"{name}.log"
        with said.open("w") as file:
            command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
            environment = {**os.environ, scheduling.MODULES_VARIABLE: str(self.modules)}
            process = subprocess.Popen(command, stderr=file, stdout=file, text=True, cwd=self._folder, env=environment)
        self._processes.append(process)
        return said

    def _wait(self, said: Path, pattern: str) -> str:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if match := re.search(pattern, said.read_text()):
                return match[1]
            time.sleep(0.05)
        raise AssertionError(said.read_text())

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.stop()


def test_a_cluster_makes_the_same_bytes_though_a_worker_dies(cluster, tmp_path, monkeypatch):
    plan = Plan("p", "training", 11, {"photo_matte": 4}, each=1, modules=1)
    job = simulation.Job(plan, generator.TRAINING, simulation.RECORDINGS)
    numbers = keeping.prepare(job, tmp_path / "out")
    assert len(numbers) == 2
    kept = cluster.modules / job.sources
    here = simulation.make(job, 0, kept)  # first, so that nobody else spends seconds on the module's calibration
    with monkeypatch.context() as patient:
        patient.setattr(scheduling, "CONNECT_S", 1)
        with pytest.raises(UsageError, match="has no workers: start some"):
            next(scheduling.on_cluster(job, [0], cluster.address))
    first, _ = cluster.worker(), cluster.worker()
    made = {}
    maker = scheduling.on_cluster(job, [0, 1, 0], cluster.address)
    for number, files in maker:
        if not made:
            first.send_signal(signal.SIGKILL)  # while the others are under way
        made.setdefault(number, []).append(files)
    assert {number: len(times) for number, times in made.items()} == {0: 2, 1: 1}
    assert made[0][0] == made[0][1] == here
    assert made[1][0] != here
    assert first.wait(5) == -signal.SIGKILL


def test_a_scheduler_that_goes_away_is_a_sentence(cluster):
    def until_it_closes() -> Iterator[int]:
        yield 0
        cluster.close()
        yield 1

    cluster.worker()
    with pytest.raises(HostError, match="went away: what is made is kept"):
        next(scheduling.on_cluster(small(), until_it_closes(), cluster.address))  # type: ignore[arg-type]


class Future:
    def __init__(self, number: int) -> None:
        self.key, self._number = f"shard-{number}", number

    def result(self) -> dict[str, bytes]:
        return {"shard": bytes([self._number])}

    def release(self) -> None:
        pass


class Growing:
    """A client whose cluster has one worker at first and eight when a shard is done; no more than one process."""

    loop = None

    def __init__(self) -> None:
        self.cores, self.submitted = 1, 0

    def ncores(self) -> dict[str, int]:
        return {"worker": self.cores}

    def submit(self, _work, _job, number: int, *, pure: bool) -> Future:
        assert not pure
        self.submitted += 1
        return Future(number)


class Completed(list):
    """What `distributed.as_completed` is: those added, each once."""

    def __init__(self, loop) -> None:
        del loop

    add = list.append

    def __iter__(self) -> Iterator[Future]:
        while self:
            yield self.pop(0)


def test_workers_that_come_later_have_work_too():
    client = Growing()
    maker = scheduling._by(client, small(), range(40), SimpleNamespace(as_completed=Completed))
    first, _ = next(maker)
    assert client.submitted == scheduling.AHEAD + 1
    client.cores = 8
    second, _ = next(maker)
    assert client.submitted == 2 + scheduling.AHEAD * 8
    assert sorted([first, second, *(number for number, _ in maker)]) == list(range(40))


def test_a_worker_has_one_thread_as_a_process_here_has(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    called = []
    monkeypatch.setattr(distributed, "get_worker", lambda: SimpleNamespace(local_directory=str(tmp_path)))
    monkeypatch.setattr(scheduling, "_one_thread", lambda: called.append("renderer"))
    monkeypatch.setattr(scheduling, "_made", lambda _job, number, folder: called.append((number, folder)))
    monkeypatch.delenv(scheduling.MODULES_VARIABLE, raising=False)
    scheduling._on_worker(small(), 3)
    assert called == ["renderer", (3, tmp_path / scheduling.MODULES)]


def test_nobody_at_the_address_is_a_sentence(monkeypatch):
    monkeypatch.setattr(scheduling, "CONNECT_S", 1)
    job = small()
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "nonsense", "tcp://x", ""):
        with pytest.raises(UsageError, match=r"No Dask scheduler answers at .*: start one"):
            next(scheduling.on_cluster(job, [0], address))


def test_without_dask_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    job = small()
    with pytest.raises(HostError, match=r"pip install 'dermis\[cluster\]'"):
        next(scheduling.on_cluster(job, [0], "tcp://127.0.0.1:9"))
