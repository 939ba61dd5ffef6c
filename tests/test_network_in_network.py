"""The small network at every pixel: its wiring, the two heads, the maps behind the scores, and how they die."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import cost, data, pointwise
from companion import network_in_network as nin


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
    seed=st.integers(0, 99),
)
def test_mlpconv_is_one_small_network_applied_to_every_patch(
    channels, kernel_size, stride, padding, last_activation, seed
):
    torch.manual_seed(seed)
    first, *hidden, last = channels
    layer = nin.MlpConv(
        first,
        last,
        kernel_size,
        hidden_channels=hidden,
        stride=stride,
        padding=padding,
        last_activation=last_activation,
    ).double()
    x = torch.randn(2, first, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_definition(layer, x))


def test_three_layers_that_keep_height_and_width_are_the_default():
    layer = nin.MlpConv(3, 6, 5)
    assert [tuple(p.shape) for p in layer.parameters() if p.dim() > 1] == [(6, 3, 5, 5), (6, 6, 1, 1), (6, 6, 1, 1)]
    assert [type(part) for part in layer.layers] == [nn.Conv2d, nn.ReLU] * 3
    assert layer(torch.randn(2, 3, 7, 4)).shape == (2, 6, 7, 4)


def test_the_layers_of_the_paper_for_cifar_10():
    layers = [
        nin.MlpConv(3, 96, 5, hidden_channels=(192, 160)),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        nin.MlpConv(96, 192, 5, hidden_channels=(192, 192)),
        nn.AvgPool2d(3, stride=2, ceil_mode=True),
        nin.MlpConv(192, 10, 3, hidden_channels=(192, 192)),
        nin.GlobalAveragePooling(),
    ]
    table = cost.count(nn.Sequential(*layers), (1, 3, 32, 32))
    first = 75 * 192 + 192 * 160 + 160 * 96
    second = 25 * 96 * 192 + 192 * 192 + 192 * 192
    third = 9 * 192 * 192 + 192 * 192 + 192 * 10
    assert table.total.weights == first + second + third
    assert table.total.macs == 32 * 32 * first + 16 * 16 * second + 8 * 8 * third
    assert table.total.biases == 192 + 160 + 96 + 3 * 192 + 2 * 192 + 10


def test_without_hidden_channels_it_is_a_convolution():
    layer = nin.MlpConv(2, 3, 3, hidden_channels=(), last_activation=False)
    assert list(layer.state_dict()) == ["layers.0.weight", "layers.0.bias"]
    assert len(layer.layers) == 1


def test_a_normalisation_stands_before_each_activation_and_takes_the_bias():
    layer = nin.MlpConv(2, 3, 3, norm_layer=nn.BatchNorm2d, act_layer=nn.SiLU)
    assert [type(part) for part in layer.layers] == [nn.Conv2d, nn.BatchNorm2d, nn.SiLU] * 3
    assert [conv.bias for conv in layer.layers[::3]] == [None] * 3
    bare = nin.MlpConv(2, 3, 3, norm_layer=nn.BatchNorm2d, last_activation=False)
    assert type(bare.layers[-1]) is nn.Conv2d
    assert bare.layers[-1].bias is not None
    assert len(bare.layers) == 7


def test_the_names_of_the_weights_stay():
    assert list(nin.MlpConv(1, 2, 3).state_dict()) == [
        f"layers.{i}.{kind}" for i in (0, 2, 4) for kind in ("weight", "bias")
    ]
    head = nin.FullyConnectedHead(2, 3, 4, hidden_features=5)
    assert list(head.state_dict()) == [f"layers.{i}.{kind}" for i in (1, 4) for kind in ("weight", "bias")]


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(0, 4, 3, 3), (1, 4, 1, 1), (3, 4, 5, 2)])
def test_any_batch_size_and_memory_format(memory_format, size):
    torch.manual_seed(0)
    net = nn.Sequential(nin.MlpConv(4, 6, 3), nin.GlobalAveragePooling())
    x = torch.randn(size)
    y = net(x.contiguous(memory_format=memory_format))
    assert y.shape == (size[0], 6)
    torch.testing.assert_close(y, net(x))


def test_layers_pass_gradcheck_compile_and_export():
    torch.manual_seed(0)
    net = nn.Sequential(nin.MlpConv(2, 3, 3, act_layer=nn.SiLU), nin.GlobalAveragePooling()).double()
    x = torch.randn(2, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(net, x)
    x.requires_grad_(False)
    head = nin.FullyConnectedHead(2, 3, 4, hidden_features=5, dropout=0.5).double().eval()
    for module in (net, head):
        compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(x), module(x))
        program = torch.export.export(module, (x,))
        torch.testing.assert_close(program.module()(x), module(x))


def test_global_average_pooling_is_the_mean_and_not_the_maximum():
    maps = torch.tensor([[[[1.0, 2.0, 9.0]], [[-4.0, 0.0, 1.0]]]])  # (1, 2, 1, 3)
    assert nin.GlobalAveragePooling()(maps).tolist() == [[4.0, -1.0]]
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
@given(st.integers(0, 3), st.integers(1, 6), st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_the_mean_of_the_class_activation_maps_is_the_score(pictures, channels, classes, bias, seed):
    torch.manual_seed(seed)
    features = torch.randn(pictures, channels, 3, 4, dtype=torch.float64)
    classifier = nn.Linear(channels, classes, bias=bias).double()
    maps = nin.class_activation_maps(features, classifier)
    assert maps.shape == (pictures, classes, 3, 4)
    torch.testing.assert_close(maps.mean(dim=(2, 3)), classifier(features.mean(dim=(2, 3))))
    torch.testing.assert_close(
        maps, pointwise.definition(features, classifier.weight, classifier.bias) if pictures else maps
    )


def small_net(last_activation=True, seed=0):
    torch.manual_seed(seed)
    last = nin.MlpConv(4, 10, 3, hidden_channels=(4, 4), last_activation=last_activation)
    return nn.Sequential(nin.MlpConv(1, 4, 3), nn.MaxPool2d(2), last, nin.GlobalAveragePooling())


def some_digits(count=20):
    split = data.digits(train_size=count)
    return split.train_x, split.train_y


def test_watch_is_plain_gradient_descent():
    x, y = some_digits()
    net = small_net().double()
    x = x.double()
    by_hand = copy.deepcopy(net)
    trace = nin.watch(net, x, y, steps=4, lr=0.5, momentum=0.5)
    speeds = [torch.zeros_like(p) for p in by_hand.parameters()]
    for step in range(4):
        loss = F.cross_entropy(by_hand(x), y)
        slopes = torch.autograd.grad(loss, list(by_hand.parameters()))
        assert trace.losses[step] == pytest.approx(loss.item())
        assert trace.gradients[step] == pytest.approx(math.sqrt(sum(s.square().sum().item() for s in slopes)))
        with torch.no_grad():
            for p, slope, speed in zip(by_hand.parameters(), slopes, speeds, strict=True):
                speed.mul_(0.5).add_(slope)
                p -= 0.5 * speed
    for ours, theirs in zip(net.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert len(trace.losses) == len(trace.dead) == len(trace.gradients) == 4


def test_dead_class_maps_give_the_loss_of_a_guess_and_no_gradient():
    x, y = some_digits()
    net = small_net()
    nn.init.constant_(net[2].layers[-2].bias, -100.0)  # no weighted sum comes above zero
    before = copy.deepcopy(net.state_dict())
    trace = nin.watch(net, x, y, steps=3, lr=1.0, momentum=0.9)
    assert trace.dead == (1.0,) * 3
    assert trace.gradients == (0.0,) * 3
    assert trace.losses == pytest.approx([math.log(10)] * 3)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_a_class_map_is_dead_only_if_it_is_zero_at_every_pixel_of_every_picture():
    class Given(nn.Module):
        """Class maps that are set by hand, whatever the pictures."""

        def __init__(self):
            super().__init__()
            self.maps = nn.Parameter(torch.zeros(2, 5, 2, 2))

        def forward(self, x):
            return self.maps

    net = nn.Sequential(Given(), nin.GlobalAveragePooling())
    with torch.no_grad():
        net[0].maps[0, 1] = 1.0  # alive in one picture only
        net[0].maps[:, 2, 1, 0] = 1.0  # alive at one pixel only
        net[0].maps[:, 3] = torch.tensor([[1.0, -1.0], [2.0, -2.0]])  # a mean of zero, and yet alive
        net[0].maps[:, 4] = -1.0  # below zero, without a ReLU
    trace = nin.watch(net, torch.zeros(2, 1, 2, 2), torch.tensor([0, 1]), steps=1, lr=0.1)
    assert trace.dead == pytest.approx((0.2,))


def test_watch_gives_random_numbers_and_modes_back():
    net = nn.Sequential(
        nin.MlpConv(1, 10, 3, norm_layer=nn.BatchNorm2d), nn.Dropout(0.5), nin.GlobalAveragePooling()
    )
    net.eval()
    twin = copy.deepcopy(net)
    x, y = some_digits()
    state = torch.get_rng_state()
    traces = [nin.watch(model, x, y, steps=2, lr=0.1) for model in (net, twin)]
    assert traces[0] == traces[1]
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module.training for module in net.modules())
    assert net[0].layers[1].num_batches_tracked == 2  # it did train in training mode


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"in_channels": 0}, ValueError, "in_channels must be at least 1, got 0"),
        ({"out_channels": 2.5}, TypeError, "out_channels must be an int, got float"),
        ({"kernel_size": 0}, ValueError, "kernel_size must be at least 1, got 0"),
        ({"kernel_size": 4}, ValueError, "padding must be given for an even kernel_size, got kernel_size=4"),
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"padding": -1}, ValueError, "padding must be at least 0, got -1"),
        ({"hidden_channels": 8}, TypeError, "hidden_channels must be a tuple of ints, got int"),
        ({"hidden_channels": (8, 0)}, ValueError, r"hidden_channels\[1\] must be at least 1, got 0"),
    ],
)
def test_bad_sizes_of_an_mlpconv_are_named(changes, error, words):
    with pytest.raises(error, match=words):
        nin.MlpConv(**{"in_channels": 2, "out_channels": 4, "kernel_size": 3, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"in_channels": 0}, "in_channels must be at least 1, got 0"),
        ({"size": (4, 0)}, r"size\[1\] must be at least 1, got 0"),
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"hidden_features": 0}, "hidden_features must be at least 1, got 0"),
        ({"dropout": 1}, "dropout must be at least 0 and below 1, got 1"),
        ({"dropout": -0.1}, "dropout must be at least 0 and below 1, got -0.1"),
    ],
)
def test_bad_sizes_of_a_head_are_named(changes, words):
    with pytest.raises(ValueError, match=words):
        nin.FullyConnectedHead(**{"in_channels": 2, "size": 4, "num_classes": 3, "hidden_features": 5, **changes})


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match=r"x must have shape \(N, C, H, W\), got \(2, 8\)"):
        nin.GlobalAveragePooling()(torch.randn(2, 8))
    with pytest.raises(TypeError, match=r"classifier must be an nn\.Linear, got Conv2d"):
        nin.class_activation_maps(torch.randn(1, 2, 3, 3), nn.Conv2d(2, 3, 1))
    with pytest.raises(ValueError, match="features must have C = 4, as classifier reads, got 2"):
        nin.class_activation_maps(torch.randn(1, 2, 3, 3), nn.Linear(4, 3))
    with pytest.raises(TypeError, match=r"x must be a torch\.Tensor, got list"):
        nin.GlobalAveragePooling()([[1.0]])
    with pytest.raises(RuntimeError, match="to have 2 channels, but got 3 channels"):
        nin.MlpConv(2, 4, 3)(torch.randn(1, 3, 5, 5))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        nin.FullyConnectedHead(2, 4, 3, hidden_features=5)(torch.randn(1, 2, 5, 5))
    x, y = some_digits()
    with pytest.raises(TypeError, match=r"model must be an nn\.Sequential, got MlpConvNet"):
        nin.watch(type("MlpConvNet", (nn.Module,), {})(), x, y, steps=1, lr=0.1)
    with pytest.raises(ValueError, match="model must end in GlobalAveragePooling, got ReLU"):
        nin.watch(nn.Sequential(nn.ReLU()), x, y, steps=1, lr=0.1)
    with pytest.raises(ValueError, match="model must end in GlobalAveragePooling, got no layer"):
        nin.watch(nn.Sequential(), x, y, steps=1, lr=0.1)
    with pytest.raises(ValueError, match="x and y must be equally many"):
        nin.watch(small_net(), x, y[:3], steps=1, lr=0.1)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        nin.watch(small_net(), x, y, steps=0, lr=0.1)
    for lr in (0, math.inf):
        with pytest.raises(ValueError, match=f"lr must be above 0 and finite, got {lr}"):
            nin.watch(small_net(), x, y, steps=1, lr=lr)
    with pytest.raises(ValueError, match="momentum must be at least 0 and below 1, got 1"):
        nin.watch(small_net(), x, y, steps=1, lr=0.1, momentum=1)
