"""Run tasks side by side with joblib: on every core, or wherever ``joblib.parallel_config`` sends them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import joblib

__all__ = ["run"]


def run(tasks: Sequence[Callable[[], Any]], *, n_jobs: int | None = -1) -> Iterator[Any]:
    """Return the results of ``tasks``, in their order, each as soon as it and those before it are there.

    By default there is one process per core; starting them takes some seconds, since each imports torch.
    ``joblib.parallel_config`` sends the tasks elsewhere, to a cluster for example (``backend="dask"``). A task
    should depend neither on the process it runs in nor on the number of torch threads, seed what it draws, and
    return its result: nothing else comes back from another process.

    Args:
        tasks: functions without arguments; lambdas and ``functools.partial`` will do.
        n_jobs: how many at once; -1 for one per core, None to leave it to ``joblib.parallel_config``.

    Raises:
        TypeError: if a task can't be called.
        Exception: what a task raises.

    >>> list(run([lambda: 6 * 7, lambda: "a" * 3], n_jobs=1))
    [42, 'aaa']
    """
    tasks = list(tasks)
    for i, task in enumerate(tasks):
        if not callable(task):
            raise TypeError(f"tasks[{i}] must be a function without arguments, got {type(task).__name__}")
    return joblib.Parallel(n_jobs=n_jobs, return_as="generator")(joblib.delayed(task)() for task in tasks)
