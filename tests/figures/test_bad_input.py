"""What a figure can't draw is refused by the name of its argument."""

import math

import pytest

from companion import figures

BASE = {
    "curves": {"xlabel": "x", "ylabel": "y"},
    "branches": {"source": "input", "merge": "sum"},
    "histograms": {"label": "gate", "window": (0, 1)},
    "regions": {"limits": (-1, 1)},
    "scatter": {"xlabel": "MACs", "ylabel": "ms"},
    "stacked": {"xlabel": "percent"},
    "worked_pixel": {"at": (0, 0)},
    "tiles": {"tile": (4, 8, 4, 2), "words": {"weight": "w", "x": "x", "y": "y"}},
}
LABELLED = {"label": "x"}
AXES = {"xlabel": "channel", "ylabel": "class", "label": "gate"}
ROOFS, ROWS = {"a": (3e12, 6e13)}, {"net": [8.0]}
GRID = [[-1.0, 1.0], [-1.0, 1.0]]
X = [GRID] * 3
ONE, THREE, FOUR = {"": {"r": (1, 2, 3)}}, ["a", "b", "c"], {n: {"a": [1, 2]} for n in "wxyz"}
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("name", "arguments", "options", "words"),
    [
        ("bars", ({},), {}, "groups must hold the same variants"),
        ("bars", ({"m": {"a": 1}},), {"highlight": "b"}, r"highlight must be one of \['a'\], got 'b'"),
        ("bars", ({"m": {"a": 1}, "n": {"b": 1}},), {}, "the same variants in every measure"),
        ("bars", ({"m": {"a": 1, "b": -1}},), {}, r"finite values of at least 0, got \[1, -1\]"),
        ("bars", ({"m": {"a": INF}},), {}, r"finite values of at least 0, got \[inf\]"),
        ("number_grids", ([("x", [[[1]]])], ["·"]), {}, "signs must be one fewer than columns, got 1 for 1"),
        ("number_grids", ([("x", [])], []), {}, "columns must hold 1 to 4 grids each, none empty"),
        ("number_grids", ([("x", [[[1]]] * 5)], []), {}, "columns must hold 1 to 4 grids each, none empty"),
        ("heat_maps", ({},), AXES, r"maps must be at least one, none empty, all finite, got \[\]"),
        ("heat_maps", ({"a": [[NAN]]},), AXES, "maps must be at least one, none empty, all finite"),
        ("branches", ([],), {}, "paths must hold at least one, got none"),
        ("curves", ({},), {}, "lines must be 1 to 4, one colour each, got 0"),
        ("curves", ({name: ([1], [1]) for name in "abcde"},), {}, "lines must be 1 to 4, one colour each, got 5"),
        ("curves", ({"a": ([1, 2], [1])},), {}, "one y for each x, got 2 x and 1 y for 'a'"),
        ("curves", ({"a": ([], [])},), {}, "one y for each x, got 0 x and 0 y for 'a'"),
        ("curves", ({"a": ([[1]], [[1]])},), {}, r"lines must be an array with 1 axes, got the shape \(1, 1\)"),
        ("dots", ({},), LABELLED, "runs must hold variants of at least two values each"),
        ("dots", ({"b": [1, 2], "a": [1.0]},), LABELLED, "got numbers of values .*'a': 1"),
        ("dots", ({"a": [1, 2]},), {"label": "x", "cycle": 0}, "cycle must be 1 to 4, got 0"),
        ("dots", ({"a": [1, 2]},), {"label": "x", "cycle": 5}, "cycle must be 1 to 4, got 5"),
        ("dot_panels", ({},), LABELLED, "panels must hold the same variants in every setting, got"),
        ("dot_panels", ({"x": {"a": [1, 2]}, "y": {"b": [1, 2]}},), LABELLED, "the same variants in every setting"),
        ("dot_panels", (FOUR,), LABELLED, "panels must be three at most, got 4: w, x, y, z"),
        ("dot_panels", ({"x": {"a": [1]}},), LABELLED, "variants of at least two values each.*: 1"),
        ("histograms", ({},), {}, "panels must hold the same 1 to 4 samples each, got"),
        ("histograms", ({"x": {"a": [0]}, "y": {"b": [0]}},), {}, "the same 1 to 4 samples"),
        ("histograms", ({"x": {name: [0] for name in "abcde"}},), {}, "the same 1 to 4 samples"),
        ("histograms", ({"x": {"a": []}},), {}, "samples of at least one value, got none for 'a'"),
        *(
            ("histograms", ({"x": {"a": [0.5, value]}},), {}, rf"inside the window \(0, 1\), got {value}")
            for value in (-0.1, 1.1, NAN, INF)
        ),
        ("mixing_matrix", (), {}, "matrices must be at least one, got none"),
        ("mixing_matrix", ([[1]],), {"titles": ["a", "b"]}, "titles must be one for each matrix, got 2 for 1"),
        ("mixing_matrix", ([[]],), {}, r"1 to 64 rows and columns, got the shape \(1, 0\)"),
        ("mixing_matrix", ([[1]], [[1, 2], [3]]), {}, "inhomogeneous shape"),
        ("mixing_matrix", ([[1] * 65],), {}, r"1 to 64 rows and columns, got the shape \(1, 65\)"),
        ("mixing_matrix", ([[1, NAN]],), {}, "matrices must hold finite numbers, got nan"),
        ("pipeline", (0, 3), {}, "tiles must be at least 1, got 0"),
        ("pipeline", (4, 1), {}, "stages must be at least 2, got 1"),
        ("pixel_maps", ({},), {}, "maps must hold at least one map, got none"),
        ("pixel_maps", ({"a": [[1]]},), {"columns": 0}, "columns must be at least 1, got 0"),
        ("pixel_maps", ({"a": [1, 2]},), {}, r"\(H, W\) or \(H, W, 3\), got \(2,\) for 'a'"),
        ("pixel_maps", ({"a": [[(1, 2)]]},), {}, r"\(H, W, 3\), got \(1, 1, 2\) for 'a'"),
        ("pixel_maps", ({"a": [[]]},), {}, r"\(H, W, 3\), got \(1, 0\) for 'a'"),
        ("pixel_maps", ({"a": [[(0, 0, 1.5)]]},), {}, r"colours in \[0, 1\], got 0.0 to 1.5 for 'a'"),
        ("pixel_maps", ({"a": [[(0, 0, -1)]]},), {}, r"colours in \[0, 1\], got -1.0 to 0.0 for 'a'"),
        ("pixel_maps", ({"a": [[(0, 0, 1)]]},), {"signed": True}, r"to be signed, got \(1, 1, 3\) for 'a'"),
        ("regions", ({},), {}, "panels must hold at least one, got none"),
        ("regions", ({"a": [[1.0, 2.0]]},), {}, r"at least 2 by 2, got \(1, 2\) for 'a'"),
        ("regions", ({"a": [[1.0, NAN], [0, 0]]},), {}, "panels must hold finite scores"),
        ("regions", ({"a": GRID},), {"limits": (1, 1)}, r"limits must rise, got \(1, 1\)"),
        ("regions", ({"a": GRID},), {"points": [(0, 0)], "labels": []}, "one for each of 1 points"),
        ("regions", ({"a": GRID},), {"points": [(0, 0)], "labels": [2]}, r"labels must be 0 or 1, .* got \[2.0\]"),
        ("roofline", ({}, ROWS), {}, "1 to 4 roofs and at least one row, got 0, 1"),
        ("roofline", (ROOFS, {}), {}, "1 to 4 roofs and at least one row, got 1, 0"),
        ("roofline", ({"a": (0, 1)}, ROWS), {}, "roofs must hold numbers above 0 and finite, got 0"),
        ("roofline", (ROOFS, {"a": [-1]}), {}, "rows must hold numbers above 0 and finite, got -1"),
        ("roofline", (ROOFS, ROWS), {"points": {"b": [(1, 1)]}}, r"under one of the roofs .*, got \['b'\]"),
        ("roofline", (ROOFS, ROWS), {"points": {"a": [(1, NAN)]}}, "points must hold numbers above 0 and finite"),
        ("scatter", ({},), {}, "groups must be 1 to 4, one colour each, got 0"),
        ("scatter", ({name: {"p": (1, 1)} for name in "abcde"},), {}, "groups must be 1 to 4, .* got 5"),
        ("scatter", ({"a": {}},), {}, "groups must hold at least one point each, got none for 'a'"),
        ("scatter", ({"a": {"p": (0, 1)}},), {}, "groups must hold numbers above 0 and finite, got 0"),
        ("scatter", ({"a": {"p": (1, 1)}},), {"rays": {"r": INF}}, "rays must hold numbers above 0 and finite"),
        ("sectors", ({},), {}, "arrays must be at least one, got none"),
        ("sectors", ({"x": ([], 8)},), {}, r"places of at least 0, got \[\] for 'x'"),
        ("sectors", ({"x": ([-1], 8)},), {}, r"places of at least 0, got \[-1\] for 'x'"),
        ("sectors", ({"x": ([1], 12)},), {}, "rows of a multiple of 8 floats, got 12 for 'x'"),
        ("stacked", (ONE, ["a"]), {}, r"parts must be 2 to 5, one colour each, got \['a'\]"),
        ("stacked", (ONE, list("abcdef")), {}, "parts must be 2 to 5"),
        ("stacked", ({}, THREE), {}, r"groups must hold at least one row each, got \{\}"),
        ("stacked", ({"A": {}}, THREE), {}, "groups must hold at least one row each"),
        ("stacked", ({"A": {"r": (1, 2)}}, THREE), {}, r"3 finite values .* got \[1, 2\] for 'A', 'r'"),
        ("stacked", ({"": {"r": (1, 2, -1)}}, THREE), {}, r"got \[1, 2, -1\] for 'r'"),
        ("stacked", ({"": {"r": (1, 2, NAN)}}, THREE), {}, "3 finite values"),
        ("stacked", ({"A": ONE[""], "B": ONE[""]}, THREE), {"marks": {"r": 1}}, r"a single group, got \{'r': 1\}"),
        ("stacked", (ONE, THREE), {"marks": {"s": 1}}, "marks must belong to rows"),
        ("sweep", ({},), {}, "lines must be 1 to 12, got 0"),
        ("sweep", ({str(n): {1: 1, 2: 2, 3: 3} for n in range(13)},), {}, "lines must be 1 to 12, got 13"),
        ("sweep", ({"a": {0.1: 90.0, 0.2: 91.0}},), {}, "lines must have at least three rates each, got 2 for 'a'"),
        ("tensor_blocks", ([], []), {}, "operations must be one fewer than steps, got 0 for 0"),
        ("tiles", (8, 0, 6), {}, "columns must be at least 1, got 0"),
        ("tiles", (8, 12, 6), {"tile": (5, 8, 4, 2)}, r"tile must lie within 8 x 12, got \(5, 8, 4, 2\)"),
        ("tiles", (8, 12, 6), {"inner": [(0, 11, 1, 2)]}, r"inner must lie within 8 x 12, got \(0, 11, 1, 2\)"),
        ("tiles", (8, 12, 6), {"depth": (4, 3)}, r"depth must lie within 6 input channels, got \(4, 3\)"),
        ("tiles", (8, 12, 6), {"words": {"x": "x"}}, r"words must be those at weight, x and y, got \['x'\]"),
        ("worked_pixel", (X, [[1, 2]]), {}, "weight must have 3 columns, one for each channel of x, got 2"),
        ("worked_pixel", ([GRID], [[1]]), {"at": (2, 0)}, r"at must lie within 2 × 2, got \(2, 0\)"),
    ],
)
def test_bad_input_is_named(name, arguments, options, words):
    with pytest.raises(ValueError, match=words):
        getattr(figures, name)(*arguments, **{"alt": "a", **BASE.get(name, {}), **options})


@pytest.mark.parametrize(
    ("name", "arguments", "flag"),
    [
        ("curves", ({"a": ([1], [1])},), "levels_right"),
        ("number_grids", ([("x", [[[1]]])], []), "bypass"),
        ("pixel_maps", ({"a": [[1]]},), "signed"),
        ("tensor_blocks", ([("x", (1, 1, 1))], []), "highlight"),
    ],
)
def test_what_is_no_bool_is_no_flag(name, arguments, flag):
    with pytest.raises(TypeError, match=f"{flag} must be a bool, got str"):
        getattr(figures, name)(*arguments, **{"alt": "a", **BASE.get(name, {}), flag: "no"})
