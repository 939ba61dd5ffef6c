"""Low rank: the curve is ``lost_energy``'s, and the maps are rebuilt as ``best_pair``'s two convolutions do."""

import numpy as np
import pytest
import torch

from companion import bottleneck, pointwise, widgets
from tests.nbval_tolerance import agree
from tests.refusals import refusals
from tests.widgets import feature_maps, in_javascript, settings_of

MAPS = feature_maps(channels=12)
UNPACK = "((packed, bytes) => Array.from(Element.unpack(packed, bytes === 1 ? Uint8Array : Uint16Array)))"


def packed(maps=MAPS, **given):
    widget = widgets.low_rank({"maps": maps}, rank=1, pictures={"a": 0, "b": 2}, **given)
    return settings_of(widget)["sources"]["maps"]


def test_the_curve_is_the_energy_that_the_package_says_is_lost():
    source = packed()
    lost = in_javascript("low-rank", f"{UNPACK}(value, 2)", [source["lost"]])[0]
    np.testing.assert_allclose(lost, bottleneck.lost_energy(MAPS), rtol=0, atol=1e-5)
    assert (source["channels"], source["size"], source["count"]) == (12, [3, 4], 5)


def step_of(values):
    """How far the codes of one byte lie apart."""
    return (values.max() - values.min()).item() / 255


def test_what_is_packed_is_unpacked_to_within_half_a_step():
    source = packed()
    for part, wanted in zip(source["pictures"], MAPS[[0, 2]], strict=True):
        got = in_javascript("low-rank", f"{UNPACK}(value, 1)", [part])[0]
        assert len(got) == wanted.numel()
        assert np.abs(got - wanted.flatten().numpy()).max() <= step_of(wanted) / 2 + 1e-6
    directions = in_javascript("low-rank", f"{UNPACK}(value, 2)", [source["directions"]])[0]
    directions = torch.tensor(directions).view(12, 12)
    torch.testing.assert_close(directions.T @ directions, torch.eye(12), rtol=0, atol=2e-4)


def test_a_constant_picture_can_be_packed():
    flat = MAPS.clone()
    flat[0] = 0.5
    assert set(in_javascript("low-rank", f"{UNPACK}(value, 1)", [packed(flat)["pictures"][0]])[0]) == {0.5}


@pytest.mark.parametrize("r", [1, 3, 7, 12])
def test_the_maps_are_rebuilt_as_by_the_best_pair(r):
    source = packed()
    rebuilt = f"""
        const maps = {UNPACK}(value.pictures[1], 1), basis = {UNPACK}(value.directions, 2);
        return Array.from(Element.rebuild(basis, Element.coefficients(basis, maps, 12), 12, {r}));
    """
    got = in_javascript("low-rank", f"((value) => {{ {rebuilt} }})(value)", [source])[0]
    reduce, expand = bottleneck.best_pair(MAPS, r)
    picture = MAPS[2:3]
    wanted = pointwise.conv2d(pointwise.conv2d(picture, reduce.contiguous()), expand)
    torch.testing.assert_close(torch.tensor(got), wanted.flatten(), rtol=0, atol=2 * step_of(picture))
    if r < 6:
        assert (picture - wanted).abs().max() > 20 * step_of(picture), "the test could tell them apart"


def test_the_energy_of_the_coefficients_is_what_is_kept():
    both = f"""
        const maps = {UNPACK}(value.pictures[0], 1), basis = {UNPACK}(value.directions, 2);
        const held = Element.coefficients(basis, maps, 12);
        const energies = (r) => [held.subarray(0, r * 12), Element.rebuild(basis, held, 12, r)].map(Element.energy);
        return [1, 5, 12].map(energies);
    """
    for first, second in in_javascript("low-rank", f"((value) => {{ {both} }})(value)", [packed()])[0]:
        assert first == pytest.approx(second, rel=1e-3)


def test_so_many_channels_are_needed():
    lost = [1, 0.4, 0.1, 0.05, 0]
    cases = [[lost, share] for share in (1, 0.4, 0.1, 0.09, 0)]
    assert in_javascript("low-rank", "Element.needed(...value)", cases) == [0, 1, 2, 3, 4]


def test_a_page_gets_few_bytes_and_a_table_without_scripts():
    maps = torch.rand(50, 64, 4, 4, generator=torch.Generator().manual_seed(0))
    widget = widgets.low_rank({"third layer": maps}, rank=np.int64(8), pictures={"a": 0, "b": 1, "c": 2})
    assert len(widget.html) - len(widget.script) < 24_000
    lost = bottleneck.lost_energy(maps)
    for r in (8, 16, 32, 64):
        row = f"<tr><td>{r}</td><td>≈ {100 - 100 * lost[r]:.1f}</td><td>{2 * 64 * r:,}</td></tr>"
        assert row in widget.fallback
    assert repr(widget) == "Low rank: third layer; r = 8 of 64"


def test_another_processor_s_last_digits_do_not_change_what_a_notebook_compares():
    near = MAPS * (1 + 1e-4 * torch.randn(MAPS.shape, generator=torch.Generator().manual_seed(3)))
    one, other = (widgets.low_rank({"maps": maps}, rank=3, pictures={"a": 0}).html for maps in (MAPS, near))
    assert one != other
    assert agree(one, other)


def rank(**bad):
    return lambda: widgets.low_rank(**{"sources": {"m": MAPS}, "rank": 1, "pictures": {"a": 0}} | bad)


test_bad_input_is_named = refusals(
    (rank(sources={}), "sources must be at least one, got none"),
    (rank(pictures={}), "pictures must be at least one, got none"),
    (rank(sources={"m": MAPS[0]}), r"sources must have shape \(N, C, H, W\), got \(12, 3, 4\) for 'm'"),
    (rank(sources={"m": MAPS[:0]}), r"got \(0, 12, 3, 4\) for 'm'"),
    (rank(sources={"m": 0 * MAPS}), "sources must be finite and not zero everywhere, got others for 'm'"),
    (rank(sources={"m": MAPS / 0}), "sources must be finite and not zero everywhere, got others for 'm'"),
    (rank(pictures={"a": 5}), "pictures must be below N = 5 of 'm', got 5"),
    (rank(pictures={"a": -1}), r"pictures\['a'\] must be at least 0, got -1"),
    (rank(rank=13), "rank must be at most C = 12, got 13"),
    (rank(rank=0), "rank must be at least 1, got 0"),
    (rank(rank=1.0), "rank must be an int, got float", TypeError),
)
