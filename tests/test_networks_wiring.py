"""Each network against one computed by hand from its parameters alone: what follows what, with which stride."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from companion import networks


def built(build, **options):
    """A network in evaluation mode, float64, whose biases and normalisations would show if one were misplaced."""
    torch.manual_seed(0)
    network = build(5, **options).double().eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 2)
            nn.init.normal_(layer.weight, 1, 0.3)
        if getattr(layer, "bias", None) is not None:
            nn.init.normal_(layer.bias, std=0.3)
    return network


class ByHand:
    """Functions of torch, fed with the parameters of a network by name."""

    def __init__(self, network):
        self.state = network.state_dict()

    def conv(self, x, name, stride=1, groups=1):
        weight, bias = self.state[f"{name}.weight"], self.state.get(f"{name}.bias")
        margin = (weight.shape[2] - 1) // 2
        return F.conv2d(F.pad(x, [margin] * 4), weight, bias, stride, groups=groups)

    def norm(self, x, name):
        parts = ("running_mean", "running_var", "weight", "bias")
        mean, variance, scale, shift = (self.state[f"{name}.{part}"][:, None, None] for part in parts)
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    def conv_norm(self, x, name, i, stride=1, groups=1):
        return self.norm(self.conv(x, f"{name}.{i}", stride, groups), f"{name}.{i + 1}")

    def linear(self, x, name):
        return x @ self.state[f"{name}.weight"].T + self.state[f"{name}.bias"]

    def nin(self, x, *, last_activation=True):
        for i in (1, 2, 3):
            for j in (0, 2, 4):
                x = self.conv(x, f"mlpconv{i}.layers.{j}")
                x = x.relu() if last_activation or (i, j) != (3, 4) else x
            if i < 3:
                x = halved(x)
        return x.mean(dim=(2, 3))

    def inception(self, x, name):
        conv = lambda x, branch: self.conv(x, f"inception_{name}.branch{branch}").relu()  # noqa: E731
        pooled = F.max_pool2d(F.pad(x, [1] * 4, value=-torch.inf), 3, stride=1)
        threes, fives = conv(conv(x, "2.0"), "2.2"), conv(conv(x, "3.0"), "3.2")
        return torch.cat([conv(x, "1.0"), threes, fives, conv(pooled, "4.1")], dim=1)

    def googlenet(self, x):
        x = responses(halved(self.conv(x, "conv1.0", stride=2).relu()))
        x = self.conv(self.conv(x, "conv2.reduce.0").relu(), "conv2.convolve.0").relu()
        x = halved(responses(x))
        for names in (("3a", "3b"), ("4a", "4b", "4c", "4d", "4e"), ("5a", "5b")):
            for name in names:
                x = self.inception(x, name)
            x = halved(x) if names[-1] != "5b" else x
        return self.linear(x.mean(dim=(2, 3)), "linear")

    def resnet50(self, x, *, stride_in_first=False, gates=False):
        x = self.conv_norm(x, "conv1", 0, stride=2).relu()
        x = F.max_pool2d(F.pad(x, [1] * 4), 3, stride=2)  # after a ReLU, zeros are as good as -inf
        for stage, repeats in ((2, 3), (3, 4), (4, 6), (5, 3)):
            for i in range(1, repeats + 1):
                name, stride = f"conv{stage}_x.conv{stage}_{i}", 2 if i == 1 and stage > 2 else 1
                first, second = (stride, 1) if stride_in_first else (1, stride)
                y = self.conv_norm(x, f"{name}.residual", 0, first).relu()
                y = self.conv_norm(y, f"{name}.residual", 3, second).relu()
                y = self.conv_norm(y, f"{name}.residual", 6)
                if gates:
                    means = y.mean(dim=(2, 3), keepdim=True)
                    thin = self.conv(means, f"{name}.residual.8.reduce").relu()
                    y = y * self.conv(thin, f"{name}.residual.8.expand").sigmoid()
                shortcut = self.conv_norm(x, f"{name}.shortcut", 0, stride) if i == 1 else x
                x = (y + shortcut).relu()
        return self.linear(x.mean(dim=(2, 3)), "fc")

    def se_resnet50(self, x):
        return self.resnet50(x, gates=True)

    def mobilenet_v1(self, x, *, separable=True):
        x = self.conv_norm(x, "conv1", 0, stride=2).relu()
        for stage, repeats in ((2, 1), (3, 2), (4, 2), (5, 6), (6, 2)):
            for i in range(1, repeats + 1):
                name, stride = f"conv{stage}_x.conv{stage}_{i}", 2 if i == 1 and stage > 2 else 1
                if separable:
                    x = self.conv_norm(x, f"{name}.depthwise", 0, stride, groups=x.shape[1]).relu()
                    x = self.conv_norm(x, f"{name}.pointwise", 0).relu()
                else:
                    x = self.conv_norm(x, name, 0, stride).relu()
        return self.linear(x.mean(dim=(2, 3)), "fc")


def halved(x):
    """Max pooling 3x3 with stride 2 from the first pixel on; the last window may hang over by one."""
    return F.max_pool2d(F.pad(x, [0, 1, 0, 1], value=-torch.inf), 3, stride=2)


def responses(x):
    """Local response normalisation over five neighbouring channels."""
    squares = F.pad(x.square(), [0, 0, 0, 0, 2, 2])
    sums = sum(squares[:, i : i + x.shape[1]] for i in range(5))
    return x / (1 + 1e-4 * sums / 5) ** 0.75


@pytest.mark.parametrize(
    ("name", "size", "options"),
    [
        ("nin", (13, 10), {}),
        ("nin", (13, 10), {"last_activation": False}),
        ("googlenet", (36, 47), {}),
        ("resnet50", (37, 42), {}),
        ("resnet50", (37, 42), {"stride_in_first": True}),
        ("se_resnet50", (37, 42), {}),
        ("mobilenet_v1", (21, 28), {"width_multiplier": 0.5}),
        ("mobilenet_v1", (21, 28), {"width_multiplier": 0.25, "separable": False}),
    ],
)
@torch.no_grad()
def test_agrees_with_one_computed_by_hand(name, size, options):
    network = built(getattr(networks, name), **options)
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    by_hand = {key: value for key, value in options.items() if key != "width_multiplier"}
    wanted = getattr(ByHand(network), name)(x, **by_hand)
    torch.testing.assert_close(network(x), wanted)
    assert wanted.std(dim=0).min() > 1e-6, "two pictures should not get the same scores"


def dropouts(name):
    with torch.device("meta"):
        modules = getattr(networks, name)().named_modules()
    return {stage: layer.p for stage, layer in modules if isinstance(layer, nn.Dropout)}


def test_dropout_is_where_the_paper_has_it():
    assert dropouts("nin") == {"dropout1": 0.5, "dropout2": 0.5}
    assert dropouts("googlenet") == {"dropout": 0.4}
    assert dropouts("mobilenet_v1") == dropouts("resnet50") == {}
