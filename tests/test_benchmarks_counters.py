"""What other counters said, as recorded: the table on the page is that, and this package is right in every case."""

import json

import pytest

from benchmarks import counters
from benchmarks._record import RESULTS

RECORDED = json.loads((RESULTS / "counters.json").read_text("utf-8"))


def test_every_counter_is_recorded_in_every_case_with_its_version():
    assert {row["case"]: row["exact"] for row in RECORDED["rows"]} == {
        case: exact for case, (_, _, exact) in counters.CASES.items()
    }
    assert all(list(row["said"]) == list(counters.COUNTERS) for row in RECORDED["rows"])
    assert list(RECORDED["versions"]) == ["python", "torch", *counters.PACKAGES]


def test_this_package_says_what_is_recorded_and_that_is_exact():
    exact = [row["exact"] for row in RECORDED["rows"]]
    assert counters.answers("companion") == [row["said"]["companion"] for row in RECORDED["rows"]] == exact


def test_the_page_shows_the_table_of_the_record():
    table = counters.markdown(RECORDED)
    assert f"\n\n{table}\n" in counters.PAGE.read_text("utf-8")
    for i, name in enumerate(counters.COUNTERS):
        right = sum(row["said"][name] == row["exact"] for row in RECORDED["rows"])
        assert table.splitlines()[-1].split(" | ")[2 + i].strip(" |") == f"**{right}**"


def test_a_counter_that_fails_has_its_error_for_an_answer(monkeypatch):
    monkeypatch.setitem(counters.COUNTERS, "thop", lambda module, size: 1 / 0)
    assert counters.answers("thop") == ["ZeroDivisionError"] * len(counters.CASES)


def test_without_the_counters_nothing_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(counters, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"Nothing was recorded: fvcore, thop, .* can't be imported"):
        counters.main(tmp_path / "counters.json", tmp_path / "api.md")
    assert list(tmp_path.iterdir()) == []
