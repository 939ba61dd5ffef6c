"""Fully connected layers as convolutions: the same weights, and any size of picture.

A fully connected layer on a flattened (C, H, W) map is a convolution whose kernel covers the whole map; one that
comes after it, on a vector, is a 1x1 convolution. So a classifier can slide over a larger picture in one go
(Sermanet et al., "OverFeat", arXiv 1312.6229, section 3.5; Long et al., arXiv 1411.4038, section 3.1).
"""

import torch
from torch import nn

from companion import _checks


def linear_as_conv2d(layer: nn.Linear, channels: int, height: int = 1, width: int = 1) -> nn.Conv2d:
    """Return the convolution that does what a fully connected layer does on a flattened map.

    Args:
        layer: reads vectors of ``channels * height * width`` values, flattened from (C, H, W).
        channels: C of the map.
        height: H of the map; 1 for a vector.
        width: W of the map; 1 for a vector.

    Returns:
        A convolution (N, C, H, W) -> (N, out_features, 1, 1) with a copy of the layer's weights.

    Raises:
        ValueError: if the map has another number of values than the layer reads.

    >>> linear_as_conv2d(nn.Linear(512, 64), channels=32, height=4, width=4)
    Conv2d(32, 64, kernel_size=(4, 4), stride=(1, 1))
    """
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"layer must be an nn.Linear, got {type(layer).__name__}")
    for name, value in (("channels", channels), ("height", height), ("width", width)):
        _checks.integer(name, value)
    if channels * height * width != layer.in_features:
        raise ValueError(
            f"channels * height * width must be in_features = {layer.in_features}, "
            f"got {channels} * {height} * {width} = {channels * height * width}"
        )
    conv = nn.Conv2d(
        channels,
        layer.out_features,
        kernel_size=(height, width),
        bias=layer.bias is not None,
        device=layer.weight.device,
        dtype=layer.weight.dtype,
    )
    with torch.no_grad():
        conv.weight.copy_(layer.weight.view_as(conv.weight))
        if layer.bias is not None:
            conv.bias.copy_(layer.bias)
    return conv


def fully_convolutional(model: nn.Sequential, input_size: tuple[int, int, int]) -> nn.Sequential:
    """Rewrite a classifier that flattens its last map as one made of convolutions alone.

    On a picture of ``input_size`` both give the same scores. On a larger one the new model gives a map of scores,
    one for each place where the old model could have been applied, as far apart as the strides of the model
    multiply to. The two agree only if no layer pads: padding lets a crop see its own border.

    Args:
        model: layers in a row, with one ``nn.Flatten`` before the first ``nn.Linear``.
        input_size: (C, H, W) of the pictures that ``model`` was made for.

    Returns:
        A new model, (N, C, H', W') -> (N, classes, H'', W''). Fully connected layers are copied, others shared.

    Raises:
        ValueError: if ``model`` has no ``nn.Flatten`` before its first ``nn.Linear``.
    """
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"model must be an nn.Sequential, got {type(model).__name__}")
    size = (1, *(_checks.integer("input_size", axis) for axis in input_size))
    reference = next(model.parameters())
    x = torch.zeros(size, device=reference.device, dtype=reference.dtype)  # (1, C, H, W)
    layers, flattened = [], None
    training = model.training
    model.eval()
    try:
        for layer in model:
            if isinstance(layer, nn.Flatten):
                flattened = x.shape[1:]
            elif isinstance(layer, nn.Linear):
                if flattened is None:
                    raise ValueError("model must have an nn.Flatten before its first nn.Linear")
                layers.append(linear_as_conv2d(layer, *flattened))
                flattened = (layer.out_features, 1, 1)
            else:
                layers.append(layer)
            with torch.no_grad():
                x = layer(x)
    finally:
        model.train(training)
    return nn.Sequential(*layers)
