"""Run tasks side by side, on as many cores as there are, without the wait for new processes.

A new process has to import torch before it can do a thing, which takes longer than training a small network. A
copy of the running process has it at once. Linux makes such copies (``fork``), and torch's own ``DataLoader``
uses them there: they are safe as long as the copy computes with one thread, since the other threads of the first
process are not copied. Elsewhere, and beside an accelerator, whose driver doesn't survive the copying, the tasks
go through joblib, which starts new processes.
"""

import ctypes
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import cloudpickle
import joblib
import torch
from joblib.parallel import LokyBackend, get_active_backend

__all__ = ["run"]

_PR_SET_PDEATHSIG = 1  # from linux/prctl.h

_tasks: Sequence[Callable[[], Any]] = ()  # what a copy works on: it is born with them


def run(tasks: Sequence[Callable[[], Any]], *, n_jobs: int | None = -1) -> Iterator[Any]:
    """Return the results of ``tasks``, in their order, each as soon as it and those before it are there.

    By default there is one process a core. ``joblib.parallel_config`` sends the tasks elsewhere, to a cluster
    for example (``backend="dask"``). A task should depend neither on the process it runs in nor on the number
    of torch threads, and seed what it draws. What it has found, it has to return.

    Args:
        tasks: functions without arguments; lambdas and ``functools.partial`` will do.
        n_jobs: how many at once; -1 for one a core, None to leave it to ``joblib.parallel_config``.

    Raises:
        TypeError: if a task can't be called.
        Exception: what a task raises.

    >>> list(run([lambda: 6 * 7, lambda: "a" * 3]))
    [42, 'aaa']
    """
    tasks = list(tasks)
    for i, task in enumerate(tasks):
        if not callable(task):
            raise TypeError(f"tasks[{i}] must be a function without arguments, got {type(task).__name__}")
    jobs = min(joblib.effective_n_jobs(n_jobs), len(tasks))
    backend, _ = get_active_backend()
    if jobs > 1 and isinstance(backend, LokyBackend) and _copies_are_safe():
        return _in_copies(tasks, jobs)
    return joblib.Parallel(n_jobs=n_jobs, return_as="generator")(joblib.delayed(task)() for task in tasks)


def _copies_are_safe() -> bool:
    return sys.platform == "linux" and not torch.accelerator.is_available()


def _in_copies(tasks, jobs) -> Iterator:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, context, initializer=_take, initargs=(tasks,)) as pool:
        yield from map(cloudpickle.loads, pool.map(_perform, range(len(tasks))))


def _take(tasks) -> None:
    global _tasks
    _tasks = tasks
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends the copy, not only its task
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # and so does the end of the first process


def _perform(i: int) -> bytes:
    return cloudpickle.dumps(_tasks[i]())
