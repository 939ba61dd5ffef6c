"""Training by hand and by comparison: each run is decided by its seed, wherever it runs."""

import math
import os
import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import joblib
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from companion.data import Split, digits
from companion.training import Run, compare, evaluate, fit
from tests.refusals import refusals

SMALL = digits(train_size=200)


def convnet():
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.2), nn.Linear(72, 10)),
    )


def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def frozen(module):
    """Every number in a module, as bytes."""
    return [value.numpy().tobytes() for value in module.state_dict().values()]


# fit


def test_fit_learns_the_digits():
    torch.manual_seed(0)
    model, split = convnet(), digits()
    assert evaluate(model, split.test_x, split.test_y) < 40
    history = fit(model, split, epochs=5)
    assert len(history.losses) == 5
    assert history.losses[-1] < 0.5 < history.losses[0] < 3
    assert evaluate(model, split.test_x, split.test_y) > 93


def test_the_loss_of_an_epoch_is_the_mean_over_its_pictures():
    model = linear()
    wanted = F.cross_entropy(model(SMALL.train_x), SMALL.train_y).item()
    losses = fit(model, SMALL, epochs=2, lr=1e-9, batch_size=70).losses  # batches of 67, 67 and 66
    assert losses == pytest.approx([wanted] * 2, rel=1e-4)


def test_the_first_epoch_follows_adamw_written_out():
    """One weight matrix, one batch an epoch: decoupled decay, and the rate on half a sine."""
    lr, decay, epochs, (first, second), eps = 0.01, 0.1, 3, (0.9, 0.999), 1e-8
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, bias=False)).double()
    split = Split(SMALL.train_x.double(), SMALL.train_y, SMALL.test_x.double(), SMALL.test_y)
    weight = model[1].weight.detach().clone()
    fit(model, split, epochs=epochs, lr=lr, weight_decay=decay, batch_size=200)

    x, m, v = split.train_x.flatten(1), 0, 0
    for step in range(epochs):
        rate = lr * math.sin(math.pi * (step + 0.5) / epochs)
        gradient = ((x @ weight.T).softmax(1) - torch.eye(10)[split.train_y]).T @ x / 200
        m, v = first * m + (1 - first) * gradient, second * v + (1 - second) * gradient**2
        corrected = v / (1 - second ** (step + 1))
        weight = weight * (1 - rate * decay)
        weight = weight - rate * (m / (1 - first ** (step + 1))) / (corrected.sqrt() + eps)
    torch.testing.assert_close(model[1].weight.detach(), weight)


def test_every_picture_is_seen_once_an_epoch_in_batches_of_equal_size():
    seen = []

    class Watch(nn.Module):
        def forward(self, x):
            seen.append(x.flatten(1))
            return x

    fit(nn.Sequential(Watch(), linear()), SMALL, epochs=2, batch_size=64)
    assert [len(batch) for batch in seen] == [50] * 8  # 200 in four, not 64 + 64 + 64 + 8
    wanted = sorted(SMALL.train_x.flatten(1).tolist())
    epochs = [torch.cat(seen[:4]).tolist(), torch.cat(seen[4:]).tolist()]
    assert [sorted(epoch) for epoch in epochs] == [wanted, wanted]
    assert epochs[0] != epochs[1]


def test_fit_leaves_random_numbers_threads_and_modes_as_they_were():
    model = convnet()
    model[1].eval()
    modes, state, threads = [m.training for m in model.modules()], torch.get_rng_state(), torch.get_num_threads()
    inside = []
    model.register_forward_hook(lambda module, *_: inside.append((module[1].training, torch.get_num_threads())))
    fit(model, SMALL, epochs=1)
    assert set(inside) == {(True, 1)}
    assert [m.training for m in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_the_number_of_threads_changes_nothing_and_comes_back_after_an_error():
    before, losses = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            torch.manual_seed(0)
            losses.append(fit(convnet(), SMALL, epochs=1, seed=4).losses)
            with pytest.raises(ValueError, match="model must return scores"):
                fit(nn.Conv2d(1, 10, 1), SMALL)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert losses[0] == losses[1]


def test_the_seed_is_0_unless_given():
    losses = []
    for options in ({}, {"seed": 0}, {"seed": 1}):
        torch.manual_seed(0)
        losses.append(fit(linear(), SMALL, epochs=1, **options).losses)
    assert losses[0] == losses[1] != losses[2]


def test_frozen_parameters_stay_and_the_rest_learns():
    model = convnet()
    model[0].requires_grad_(False)
    before, head = frozen(model[0]), frozen(model[-1])
    fit(model, SMALL, epochs=1)
    assert frozen(model[0]) == before
    assert frozen(model[-1]) != head


def test_a_run_that_blows_up_is_recorded_and_not_raised():
    class BlowUp(nn.Module):
        def forward(self, scores):
            return scores * math.inf if self.training else scores * math.nan

    model = nn.Sequential(linear(), BlowUp())
    history = fit(model, SMALL, epochs=2)
    assert len(history.losses) == 2
    assert not any(map(math.isfinite, history.losses))
    zeros = 100 * (SMALL.test_y == 0).double().mean().item()
    assert evaluate(model, SMALL.test_x, SMALL.test_y) == pytest.approx(zeros)


def fitted(model=None, **options):
    return lambda: fit(model or linear(), SMALL, **options)


HALVED = nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (-1, 128)), nn.Linear(128, 20))  # half as many pictures
NINE = nn.Sequential(nn.Flatten(), nn.Linear(64, 9))
test_fit_refuses_bad_arguments = refusals(
    (fitted(epochs=0), "epochs must be at least 1, got 0"),
    (fitted(batch_size=1.5), "batch_size must be an int, got float", TypeError),
    *((fitted(lr=lr), f"lr must be above 0 and finite, got {lr}") for lr in (0, math.nan, math.inf)),
    *((fitted(weight_decay=d), "weight_decay must be at least 0 and finite") for d in (-1, math.inf)),
    (fitted(nn.Flatten()), "empty parameter list"),
    (fitted(nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))), r"must return scores .* got \(50,\)"),
    (fitted(NINE), r"model must return scores \(50, K\) with K at least 10, one per class, got \(50, 9\)"),
    (fitted(nn.Conv2d(1, 10, 8)), r"got \(50, 10, 1, 1\)"),
    (fitted(HALVED), r"got \(25, 20\)"),
)


