"""Paired differences: the interval of Student's t, and the words that follow from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from companion.training import Pair, verdicts
from tests.refusals import refusals

numbers = st.floats(-50, 50).map(lambda x: round(x, 3))


@given(st.lists(numbers, min_size=2, max_size=12).filter(lambda d: len(set(d)) > 1))
def test_the_interval_is_that_of_a_t_test(differences):
    pair = Pair("a", "b", tuple(differences), margin=1.0)
    wanted = stats.ttest_1samp(differences, 0.0)
    interval = wanted.confidence_interval(0.95)
    assert pair.mean == pytest.approx(sum(differences) / len(differences), abs=1e-9)
    assert pair.interval == pytest.approx((interval.low, interval.high), abs=1e-6)
    if abs(wanted.pvalue - 0.05) > 1e-6:
        assert pair.verdict.startswith(("ahead", "behind")) == (wanted.pvalue < 0.05)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ((7.0, 8.0, 7.5), "ahead"),
        ((-7.0, -8.0, -7.5), "behind"),
        ((0.4, 0.5, 0.45), "ahead by less than 1 point"),
        ((-0.4, -0.5, -0.45), "behind by less than 1 point"),
        ((0.1, -0.1, 0.05), "level within 1 point"),
        ((0.0, 0.0), "level within 1 point"),
        ((1.0, 1.0), "ahead"),  # as large as the margin is not within it
        ((3.0, -2.0, 1.0), "cannot tell"),
        ((1.2, -0.9, 0.2), "cannot tell"),
    ],
)
def test_the_verdict_follows_from_the_interval_and_the_margin(differences, verdict):
    pair = Pair("a", "b", differences, margin=1.0)
    assert pair.verdict == verdict
    assert repr(pair).endswith(f", {verdict}")


def test_numbers_are_written_with_a_minus_and_zero_without_a_sign():
    assert Pair("a", "b", (0.0, 0.1), margin=2.5).verdict == "level within 2.5 points"
    assert Pair("a", "b", (-1.0, -1.2), margin=1.0).measured == "−1.1 ± 0.1 (−2.4 to 0.2)"
    assert Pair("a", "b", (-0.01, 0.0), margin=1.0).measured == "0.0 ± 0.0 (−0.1 to 0.1)"


def test_a_table_has_a_row_per_pair():
    pairs = [Pair("a", "b", (7.0, 8.0), margin=1.0), Pair("a", "c", (0.1, -0.1), margin=1.0)]
    rows = verdicts(pairs, caption="who").rows
    assert [row[0] for row in rows] == ["a minus b", "a minus c"]
    assert [row[2] for row in rows] == [pair.verdict for pair in pairs]


test_bad_arguments_are_named = refusals(
    (lambda: Pair("a", "b", (1.0,), 1.0), "differences must be at least two, got 1"),
    (lambda: Pair("a", "b", (1.0, 2.0), 0.0), "margin must be above 0 and finite, got 0"),
    (lambda: Pair("a", "b", (1.0, 2.0), float("inf")), "margin must be above 0 and finite, got inf"),
)
