"""The ledger: every claim has a check that could come out otherwise, and a cell that shows it."""

import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch
from torch import nn

from companion import (
    bottleneck,
    claims,
    correlation,
    cost,
    inception,
    network_in_network,
    nonlinearity,
    pitfalls,
    pointwise,
    residual,
    separable,
    squeeze_excitation,
)
from companion.claims import (
    _activation,
    _blocks,
    _experiments,
    _networks,
    _operation,
    _recorded,
    _reduction,
    _separation,
)
from companion.claims._claim import Finding, Verdict
from companion.training import Pair

BOOK = Path(__file__).resolve().parent.parent / "book"
POINTS = [*(f"A{i}" for i in range(1, 16)), "B-2", *(f"B{i}" for i in range(1, 11))]
TRAINED = ("A9c",)  # by the check itself; the other trained claims read recorded studies
WRONG = {"A14a", "B5a", "B8b", "B8e"}
CONDITION = {
    *("A3", "A4b", "A5a", "A6c", "A8b", "A8c", "A9b", "A9c", "A10b", "A11b", "A12", "A14b", "A15"),
    *("B-2c", "B-2d", "B1b", "B2", "B3b", "B5c", "B6a", "B6b", "B7b", "B9b", "B10b"),
}
OPEN: set[str] = set()
BY_ID = {claim.id: claim for claim in claims.CLAIMS}
REDUCED = bottleneck.Reduced
FOLDED = {"hide-cell", "remove-cell", "remove-output", "remove-input"}


def expected(id):
    lists = {"wrong": WRONG, "holds with a condition": CONDITION, "cannot tell": OPEN}
    return next((verdict for verdict, ids in lists.items() if id in ids), "holds")


def verdict(id):
    return str(BY_ID[id].find().verdict)


def cells(chapter):
    return {cell.id: cell for cell in nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4).cells}


# --- The rule ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        *(([True], "holds"), ([True, True], "holds"), ([False, True], "holds with a condition")),
        *(([False] * 2, "wrong"), ([None, True], "holds with a condition"), ([None], "cannot tell")),
        ([False, None], "cannot tell"),
    ],
)
def test_the_verdict_follows_from_the_cases(held, wanted):
    finding = Finding({str(i): value for i, value in enumerate(held)}, "1")
    assert finding.verdict == wanted
    assert bool(finding.condition) == (len(set(held)) > 1)


def test_a_condition_names_all_sides():
    assert Finding({"a": False, "b": True, "c": False}, "").condition == "holds: b; fails: a, c"
    assert Finding({"a": None, "b": True}, "").condition == "holds: b; cannot tell: a"


@pytest.mark.parametrize("held", [torch.tensor(True), 1])
def test_a_case_is_a_bool_and_nothing_that_looks_like_one(held):
    with pytest.raises(TypeError, match=r"cases\['wide'\] must be a bool"):
        Finding({"wide": held}, "")


def test_a_finding_without_a_case_is_refused():
    with pytest.raises(ValueError, match="cases must be at least one"):
        Finding({}, "1")


# --- The claims -------------------------------------------------------------------------------------------------


def test_every_point_of_the_notes_has_a_row_and_every_row_a_point():
    points = {re.fullmatch(r"([AB]-?\d+)[a-z]?", id)[1] for id in BY_ID}
    assert points == set(POINTS)
    assert len(BY_ID) == len(claims.CLAIMS)
    for point in points:  # the parts of a point are a, b, c without a gap, or there is one part and no letter
        letters = [id.removeprefix(point) for id in BY_ID if re.fullmatch(rf"{point}[a-z]?", id)]
        assert letters in ([""], list("abcdefgh"[: len(letters)])), point


def test_the_claims_stand_in_the_order_of_the_notes():
    points = list(dict.fromkeys(re.match(r"[AB]-?\d+", claim.id)[0] for claim in claims.CLAIMS))
    assert points == POINTS


def test_a_check_draws_from_a_fixed_seed_and_leaves_torch_s_numbers_as_they_were():
    @claims.claim("A1", "Chance.", cell="pointwise#shapes")
    def drawn():
        return Finding({"once": True}, str(torch.rand(()).item()))

    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        found.append(drawn.find())
        assert torch.equal(torch.get_rng_state(), before)
    assert found[0] == found[1]


