"""Run the recorded studies: ``python -m benchmarks.studies [NAME ...]``, or ``make studies``.

Trials run side by side on every core, or where ``--backend dask`` with ``--scheduler ADDRESS`` sends them. Each
result is stored as soon as it is there: the program may be stopped at any time, and goes on where it was. Variants
that have changed since they were recorded start anew.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import joblib
import torch
from tqdm import tqdm

from companion import cost, data, parallel, timing
from companion.studies import STUDIES, Record, Study, fingerprint, is_stale, path_of, read, run, wanted
from tools.files import replace


def about(study: Study) -> dict:
    """Return what the results of a study depend on, beside its variants."""
    split = study.split(0)
    return {
        "pictures": study.pictures,
        "train": len(split.train_y),
        "validation": len(split.val_y),
        "test": len(split.test_y),
        **study.settings,
        "machine": timing.machine(),
    }


def variants(study: Study) -> dict:
    """Return parameters, costs for one picture, and fingerprint of each variant."""
    found = {}
    for name, build in study.variants.items():
        total = cost.count(build(), study.input_size).total
        costs = {"parameters": total.parameters, "weights": total.weights, "macs": total.macs, "bytes": total.bytes}
        found[name] = costs | {"fingerprint": fingerprint(study, name)}
    return found


def started(study: Study) -> Record:
    """Return what is recorded of a study, without the runs of variants that have changed."""
    now = variants(study)
    try:
        before = read(study.name)
    except FileNotFoundError:
        return Record(about(study), now, [])
    fresh = {
        name
        for name, row in now.items()
        if name in before.variants and not is_stale(before.variants[name]["fingerprint"], row["fingerprint"])
    }
    kept = {name: before.variants[name] if name in fresh else row for name, row in now.items()}
    return Record(before.about, kept, [r for r in before.runs if r["variant"] in fresh])


def write(study: str, record: Record, folder: Path | None = None) -> None:
    """Store the results of a study where `companion.studies.read` finds them, one line per run."""
    path = path_of(study, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    runs = sorted(record.runs, key=lambda r: (r["variant"], r["kind"], r["lr"], r["seed"]))
    head = json.dumps({"about": record.about, "variants": record.variants}, ensure_ascii=False, indent=1)
    lines = ",\n".join(f"  {json.dumps(r, ensure_ascii=False)}" for r in runs)
    replace(path, f'{head[:-2]},\n "runs": [\n{lines}\n ]\n}}\n')


def perform(study: Study) -> Iterator[int]:
    """Run what a study lacks and store it, run by run; yield how many trials are known to be left."""
    record = started(study)
    while trials := wanted(list(study.variants), record.done):
        results = parallel.run([partial(run, study, trial) for trial in trials], n_jobs=None)
        for left, result in zip(range(len(trials) - 1, -1, -1), results, strict=True):
            record = Record(record.about, record.variants, [*record.runs, result])
            write(study.name, record)
            yield left


def measured(study: Study) -> None:
    """Time each variant's forward pass and training step with nothing else running, and store the medians."""
    record = read(study.name)
    split = study.split(0)
    x, y = split.train_x[: study.batch_size], split.train_y[: study.batch_size]
    calls = {}
    for name, build in study.variants.items():
        torch.manual_seed(0)
        model = build().eval()

        def forward(model=model):
            with torch.no_grad():
                model(x)

        def step(model=model):
            model.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()

        calls[name, "forward"], calls[name, "step"] = forward, step
    times = timing.measure(calls)
    rows = {name: dict(row) for name, row in record.variants.items()}
    for (name, what), taken in times.items():
        rows[name][f"{what}_ms"] = round(1000 * taken.median, 3)
    write(study.name, Record(dict(record.about) | {"timed on": timing.machine()}, rows, record.runs))


def main() -> None:
    """Run the studies that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(STUDIES)}; all if none is given")
    parser.add_argument("--backend", default="loky", help="of joblib: loky, threading or dask")
    parser.add_argument("--scheduler", help="address of a Dask scheduler")
    parser.add_argument("--times", action="store_true", help="measure the times of the variants, and train nothing")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(STUDIES):
        parser.error(f"no study is called {', '.join(sorted(unknown))}")
    chosen = [STUDIES[name] for name in arguments.names or STUDIES]
    if data.fashion_mnist_folder() is None:
        left_out = [study for study in chosen if "fashion" in study.name]
        chosen = [study for study in chosen if study not in left_out]
        if left_out:
            print(
                "Without Fashion-MNIST these are left out:",
                ", ".join(study.name for study in left_out),
                file=sys.stderr,
            )
    if arguments.times:
        unread = [study for study in chosen if not path_of(study.name).exists()]
        for study in tqdm([study for study in chosen if study not in unread], unit="study"):
            measured(study)
        if unread:
            sys.exit(f"Not timed, since nothing is recorded of them: {', '.join(study.name for study in unread)}")
        return
    with contextlib.ExitStack() as stack:
        if arguments.backend == "dask":
            from distributed import Client

            stack.enter_context(Client(arguments.scheduler))
        stack.enter_context(joblib.parallel_config(backend=arguments.backend, n_jobs=-1))
        for study in chosen:
            with tqdm(desc=study.name, unit="run") as bar:
                for left in perform(study):
                    bar.update()
                    bar.set_postfix(left=left)


if __name__ == "__main__":
    main()
