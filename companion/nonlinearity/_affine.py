"""The matrix and the bias of a layer that maps the channels of every pixel in the same affine way."""

import torch
from torch import Tensor, nn

from companion.pointwise import block_diagonal


def affine(name: str, layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Return the matrix (C_out, C_in) and the bias (C_out,) of a layer, in float64.

    Raises:
        TypeError: if the layer is neither ``nn.Conv2d`` nor ``nn.BatchNorm2d``, or a complex convolution.
        ValueError: if the convolution has a larger kernel, a stride or padding, or the normalisation is in training
            mode.
    """
    if isinstance(layer, nn.Conv2d):
        if layer.kernel_size != (1, 1) or layer.stride != (1, 1) or layer.padding not in ((0, 0), "valid", "same"):
            raise ValueError(f"{name} must be a 1x1 convolution with stride 1 and no padding, got {layer}")
        if not layer.weight.is_floating_point():
            raise TypeError(f"{name} must be of a floating dtype, got {layer.weight.dtype}")
        weight = block_diagonal(layer.weight.detach().flatten(1), layer.groups).double()
        bias = weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.detach().double()
        return weight, bias
    if isinstance(layer, nn.BatchNorm2d):
        if layer.training or layer.running_mean is None:
            raise ValueError(f"{name} must be in evaluation mode with running statistics: it is affine only then")
        scale = (layer.running_var.double() + layer.eps).rsqrt()
        shift = -layer.running_mean.double() * scale
        if layer.affine:
            gain, offset = layer.weight.detach().double(), layer.bias.detach().double()
            scale, shift = gain * scale, gain * shift + offset
        return torch.diag(scale), shift
    raise TypeError(f"{name} must be an nn.Conv2d or nn.BatchNorm2d, got {type(layer).__name__}")