@pytest.mark.parametrize("id", [id for id in BY_ID if id not in TRAINED])
def test_verdict_of_a_check_that_trains_nothing(id):
    finding = BY_ID[id].find()
    assert str(finding.verdict) == expected(id)
    assert re.search(r"\d|nine|four", finding.number)


def test_verdicts_of_the_checks_that_train():  # as the page stores them: nbval runs it and compares
    outputs = [cells("claims")[id].outputs[0].data["text/plain"] for id in ("note-a", "note-b")]
    stored = dict(
        re.findall(r"^(\S+) +(holds with a condition|holds|wrong|cannot tell)$", "\n".join(outputs), re.MULTILINE)
    )
    assert list(stored) == list(BY_ID)
    assert {id: stored[id] for id in TRAINED} == {id: expected(id) for id in TRAINED}


def test_a_claim_with_a_number_says_the_number_that_was_counted():
    numbers = {
        "A3": ["589,824", "163,840", "3.6", "256 → 128 → 192"],
        "A5a": ["NIN 6 of 6", "GoogLeNet 37 of 37", "ResNet-50 16 of 36", "V1 13 of 13", "V2 17 of 34"],
        "A8a": ["8.69"],
        "A8b": ["589,824", "462,422,016"],
        "A10b": ["1,605,632", "2,048"],
        "A14a": ["7 of 13", "17 of 17", "21 of 25"],
        "B5a": ["204,800"],
        "B5b": ["16,896", "(16, 28, 28)"],
        "B2": ["mean 90.0 ± 3.0", "hidden layer: 2.1 ± 1.2 (−0.6 to 4.8) on 100 digits"],
        "B5c": ["1,531,904", "6,127,616", "15.4"],
        "B6a": ["246", "123"],
        "B7b": ["16 of 16", "5 of 5", "0 of 17"],
        "B8e": ["70.6 against 71.7", "separable minus full: −1.6 ± 0.4 (−2.5 to −0.7) on 200 digits"],
        "B9b": ["4,096"],
        "B10a": ["1,103,972,352", "12,085,441,536", "18", "9"],
    }
    for id, wanted in numbers.items():
        assert all(number in BY_ID[id].find().number for number in wanted), id


# --- Planted faults: with this part of the package broken, that verdict changes ---------------------------------


class Rows(list):
    """Counted like by the package, but for a change of each layer's weights."""

    def __init__(self, table, change):
        super().__init__(
            SimpleNamespace(kind=row.kind, weights=change(row.weights), macs=row.macs) for row in table
        )
        self.total = SimpleNamespace(
            weights=sum(row.weights for row in self), macs=sum(row.macs for row in self), bytes=table.total.bytes
        )


def plant_count(monkeypatch, change):
    right = cost.count
    monkeypatch.setattr(cost, "count", lambda module, size: Rows(right(module, size), change))


def test_a_count_that_is_off_by_one_upsets_the_counts_that_held(monkeypatch):
    plant_count(monkeypatch, lambda weights: weights + 1)
    assert [verdict(id) for id in ("A3", "A10a", "B5b")] == ["wrong", "wrong", "holds with a condition"]


def test_a_count_that_drops_three_thousand_would_bear_note_b_out(monkeypatch):
    plant_count(monkeypatch, lambda weights: weights - 3000)
    assert verdict("B5a") == "holds"


def test_a_count_of_one_weight_a_pair_of_channels_would_bear_note_a_out(monkeypatch):
    plant_count(monkeypatch, lambda weights: min(weights, 64 * 32))
    assert BY_ID["A10b"].find().condition.startswith("holds: C_in is the number of channels")


# Each fault is a class or a function in place of the right one.


class Doubled(nn.Conv2d):
    def forward(self, x):
        return super().forward(x).repeat(1, 2, 1, 1)


class Rectified(nn.Conv2d):
    def forward(self, x):
        return super().forward(x).relu()


class Dropping(nn.Conv2d):
    def forward(self, x):
        return super().forward(x)[:, :, ::2]


