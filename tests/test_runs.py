"""What a comparison of training runs says: means, spreads, differences and verdicts."""

import dataclasses
import math
import statistics

import pytest

from companion.training import Comparison, Run

ACCURACIES = {"a": [97.2, 98.0, 96.4], "b": [95.0, 97.0, 95.6], "c": [91.0, 92.0, 90.0]}


@pytest.fixture
def three():
    return Comparison(
        tuple(
            Run(name, seed, 1234 * (i + 1), value + 1, value, (2.0, 1.0))
            for i, (name, values) in enumerate(ACCURACIES.items())
            for seed, value in enumerate(values)
        )
    )


@pytest.mark.parametrize("name", ACCURACIES)
def test_mean_and_spread_are_those_of_the_statistics_module(three, name):
    assert three.accuracies(name) == tuple(ACCURACIES[name])
    assert three.mean(name) == pytest.approx(statistics.mean(ACCURACIES[name]))
    assert three.spread(name) == pytest.approx(statistics.stdev(ACCURACIES[name]))
    assert three.mean(name, "train") == pytest.approx(statistics.mean(ACCURACIES[name]) + 1)
    assert three.spread(name, "train") == pytest.approx(statistics.stdev(ACCURACIES[name]))


def test_a_pair_holds_the_differences_seed_by_seed(three):
    pair, differences = three.pair("a", "b", margin=1.5), [2.2, 1.0, 0.8]
    assert pair.differences == pytest.approx(differences)
    assert pair.mean == pytest.approx(statistics.mean(differences))
    assert pair.standard_error == pytest.approx(statistics.stdev(differences) / math.sqrt(3))
    assert (pair.first, pair.second, pair.margin) == ("a", "b", 1.5)
    assert three.pair("b", "a", margin=1.5).mean == -pair.mean
    assert three.pair("a", "b", margin=1.5, part="train").differences == pytest.approx(differences)


def test_the_table_shows_mean_and_spread_with_one_decimal(three):
    assert str(three).splitlines()[-3:] == [
        "a             1,234  98.2 ± 0.8  97.2 ± 0.8",
        "b             2,468  96.9 ± 1.0  95.9 ± 1.0",
        "c             3,702  92.0 ± 1.0  91.0 ± 1.0",
    ]
    assert "over 3 seeds" in str(three)
    assert "96.9 ± 1.0" in three._repr_html_()


def test_one_seed_has_a_mean_and_no_spread():
    alone = Comparison((Run("a", 0, 10, 99.0, 97.0, ()), Run("b", 0, 10, 99.0, 96.0, ())))
    assert math.isnan(alone.spread("a"))
    with pytest.raises(ValueError, match="differences must be at least two, got 1"):
        alone.pair("a", "b", margin=1.0)
    assert "±" not in str(alone).splitlines()[-1]
    assert "one seed" in str(alone)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.mean("d"), r"name must be one of \['a', 'b', 'c'\], got 'd'"),
        (lambda c: c.accuracies("a", "validation"), r"part must be one of \['train', 'test'\], got 'validation'"),
        (lambda c: c.pair("a", "b", margin=-1), "margin must be above 0 and finite, got -1"),
        (lambda c: c.pair("a", "b", margin=math.nan), "margin must be above 0 and finite, got nan"),
        (lambda c: Comparison(()), r"runs must go through the same seeds for each variant, got \[\]"),
        (lambda c: Comparison(c.runs[:-1]), "runs must go through the same seeds for each variant"),
    ],
)
def test_a_comparison_refuses_bad_questions(three, call, message):
    with pytest.raises(ValueError, match=message):
        call(three)


def test_what_was_run_cannot_be_rewritten(three):
    for record in (three, three.runs[0]):
        with pytest.raises(dataclasses.FrozenInstanceError):
            record.runs = record.test_accuracy = 100.0
