"""Who makes the shards of a job: processes of this computer, or the workers of a Dask cluster."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import re
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from dermis_host.errors import HostError, UsageError
from threadpoolctl import threadpool_limits

from dermis_models import simulation
from dermis_models.simulation import Job

Made = tuple[int, dict[str, bytes]]  # a shard's number and its files
AHEAD = 2  # shards a process has waiting: enough that none stands idle
ADDRESS = re.compile(r"(tcp|tls|ws|wss)://\S+:\d{1,5}")  # others make Dask's client hang when it is let go
CONNECT_S = 20  # until a scheduler answers, and until it has a worker
MODULES = "modules"  # folder of calibration records, beside the shards
MODULES_VARIABLE = "DERMIS_MODULES"  # names a folder where a cluster's workers may keep them
# A worker may have several threads, and the renderer's state is the process's.
_one_at_a_time = threading.Lock()
INSTALL = "The cluster's client is not installed: pip install 'dermis[cluster]'."


def locally(job: Job, numbers: Sequence[int], processes: int, folder: Path) -> Generator[Made, None, None]:
    """Makes the shards by `processes` processes and yields each when it is made, in any order.

    Raises HostError when a process is killed; shards yielded before stay good.
    """
    if processes == 1:
        for number in numbers:
            yield number, _made(job, number, folder / MODULES)
        return
    # Spawned: the renderer keeps state that does not survive a fork.
    context = multiprocessing.get_context("spawn")
    executor = concurrent.futures.ProcessPoolExecutor(processes, context, initializer=_one_thread)
    try:
        yield from _windowed(
            lambda number: executor.submit(_made, job, number, folder / MODULES),
            numbers,
            AHEAD * processes,
        )
    except concurrent.futures.process.BrokenProcessPool:
        raise HostError(
            "A process that simulates was killed (out of memory?): what is made is kept; give the same command again."
        ) from None
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()


def _one_thread() -> None:
    """Processes share the work already: a renderer with threads of its own would make them wait for each other."""
    import drjit

    drjit.set_thread_count(1)


def _made(job: Job, number: int, folder: Path) -> dict[str, bytes]:
    """`simulation.make` with BLAS at one thread: the products are small, and its threads burn a core each while they
    wait for the next one."""
    with threadpool_limits(1, "blas"):
        return simulation.make(job, number, folder)


def _windowed(
    submit: Callable[[int], concurrent.futures.Future[dict[str, bytes]]], numbers: Sequence[int], most: int
) -> Generator[Made, None, None]:
    """Keeps at most `most` shards under way, so that finished ones do not pile up in memory."""
    waiting: dict[concurrent.futures.Future[dict[str, bytes]], int] = {}
    left = iter(numbers)
    while True:
        while len(waiting) < most and (number := next(left, None)) is not None:
            waiting[submit(number)] = number
        if not waiting:
            return
        done, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
        for future in done:
            yield waiting.pop(future), future.result()


def on_cluster(job: Job, numbers: Sequence[int], address: str) -> Generator[Made, None, None]:
    """The same by the workers of the Dask scheduler at `address` (tcp://HOST:PORT). Workers need no shared disk.

    A shard whose worker is lost is made again by another one. Raises UsageError when nobody answers at `address` or
    nobody works for it, HostError when a shard keeps killing its workers, the scheduler goes away, or a worker cannot
    run these sources; shards yielded before stay good.
    """
    try:
        import distributed
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise HostError(INSTALL) from None
    nobody = f"No Dask scheduler answers at {address}: start one (`dask scheduler`) and give its tcp://HOST:PORT."
    if not ADDRESS.fullmatch(address):
        raise UsageError(nobody)
    try:
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, OverflowError, TimeoutError, ValueError):
        raise UsageError(nobody) from None
    try:
        try:
            client.wait_for_workers(1, CONNECT_S)
        except (TimeoutError, distributed.TimeoutError):  # one and the same since Python 3.11
            raise UsageError(
                f"The Dask scheduler at {address} has no workers: start some (`dask worker {address} --nthreads 1`)."
            ) from None
        yield from _by(client, job, numbers, distributed)
    except distributed.KilledWorker as problem:
        raise HostError(
            f"A shard killed {problem.allowed_failures + 1} workers one after the other: do they have enough memory?"
        ) from None
    except (distributed.CancelledError, CommClosedError):
        raise HostError(
            f"The Dask scheduler at {address} went away: what is made is kept; give the same command again."
        ) from None
    except ImportError as problem:
        raise HostError(
            f"A worker cannot run Dermis ({problem}): install the same state of it, with [sim,cluster], on all of them."
        ) from None
    finally:
        client.close()


def _by(client, job: Job, numbers: Sequence[int], distributed) -> Generator[Made, None, None]:
    left = iter(numbers)
    under_way = distributed.as_completed(loop=client.loop)
    number_of: dict[str, int] = {}

    def submit() -> None:
        """What the workers that are there now can take: some come later, some leave."""
        most = AHEAD * max(1, sum(client.ncores().values()))
        while len(number_of) < most and (number := next(left, None)) is not None:
            future = client.submit(_on_worker, job, number, pure=False)
            number_of[future.key] = number
            under_way.add(future)

    submit()
    for future in under_way:
        files = future.result()
        number = number_of.pop(future.key)
        future.release()  # the scheduler forgets its bytes
        submit()
        yield number, files


def _on_worker(job: Job, number: int) -> dict[str, bytes]:
    """One shard, on a worker. Its modules' calibrations are kept as long as the worker lives, or where the worker's
    environment says, by state of the sources."""
    import distributed

    kept = os.environ.get(MODULES_VARIABLE)
    own = Path(distributed.get_worker().local_directory or tempfile.gettempdir()) / MODULES
    with _one_at_a_time:
        _one_thread()
        return _made(job, number, Path(kept) / job.sources if kept else own)