class AsMany(nn.Conv2d):
    def __init__(self, in_channels, out_channels, *args, **options):
        super().__init__(in_channels, in_channels, *args, **options)


class GroupedPointwise(separable.DepthwiseSeparable):
    def __init__(self, in_channels, out_channels, **options):
        super().__init__(in_channels, in_channels, **options)
        self.pointwise[0] = nn.Conv2d(in_channels, in_channels, kernel_size=1, groups=in_channels)


class FullFirstLayer(separable.DepthwiseSeparable):
    def __init__(self, in_channels, out_channels, **options):
        super().__init__(in_channels, out_channels, **options)
        self.depthwise[0] = nn.Conv2d(in_channels, in_channels, kernel_size=3, padding=1)


class DeepNaive(inception.NaiveInception):
    def __init__(self, *channels):
        super().__init__(*channels)
        self.branch1.append(nn.Conv2d(channels[1], channels[1], kernel_size=1))


class OtherOrder(inception.Inception):
    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch3(x), self.branch2(x), self.branch4(x)], dim=1)


class WithInput(inception.Inception):
    def forward(self, x):
        return torch.cat([super().forward(x), x], dim=1)


class WideGates(squeeze_excitation.SqueezeExcitation):
    def gates(self, x):
        return 2 * super().gates(x)


class OpenGates(squeeze_excitation.SqueezeExcitation):
    def gates(self, x):
        return torch.ones_like(super().gates(x))


def naive(*kernels):
    """Return what builds a module in place of the naive one: one branch, of convolutions to one channel."""

    def build(in_channels, *widths):
        widths = [in_channels, *[1] * len(kernels)]
        convs = [nn.Conv2d(a, 1, k, padding=k // 2) for a, k in zip(widths, kernels, strict=False)]
        module = nn.Sequential(nn.Sequential(*convs))
        module.out_channels = in_channels
        return module

    return build


@pytest.mark.parametrize(
    ("id", "module", "name", "fault", "wanted"),
    [
        *((id, nn, "Conv2d", Doubled, "wrong") for id in ("A2", "B4", "B7a")),
        ("A1", nn, "Conv2d", Rectified, "wrong"),
        ("A1", nn, "Conv2d", Dropping, "wrong"),
        ("B8b", separable, "DepthwiseSeparable", GroupedPointwise, "holds"),
        ("A8a", separable, "DepthwiseSeparable", FullFirstLayer, "wrong"),
        ("B8c", separable, "DepthwiseSeparable", FullFirstLayer, "holds with a condition"),
        ("B8d", separable, "DepthwiseSeparable", FullFirstLayer, "wrong"),
        ("B10a", inception, "NaiveInception", naive(1), "holds with a condition"),
        ("B10a", inception, "NaiveInception", naive(1, 1), "wrong"),
        ("B10a", inception, "NaiveInception", DeepNaive, "holds with a condition"),
        ("A11a", inception, "Inception", OtherOrder, "holds with a condition"),
        ("A11a", inception, "Inception", WithInput, "wrong"),
        ("A9a", squeeze_excitation, "SqueezeExcitation", WideGates, "wrong"),
        ("A9b", squeeze_excitation, "SqueezeExcitation", WideGates, "holds"),
        ("A9b", squeeze_excitation, "SqueezeExcitation", OpenGates, "wrong"),
        ("B1a", network_in_network, "MlpConv", partial(network_in_network.MlpConv, last_activation=False), "wrong"),
        ("A6a", pointwise, "conv2d", lambda x, w, b=None: x * w.diag()[:, None, None], "wrong"),
        ("A6b", pointwise, "conv2d", lambda x, w, b=None: x[:, :3] * 2, "holds with a condition"),
        ("A5b", nonlinearity, "stack", lambda c: nn.Sequential(*(nn.Identity() for _ in range(3))), "wrong"),
        ("B-2a", pointwise, "conv2d", lambda x, w, b=None: pointwise.einsum(x, w).relu(), "wrong"),
        ("B-2c", separable, "compose", lambda d, p: d[None, :, 0] * torch.randn(16, 8, 3, 3), "wrong"),
        ("A4a", residual, "Projection", lambda *c, **k: nn.Identity(), "wrong"),
        ("A14a", pitfalls, "paths_through", lambda net, size: torch.ones(size, size - len(net)), "holds"),
        ("A6c", pointwise, "conv2d", lambda x, w, b=None: 0 * x, "wrong"),
        ("A11b", _blocks, "Printed", _blocks.TwoBranches, "holds"),
        ("A8c", nn, "Conv2d", AsMany, "holds"),
        ("A8d", nn, "Conv2d", AsMany, "holds with a condition"),
        ("A5a", _networks, "ACTIVATIONS", (nn.Tanh,), "wrong"),
        ("B3b", _networks, "is_pointwise", lambda layer: True, "holds"),
        ("B7b", _networks, "widened_behind", lambda name: (3, 3), "holds"),
        ("B-2d", pointwise, "conv2d", lambda x, w, b=None: x[:, -1:], "holds"),
        ("A14b", pitfalls, "paths_through", lambda net, size: torch.ones(size, size), "wrong"),
        ("A4a", _reduction, "_can_be_added", lambda a, b: True, "wrong"),
        ("B6a", bottleneck, "Reduced", lambda *channels, kernel_size: nn.Conv2d(256, 1, kernel_size), "wrong"),
        ("B6a", bottleneck, "Reduced", lambda *_, kernel_size: REDUCED(256, 200, 256, kernel_size), "wrong"),
        ("A10c", _operation, "_shuffled", lambda maps, order: maps, "holds with a condition"),
        ("B8a", _separation, "_reads", lambda layer: (1, 9), "wrong"),
        ("B8a", _separation, "_reads", lambda layer: (6, 1), "wrong"),
        ("B9a", nn, "ReLU", lambda: nn.AvgPool2d(3, stride=1, padding=1), "holds with a condition"),
        ("B-2b", correlation, "spatial", lambda maps, distance: 0.0, "wrong"),
        ("B9b", nonlinearity, "folding", lambda depth, folds: nonlinearity.stack([1, folds, 1]), "wrong"),
        ("B3a", inception, "Inception", lambda *_: nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 3))), "wrong"),
    ],
)
def test_a_planted_fault_changes_the_verdict(monkeypatch, id, module, name, fault, wanted):
    assert verdict(id) == expected(id)
    monkeypatch.setattr(module, name, fault)
    assert verdict(id) == wanted != expected(id)


