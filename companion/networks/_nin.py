"""Network in Network for CIFAR-10: Lin et al., arXiv 1312.4400, section 4.

The paper says: three mlpconv layers, max poolings that halve H and W, dropout on the outputs of all but the last
layer, global average pooling. It leaves open the widths, the kernels, the windows of the poolings and the share of
dropout. Those here are of the authors' own definition: mavenlin/cuda-convnet, NIN/cifar-10_def.
"""

from typing import NamedTuple

from torch import nn

from companion import _checks
from companion.network_in_network import GlobalAveragePooling, MlpConv
from companion.networks._network import Network
from companion.pitfalls import initialise


class NinStage(NamedTuple):
    """An mlpconv layer, from the channels that it reads to those that its last 1x1 convolution returns."""

    name: str
    kernel_size: int
    in_channels: int
    hidden_channels: tuple[int, int]
    out_channels: int | None  # None: one map for each class


NIN_STAGES = (
    NinStage("mlpconv1", 5, 3, (192, 160), 96),
    NinStage("mlpconv2", 5, 96, (192, 192), 192),
    NinStage("mlpconv3", 3, 192, (192, 192), None),
)
"""The mlpconv layers; between two of them stand a 3x3 max pooling with stride 2 and dropout."""


def nin(num_classes: int = 10, *, last_activation: bool = True) -> nn.Sequential:
    """Return the Network in Network for CIFAR-10.

    Its stages are ``mlpconv1``, ``pool1``, ``dropout1``, ``mlpconv2``, ``pool2``, ``dropout2``, ``mlpconv3`` and
    ``average_pool``. The class maps are what ``mlpconv3`` returns.

    Args:
        num_classes: K, the number of scores; 10, as CIFAR-10 has, and not 1000, which this form was not made for.
        last_activation: whether a ReLU stands on the class maps, as in the paper and its authors' definition. No
            score can then be below 0, and a map that is zero everywhere gets no gradient: see
            ``companion.network_in_network.watch``. Without, the scores are plain weighted sums.

    Shape:
        (N, 3, H, W) -> (N, num_classes), H and W at least 4

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if ``num_classes`` is below one, or (when called) the input is of another shape or too small.

    >>> network = nin()
    >>> sum(p.numel() for p in network.parameters()), network.mlpconv1.layers[0].weight.shape
    (966986, torch.Size([192, 3, 5, 5]))
    """
    _checks.integer("num_classes", num_classes)
    _checks.flag("last_activation", last_activation)
    stages: dict[str, nn.Module] = {}
    for i, stage in enumerate(NIN_STAGES, start=1):
        last = stage.out_channels is None
        stages[stage.name] = MlpConv(
            stage.in_channels,
            num_classes if last else stage.out_channels,
            stage.kernel_size,
            hidden_channels=stage.hidden_channels,
            last_activation=last_activation or not last,
        )
        if not last:
            stages[f"pool{i}"] = nn.MaxPool2d(3, stride=2, ceil_mode=True)  # 32 -> 16 -> 8, as in the definition
            stages[f"dropout{i}"] = nn.Dropout(0.5)
    stages["average_pool"] = GlobalAveragePooling()
    return initialise(Network(stages, least_size=4), "He")
