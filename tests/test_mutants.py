"""The faults that make mutants plants: which are drawn, and what becomes of them."""

import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools import mutants

cosmic_ray = pytest.importorskip("cosmic_ray", reason="cosmic-ray is not installed")


def test_what_is_drawn_is_many_from_every_room_and_the_same_each_time():
    one = mutants.drawn("roofline")
    assert [mutant.key for mutant in one] == [mutant.key for mutant in mutants.drawn("roofline")]
    assert len(one) == len({mutant.key for mutant in one}) == mutants.PER_ROOM
    assert 25 * len(mutants.ROOMS) >= 400
    assert len(mutants.ROOMS) * mutants.PER_ROOM >= 500
    for room in mutants.ROOMS:
        files, tests = mutants.parts(room)
        assert files
        assert all((mutants.ROOT / path).exists() for path in (*files, *tests)), room


def test_a_fault_does_something_else_and_is_no_matter_of_annotations(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    (tmp_path / "m.py").write_text("def f(a: int | None) -> float:\n    return 2 * a\n")
    found = [mutant for _, mutant in mutants.mutants("m.py")]
    assert {mutant.line for mutant in found} == {2}
    assert {"return 2 / a", "return 3 * a"} <= {mutant.change for mutant in found}
    assert mutants.shape("def f(a: int): pass") == mutants.shape("def f(a: str) -> int: pass")
    assert mutants.shape("x = = 1") == ""


def test_a_room_goes_on_where_it_was_and_survivors_are_tried_again_with_other_tests(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "FOUND", tmp_path)
    monkeypatch.setattr(mutants, "drawn", lambda room: [mutants.Mutant("a.py", 1, "w", text) for text in "abc"])
    monkeypatch.setattr(mutants, "parts", lambda room: (["a.py"], ["tests"]))
    monkeypatch.setattr(mutants, "digest", lambda tests: "now")

    class Bench:
        def __init__(self):
            self.tried = []

        def run(self, tests, limit, mutant=None):
            self.tried.append(mutant.text if mutant else "")
            return "killed" if mutant and mutant.text != "b" else "survived"

    def run():
        bench = Bench()
        with ThreadPoolExecutor(1) as pool:
            return [end for _, end in mutants.tried("room", bench, pool)], bench.tried

    assert run() == (["killed", "survived", "killed"], ["", "a", "b", "c"])
    assert run() == (["killed", "survived", "killed"], [])
    monkeypatch.setattr(mutants, "digest", lambda tests: "later")
    assert run() == (["killed", "survived", "killed"], ["", "b"])


def test_each_fault_called_equal_has_a_reason_and_can_be_planted():
    rows = tomllib.loads(mutants.EQUAL.read_text("utf-8"))["equal"]
    planted = {(path, m.change) for path in {row["path"] for row in rows} for _, m in mutants.mutants(path)}
    for row in rows:
        assert set(row) == {"path", "change", "reason"}
        assert len(row["reason"]) > 15
        assert (row["path"], row["change"]) in planted
