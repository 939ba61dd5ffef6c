"""What the small studies train on, held against slow and obvious definitions."""

import pytest
import torch
from torch import nn

from companion import data
from companion.nonlinearity import stack, walk
from companion.studies import activations, groups, initialisation, mlpconv


def test_pairs_hold_every_combination_equally_often_and_are_labelled_by_it():
    split = data.digits(train_size=100)
    pictures, same = groups.pairs(split.train_x, split.train_y, count=40, seed=3)
    labelled = zip(split.train_x[:, 0], split.train_y.tolist(), strict=True)
    digit_of = {picture.numpy().tobytes(): label for picture, label in labelled}
    digits = [[digit_of[side.numpy().tobytes()] for side in pair] for pair in pictures]
    assert [int(a == b) for a, b in digits] == same.tolist()
    assert all(digits.count([a, b]) == 10 for a in (0, 1) for b in (0, 1))
    assert not torch.equal(pictures, groups.pairs(split.train_x, split.train_y, count=40, seed=4)[0])


@pytest.mark.parametrize(
    ("kind", "reads_both"), [((2,), False), ((2, True), True), ((4, True), True), ((1,), True)]
)
def test_two_groups_never_meet_before_the_last_layer(kind, reads_both):
    torch.manual_seed(0)
    body = groups.network(2, 2, *kind)[:-2]  # without flattening and linear layer
    x = torch.rand(1, 2, 8, 8, requires_grad=True)
    mixed = []
    for channel in body(x)[0]:
        if channel.sum() > 0:
            (gradient,) = torch.autograd.grad(channel.sum(), x, retain_graph=True)
            mixed.append(bool((gradient.flatten(2).abs().sum(dim=2) > 0).all()))
    assert any(mixed) == reads_both


def test_an_edge_is_a_patch_whose_outer_columns_differ():
    pictures = data.digits(train_size=50).train_x
    patches, edge = mlpconv.edge_patches(pictures, count=30)
    assert edge.tolist() == [1] * 30 + [0] * 30
    for patch, label in zip(patches[:, 0], edge, strict=True):
        left, right = (sum(float(patch[row, column]) for row in range(3)) / 3 for column in (0, 2))
        assert (abs(left - right) > 0.4) == bool(label)


def test_pieces_are_the_mean_along_the_eight_lines():
    torch.manual_seed(0)
    net = stack([2, 8, 2])
    ends = activations.lines()
    assert ends.norm(dim=1).tolist() == pytest.approx([2.0] * 8)
    assert activations.pieces(nn.Sequential(net, nn.Flatten())) == sum(walk(net, -e, e).pieces for e in ends) / 8


def test_the_pixels_of_a_task_differ_from_part_to_part_and_from_seed_to_seed():
    split = activations.pixels("disc", seed=0)
    parts = split.train_x, split.val_x, split.test_x, activations.pixels("disc", seed=1).train_x
    assert len({part.numpy().tobytes() for part in parts}) == 4


def test_only_the_default_keeps_its_biases():
    torch.manual_seed(0)
    names = ("He", "Xavier", "N(0, 0.01²)", "PyTorch")
    assert [name for name in names if initialisation.network(name)[3][0].bias.any()] == ["PyTorch"]
