"""Correlation across channels and across space, and the 1x1 convolution that removes the former.

The two kinds of correlation are distinguished in Chollet, "Xception", arXiv
1610.02357, section 1.1.
"""

import math

import torch
from torch import Tensor

from companion import _checks


def correlation(features: Tensor, offset: tuple[int, int] = (0, 0)) -> Tensor:
    """Return the correlation of each channel with each, at the same pixel or at an offset.

    Entry (a, b) is Pearson's correlation of channel a at a pixel with channel b at the pixel ``offset`` further
    down and to the right, over all pictures and all pixels that have such a neighbour. At offset (0, 0) the entries
    off the diagonal are the cross-channel correlations; at any other offset the diagonal holds the spatial ones.

    Args:
        features: (N, C, H, W).
        offset: (rows down, columns to the right), each at least 0.

    Returns:
        (C, C), float64; NaN where a channel is constant.

    Raises:
        TypeError: if ``features`` are not of a floating dtype, or ``offset`` does not hold ints.
        ValueError: if ``features`` are of another shape, empty or not finite, or the offset leaves fewer than two
            values per channel.

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
    """Return the mean absolute correlation between two channels at one pixel, over all pairs of channels.

    Pairs with a constant channel don't count.

    Args:
        features: (N, C, H, W), C at least 2.

    Raises:
        TypeError: as ``correlation`` does.
        ValueError: as ``correlation`` does, or if no pair of channels varies.
    """
    pairs = correlation(features)
    mean = pairs[~torch.eye(len(pairs), dtype=torch.bool)].abs().nanmean().item()
    if math.isnan(mean):
        raise ValueError("features must have at least two channels that vary")
    return mean


def spatial(features: Tensor, distance: int = 1) -> float:
    """Return the mean absolute correlation of a channel with itself some pixels down, and to the right.

    Constant channels don't count.

    Args:
        features: (N, C, H, W).
        distance: in pixels, at least 1.

    Raises:
        TypeError: as ``correlation`` does, or if ``distance`` is not an int.
        ValueError: as ``correlation`` does, or if ``distance`` is below 1 or no channel varies.
    """
    distance = _checks.integer("distance", distance)
    both = torch.stack([correlation(features, offset).diag() for offset in ((distance, 0), (0, distance))])
    mean = both.abs().nanmean().item()
    if math.isnan(mean):
        raise ValueError("features must have at least one channel that varies")
    return mean


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
        TypeError: if ``features`` are not of a floating dtype.
        ValueError: if ``features`` are of another shape, empty or not finite, or no channel varies.
    """
    pixels = _float64(features).transpose(0, 1).flatten(1)  # (C, N*H*W)
    mean = pixels.mean(dim=1)
    centred = pixels - mean[:, None]
    variances, directions = torch.linalg.eigh(centred @ centred.T / pixels.shape[1])  # ascending
    variances, directions = variances.flip(0), directions.flip(1)
    # Rounding leaves a little variance in a direction that has none, and in a constant channel.
    floor = len(variances) * torch.finfo(features.dtype).eps * variances[0]
    kept = variances > torch.maximum(floor, 1e-24 * pixels.square().mean())
    if not kept.any():
        raise ValueError("features must vary, got only constant channels")
    weight = directions[:, kept].T / variances[kept, None].sqrt()  # (R, C)
    weight = weight * weight.gather(1, weight.abs().argmax(dim=1, keepdim=True)).sign()
    return weight.to(features.dtype), (-weight @ mean).to(features.dtype)


def _float64(features: Tensor) -> Tensor:
    return _checks.finite("features", features, "(N, C, H, W)").double()


def _standardised(pixels: Tensor) -> Tensor:
    """Return the channels as rows (C, N*H*W) of mean 0 and length 1, NaN where a channel is constant."""
    rows = pixels.transpose(0, 1).flatten(1)
    if rows.shape[1] < 2:
        raise ValueError(f"features must have at least two values per channel, got {rows.shape[1]}")
    centred = rows - rows.mean(dim=1, keepdim=True)
    length = centred.norm(dim=1, keepdim=True)
    # The mean of equal numbers need not be exact, so a constant channel may keep a little variance.
    constant = length <= 1e-12 * rows.norm(dim=1, keepdim=True)
    return centred / length.masked_fill(constant, torch.nan)