# evaluate


def test_evaluate_counts_by_hand():
    torch.manual_seed(3)
    model = convnet().eval()
    x, y = digits().train_x[:700], digits().train_y[:700]  # more than evaluate takes at once
    right = 0
    with torch.no_grad():
        everything = model(x).tolist()
    for scores, label in zip(everything, y.tolist(), strict=True):
        right += scores.index(max(scores)) == label
    assert 0 < right < 700
    assert evaluate(model, x, y) == 100 * right / 700


def test_evaluate_uses_evaluation_mode_and_leaves_the_model_as_it_was():
    model = convnet()
    model[1].eval()
    modes, before, state = [m.training for m in model.modules()], frozen(model), torch.get_rng_state()
    first = evaluate(model, SMALL.test_x, SMALL.test_y)
    assert evaluate(model, SMALL.test_x, SMALL.test_y) == first
    assert [m.training for m in model.modules()] == modes
    assert frozen(model) == before
    assert torch.equal(torch.get_rng_state(), state)


def evaluated(x, y):
    return lambda: evaluate(linear(), x, y)


test_evaluate_refuses_what_does_not_fit = refusals(
    (evaluated(SMALL.test_x, SMALL.test_y[:9]), "x and y must be equally many, at least 1, got 500 and 9"),
    (evaluated(SMALL.test_x[:0], SMALL.test_y[:0]), "at least 1, got 0 and 0"),
    (evaluated(SMALL.test_x[0], SMALL.test_y), r"x must have shape \(N, C, H, W\), got \(1, 8, 8\)"),
    (evaluated(SMALL.test_x, SMALL.test_y.float()), "y must be torch.int64, got torch.float32", TypeError),
    (evaluated(SMALL.test_x, SMALL.test_y + 5), "K at least 15, one per class, got"),
)


# compare


def compared(**options):
    variants = {"convnet": convnet, "linear": linear}
    return compare(variants, SMALL, seeds=[0, 1, 5], epochs=2, progress=False, **options)


@pytest.fixture(scope="module")
def in_turn():
    """The runs as they are without any parallelism."""
    return compared(n_jobs=1)


def test_runs_are_what_fit_and_evaluate_give_by_hand_in_the_order_of_variants_and_seeds(in_turn):
    torch.manual_seed(5)
    model = convnet()
    history = fit(model, SMALL, epochs=2, seed=5)
    assert in_turn.runs_of("convnet")[2] == Run(
        variant="convnet",
        seed=5,
        parameters=8 * 9 + 8 + 2 * 8 + 72 * 10 + 10,
        train_accuracy=evaluate(model, SMALL.train_x, SMALL.train_y),
        test_accuracy=evaluate(model, SMALL.test_x, SMALL.test_y),
        losses=history.losses,
    )
    assert in_turn.names == ("convnet", "linear")
    assert in_turn.seeds == (0, 1, 5)
    assert len({run.losses for run in in_turn.runs}) == 6


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_models_are_kept_on_request_trained_and_in_evaluation_mode(in_turn, n_jobs):
    kept = compared(n_jobs=n_jobs, keep_models=True)
    assert kept == in_turn, "keeping the models changes no run"
    for name in in_turn.names:
        models = kept.models(name)
        assert not any(model.training for model in models)
        accuracies = tuple(evaluate(model, SMALL.test_x, SMALL.test_y) for model in models)
        assert accuracies == in_turn.accuracies(name)
    with pytest.raises(ValueError, match=r"kept by compare\(\.\.\., keep_models=True\) only"):
        in_turn.models("linear")


@pytest.mark.parametrize(("backend", "n_jobs"), [("sequential", 1), ("threading", 4), ("loky", 2)])
def test_results_are_the_same_bits_on_every_backend(in_turn, backend, n_jobs):
    with joblib.parallel_config(backend=backend):
        assert compared(n_jobs=n_jobs) == in_turn