def test_an_activation_before_the_sum_is_noticed(monkeypatch):
    class Faulty(bottleneck.Bottleneck):
        def __init__(self, *channels):
            super().__init__(*channels)
            self.residual.append(nn.ReLU())

    monkeypatch.setattr(bottleneck, "Bottleneck", Faulty)
    assert "fails: before the sum of ResNet's bottleneck" in BY_ID["A12"].find().condition


@pytest.mark.parametrize(
    ("dead", "wanted"),
    [
        ({"PyTorch": 10, "He": 10}, "holds with a condition"),
        ({"PyTorch": 0, "He": 0}, "holds with a condition"),
        ({"PyTorch": 0, "He": 10}, "wrong"),
    ],
)
def test_other_starts_give_other_verdicts(monkeypatch, dead, wanted):
    monkeypatch.setattr(_activation, "dead_runs", lambda *names: dead)
    assert verdict("A13") == wanted != expected("A13")


@pytest.mark.parametrize(
    ("lost", "spread", "wanted"), [(15.0, 0.2, "holds"), (0.0, 0.2, "holds with a condition"), (0.0, 0.0, "wrong")]
)
def test_other_gates_give_other_verdicts(monkeypatch, lost, spread, wanted):
    pair = Pair("own gates", "mean gates", (lost, lost + 0.1, lost - 0.1), margin=0.5)
    monkeypatch.setattr(_blocks, "own_minus_mean_gates", lambda variant: pair)
    monkeypatch.setattr(_experiments, "gate_spread", lambda: spread)
    assert verdict("A9c") == wanted


