"""The input gradients, compared with differences."""

import pytest
import torch
from torch import nn

from companion import receptive_field, residual
from tests.refusals import refusals

AVERAGE = residual.AveragePoolProjection(2, 3, 2, norm_layer=nn.Identity).double()


def numbers(*size):
    return torch.randn(size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({}, (...,)),
        ({"position": (1, 0)}, (slice(None), slice(None), 1, 0)),
        ({"channel": 2}, (slice(None), 2)),
        ({"position": (0, 1), "channel": 1}, (slice(None), 1, 0, 1)),
    ],
)
def test_the_gradient_is_the_difference_that_each_number_makes(options, chosen):
    x, wanted = numbers(1, 2, 4, 4), torch.zeros(1, 2, 4, 4, dtype=torch.float64)
    with torch.no_grad():
        for place in range(x.numel()):
            nudged = x.clone()
            nudged.view(-1)[place] += 1
            wanted.view(-1)[place] = (AVERAGE(nudged)[chosen] - AVERAGE(x)[chosen]).sum()
    torch.testing.assert_close(receptive_field.input_gradient(AVERAGE, x, **options), wanted)
    if "channel" not in options:
        found = receptive_field.gradient_map(AVERAGE, x, **options)
        torch.testing.assert_close(found, wanted.abs().mean(dim=(0, 1)))


def test_the_module_is_left_as_it_was():
    block, x = residual.BasicBlock(2, 2), torch.randn(4, 2, 5, 5)
    before = {name: value.clone() for name, value in block.state_dict().items()}
    with torch.no_grad():
        grid = receptive_field.gradient_map(block, x)
    assert grid.all(), "in training mode a batch normalisation would hide every pixel"
    assert block.training
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
    assert not x.requires_grad
    assert all(parameter.grad is None for parameter in block.parameters())


def test_a_module_that_begins_in_place_has_a_gradient_and_writes_into_no_input():
    x = torch.tensor([[[[-1.0, 2.0]]]])
    assert receptive_field.input_gradient(nn.ReLU(inplace=True), x).tolist() == [[[[0.0, 1.0]]]]
    assert x.tolist() == [[[[-1.0, 2.0]]]]


def gradient(*shape, **options):
    return lambda: receptive_field.input_gradient(nn.Identity(), torch.zeros(shape), **options)


test_bad_input_is_refused = refusals(
    (gradient(4, 4, 4), r"x must have shape \(N, C, H, W\), got \(4, 4, 4\)"),
    (gradient(0, 4, 4, 4), r"x must not be empty, got shape \(0, 4, 4, 4\)"),
    (gradient(1, 4, 4, 4, channel=4), "4 is out of bounds", IndexError),
)


def test_the_last_channel_may_be_counted_from_the_end():
    x = numbers(1, 3, 2, 2)
    assert receptive_field.input_gradient(nn.Identity(), x, channel=-1).sum(dim=(0, 2, 3)).tolist() == [0, 0, 4]
