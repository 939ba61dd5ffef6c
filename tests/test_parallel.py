"""companion.parallel: results in order, from other processes and from this one."""

import os
import threading
from functools import partial

import joblib
import pytest
import torch
from torch import nn

from companion import parallel


def run(*tasks, n_jobs=2):
    return list(parallel.run(tasks, n_jobs=n_jobs))


def test_results_come_in_the_order_of_the_tasks_from_other_processes():
    numbers, processes = zip(*run(*(lambda i=i: (i, os.getpid()) for i in range(7))), strict=True)
    assert numbers == tuple(range(7))
    assert os.getpid() not in processes


def test_models_of_local_classes_come_back():
    class Local(nn.Linear):
        pass

    def build(seed):
        torch.manual_seed(seed)
        return Local(3, 2)

    models = run(partial(build, 0), partial(build, 1))
    for seed, model in enumerate(models):
        assert torch.equal(model.weight, build(seed).weight)


def test_an_error_comes_back_as_itself():
    def fail():
        raise KeyError("the reason")

    with pytest.raises(KeyError, match="the reason"):
        run(fail, lambda: 0)


@pytest.mark.parametrize("n_jobs", [1, None])
def test_one_job_runs_in_this_process(n_jobs):
    assert run(os.getpid, os.getpid, n_jobs=n_jobs) == [os.getpid()] * 2


def test_joblib_may_send_tasks_elsewhere():
    with joblib.parallel_config(backend="threading", n_jobs=2):
        names = run(*[lambda: (os.getpid(), threading.current_thread().name)] * 4, n_jobs=None)
    assert {name[0] for name in names} == {os.getpid()}
    assert threading.current_thread().name not in {name[1] for name in names}


def test_no_task_has_no_result_and_what_is_no_task_is_refused():
    assert run() == []
    with pytest.raises(TypeError, match=r"tasks\[1\] must be a function without arguments, got int"):
        parallel.run([len, 3])
