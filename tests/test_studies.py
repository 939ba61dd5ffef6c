"""The recorded studies: what runs next, what a record says, and that what is recorded is still what would run."""

import math

import pytest
import torch
from torch import nn

from benchmarks.studies import write
from companion import data, studies
from companion.studies import FINAL_SEEDS, GRID, LONG_SEEDS, SWEEP_SEEDS, Question, Record, Study, Trial
from tools import files


def tiny(**changes):
    split = data.digits(train_size=20, validation=50)
    variants = {"a": lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10))}
    about = {"name": "tiny", "pictures": "20 digits", "variants": variants, "split": lambda seed: split}
    options = {"input_size": (1, 1, 8, 8), "questions": (), "epochs": 2, "batch_size": 10}
    return Study(**about | options | changes)


def performed(accuracy, variants=("a",)):
    """Go through all trials as if each reached what ``accuracy`` says of its variant and rate."""
    done, rounds = {}, []
    while trials := studies.wanted(variants, done):
        assert not set(trials) & set(done), "no trial is run twice"
        rounds.append(trials)
        done |= {trial: accuracy(trial) for trial in trials}
        assert len(rounds) < 40
    return done, rounds


def peak(at):
    return lambda trial: 90 - abs(math.log10(trial.lr) - math.log10(at))


def test_each_variant_gets_the_same_sweep_and_then_the_runs_that_count():
    _, rounds = performed(peak(0.01), ("a", "b"))
    assert {(t.variant, t.lr, t.seed) for t in rounds[0]} == {
        (variant, lr, seed) for variant in "ab" for lr in GRID for seed in SWEEP_SEEDS
    }
    assert all(t.kind == "sweep" for t in rounds[0])
    counted = [(t.kind, t.seed) for t in rounds[1] if t.variant == "a"]
    assert counted == [*(("final", seed) for seed in FINAL_SEEDS), *(("long", seed) for seed in LONG_SEEDS)]
    assert {t.lr for t in rounds[1]} == {0.01}
    assert len(rounds) == 2
    assert not set(SWEEP_SEEDS) & set(FINAL_SEEDS), "the seeds that chose the rate are not those that count"


@pytest.mark.parametrize(
    ("best", "rates"),
    [
        (0.1, [*GRID, 0.3]),
        (1.0, [*GRID, 0.3, 1.0, 3.0]),
        (0.0003, [0.0001, 0.0003, *GRID]),
        (0.001, [0.0003, *GRID]),
    ],
)
def test_a_grid_grows_until_the_best_rate_lies_inside(best, rates):
    done, _ = performed(peak(best))
    assert sorted({t.lr for t in done if t.kind == "sweep"}) == rates
    assert studies._plan.best_rate("a", done) == best
    assert {t.lr for t in done if t.kind == "final"} == {best}


def test_a_grid_does_not_grow_for_ever():
    done, _ = performed(lambda trial: trial.lr)
    assert max(t.lr for t in done) == studies._plan.HIGHEST


def test_of_equally_good_rates_the_lowest_is_taken():
    done = {Trial("sweep", "a", lr, seed): 97.0 for lr in (0.03, 0.01) for seed in SWEEP_SEEDS}
    assert studies._plan.best_rate("a", done) == 0.01
    with pytest.raises(ValueError, match="variant must have a sweep, got none for 'b'"):
        studies._plan.best_rate("b", done)


@pytest.mark.parametrize(
    ("lr", "steps", "wanted"), [(0.1, 1, 0.3), (0.3, 1, 1.0), (0.01, -1, 0.003), (3.0, -2, 0.3)]
)
def test_rates_go_on_in_steps_of_about_three(lr, steps, wanted):
    assert studies._plan.neighbour(lr, steps) == wanted


def record():
    runs = []
    for variant, best in (("a", 0.01), ("b", 0.03)):
        done, _ = performed(lambda t, variant=variant, best=best: peak(best)(t) + (2 if variant == "a" else 0))
        for t, val in done.items():
            run = {"kind": t.kind, "variant": variant, "lr": t.lr, "seed": t.seed, "val": val, "loss": 0.1}
            runs.append(run | ({"test": val - t.seed / 10 * (variant == "b")} if t.kind == "final" else {}))
    return Record({"machine": "one"}, {"a": {"weights": 1}, "b": {"weights": 2}}, runs)


def test_a_record_gives_rates_sweeps_and_paired_differences():
    found, question = record(), Question("a", "b", margin=1.0)
    assert (found.rate("a"), found.rate("b")) == (0.01, 0.03)
    assert list(found.sweep("a")) == list(GRID)
    assert found.final("b") == tuple(90 - seed / 10 for seed in FINAL_SEEDS)
    assert found.pair(question).differences == pytest.approx([2 + seed / 10 for seed in FINAL_SEEDS])
    assert found.pair(question).verdict == "ahead"
    assert found.longer(question).differences == pytest.approx([2.0] * len(LONG_SEEDS))
    less = Record(found.about, found.variants, [r for r in found.runs if r["seed"] != 12])
    with pytest.raises(ValueError, match=r"'a' lacks \[12\] of kind 'final'"):
        less.final("a")


