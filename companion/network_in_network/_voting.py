"""A network of two mlpconv layers that votes at every pixel, and its recorded weights."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from companion.network_in_network._layers import GlobalAveragePooling, MlpConv

RECORD = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "digit_net.json"


def voting(norm_layer: type[nn.Module] | None = nn.BatchNorm2d) -> nn.Sequential:
    """Return two mlpconv layers, the second with ten class maps, and the mean: (N, 1, H, W) -> (N, 10).

    The maps have the picture's height and width; each of their pixels sees a window of 5x5.

    Args:
        norm_layer: type of the normalisation before each activation, or None.
    """
    first = MlpConv(1, 16, 3, norm_layer=norm_layer)
    last = MlpConv(16, 10, 3, hidden_channels=(32, 32), last_activation=False, norm_layer=norm_layer)
    return nn.Sequential(first, last, GlobalAveragePooling())


def packed(net: nn.Sequential) -> dict:
    """Return the convolutions of a trained `voting`, each with its normalisation multiplied in, in half precision.

    Returns:
        ``shapes``, [C_out, C_in, k] of each convolution, and ``weights``: for each its weight and its bias as
        float16, little-endian, all in one base64 string.
    """
    layers = [layer for part in net[:-1] for layer in part.layers]
    following = [*layers[1:], None]
    convs = [
        fuse_conv_bn_eval(layer.eval(), after.eval()) if isinstance(after, nn.BatchNorm2d) else layer
        for layer, after in zip(layers, following, strict=True)
        if isinstance(layer, nn.Conv2d)
    ]
    numbers = [part.detach().flatten().numpy() for conv in convs for part in (conv.weight, conv.bias)]
    weights = np.concatenate(numbers).astype("<f2").tobytes()
    return {"shapes": [list(conv.weight.shape[:3]) for conv in convs], "weights": b64encode(weights).decode()}


def unpacked(record: Mapping) -> nn.Sequential:
    """Return the network of a record: `voting` without normalisations, in evaluation mode.

    Args:
        record: ``weights`` as `packed` returns them.

    Raises:
        ValueError: if there are more or fewer numbers than the network has.
    """
    net = voting(norm_layer=None)
    numbers = torch.from_numpy(np.frombuffer(b64decode(record["weights"]), "<f2").astype(np.float32))
    if len(numbers) != (count := sum(part.numel() for part in net.parameters())):
        raise ValueError(f"weights must hold {count} numbers, got {len(numbers)}")
    nn.utils.vector_to_parameters(numbers, net.parameters())
    return net.eval()


def recorded_voting() -> nn.Sequential:
    """Return the network that ``python -m benchmarks.digit_net`` trained and recorded, without normalisations.

    Raises:
        FileNotFoundError: if the record is not here: a wheel has none.
    """
    return unpacked(json.loads(RECORD.read_text("utf-8")))
