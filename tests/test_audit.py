"""The verdicts on printed costs, and the machinery that comes to them."""

import tomllib
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import audit
from companion.audit import _counted, _formulas, _papers, _resnets, sources
from companion.audit.sources import googlenet
from tests.refusals import refusals

EXPECTED = tomllib.loads((Path(__file__).parent / "audit_verdicts.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def everything():
    return audit.audit()


def found(result):
    """Return what ``audit_verdicts.toml`` says of one source."""
    verdicts = {"figures": len(result)}
    for verdict in ("cut off", "differs"):
        figures = [figure for figure in result if figure.verdict == verdict]
        if figures:
            written = {
                f.where: f.written(f.computed) + ", otherwise" * f.fits_otherwise + ", round" * f.fits_round
                for f in figures
            }
            verdicts[verdict] = written
    return verdicts


def figure(result, paper, where):
    return next(figure for figure in result if (figure.paper, figure.where) == (paper, where))


def test_every_verdict_is_the_expected_one(everything):
    assert {name: found(everything.select(paper=name)) for name in audit.papers()} == EXPECTED


def test_there_are_many_figures_each_with_a_source_and_a_verdict(everything):
    assert len(everything) == sum(paper["figures"] for paper in EXPECTED.values()) >= 60
    assert sum(everything.counts().values()) == len(everything)
    for paper in everything.papers:
        assert paper.source.startswith(("arXiv 1", "https://")), paper.name
        assert paper.title
        assert paper.words
        assert all(what and why for what, why in paper.left_out)
    assert len({(figure.paper, figure.where) for figure in everything}) == len(everything)


def test_reasons_stand_where_they_are_needed_and_what_they_count_fits(everything):
    for figure in everything:
        if figure.verdict != "cut off":  # which says what is wrong, so that a reason is welcome and not needed
            assert bool(figure.reason) == (figure.verdict == "differs"), figure.where
        assert figure.fits_otherwise or figure.other is None, f"{figure.where} is not what it is said to count"
        assert "{" not in figure.reason


def test_the_closed_forms_are_the_networks_that_everyone_has():
    """Parameters as Keras publishes them; for those of torchvision see test_cost_torchvision."""
    assert _formulas.xception().total().parameters == 22_855_952
    assert _formulas.alexnet().total().parameters == 60_965_224


@pytest.mark.parametrize("stride_in_first", [True, False])
def test_the_closed_form_of_resnet_50_is_the_network_that_the_book_builds(stride_in_first):
    formula = _resnets.resnet(50, stride_in_first=stride_in_first)
    counted = _counted.table("resnet50", stride_in_first=stride_in_first)
    assert formula.total().macs == counted.total.macs
    weights = [cost.weights for cost in formula.costs.values()]
    assert sorted(weights) == sorted(row.weights for row in counted if row.weights)
    gates = _counted.part(_counted.table("se_resnet50", bias=False), lambda row: ".residual.8." in row.name)
    assert (gates.weights, gates.macs) == (_resnets.all_gates(50).weights, _resnets.all_gates(50).macs)
    blocks = [(256, 56)] * 3 + [(512, 28)] * 4 + [(1024, 14)] * 6 + [(2048, 7)] * 3
    assert _resnets.sums(formula) == sum(channels * size**2 for channels, size in blocks)


def test_a_bias_a_gate_and_the_running_statistics_fit_all_parameters_of_the_ablations(everything):
    """What the reason for r = 8 says: so counted, every printed figure of these tables comes out."""
    base = _counted.table("resnet50", stride_in_first=True).total
    blocks, channels = (3, 4, 6, 3), (256, 512, 1024, 2048)
    chosen = {
        **{("Table 10", f"r = {r}"): (range(4), r, 1) for r in (2, 4, 8, 16, 32)},
        **{("Table 13", f"SE Stage {i + 2}"): ([i], 16, 1) for i in range(3)},
        **{(place, row): (range(4), 16, 1) for place, row in (("Table 13", "SE All"), ("Table 16", "SE"))},
        ("Table 15", "SE 3×3"): (range(4), 16, 4),
        ("Table 10", "original"): ([], 16, 1),
    }
    for (place, row), (stages, r, divisor) in chosen.items():
        widths = [channels[i] // divisor for i in stages for _ in range(blocks[i])]
        counted = base.parameters + base.affine + sum(2 * c * (c // r) + c for c in widths)
        table = everything.select(paper="senet", place=place)
        printed = next(f.printed for f in table if f.row == row and f.column in ("", "Params"))
        assert audit.verdict(printed, counted, scale=10**6) == "agrees", (place, row)
    assert figure(everything, "senet", "Table 10 | r = 8").other == 30_655_144


def test_what_the_reasons_say_of_googlenets_table(everything):
    assert sum(_papers.printed("googlenet", "Table 1", "ops")) == 1502
    table = everything.select(paper="googlenet", place="Table 1")
    modules = {f.row: f for f in table if f.column == "params" and f.row.startswith("inception")}
    with_2_to_the_20 = [audit.verdict(f.printed, f.computed, scale=1000) for f in modules.values()]
    assert set(with_2_to_the_20) == {"differs"}  # K = 1000 would agree in no module
    sides_added = (7 + 7) * 3 * 64  # the K of the first row is a thousand, and that of the others is not
    assert [audit.verdict("2.7", sides_added, scale=k) for k in (1000, 1024)] == ["agrees", "differs"]
    krizhevsky = _formulas.alexnet().total().weights
    assert 8 < krizhevsky / (sum(_papers.printed("googlenet", "Table 1", "params")) * 1024) < 9


def test_what_the_reasons_say_of_figures_rounded_to_the_hundred(everything):
    for where, value, ends in (
        ("VGG 16", _formulas.vgg("D").total(lambda name: name.startswith("conv")).macs, "15,346.63 M"),
        ("Squeezenet", 2 * _formulas.squeezenet().total().macs, "1,722.68 M"),
    ):
        one = next(f for f in everything if f.where.endswith(f"{where} | Mult-Adds"))
        assert one.written(value) == ends
        assert ends in one.reason
        assert audit.verdict(one.printed, value, scale=one.scale, step=100) == "agrees"
        assert f"hundred {one.printed} M" in one.reason


@pytest.mark.parametrize(
    ("name", "size", "params", "ops", "wanted"),
    [("4a", 14, "364", "73", [471, 472, 473]), ("5a", 7, "1072", "54", [928])],
)
def test_how_many_channels_in_fit_both_columns_of_a_row(name, size, params, ops, wanted):
    def fits(channels):
        weights, macs = googlenet.module(name, size, in_channels=channels)
        return audit.verdict(params, weights, scale=1024) == audit.verdict(ops, macs, scale=10**6) == "agrees"

    assert [channels for channels in range(1, 1025) if fits(channels)] == wanted


def test_the_two_blocks_of_resnets_figure_5_cost_about_the_same():
    basic = sum(_resnets.resnet(18).costs[f"conv2_2 {name}"].weights for name in ("first", "last"))
    bottleneck = _counted.part(_counted.table("resnet50"), "conv2_x.conv2_2").weights
    assert (f"{basic:,}", f"{bottleneck:,}") == ("73,728", "69,632")
    left_out = dict(audit.paper("resnet").left_out)
    assert "73,728 and 69,632" in left_out["Section 4.1: both blocks of Figure 5 have similar time complexity"]


@pytest.mark.parametrize(
    ("printed", "value", "options", "wanted"),
    [
        ("1.9", Fraction(195, 100), {}, "agrees"),  # a half may go either way
        ("2.0", Fraction(195, 100), {}, "agrees"),
        ("1.9", Fraction(19_501, 10_000), {}, "cut off"),
        ("2.0", Fraction(19_499, 10_000), {}, "differs"),
        ("1.9", Fraction(2), {}, "differs"),
        ("4866", 4_866_273_280, {"scale": 10**6}, "agrees"),
        ("15300", 15_346_630_656, {"scale": 10**6, "step": 100}, "agrees"),
        ("15300", 15_346_630_656, {"scale": 10**6}, "differs"),
        ("2.5", Fraction(278, 100), {"relation": "at least"}, "agrees"),
        ("2.5", Fraction(249, 100), {"relation": "at least"}, "differs"),
        *(("2.5", Fraction(5, 2), {"relation": relation}, "agrees") for relation in ("at least", "at most")),
        ("2.5", Fraction(249, 100), {"relation": "at most"}, "agrees"),
        ("2.5", Fraction(251, 100), {"relation": "at most"}, "differs"),
        ("8 to 9", (Fraction(79, 10), Fraction(89, 10)), {}, "agrees"),
        ("8 to 9", (Fraction(74, 10), Fraction(89, 10)), {}, "differs"),
        ("8 to 9", (Fraction(79, 10), Fraction(97, 10)), {}, "cut off"),
        ("7×7×832", "7×7×832", {}, "agrees"),
        ("7×7×832", "7×7×928", {}, "differs"),
    ],
)
def test_a_verdict_is_that_of_the_printed_digits(printed, value, options, wanted):
    assert audit.verdict(printed, value, **options) == wanted


@given(st.fractions(min_value=0, max_value=10**6), st.integers(0, 4))
def test_a_value_agrees_with_its_own_digits_and_no_others(value, digits):
    units = value * 10**digits
    low, high = units.__floor__(), units.__ceil__()

    def verdict(n):
        return audit.verdict(f"{n // 10**digits}" + (f".{n % 10**digits:0{digits}d}" if digits else ""), value)

    assert verdict(round(units)) == "agrees"
    assert verdict(low) in ("agrees", "cut off")
    assert verdict(high) in ("agrees", "differs")
    assert verdict(high + 1) == "differs"
    assert low == 0 or verdict(low - 1) == "differs"


test_a_verdict_refuses_what_it_cannot_judge = refusals(
    (lambda: audit.verdict("1.9", 1.9), "value must be exact, an int or a Fraction, got float", TypeError),
    (lambda: audit.verdict("1", True), "got bool", TypeError),
    (lambda: audit.verdict("1,9", 2), "printed must be digits with at most one point, got '1,9'"),
    (lambda: audit.verdict("1.9.1", 2), "got '1.9.1'"),
    (lambda: audit.verdict("7×7", 49), "value must be a shape where one is printed"),
    (lambda: audit.verdict("49", "7×7"), "value must be a shape where one is printed"),
    (lambda: audit.verdict("8 to 9", 8), "value must be a pair where a range is printed"),
    (lambda: audit.verdict("8", (8, 9)), "value must be a pair where a range is printed"),
    (lambda: audit.verdict("8", 8, relation="about"), "one of equal, at least, at most, got 'about'"),
)


def data(**changes):
    table = {"place": "Table 1", "columns": ["MACs", "weights"], "units": ["M", ""], "rows": [["a", "1.5", "7"]]}
    whole = {"title": "T", "authors": "A", "year": 2000, "arxiv": "1", "words": "w", "table": [table]}
    return whole | changes


VALUES = {"Table 1": {"a": [1_500_000, 7]}}


def test_a_figure_is_joined_to_its_value_and_its_reason():
    reason = {"figures": ["Table 1 | a | MACs"], "text": "It is {computed},\nand without x {other}."}
    paper = _papers.assemble(
        "p", data(reason=[reason]), {"Table 1": {"a": [2_000_000, 7]}}, {"Table 1": {"a": [1_500_000, None]}}
    )
    macs, weights = paper.figures
    assert (macs.verdict, weights.verdict) == ("differs", "agrees")
    assert (macs.reason, macs.fits_otherwise) == ("It is 2 M, and without x 1.500 M.", True)
    assert (weights.reason, weights.fits_otherwise) == ("", False)


TABLE = data()["table"][0]


def assemble(values=VALUES, otherwise=None, **changes):
    return lambda: _papers.assemble("p", data(**changes), values, otherwise or {})


test_unknown_papers_and_files_that_do_not_fit_together_are_refused = refusals(
    (lambda: audit.audit("alexnet"), r"name must be one of googlenet, mobilenet_v1, .*, got 'alexnet'"),
    (assemble({}), r"p.py computes nothing for 'Table 1 \| a \| MACs'"),
    (assemble({"Table 1": {"a": [1, None]}}), r"p.py computes nothing for 'Table 1 \| a \| weights'"),
    (assemble({"Table 1": {"a": 1}}), "'Table 1', 'a' must have 2 values, got 1"),
    (assemble(VALUES | {"Table 2": {"b": 1}}), r"p computes what is not printed: 'Table 2 \| b'"),
    (assemble(otherwise={"Table 1": {"a": [2, None]}}), r"p.toml must give a reason for 'Table 1 \| a \| MACs'"),
    (assemble(otherwise={"Table 9": {"a": 2}}), r"p counts otherwise what is not printed: 'Table 9 \| a'"),
    (assemble(reason=[{"figures": ["x"], "text": "t"}]), "p gives a reason for what is not printed: 'x'"),
    (assemble(reason=[{"figures": ["x", "x"], "text": "t"}]), "p.toml gives two reasons for 'x'"),
    (assemble(table=[TABLE] * 2), r"p.toml has two figures at 'Table 1 \| a \| MACs'"),
    (assemble(table=[TABLE | {"units": ["M", "Mi"]}]), "got 'Mi'"),
    (assemble(table=[TABLE | {"rows": [["a", "1"]]}]), "a cell and a unit per column, got 1"),
)


def test_a_paper_is_added_by_its_two_files(tmp_path, monkeypatch):
    (tmp_path / "new_paper.toml").write_text(
        'title = "New"\nauthors = "N"\nyear = 2000\nurl = "https://example.org"\nwords = "MACs"\n'
        '[[table]]\nplace = "Section 1"\ncolumns = [""]\nunits = ["times"]\nrows = [["dearer", "5.4"]]\n'
    )
    (tmp_path / "new_paper.py").write_text(
        "from fractions import Fraction\n\n\n"
        'def computed():\n    return {"Section 1": {"dearer": Fraction(49, 9)}}\n'
    )
    monkeypatch.setattr(_papers, "_folder", lambda: tmp_path)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    assert audit.papers() == ("new_paper",)
    assert audit.audit("new_paper").counts() == {"agrees": 1, "cut off": 0, "differs": 0}


def test_figures_are_selected_by_paper_place_and_verdict(everything):
    table = everything.select(paper="googlenet", place="Table 1", verdict="differs")
    assert {figure.paper for figure in table} == {"googlenet"}
    assert {figure.verdict for figure in table} == {"differs"}
    assert len(table) == len(EXPECTED["googlenet"]["differs"]) - 1  # one stands in the text
    assert {figure.place for figure in everything.select(place="Table 1")} == {"Table 1"}
    with pytest.raises(ValueError, match="no figure is of paper='vgg', place='', verdict='differs'"):
        everything.select(paper="vgg", verdict="differs")


def test_tables_say_what_was_found(everything):
    summary = everything.summary()
    assert [row[1] for row in summary.rows] == [EXPECTED[paper.name]["figures"] for paper in everything.papers]
    assert summary.total[1:5] == [len(everything), *everything.counts().values()]
    assert repr(everything).splitlines()[0].split() == ["paper", "where", "printed", "computed", "verdict"]
    assert len(repr(everything).splitlines()) == 2 + len(everything)
    one = everything.select(paper="resnet", place="Section 3.3")
    assert repr(one).splitlines()[-1].endswith("  18.56 %  cut off")
    assert "18.56 %" in one._repr_html_()


def test_a_ledger_gives_each_reason_once(everything):
    ledger = everything.select(paper="resnet", place="Section 3.3").ledger()
    assert [line[-1] for line in ledger.table.rows] == ["agrees", "agrees", "cut off (1)"]
    assert ledger.notes == ("The printed 3.6 over the printed 19.6 is 18.37 %, which rounds to 18 %.",)
    ledger = everything.select(paper="resnet").ledger()
    exceptions = [line[-1] for line in ledger.table.rows if line[-1] != "agrees"]
    assert exceptions == ["cut off (1)", "cut off (2)", "cut off (1)", "differs (3)"]
    assert repr(ledger).splitlines()[-3:] == [f"{i}. {note}" for i, note in enumerate(ledger.notes, start=1)]
    assert ledger._repr_html_().count("<li>") == 3
    assert repr(ledger).startswith("arXiv 1512.03385: FLOPs are MACs")
    assert "<ol>" not in everything.select(paper="vgg").ledger()._repr_html_()
    assert len(everything.ledger().table.rows) == len(everything)


@pytest.mark.parametrize(
    ("printed", "computed", "wanted"),
    [
        ("600", 627, True),  # six hundreds
        ("600", 651, False),
        ("600", 600, False),  # it agrees as it stands
        ("60", Fraction(6095, 100), True),  # cut off, too
        ("310", 314, True),
        ("310", 316, False),
        ("627", 628, False),
        ("1.0", Fraction(14, 10), False),  # behind a point a zero is a digit
        ("8 to 10", (8, 12), False),
        ("7×7×10", "7×7×12", False),
    ],
)
def test_zeros_at_the_end_of_a_whole_number_may_be_no_digits(printed, computed, wanted):
    one = audit.PrintedValue(paper="p", place="t", row="r", printed=printed, computed=computed)
    assert one.fits_round is wanted


def test_no_source_says_how_a_single_figure_was_rounded():
    for name in audit.papers():
        cells = [cell for table in _papers._data(name)["table"] for row in table["rows"] for cell in row[1:]]
        assert all(cell.keys() == {"printed", "is"} for cell in cells if isinstance(cell, dict)), name


def test_round_figures_are_marked_in_the_ledger_and_counted(everything):
    marked = [line for line in everything.ledger().table.rows if ", round" in line[-1]]
    assert len(marked) == everything.summary().total[-1] == sum(figure.fits_round for figure in everything)
    assert ["mobilenet_v1", "Table 9 | AlexNet | Parameters", "60 M", "60.95 M", "cut off, round"] in marked
    memory = [line[-1].partition(" (")[0] for line in marked if "Table 3, memory" in line[1]]
    assert sorted(memory) == ["cut off, round"] * 2 + ["differs, round"] * 8


def test_a_value_is_in_units_of_one_unless_another_scale_is_given():
    printed = {"paper": "p", "place": "t", "row": "r", "printed": "12"}
    assert audit.PrintedValue(**printed, computed=12).verdict == "agrees"
    assert audit.PrintedValue(**printed, computed=12_000, scale=1000).verdict == "agrees"
