"""What channels and neighbouring pixels have in common, and the 1x1 convolution that takes the first away.

The two kinds of correlation, across channels and across space, are told apart in Chollet, "Xception", arXiv
1610.02357, section 1.1.
"""

import math

import torch
from torch import Tensor

from companion import _checks


def correlation(features: Tensor, offset: tuple[int, int] = (0, 0)) -> Tensor:
    """Return the correlation of each channel with each, at the same pixel or at one some way off.

    Entry (a, b) is Pearson's correlation of channel a with channel b, ``offset`` further down and to the right,
    over all pictures and all pixels that have such a neighbour. At offset (0, 0) the entries off the diagonal are
    the cross-channel correlations; at any other offset the diagonal holds the spatial ones.

    Args:
        features: (N, C, H, W).
        offset: (rows down, columns to the right), each at least 0.

    Returns:
        (C, C), float64; NaN where a channel is constant.

    Raises:
        TypeError: if ``features`` are of no floating dtype, or ``offset`` holds no ints.
        ValueError: if a shape is wrong, or the offset leaves fewer than two values of a channel.

    >>> ramp = torch.arange(12.0).reshape(1, 1, 3, 4)
    >>> correlation(torch.cat([ramp, -ramp], dim=1)).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    down, right = _checks.pair("offset", offset, at_least=0)
    pixels = _float64(features)
    height, width = pixels.shape[2:]
    here = _standardised(pixels[:, :, : max(height - down, 0), : max(width - right, 0)])
    there = _standardised(pixels[:, :, down:, right:])
    return (here @ there.T).clamp(-1, 1)  # rounding may leave 1 + 1e-16


def cross_channel(features: Tensor) -> float:
    """Return the mean size of the correlation between two channels at one pixel, over all pairs of channels.

    Pairs with a constant channel don't count.

    Args:
        features: (N, C, H, W), C at least 2.

    Raises:
        TypeError: as ``correlation`` does.
        ValueError: as ``correlation`` does, or if no pair of channels varies.
    """
    pairs = correlation(features)
    size = pairs[~torch.eye(len(pairs), dtype=torch.bool)].abs().nanmean().item()
    if math.isnan(size):
        raise ValueError("features must have at least two channels that vary")
    return size


def spatial(features: Tensor, distance: int = 1) -> float:
    """Return the mean size of a channel's correlation with itself some pixels down and some to the right.

    Constant channels don't count.

    Args:
        features: (N, C, H, W).
        distance: in pixels, at least 1.

    Raises:
        TypeError: as ``correlation`` does, or if ``distance`` is no int.
        ValueError: as ``correlation`` does, or if ``distance`` is below 1 or no channel varies.
    """
    distance = _checks.integer("distance", distance)
    both = torch.stack([correlation(features, offset).diag() for offset in ((distance, 0), (0, distance))])
    size = both.abs().nanmean().item()
    if math.isnan(size):
        raise ValueError("features must have at least one channel that varies")
    return size


def whitening(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return the 1x1 convolution after which the channels are uncorrelated, with mean 0 and variance 1.

    Its rows are the principal directions of the channels, from the largest variance to the smallest, each divided
    by its standard deviation; the largest weight of a row is positive. Directions in which the channels do not
    vary are left out.

    Args:
        features: (N, C, H, W).

    Returns:
        The weight (R, C) and the bias (R,), in the dtype of ``features``; R, at most C, is the rank of the
        channels' covariance.

    Raises:
        TypeError: if ``features`` are of no floating dtype.
        ValueError: if there are fewer than two pixels, or no channel varies.
    """
    pixels = _float64(features).transpose(0, 1).flatten(1)  # (C, N*H*W)
    if pixels.shape[1] < 2:
        raise ValueError(f"features must have at least two pixels, got shape {tuple(features.shape)}")
    mean = pixels.mean(dim=1)
    centred = pixels - mean[:, None]
    variances, directions = torch.linalg.eigh(centred @ centred.T / pixels.shape[1])  # ascending
    variances, directions = variances.flip(0), directions.flip(1)
    # Rounding leaves a little variance in a direction that has none, and in a constant channel.
    floor = len(variances) * torch.finfo(features.dtype).eps * variances[0]
    kept = variances > torch.maximum(floor, 1e-24 * pixels.square().mean())
    if not kept.any():
        raise ValueError("features must vary, got constant channels alone")
    weight = directions[:, kept].T / variances[kept, None].sqrt()  # (R, C)
    weight = weight * weight.gather(1, weight.abs().argmax(dim=1, keepdim=True)).sign()
    return weight.to(features.dtype), (-weight @ mean).to(features.dtype)


def _float64(features: Tensor) -> Tensor:
    return _checks.finite("features", features, "(N, C, H, W)").double()


def _standardised(pixels: Tensor) -> Tensor:
    """Return the channels as rows (C, N*H*W) of mean 0 and length 1, NaN where a channel is constant."""
    rows = pixels.transpose(0, 1).flatten(1)
    if rows.shape[1] < 2:
        raise ValueError(f"features must have at least two values of a channel, got {rows.shape[1]}")
    centred = rows - rows.mean(dim=1, keepdim=True)
    length = centred.norm(dim=1, keepdim=True)
    # The mean of equal numbers need not be exact, so a constant channel may keep a little.
    constant = length <= 1e-12 * rows.norm(dim=1, keepdim=True)
    return centred / length.masked_fill(constant, torch.nan)
