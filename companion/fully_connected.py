"""Fully connected layers as convolutions: the same weights, and any size of picture.

A fully connected layer on a flattened (C, H, W) map is a convolution whose kernel covers the whole map; one that
comes after it, on a vector, is a 1x1 convolution. So a classifier can slide over a larger picture in one go
(Sermanet et al., "OverFeat", arXiv 1312.6229, section 3.5; Long et al., arXiv 1411.4038, section 3.1).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from companion import _checks
from companion._state import mode


def linear_as_conv2d(layer: nn.Linear, channels: int, height: int = 1, width: int = 1) -> nn.Conv2d:
    """Return the convolution that does what a fully connected layer does on a flattened map.

    Args:
        layer: reads vectors of ``channels * height * width`` values, flattened from (C, H, W).
        channels: C of the map.
        height: H of the map; 1 for a vector.
        width: W of the map; 1 for a vector.

    Returns:
        A convolution (N, C, H, W) -> (N, out_features, 1, 1) with a copy of the layer's weights, on its device.

    Raises:
        TypeError: if ``layer`` is not an ``nn.Linear``, or a size not an int.
        ValueError: if a size is below one, or the map has another number of values than the layer reads.

    >>> linear_as_conv2d(nn.Linear(512, 64), channels=32, height=4, width=4)
    Conv2d(32, 64, kernel_size=(4, 4), stride=(1, 1))
    """
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"layer must be an nn.Linear, got {type(layer).__name__}")
    _checks.integers(channels=channels, height=height, width=width)
    if channels * height * width != layer.in_features:
        raise ValueError(
            f"channels * height * width must be in_features = {layer.in_features}, "
            f"got {channels} * {height} * {width} = {channels * height * width}"
        )
    conv = nn.utils.skip_init(  # new weights would be drawn at random only to be overwritten
        nn.Conv2d,
        channels,
        layer.out_features,
        kernel_size=(height, width),
        bias=layer.bias is not None,
        device=layer.weight.device,
        dtype=layer.weight.dtype,
    )
    with torch.no_grad():
        for name, ours in conv.named_parameters():
            theirs = getattr(layer, name)
            ours.copy_(theirs.view_as(ours)).requires_grad_(theirs.requires_grad)
    return conv


def fully_convolutional(model: nn.Sequential, input_size: tuple[int, int, int]) -> nn.Sequential:
    """Rewrite a classifier that flattens its last map as one made of convolutions alone.

    On a picture of ``input_size`` both give the same scores. On a larger one the new model gives a map of scores,
    one for each place where the old model could have been applied, as far apart as the strides of the model
    multiply to. The two agree only if no layer before ``nn.Flatten`` pads, since padding puts zeros around every
    crop, or pools the whole map.

    Args:
        model: layers in a row, one of them ``nn.Flatten``. What follows it is held against the old layers on a
            random map, one pixel larger than the one that is flattened.
        input_size: (C, H, W) of the pictures that ``model`` was made for.

    Returns:
        A new model, (N, C, H', W') -> (N, num_classes, H'', W''). Fully connected layers are copied, others shared.

    Raises:
        TypeError: if ``model`` is not an ``nn.Sequential``, or ``input_size`` does not hold ints.
        ValueError: if ``input_size`` is not (C, H, W), ``model`` has not one ``nn.Flatten(1, -1)`` between maps and
            the first ``nn.Linear``, or a layer after it can't slide.
    """
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"model must be an nn.Sequential, got {type(model).__name__}")
    if len(_checks.each_integer("input_size", input_size)) != 3:
        raise ValueError(f"input_size must be (C, H, W), got {input_size}")
    at = _place_of_flatten(model)
    trunk, head = model[:at], model[at + 1 :]

    reference = next(model.parameters(), torch.empty(0))
    with torch.no_grad(), mode(model, training=False):
        maps = trunk(torch.zeros(1, *input_size, device=reference.device, dtype=reference.dtype))
        if maps.dim() != 4:
            raise ValueError(f"model must have maps (N, C, H, W) before nn.Flatten, got shape {tuple(maps.shape)}")
        sliding = _sliding(head, maps)
    result = nn.Sequential(*trunk, *sliding)
    for module in set(result.modules()) - set(model.modules()):
        module.training = model.training
    return result


def _place_of_flatten(model: nn.Sequential) -> int:
    """Return the index of the one ``nn.Flatten``, where it and all ``nn.Linear`` are layers of ``model`` itself."""
    for name, module in model.named_modules():
        if "." in name and isinstance(module, nn.Flatten | nn.Linear):
            raise ValueError(f"model must have nn.Flatten and nn.Linear among its own layers, got one at {name!r}")
    places = [i for i, layer in enumerate(model) if isinstance(layer, nn.Flatten)]
    if len(places) != 1 or any(isinstance(layer, nn.Linear) for layer in model[: places[0]]):
        raise ValueError(f"model must have one nn.Flatten before its first nn.Linear, got {len(places)} nn.Flatten")
    flatten = model[places[0]]
    if (flatten.start_dim, flatten.end_dim) != (1, -1):
        raise ValueError(f"model must have nn.Flatten(start_dim=1, end_dim=-1), got {flatten}")
    return places[0]


def _sliding(head: nn.Sequential, maps: Tensor) -> list[nn.Module]:
    """Return the layers that do to every window of a larger map what ``head`` does to the flattened ``maps``.

    Each is tried on a random map with four windows: a layer that mixes or mistakes them can't slide.
    """
    channels, *window = maps.shape[1:]
    wide = torch.randn(2, channels, *(n + 1 for n in window), generator=torch.Generator().manual_seed(0))
    maps = wide.to(maps)
    vectors = _flattened(maps, window)
    layers = []
    for layer in head:
        slides = layer
        if isinstance(layer, nn.Linear):
            slides, window = linear_as_conv2d(layer, maps.shape[1], *window), (1, 1)
        vectors = layer(vectors)
        refusal = ValueError(
            "model must have after nn.Flatten only nn.Linear and layers that do to each place of a map what they "
            f"do to a vector, such as nn.ReLU or nn.Softmax(dim=1), got {layer}"
        )
        try:
            maps = slides(maps)
            ours = _flattened(maps, window)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            raise refusal from error
        if not _agree(ours, vectors):
            raise refusal
        layers.append(slides)
    if tuple(window) != (1, 1):
        raise ValueError(
            f"model must have an nn.Linear after nn.Flatten, as it flattens maps of {tuple(window)} pixels"
        )
    return layers


def _flattened(maps: Tensor, window: Sequence[int]) -> Tensor:
    """Return every window of (N, C, H, W) as a vector: (N * windows, C * h * w)."""
    return F.unfold(maps, tuple(window)).transpose(1, 2).flatten(0, 1)


def _agree(ours: Tensor, wanted: Tensor) -> bool:
    if ours.shape != wanted.shape or ours.is_meta:  # meta tensors have no values to differ in
        return ours.shape == wanted.shape
    difference, scale = (ours - wanted).abs().max(), wanted.abs().max()
    return bool(difference <= torch.finfo(wanted.dtype).eps ** 0.5 * scale)  # sums in another order
