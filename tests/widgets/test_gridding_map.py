"""The gridding map: its counts and its rules are the package's."""

import random
import re
from math import gcd

import pytest

from companion import pitfalls, widgets
from tests.refusals import refusals
from tests.widgets import in_javascript, paired, settings_of

CHANCE = random.Random(0)
TRIPLES = [list(rates) for rates in widgets.GRIDDING_PRESETS]
TRIPLES += [[CHANCE.randint(1, 9) for _ in range(3)] for _ in range(60)]


def test_the_paths_are_the_package_s():
    for rates, paths in paired("gridding-map", "Element.paths(value)", TRIPLES):
        assert paths == pitfalls.path_counts(rates).tolist()


def test_the_rules_are_the_package_s():
    rules = "[Element.hdc(value), Element.firstGap(value), Element.factor(value)]"
    for rates, got in paired("gridding-map", rules, TRIPLES):
        assert got == [list(pitfalls.hdc_distances(rates)), pitfalls.first_gap(rates), gcd(*rates)]


def test_the_rules_are_written_out_and_judged():
    all_rules = in_javascript("gridding-map", "Element.rules(value)", TRIPLES)
    for rates, ((_, hdc, passes), (_, _, coprime), (_, windows, exact)) in zip(TRIPLES, all_rules, strict=True):
        m2 = pitfalls.hdc_distances(rates)[1]
        formula, value = re.fullmatch(r"M₂ = (max\[.*\]) = (\d+)", hdc).groups()
        python = formula.replace("−", "-").replace("[", "(").replace("]", ")")
        assert eval(python) == int(value) == m2
        read, size = pitfalls.coverage(rates)
        wanted = m2 <= 3, gcd(*rates) == 1, read == size
        assert [passes, coprime, exact] == ["holds" if true else "fails" for true in wanted]
        for rate, sign, window in re.findall(r"(\d+) (.) (\d+)", windows):
            assert sign == (">" if int(rate) > int(window) else "≤")
    assert {rules[2][2] for rules in all_rules} == {"holds", "fails"}
    assert all_rules[3][0][2] == all_rules[3][1][2] == "holds", "2, 3, 5 passes both tests of the paper"
    assert all_rules[3][2][1:] == ["2 > 1, 3 ≤ 5, 5 ≤ 11", "fails"]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (0, 0, "At the output itself"),
        (-2, 1, "2 rows up, 1 column right of the output"),
        (1, 0, "1 row down of the output"),
        (0, -3, "3 columns left of the output"),
    ],
)
def test_it_says_where_a_pixel_lies(row, column, words):
    assert in_javascript("gridding-map", "Element.where(...value)", [[row, column]]) == [words]


def test_the_python_that_it_shows_prints_what_it_draws(capsys):
    for lines in in_javascript("gridding-map", "Element.python(value)", [[1, 2, 9]]):
        exec(lines, {})
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].endswith(str(pitfalls.path_counts((1, 2, 9)).tolist()))
    assert shown[1:] == ["positions read, of: (21, 25)", "M: (3, 5, 9) too large: 9"]


def test_without_scripts_the_reader_gets_the_pixels_in_a_table():
    fallback = widgets.gridding_map((3, 1, 1)).fallback
    rows = re.findall(r'row">([\d, ]+)</th><td>(\d+) × \d+</td><td>(\d+)</td><td>(\d+)</td>', fallback)
    assert [row[0] for row in rows] == ["3, 1, 1", *(", ".join(map(str, r)) for r in widgets.GRIDDING_PRESETS)]
    for rates, size, read, skipped in rows:
        seen, length = pitfalls.coverage([int(rate) for rate in rates.split(", ")])
        assert (int(size), int(read), int(skipped)) == (length, seen**2, length**2 - seen**2)


def test_it_hands_its_script_the_rates():
    widget = widgets.gridding_map((1, 2, 5), presets=[(2, 2, 2)])
    assert settings_of(widget) == {"rates": [1, 2, 5], "presets": [[2, 2, 2]], "most": 9}
    assert repr(widget) == "Gridding map: rates 1, 2, 5"


def grid(*rates, **options):
    return lambda: widgets.gridding_map(rates, **options)


test_bad_input_is_named = refusals(
    (grid(1, 2), r"rates must be three rates from 1 to 9, got \[1, 2\]"),
    (grid(), r"rates must be three rates from 1 to 9, got \[\]"),
    (grid(1, 2, 10), r"rates must be three rates from 1 to 9, got \[1, 2, 10\]"),
    (grid(0, 1, 2), r"rates\[0\] must be at least 1, got 0"),
    (grid(1, 2, 2.0), r"rates\[2\] must be an int, got float", TypeError),
    (grid(1, 1, 1, presets=[(1, 2, 3), (1, 2)]), r"presets\[1\] must be three rates from 1 to 9, got \[1, 2\]"),
)
