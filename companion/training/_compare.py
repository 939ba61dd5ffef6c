"""Training of several models from several seeds, side by side."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from torch import nn

from companion import _checks, parallel
from companion._state import alone
from companion.data import Split
from companion.training._comparison import Comparison, Run
from companion.training._loop import evaluate, fit
from companion.training._progress import progress as with_progress


def compare(
    variants: Mapping[str, Callable[[], nn.Module]],
    split: Split,
    *,
    seeds: Iterable[int] = range(5),
    epochs: int = 15,
    lr: float | Mapping[str, float] = 0.01,
    batch_size: int = 64,
    weight_decay: float = 0.0,
    keep_models: bool = False,
    n_jobs: int | None = -1,
    progress: bool = True,
) -> Comparison:
    """Train each variant from each seed, side by side, and return what every run reached.

    The tasks go through ``companion.parallel``: by default to one process per core, or to wherever
    ``joblib.parallel_config`` sends them (``backend="dask"``: to a cluster). The result is the same to the
    last bit in each case, given one kind of processor. Tasks that share a process take turns, so that threads
    gain nothing. One run by hand is ``torch.manual_seed(seed)``, the variant, then ``fit(..., seed=seed)``,
    with one torch thread.

    Args:
        variants: for each name a function that builds a new model; a lambda will do.
        split: the pictures to train on and to test on.
        seeds: one run of every variant for each.
        epochs: see ``fit``, as for ``lr``, ``batch_size`` and ``weight_decay``.
        lr: highest learning rate, of all variants or, by its name, of each: tuned for it.
        batch_size: most pictures in a batch.
        weight_decay: AdamW's decoupled decay.
        keep_models: whether ``Comparison.models`` shall have the trained models, in evaluation mode.
        n_jobs: how many tasks at once; -1 for one per core, None to leave it to ``joblib.parallel_config``.
        progress: show a bar on stderr, unless the environment sets ``TQDM_DISABLE=1``.

    Returns:
        Comparison of the runs, in the order of ``variants`` and ``seeds``.

    Raises:
        TypeError: if a variant is a model, and not a function that builds one, ``keep_models`` or ``progress`` is
            not a bool, or ``fit`` refuses an argument.
        ValueError: if there is no variant or no seed, a seed comes twice, ``lr`` has other names than ``variants``,
            or ``fit`` refuses an argument.
    """
    _checks.flag("keep_models", keep_models)
    _checks.flag("progress", progress)
    if not variants:
        raise ValueError("variants must hold at least one, got none")
    for name, factory in variants.items():
        if isinstance(factory, nn.Module):  # a model is callable too, but calling it doesn't build a new one
            raise TypeError(f"variants[{name!r}] must be a function that builds a model, got the model itself")
    seeds = list(seeds)
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must be different and at least one, got {seeds}")
    rates = dict(lr) if isinstance(lr, Mapping) else dict.fromkeys(variants, lr)
    if set(rates) != set(variants):
        raise ValueError(f"lr must be one rate, or one for each of {sorted(variants)}, got {rates}")
    options = {"epochs": epochs, "batch_size": batch_size, "weight_decay": weight_decay}
    tasks = [
        partial(_run, name, factory, split, seed, {**options, "lr": rates[name]}, keep_models)
        for name, factory in variants.items()
        for seed in seeds
    ]
    runs = parallel.run(tasks, n_jobs=n_jobs)
    return Comparison(tuple(with_progress(runs, len(tasks), shown=progress)))


def _run(
    name: str, factory: Callable[[], nn.Module], split: Split, seed: int, options: dict, keep_model: bool
) -> Run:
    with alone(seed):
        model = factory()
        history = fit(model, split, seed=seed, **options)
        return Run(
            variant=name,
            seed=seed,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            train_accuracy=evaluate(model, split.train_x, split.train_y),
            test_accuracy=evaluate(model, split.test_x, split.test_y),
            losses=history.losses,
            model=model.eval() if keep_model else None,
        )
