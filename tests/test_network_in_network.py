"""The layers of Network In Network and the maps behind the scores, each against a slow and obvious reference."""

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost, pointwise
from companion import network_in_network as nin
from tests.refusals import refusals


def by_definition(layer, x):
    """The slow, obvious way: cut out each patch and hand it to a small network of linear layers."""
    first = layer.layers[0]
    (k, _), (stride, _), (padding, _) = first.kernel_size, first.stride, first.padding
    steps = []
    for part in layer.layers:
        if isinstance(part, nn.Conv2d):
            linear = nn.Linear(part.weight[0].numel(), part.out_channels, dtype=x.dtype)
            linear.load_state_dict({"weight": part.weight.flatten(1), "bias": part.bias})
            steps.append(linear)
        else:
            steps.append(part)
    mlp, padded = nn.Sequential(*steps), F.pad(x, (padding,) * 4)
    rows = range(0, padded.shape[2] - k + 1, stride)
    columns = range(0, padded.shape[3] - k + 1, stride)
    values = [[mlp(padded[:, :, i : i + k, j : j + k].flatten(1)) for j in columns] for i in rows]
    return torch.stack([torch.stack(row, dim=-1) for row in values], dim=-2)  # (N, C_out, H', W')


@settings(max_examples=15, deadline=None)
@given(
    channels=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    kernel_size=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    last_activation=st.booleans(),
)
def test_mlpconv_is_one_small_network_applied_to_every_patch(channels, last_activation, **first):
    torch.manual_seed(0)
    c_in, *hidden, c_out = channels
    layer = nin.MlpConv(c_in, c_out, hidden_channels=hidden, last_activation=last_activation, **first).double()
    x = torch.randn(2, c_in, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_definition(layer, x))


def test_three_layers_are_the_default_and_a_normalisation_takes_the_bias():
    layer = nin.MlpConv(3, 6, 5)
    assert [tuple(p.shape) for p in layer.parameters() if p.dim() > 1] == [(6, 3, 5, 5), (6, 6, 1, 1), (6, 6, 1, 1)]
    assert [type(part) for part in layer.layers] == [nn.Conv2d, nn.ReLU] * 3
    assert layer(torch.randn(2, 3, 7, 4)).shape == (2, 6, 7, 4)
    layer = nin.MlpConv(2, 3, 3, norm_layer=nn.BatchNorm2d, act_layer=nn.SiLU)
    assert [type(part) for part in layer.layers] == [nn.Conv2d, nn.BatchNorm2d, nn.SiLU] * 3
    assert [conv.bias for conv in layer.layers[::3]] == [None] * 3
    bare = nin.MlpConv(2, 3, 3, norm_layer=nn.BatchNorm2d, last_activation=False)
    assert type(bare.layers[-1]) is nn.Conv2d
    assert bare.layers[-1].bias is not None
    assert len(bare.layers) == 7


def test_global_average_pooling_is_the_mean_of_each_map():
    maps = torch.randn(3, 5, 4, 6)
    slow = [[sum(maps[n, c, i, j] for i in range(4) for j in range(6)) / 24 for c in range(5)] for n in range(3)]
    torch.testing.assert_close(nin.GlobalAveragePooling()(maps), torch.tensor(slow))


def test_the_fully_connected_head_is_two_linear_layers_with_dropout_between():
    torch.manual_seed(0)
    head = nin.FullyConnectedHead(3, (4, 2), 10, hidden_features=7, dropout=0.5)
    maps = torch.randn(5, 3, 4, 2)
    hidden = F.relu(F.linear(maps.flatten(1), head.layers[1].weight, head.layers[1].bias))
    torch.testing.assert_close(head.eval()(maps), F.linear(hidden, head.layers[4].weight, head.layers[4].bias))
    assert cost.count(head, (1, 3, 4, 2)).total.weights == 3 * 4 * 2 * 7 + 7 * 10
    head.train()
    torch.manual_seed(1)
    dropped = F.dropout(hidden, 0.5)
    torch.manual_seed(1)
    torch.testing.assert_close(head(maps), F.linear(dropped, head.layers[4].weight, head.layers[4].bias))
    assert nin.FullyConnectedHead(3, 2, 10, hidden_features=7).layers[3].p == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_the_mean_of_the_class_activation_maps_is_the_score(pictures, channels, num_classes, bias, seed):
    torch.manual_seed(seed)
    features = torch.randn(pictures, channels, 3, 4, dtype=torch.float64)
    classifier = nn.Linear(channels, num_classes, bias=bias).double()
    maps = nin.class_activation_maps(features, classifier)
    torch.testing.assert_close(maps.mean(dim=(2, 3)), classifier(features.mean(dim=(2, 3))))
    torch.testing.assert_close(maps, pointwise.definition(features, classifier.weight, classifier.bias))


test_bad_input_is_named = refusals(
    (lambda: nin.MlpConv(2, 4, 4), "padding must be given for an even kernel_size, got"),
    (lambda: nin.MlpConv(2, 4, 3, padding=-1), "padding must be at least 0, got -1"),
    (lambda: nin.MlpConv(2, 4, 3, hidden_channels=(8, 0)), r"hidden_channels\[1\] must be at least 1"),
    (lambda: nin.MlpConv(2, 4, 3, hidden_channels=8), "hidden_channels must be a sequence of ints", TypeError),
    (lambda: nin.FullyConnectedHead(2, (4, 0), 3, hidden_features=5), r"size\[1\] must be at least 1"),
    (lambda: nin.GlobalAveragePooling()(torch.zeros(2, 8)), r"x must have shape \(N, C, H, W\), got"),
    (
        lambda: nin.class_activation_maps(torch.zeros(1, 2, 3, 3), nn.Linear(4, 3)),
        "weight must have C_in = 2 columns, as x has channels, got 4",
    ),
)
