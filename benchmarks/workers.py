"""What it costs to hand tasks to workers: to this process, to others, to a Dask cluster on this machine.

    python benchmarks/workers.py [--tasks 1000] [--workers 2] [--task-ms 20] [--json]

Each line has the time until the first result (starting processes included), what a task that does nothing
costs beyond that, and how much faster than one after the other tasks are that compute for a while. With a
journal, each result is on the disk before the next is looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from accelgen.workers import Journal, Workers, evaluate, open_workers


@dataclass(frozen=True)
class Cost:
    """What workers cost.

    Attributes:
        start_s: until the first result.
        task_ms: wall time a task that does nothing.
        speedup: of tasks that compute, over one after the other in this process.
    """

    start_s: float
    task_ms: float
    speedup: float


def nothing(task: int) -> int:
    """A task's result at once."""
    return task


def compute(seconds: float, task: int) -> int:
    """A task's result after so much time of a core."""
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass
    return task


def seconds(
    tasks: int, function: Callable[[int], int], workers: Workers, journal: Journal | None = None
) -> float:
    """Wall time of some tasks."""
    start = time.perf_counter()
    assert sum(1 for _ in evaluate(range(tasks), function, workers=workers, journal=journal)) == tasks
    return time.perf_counter() - start


def cost(workers: Workers, tasks: int, task_s: float, serial_s: float, journal: Journal | None) -> Cost:
    """What workers cost that did nothing yet."""
    start_s = seconds(1, nothing, workers)
    each_s = seconds(tasks, nothing, workers, journal) / tasks
    busy = max(20, tasks // 10)
    return Cost(start_s, 1e3 * each_s, serial_s * busy / seconds(busy, partial(compute, task_s), workers))


@contextmanager
def dask(count: int) -> Iterator[str]:
    """The address of a Dask cluster of processes on this machine."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


def measure(tasks: int, count: int, task_s: float) -> dict[str, Cost]:
    """The cost of each kind of workers."""
    with open_workers() as serial:
        serial_s = seconds(20, partial(compute, task_s), serial) / 20
        found = {"this process": cost(serial, tasks, task_s, serial_s, None)}
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder) / "journal", {}) as journal,
        open_workers() as serial,
    ):
        found["this process, journal"] = cost(serial, tasks, task_s, serial_s, journal)
    with open_workers(count) as processes:
        found[f"{count} processes"] = cost(processes, tasks, task_s, serial_s, None)
    with dask(count) as address, open_workers(dask=address) as cluster:
        found[f"{count} Dask workers"] = cost(cluster, tasks, task_s, serial_s, None)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--task-ms", type=float, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.tasks, options.workers, options.task_ms / 1e3)
    if options.json:
        print(
            json.dumps(
                {"cores": os.cpu_count(), "costs": {name: asdict(own) for name, own in found.items()}},
                indent=2,
            )
        )
        return
    print(f"{os.cpu_count()} cores, tasks of {options.task_ms:g} ms in the last column")
    print(f"{'':28}{'first result':>14}{'a task':>12}{'speedup':>10}")
    for name, own in found.items():
        print(f"{name:28}{own.start_s:>12.2f} s{own.task_ms:>9.2f} ms{own.speedup:>10.2f}")


if __name__ == "__main__":
    import workers  # this file: what workers run must be of a module that they can import

    workers.main()