def test_results_are_the_same_bits_on_a_dask_cluster(in_turn):
    """A scheduler without an answer for 30 seconds, as on a busy machine, drops its workers: it gets more."""
    distributed = pytest.importorskip("distributed")
    patient = {f"distributed.comm.timeouts.{name}": "300s" for name in ("connect", "tcp")}
    with (
        pytest.importorskip("dask").config.set(patient),
        distributed.LocalCluster(dashboard_address=None, n_workers=2, threads_per_worker=1) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        assert compared() == in_turn


def test_threads_in_one_process_take_turns():
    inside, most = [], []

    class Probe(nn.Linear):
        def forward(self, x):
            inside.append(threading.get_ident())
            most.append(len(set(inside)))
            time.sleep(0.002)
            scores = super().forward(x.flatten(1))
            inside.remove(threading.get_ident())
            return scores

    with joblib.parallel_config(backend="threading"):
        compare({"probe": lambda: Probe(64, 10)}, SMALL, seeds=range(4), epochs=1, n_jobs=4, progress=False)
    assert max(most) == 1


def test_compare_leaves_random_numbers_and_threads_as_they_were():
    inside = []

    def watched():
        inside.append(torch.get_num_threads())
        return linear()

    state, threads = torch.get_rng_state(), torch.get_num_threads()
    for backend in ("sequential", "threading"):
        with joblib.parallel_config(backend=backend):
            compare({"watched": watched}, SMALL, seeds=range(2), epochs=1, n_jobs=2, progress=False)
    assert inside == [1] * 4
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def comparing(variants, n_jobs=1, **options):
    return lambda: compare(variants, SMALL, n_jobs=n_jobs, progress=False, **options)


test_compare_refuses_bad_arguments_and_hands_on_the_errors_of_workers = refusals(
    (comparing({}), "variants must hold at least one, got none"),
    (comparing({"a": linear()}), r"variants\['a'\] must be a function .* got the model itself", TypeError),
    (comparing({"a": linear}, seeds=[]), r"seeds must be different and at least one, got \[\]"),
    (comparing({"a": linear}, seeds=[1, 2, 1]), r"seeds must be different and at least one, got \[1, 2, 1\]"),
    (comparing({"a": linear}, epochs=0), "epochs must be at least 1, got 0"),
    (comparing({"a": linear}, lr={"b": 0.1}), r"lr must be one rate, or one for each of \['a'\], got \{'b': 0.1\}"),
    (comparing({"a": lambda: nn.Conv2d(1, 10, 1)}, 2), r"model must return scores .* got \(50, 10, 8, 8\)"),
)


# The bar of a terminal goes to stderr, so it is looked at in a program of its own.

PROGRAM = """
from torch import nn
from companion import data, training
factory = lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
split = data.digits(train_size=20)
training.compare({"a": factory}, split, seeds=range(2), epochs=1, n_jobs=1)
"""


@pytest.mark.parametrize(("environment", "bar"), [({}, rb"(?s).*0/2.* \r"), ({"TQDM_DISABLE": "1"}, b"")])
def test_the_bar_goes_to_stderr_is_wiped_at_the_end_and_is_switched_off_by_the_environment(environment, bar):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TQDM_")}
    program = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(program, env=inherited | environment, capture_output=True, check=True)
    assert done.stdout == b""
    assert re.fullmatch(bar, done.stderr)


def test_in_a_notebook_the_bar_is_the_browser_s_own_and_goes_away(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=lambda html: shown.append(html.data))
    monkeypatch.setattr("IPython.display.display", lambda html, display_id: shown.append(html.data) or handle)
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    compare({"linear": linear}, SMALL, seeds=[0, 1], epochs=1, n_jobs=1)
    assert [re.sub("<.*>", "", words) for words in shown] == [" 0 of 2 runs", " 1 of 2 runs", ""]


def test_the_bar_is_switched_off_by_the_argument(capfd):
    compare({"linear": linear}, SMALL, seeds=[0], epochs=1, n_jobs=1, progress=False)
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize("flag", ["keep_models", "progress"])
def test_what_is_no_bool_is_no_flag(flag):
    with pytest.raises(TypeError, match=f"{flag} must be a bool, got int"):
        compare({"linear": linear}, SMALL, **{flag: 0})


def test_each_variant_trains_at_its_own_rate():
    options = {"seeds": [0, 1], "epochs": 2, "n_jobs": 1, "progress": False}
    variants = {"a": linear, "b": linear}
    split = digits(train_size=50)
    tuned = compare(variants, split, lr={"a": 0.01, "b": 0.1}, **options)
    assert tuned.runs_of("a")[0].losses == compare(variants, split, lr=0.01, **options).runs_of("a")[0].losses
    assert tuned.runs_of("b")[0].losses == compare(variants, split, lr=0.1, **options).runs_of("b")[0].losses
    pair = tuned.pair("a", "b", margin=1.0)
    accuracies = zip(tuned.accuracies("a"), tuned.accuracies("b"), strict=True)
    assert pair.differences == tuple(a - b for a, b in accuracies)
    assert (pair.first, pair.second, pair.margin) == ("a", "b", 1.0)
