"""Groups and shuffle: which channels reach which is what the package finds in the weights."""

import re
from itertools import product

import numpy as np
import pytest
import torch

from companion import channel_mixing, pointwise, widgets
from tests.refusals import refusals
from tests.widgets import in_javascript, paired, settings_of

PAIRS = [(channels, g) for channels in (2, 5, 9, 12, 16, 24) for g in range(1, channels + 1) if channels % g == 0]


def reach(channels, groups, shuffled, layers):
    """(C, C), bool: by the weights of the layers, as the package reads them."""
    layer = pointwise.block_diagonal(torch.ones(channels, channels // groups), groups)
    deal = torch.eye(channels)[channel_mixing.shuffle_order(channels, groups)]
    return channel_mixing.reach(layer, *([deal, layer] if shuffled else [layer]) * (layers - 1))


def test_the_shuffle_is_the_package_s():
    for pair, order in paired("channel-shuffle", "Element.order(...value)", PAIRS):
        assert order == channel_mixing.shuffle_order(*pair).tolist()


def test_an_output_depends_on_what_the_weights_let_through():
    cases = [
        [channels, groups, shuffled, output, layers]
        for (channels, groups), shuffled, layers in product(PAIRS, (False, True), (1, 2, 3))
        for output in {0, channels // 2, channels - 1}
    ]
    for case, got in paired("channel-shuffle", "Element.reached(...value)", cases):
        channels, groups, shuffled, output, layers = case
        assert got == reach(channels, groups, shuffled, layers)[output].nonzero().flatten().tolist(), case


def test_a_trace_names_the_channels_between_the_layers():
    (levels,) = in_javascript("channel-shuffle", "Element.trace(...value)", [[12, 4, True, 4, 2]])
    inputs, behind_first, behind_shuffle, output = levels
    assert output == [4]
    assert behind_shuffle == [3, 4, 5]
    assert behind_first == channel_mixing.shuffle_order(12, 4)[3:6].tolist()
    assert inputs == reach(12, 4, True, 2)[4].nonzero().flatten().tolist()


def test_the_depth_is_the_first_at_which_all_outputs_depend_on_all_inputs():
    cases = [[channels, groups, shuffled] for (channels, groups), shuffled in product(PAIRS, (False, True))]
    depths = in_javascript("channel-shuffle", "Element.depth(...value)", cases)
    for (channels, groups, shuffled), depth in zip(cases, depths, strict=True):
        full = (n for n in range(1, 12) if reach(channels, groups, shuffled, n).all())
        assert depth == next(full, None)
    assert {1, 2, 3, None} < set(depths)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_python_that_it_shows_prints_the_count(layers, capsys):
    values = {"channels": 12, "groups": 4, "output": 7, "layers": layers}
    (lines,) = in_javascript("channel-shuffle", "Element.python(value)", [values])
    exec(lines, {})
    assert capsys.readouterr().out == f"{int(reach(12, 4, True, layers)[7].sum())} of 12\n"


@pytest.mark.parametrize(("channels", "groups"), [(12, 4), (12, 6), (9, 3), (16, 16), (10, 1)])
def test_without_scripts_the_reader_gets_the_counts_in_a_table(channels, groups):
    fallback = widgets.channel_shuffle(channels=channels, groups=groups).fallback
    cells = re.findall(r"<td>(\d+) of (\d+)</td>", fallback)
    fewest = [
        int(reach(channels, groups, shuffled, layers).sum(dim=1).min())
        for layers, shuffled in product((1, 2, 3), (False, True))
    ]
    assert cells == [(str(count), str(channels)) for count in fewest]


def test_it_hands_its_script_the_numbers():
    widget = widgets.channel_shuffle(channels=np.int64(24), groups=3)
    assert settings_of(widget) == {"channels": 24, "groups": 3, "layers": 3, "most": 24}
    assert repr(widget) == "Groups and shuffle: 24 channels in 3 groups"


def shuffle(channels, groups):
    return lambda: widgets.channel_shuffle(channels=channels, groups=groups)


test_bad_input_is_named = refusals(
    (shuffle(1, 1), "channels must be from 2 to 24, got 1"),
    (shuffle(25, 5), "channels must be from 2 to 24, got 25"),
    (shuffle(12, 5), "groups must divide channels, got groups=5 and channels=12"),
    (shuffle(12, 0), "groups must be at least 1, got 0"),
    (shuffle(12.0, 4), "channels must be an int, got float", TypeError),
    (shuffle(12, "4"), "groups must be an int, got str", TypeError),
)