def test_a_report_shows_what_each_costs_its_rate_and_what_it_reached():
    found = record()
    variants = {name: row | {"macs": 3, "bytes": 4} for name, row in found.variants.items()}
    study = tiny(variants=dict.fromkeys("ab"), questions=(Question("a", "b", 1.0),))
    shown = studies.Recorded(study, Record({"test": 400}, variants, found.runs))
    table = shown.results()
    assert table.columns == ["variant", "weights", "MACs", "bytes", "rate", "test, %"]
    assert table.rows == [["a", 1, 3, 4, "0.01", "92.0 ± 0.0"], ["b", 2, 3, 4, "0.03", "88.5 ± 0.3"]]
    assert "30 trainings" in table.caption
    (verdict,) = shown.verdicts().rows
    assert verdict == ["a minus b", "3.5 ± 0.1 (3.2 to 3.7)", "ahead", *(["+2.0, ahead"] * 3)]
    said = "1 comparison over 10 seeds; 400 test pictures leave ± 1.6 points in one accuracy"
    assert shown.verdicts().caption == said
    assert shown.verdicts("val").columns == ["first minus second", "points (95 % interval)", "verdict"]
    assert shown.resolution("a") == pytest.approx(1.356, abs=1e-3)
    assert shown.rates == {"a": 0.01, "b": 0.03}
    assert list(shown.sweeps["b"]) == list(GRID)
    assert shown.pair("a", "b").verdict == "ahead"
    assert repr(shown) == repr(table)
    with pytest.raises(ValueError, match=r"first and second must be one of \[\('a', 'b'\)\], got \('b', 'a'\)"):
        shown.pair("b", "a")


def test_dead_runs_are_counted():
    found = record()
    losses = iter([None, math.log(10), 2.29])
    last = [run for run in found.runs if (run["kind"], run["variant"]) == ("final", "b")]
    runs = [run | {"loss": next(losses, 0.1)} if run in last else run for run in found.runs]
    assert studies.Recorded(tiny(), Record({}, {}, runs)).dead("b") == 2
    assert studies.Recorded(tiny(), found).dead("a") == 0


def test_a_record_is_stored_whole_and_reads_back(tmp_path, monkeypatch):
    first = record()
    write("tiny", first, tmp_path)
    again = studies.read("tiny", tmp_path)
    key = lambda r: tuple(map(str, r.values()))  # noqa: E731
    assert sorted(again.runs, key=key) == sorted(first.runs, key=key)
    assert (again.about, again.variants) == (first.about, first.variants)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write("tiny", Record({}, {}, []), tmp_path)
    monkeypatch.undo()
    assert studies.read("tiny", tmp_path) == again
    with pytest.raises(FileNotFoundError, match=r"no results of the study 'other' in .*: make studies makes them"):
        studies.read("other", tmp_path)


def test_a_run_looks_at_the_test_pictures_only_where_it_counts():
    study = tiny(also={"zero": lambda model, split: 0.0})
    run = studies.run(study, Trial("sweep", "a", 0.01, 1))
    assert {"test", "zero"} & set(run) == set()
    final = studies.run(study, Trial("final", "a", 0.01, 1))
    same = set(run) - {"kind", "seconds"}
    assert [final[key] for key in same] == [run[key] for key in same]
    assert final["zero"] == 0.0
    longer = studies.run(study, Trial("long", "a", 0.01, 1))
    assert longer["loss"] < run["loss"]
    assert "test" not in longer
    assert study.settings["epochs"] == 2


def test_a_fingerprint_changes_with_what_matters_and_with_nothing_else():
    print_of = lambda study: studies.fingerprint(study, "a")  # noqa: E731
    before = print_of(tiny())
    assert not studies.is_stale(before, print_of(tiny(pictures="other words")))
    assert not studies.is_stale(before, before | {"loss": before["loss"] * 1.0009})
    assert studies.is_stale(before, before | {"loss": before["loss"] * 1.002})
    changed = [
        {"epochs": 3},
        {"batch_size": 9},
        {"weight_decay": 0.1},
        {"variants": {"a": lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10, bias=False))}},
        {"variants": {"a": lambda: nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(64, 10), nn.Tanh())}},
        {"split": lambda seed: data.digits(train_size=20, validation=50, draw=1)},
    ]
    assert all(studies.is_stale(before, print_of(tiny(**change))) for change in changed)
    torch.manual_seed(5)
    assert print_of(tiny()) == before, "whatever was drawn before"


def test_questions_are_about_variants():
    with pytest.raises(ValueError, match=r"questions must be about variants, got \['b'\]"):
        tiny(questions=(Question("a", "b", 1.0),))


RECORDED = [study for name, study in studies.STUDIES.items() if studies.path_of(name).exists()]


@pytest.mark.parametrize("study", RECORDED, ids=lambda study: study.name)
def test_what_is_recorded_is_complete_and_would_come_out_again(study):
    if "fashion" in study.name and data.fashion_mnist_folder() is None:
        pytest.skip("Fashion-MNIST is not here (on Debian: apt-get install dataset-fashion-mnist)")
    found = studies.read(study.name)
    assert set(found.variants) == set(study.variants)
    assert not studies.wanted(list(study.variants), found.done), "make studies has more to run"
    for variant, row in found.variants.items():
        assert not studies.is_stale(row["fingerprint"], studies.fingerprint(study, variant)), variant
        rates = list(found.sweep(variant))
        assert found.rate(variant) in rates[1:-1], f"{variant}: the best rate lies at an end of the grid"
    for question in study.questions:
        assert len(found.pair(question).differences) == len(FINAL_SEEDS)


@pytest.mark.parametrize("study", RECORDED, ids=lambda study: study.name)
def test_a_margin_is_smaller_than_what_is_at_stake(study):
    found = studies.read(study.name)
    effect = max(abs(found.pair(question).mean) for question in study.questions)
    assert all(question.margin <= max(0.5, effect / 10) for question in study.questions)