@pytest.mark.parametrize(
    ("differences", "is_better", "is_not_worse", "gains_five", "loses_five"),
    [
        ((7.0, 8.0, 7.5), True, True, True, False),
        ((-7.0, -8.0, -7.5), False, False, False, True),
        ((0.1, -0.1, 0.0), False, True, False, False),
        ((0.5, 0.4, 0.45), True, True, False, False),
        ((-0.5, -0.4, -0.45), False, False, False, False),
        ((9.0, -9.0, 0.0), None, None, None, None),
    ],
)
def test_what_runs_say_follows_from_their_interval(differences, is_better, is_not_worse, gains_five, loses_five):
    pair = Pair("a", "b", differences, margin=1.0)
    assert (_recorded.better(pair), _recorded.not_worse(pair)) == (is_better, is_not_worse)
    assert (_recorded.gains(pair, 5), _recorded.loses(pair, 5)) == (gains_five, loses_five)


def test_the_trained_claims_read_the_studies_and_show_their_intervals():
    numbers = {id: BY_ID[id].find().number for id in ("A4a", "A12", "A15", "B2", "B6b", "B8e", "B10b")}
    for id, number in numbers.items():
        assert re.search(r"\d ± \d\.\d \(−?\d+\.\d to −?\d+\.\d\) on [\d,]+ ", number), id


# --- The cells --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.id)
def test_the_cell_of_a_claim_exists_is_shown_and_has_an_output_that_is_compared(claim):
    cell = cells(claim.cell.chapter)[claim.cell.id]
    tags = set(cell.metadata.get("tags", []))
    assert cell.cell_type == "code"
    assert not tags & FOLDED
    assert "nbval-ignore-output" not in tags
    assert cell.outputs, "there is nothing to be seen in this cell"


@pytest.mark.parametrize("point", POINTS)
def test_a_chapter_that_a_point_leads_to_speaks_of_it(point):
    chapters = {claim.cell.chapter for claim in claims.CLAIMS if re.fullmatch(rf"{point}[a-z]?", claim.id)}
    text = "\n".join(cell.source for chapter in chapters for cell in cells(chapter).values())
    assert re.search(rf"(?<![\w-]){point}(?!\d)", text)


# --- The ledger -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def part():
    return claims.ledger(BY_ID[id] for id in ("A3", "A8b", "B5a", "B5b"))


def test_the_ledger_counts_and_divides(part):
    assert part.ids == ("A3", "A8b", "B5a", "B5b")
    assert len(part) == len(list(part)) == 4
    assert part.counts() == {Verdict.HOLDS: 1, Verdict.CONDITION: 2, Verdict.WRONG: 1, Verdict.OPEN: 0}
    assert part.with_verdict("wrong").ids == ("B5a",)
    assert part.note("A").ids == ("A3", "A8b")
    assert part["B5a"].verdict is Verdict.WRONG


def test_the_ledger_shows_each_claim_with_its_link(part):
    html = part._repr_html_()
    assert html.count("<dt>") == html.count("<a href=") == 4
    assert 'id="claim-B5a" data-verdict="wrong"' in html
    assert '<a href="channel_reduction.ipynb#cell-count">see it run in channel reduction</a>' in html
    assert html.count('class="condition"') == 2
    for entry in part:
        assert entry.claim.says.split(";")[0] in html
        assert entry.finding.number in html
        assert f"{entry.claim.id:5} {entry.verdict}" in repr(part)


def test_what_a_claim_says_is_escaped():
    odd = claims.claim("A1", "a < b & c", cell="pointwise#shapes")(lambda: Finding({"x": True}, "<1>"))
    html = claims.ledger([odd])._repr_html_()
    assert "a &lt; b &amp; c" in html
    assert "&lt;1&gt;" in html


def test_the_ledger_refuses_what_it_does_not_know(part):
    with pytest.raises(ValueError, match=r"verdict must be one of .*, got 'right'"):
        part.with_verdict("right")
    with pytest.raises(ValueError, match="note must be 'A' or 'B', got 'C'"):
        part.note("C")
    with pytest.raises(KeyError, match="no claim has the id 'A99'"):
        part["A99"]
    with pytest.raises(ValueError, match="different ids, got A2 twice"):
        claims.ledger([BY_ID["A2"]] * 2)


def test_the_chapter_explains_each_wrong_claim():
    text = cells("claims")["wrong-after"].source
    assert set(re.findall(r"^- \*\*([AB]-?\d+[a-z]?)\*\*", text, re.MULTILINE)) == WRONG
