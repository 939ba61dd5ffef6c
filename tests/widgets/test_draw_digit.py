"""The digit to draw: its network is the package's, activation by activation."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from companion import data, widgets
from companion import network_in_network as nin
from tests.refusals import refusals
from tests.widgets import in_javascript

NET = nin.recorded_voting()
LAYERS = [(part.weight.detach(), part.bias.detach()) for part in NET.modules() if isinstance(part, nn.Conv2d)]
DIGITS = data.digits()
# What the layers give for each picture, as lists; value is [settings, pictures, size].
FORWARD = """value[1].map((x) => Element.forward(x, Element.layers(value[0]), value[2])
    .map((maps) => maps.map((map) => [...map])))"""


def drawing(pictures=DIGITS.test_x[:3, 0], labels=(0, 1, 2), layers=LAYERS, **options):
    return widgets.draw_digit(layers, pictures, labels, **options)


def activations(x):
    """What each ReLU gives, and the class maps: what the script calls the output of a layer."""
    found = []
    for part in NET[:-1]:
        for layer in part.layers:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                found.append(x)
    return [*found, x]


@torch.no_grad()
def test_every_activation_is_that_of_the_network():
    x = torch.cat([DIGITS.test_x[:4], torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))])
    value = [drawing().settings, x.flatten(1).tolist(), 8]
    (found,) = in_javascript("draw-digit", FORWARD, [value])
    for layer, wanted in enumerate(activations(x)):
        given = torch.tensor([one[layer] for one in found])
        torch.testing.assert_close(given, wanted.flatten(2), rtol=0, atol=1e-5 * max(1, wanted.abs().max().item()))
    assert len(found[0]) == 6


@torch.no_grad()
def test_a_size_that_is_not_eight_and_kernels_of_five():
    torch.manual_seed(0)
    convs = [nn.Conv2d(1, 3, 5, padding=2).half().float(), nn.Conv2d(3, 2, 1).half().float()]
    x = torch.rand(2, 1, 5, 5)
    settings = drawing(x[:, 0], (0, 1), [(conv.weight, conv.bias) for conv in convs]).settings
    (found,) = in_javascript("draw-digit", FORWARD, [[settings, x.flatten(1).tolist(), 5]])
    wanted = nn.Sequential(convs[0], nn.ReLU(), convs[1])(x)
    torch.testing.assert_close(torch.tensor([one[-1] for one in found]), wanted.flatten(2), rtol=0, atol=1e-5)


def test_halves_are_read_exactly():
    bits = np.array([0, 1, 0x03FF, 0x0400, 0x3C00, 0x7BFF, 0x8001, 0xBC00, 0xFBFF, 0x3555], "<u2")
    numbers = bits.view("<f2").astype(float)
    settings = drawing(layers=[(numbers[:9].reshape(1, 1, 3, 3), numbers[9:])]).settings
    assert in_javascript("draw-digit", "[...Element.halves(value)]", [settings["weights"]]) == [numbers.tolist()]


def test_a_forward_pass_takes_less_than_ten_milliseconds():
    timed = """(() => {
      const layers = Element.layers(value[0]);
      return Math.min(...Array.from({ length: 30 }, () => {
        const start = performance.now();
        Element.forward(value[1], layers, 8);
        return performance.now() - start;
      }));
    })()"""
    (fastest,) = in_javascript("draw-digit", timed, [[drawing().settings, [0.5] * 64]])
    assert 0 < fastest < 10


def test_the_page_s_data_stay_small():
    assert len(drawing(DIGITS.test_x[:12, 0], range(12)).html) < 60_000


def test_shuffled_positions_are_all_of_them_and_the_scores_stay():
    orders = in_javascript("draw-digit", "Element.order(value)", [64, 64, 9])
    assert orders[0] == orders[1] != list(range(64))
    assert sorted(orders[0]) == list(range(64))
    assert sorted(orders[2]) == list(range(9))
    pools = "[Element.pools.mean(value), Element.pools.max(value)]"
    assert in_javascript("draw-digit", pools, [[1, -2, 5, 0]]) == [[1, 5]]


def test_the_pen_the_eraser_and_the_four_moves():
    picture = torch.arange(16)
    drawn = "[Element.ink(value, 4, 1, 3), Element.erased(value, 4, 1, 3)]"
    ink, gone = torch.tensor(in_javascript("draw-digit", drawn, [picture.tolist()])[0]).view(2, 4, 4)
    wanted = picture.view(4, 4).clone()
    wanted[1, 3] = 16
    wanted[0, 3], wanted[1, 2], wanted[2, 3] = 5, 6, 11  # at least 5: two of them had more
    assert ink.equal(wanted)
    wanted = picture.view(4, 4).clone()
    wanted[1, 3] = 0
    assert gone.equal(wanted)
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        (moved,) = in_javascript("draw-digit", f"Element.moved(value, 4, {down}, {right})", [picture.tolist()])
        wanted = nn.functional.pad(picture.view(4, 4), (right, -right, down, -down))
        assert moved == wanted.flatten().tolist()


def test_a_picture_in_an_address_is_read_or_refused():
    levels = [int(16 * value) for value in DIGITS.test_x[0].flatten().tolist()]
    (word,) = in_javascript("draw-digit", "Element.written(value)", [levels])
    assert word == drawing().settings["pictures"][0]
    given = [word, word[:-1], word[:-1] + "h", word[:-1] + "-", None]
    assert in_javascript("draw-digit", "Element.read(value, 64)", given) == [levels, None, None, None, None]


@torch.no_grad()
def test_without_a_script_there_is_a_table_of_scores():
    widget = drawing(DIGITS.test_x[:20, 0], DIGITS.test_y[:20].tolist())
    found = re.findall(r"<th>a (\d)</th><td>(\d)</td><td>([-\d.]+)</td>", widget.fallback)
    best = NET(DIGITS.test_x[:20]).max(dim=1)
    assert [int(label) for label, _, _ in found] == DIGITS.test_y[:20].tolist()
    assert [int(winner) for _, winner, _ in found] == best.indices.tolist()
    assert [float(score) for *_, score in found] == pytest.approx(best.values.tolist(), abs=0.006)
    assert repr(widget) == "A digit to draw on 8 × 8 pixels: 10 class maps"


FLAT = np.zeros((2, 8, 8))
test_bad_input_is_refused = refusals(
    (lambda: drawing(layers=[]), "layers must be at least one, got none"),
    (lambda: drawing(layers=LAYERS[1:]), r"layers\[0\] must have shapes \(C_out, 1, k, k\).*got \(16, 16, 1, 1\)"),
    (lambda: drawing(layers=[(np.ones((2, 1, 2, 2)), np.ones(2))]), r"k odd, and \(C_out,\), got \(2, 1, 2, 2\)"),
    (lambda: drawing(layers=[(np.ones((2, 1, 3, 1)), np.ones(2))]), r"got \(2, 1, 3, 1\) and \(2,\)"),
    (lambda: drawing(layers=[(np.ones((2, 1, 1, 1)), np.ones(3))]), r"got \(2, 1, 1, 1\) and \(3,\)"),
    (lambda: drawing(layers=[([[[[1e6]]]], [0])]), r"layers must be finite in half precision, got 1e\+06"),
    (lambda: drawing(FLAT[0]), r"pictures must have shape \(N, S, S\), got \(8, 8\)"),
    (lambda: drawing(FLAT[:, 1:]), r"pictures must have shape \(N, S, S\), got \(2, 7, 8\)"),
    (lambda: drawing(FLAT + 2), r"pictures must lie in \[0, 1\], got 2 to 2"),
    (lambda: drawing(FLAT, [1]), "labels must be one for each picture, got 1 for 2"),
)
