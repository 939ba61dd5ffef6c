"""companion.parallel: results in order, from copies of this process, from new ones and from none."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import joblib
import pytest
import torch
from joblib.externals.loky.process_executor import TerminatedWorkerError
from torch import nn

from companion import parallel

WHERE_COPIED = pytest.mark.skipif(
    not parallel._copies_are_safe(), reason="processes are copied on Linux only, and not beside an accelerator"
)
KINDS = [pytest.param(True, id="copies", marks=WHERE_COPIED), pytest.param(False, id="new processes")]


@pytest.fixture(params=KINDS)
def copies(request, monkeypatch):
    """Whether the tasks run in copies of this process; new processes else."""
    monkeypatch.setattr(parallel, "_copies_are_safe", lambda: request.param)
    return request.param


def run(*tasks, n_jobs=2):
    return list(parallel.run(tasks, n_jobs=n_jobs))


def test_results_come_in_the_order_of_the_tasks(copies):
    def slow_first(i):
        time.sleep(0.2 if i == 0 else 0)
        return i, os.getpid()

    numbers, processes = zip(*run(*(partial(slow_first, i) for i in range(7))), strict=True)
    assert numbers == tuple(range(7))
    assert os.getpid() not in processes
    assert len(set(processes)) == 2


def test_copies_know_what_this_process_knows(copies, monkeypatch):
    monkeypatch.setattr(torch, "a_mark_of_this_process", True, raising=False)
    assert run(lambda: hasattr(torch, "a_mark_of_this_process"), lambda: 0)[0] is copies


def test_this_process_is_left_as_it_was(copies):
    seen, children = [], multiprocessing.active_children()
    assert run(lambda: seen.append(1), lambda: seen.append(2)) == [None, None]
    assert seen == []
    if copies:  # joblib keeps its processes for the next tasks
        assert set(multiprocessing.active_children()) <= set(children)


def test_models_of_local_classes_come_back(copies):
    class Local(nn.Linear):
        pass

    def build(seed):
        torch.manual_seed(seed)
        return Local(3, 2)

    models = run(partial(build, 0), partial(build, 1))
    for seed, model in enumerate(models):
        assert torch.equal(model.weight, build(seed).weight)


def test_a_copy_computes_with_one_thread_after_this_process_used_more(copies):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        x = torch.ones(1000, 1000)
        assert float((x @ x).sum()) == 1e9
        assert run(lambda: (torch.get_num_threads(), float((x @ x).sum())), lambda: 0)[0] == (1, 1e9)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_gradients_are_found_in_copies_of_a_process_that_has_found_some(copies):
    def gradient():
        x = torch.ones(3, requires_grad=True)
        x.square().sum().backward()
        return x.grad.tolist()

    assert run(gradient, gradient) == [gradient()] * 2


def test_an_error_comes_back_as_itself_and_stops_the_rest(copies, tmp_path):
    def fail():
        raise KeyError("the reason")

    def leave_a_trace(i):
        time.sleep(0.05)
        (tmp_path / str(i)).touch()

    with pytest.raises(KeyError, match="the reason"):
        run(fail, *(partial(leave_a_trace, i) for i in range(60)))
    assert len(list(tmp_path.iterdir())) < 60


def test_a_process_that_dies_is_reported_and_not_waited_for(copies):
    with pytest.raises((BrokenProcessPool, TerminatedWorkerError)):
        run(lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 0)


# Both ends are looked at from outside: a program of its own writes down its copies, which sleep.

SLEEPERS = """
import os, sys, time
from pathlib import Path
from companion import parallel

def sleep():
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(60)

list(parallel.run([sleep] * 6, n_jobs=2))
"""


@WHERE_COPIED
@pytest.mark.parametrize("end", ["Ctrl+C", "killed"])
def test_no_copy_outlives_the_process_it_was_made_of(end, tmp_path):
    program = [sys.executable, "-c", SLEEPERS, str(tmp_path)]
    with subprocess.Popen(program, start_new_session=True, stderr=subprocess.PIPE) as first:
        until(lambda: len(list(tmp_path.iterdir())) == 2)
        copies = [int(path.name) for path in tmp_path.iterdir()]
        if end == "Ctrl+C":
            os.killpg(first.pid, signal.SIGINT)
        else:
            first.kill()
        until(lambda: first.poll() is not None and not any(map(running, copies)))
    assert len(list(tmp_path.iterdir())) == 2, "nor was another task begun"


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def running(process):
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_task_may_run_tasks(copies):
    def inner():
        return list(parallel.run([lambda: 1, lambda: 2], n_jobs=2))

    assert run(inner, inner) == [[1, 2], [1, 2]]


@pytest.mark.parametrize("n_jobs", [1, None])
def test_one_job_runs_in_this_process(n_jobs):
    assert run(os.getpid, os.getpid, n_jobs=n_jobs) == [os.getpid()] * 2


def test_joblib_may_send_tasks_elsewhere():
    with joblib.parallel_config(backend="threading", n_jobs=2):
        names = run(*[lambda: (os.getpid(), time.sleep(0.05), threading.current_thread().name)] * 4, n_jobs=None)
    assert {name[0] for name in names} == {os.getpid()}
    assert len({name[2] for name in names}) == 2


def test_beside_an_accelerator_nothing_is_copied(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    assert not parallel._copies_are_safe()
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert parallel._copies_are_safe() is (sys.platform == "linux")


def test_no_task_has_no_result():
    assert run() == []


@pytest.mark.parametrize(
    ("tasks", "n_jobs", "error", "message"),
    [
        ([len, 3], 2, TypeError, r"tasks\[1\] must be a function without arguments, got int"),
        ([dict, dict], 0, ValueError, "n_jobs == 0"),
    ],
)
def test_bad_arguments_are_refused(tasks, n_jobs, error, message):
    with pytest.raises(error, match=message):
        parallel.run(tasks, n_jobs=n_jobs)
