"""Listings: the package's own lines, without docstrings and checks, and they run when pasted."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from companion import _checks
from companion.bottleneck import Bottleneck, Reduced
from companion.channel_mixing import ChannelShuffle
from companion.inception import Inception, conv_and_act
from companion.listing import source
from companion.residual import Projection
from companion.separable import DepthwiseSeparable
from companion.squeeze_excitation import SqueezeExcitation


class Twice(nn.Module):
    """A module to be shown.

    With a second paragraph.
    """

    def __init__(self, factor: int, name: str = "x"):
        """Take a factor."""
        super().__init__()
        _checks.integer("factor", factor)
        factor = _checks.integer("factor", factor)
        if factor < 0:
            raise ValueError("negative")
        if factor > 5:
            factor = 5
        self.factor = 1 + _checks.integer("factor", factor)  # one more

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


TWICE = """class Twice(nn.Module):
    def __init__(self, factor: int, name: str = "x"):
        super().__init__()
        if factor > 5:
            factor = 5
        self.factor = 1 + factor  # one more

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x"""


def test_docstrings_and_checks_are_left_out_and_nothing_else():
    assert repr(source(Twice)) == TWICE
    assert source(Twice)._repr_markdown_() == f"```python\n{TWICE}\n```"
    assert repr(source(Twice.forward, Twice.forward)).count("def forward") == 2


@pytest.mark.parametrize(
    ("block", "arguments"),
    [
        (SqueezeExcitation, (8, 4)),
        (Twice, (3,)),
        (Reduced, (8, 2, 4)),
        (Bottleneck, (8, 2, 16, 2)),
        (Inception, (8, 2, 3, 4, 5, 6, 7)),
        (Projection, (8, 16, 2)),
        (ChannelShuffle, (4,)),  # its check has a function of its own
    ],
)
def test_a_pasted_listing_computes_the_same(block, arguments):
    pasted = {"torch": torch, "nn": nn, "Tensor": Tensor, "Callable": Callable, "partial": partial}
    exec(repr(source(block, conv_and_act)), pasted)
    torch.manual_seed(0)
    ours = block(*arguments)
    torch.manual_seed(0)
    theirs = pasted[block.__name__](*arguments)
    x = torch.rand(2, 8, 3, 3)
    assert torch.equal(ours(x), theirs(x))


def test_methods_of_the_package_lose_their_docstrings():
    assert '"""' not in repr(source(DepthwiseSeparable, SqueezeExcitation))


def test_what_has_no_source_is_refused():
    with pytest.raises(ValueError, match="objects must be at least one class or function, got none"):
        source()
    with pytest.raises(TypeError):
        source(3)
