"""The invertible 1x1 convolution of a normalising flow, with its log-determinant.

Kingma and Dhariwal, "Glow: Generative Flow with Invertible 1x1 Convolutions", arXiv 1807.03039, section 3.2.
"""

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor, fx, nn

from companion import _checks, pointwise
from companion._state import autocast_dtype, no_autocast


def random_rotation(channels: int) -> Tensor:
    """Return a rotation of channel space, drawn uniformly from torch's random numbers.

    Args:
        channels: number of channels C.

    Returns:
        (C, C), orthogonal, with determinant 1.

    Raises:
        TypeError: if ``channels`` is not an int.
        ValueError: if ``channels`` is below one.

    >>> rotation = random_rotation(3)
    >>> torch.allclose(rotation @ rotation.T, torch.eye(3), atol=1e-5)
    True
    """
    _checks.integer("channels", channels)
    q, r = torch.linalg.qr(torch.randn(channels, channels))
    q = q * r.diagonal().sign()  # without this the choice would not be uniform
    q[:, 0] *= torch.linalg.det(q).sign()  # no reflection
    return q


@fx.wrap  # a traced module leaves autocast aside, too
def _product(permutation: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    with no_autocast(lower):
        return permutation @ lower @ upper


def _not_rounded(inverse: Callable) -> Callable:
    """Let an inverse take what ``torch.autocast`` has rounded, and compute in the dtype of the weights."""

    @wraps(inverse)
    def wide(self, y):
        weight = next(self.parameters())
        if isinstance(y, Tensor) and autocast_dtype(y) == autocast_dtype(weight):
            y = y.to(weight.dtype)
        with no_autocast(weight):
            return inverse(self, y)

    return wide


class InvertibleConv1x1(nn.Module):
    """A 1x1 convolution from C channels to C, without bias, that has an inverse.

    It begins as a random rotation, so its first log-determinant is 0. Training may make the matrix singular. Under
    ``torch.autocast`` the maps are mixed in its dtype, as by ``nn.Conv2d``; determinant and inverse are not.

    Args:
        channels: number of channels C.

    Shape:
        (N, channels, H, W) -> (N, channels, H, W) and ()

    Raises:
        TypeError: if ``channels`` is not an int.
        ValueError: if ``channels`` is below one.

    >>> layer, x = InvertibleConv1x1(4), torch.randn(2, 4, 8, 8)
    >>> y, log_det = layer(x)
    >>> torch.allclose(layer.inverse(y), x, atol=1e-5), bool(log_det.abs() < 1e-3)
    (True, True)
    """

    def __init__(self, channels: int):
        super().__init__()
        self.channels = _checks.integer("channels", channels)
        self.weight = nn.Parameter(random_rotation(channels))

    def matrix(self) -> Tensor:
        """Return the mixing matrix W, (C, C)."""
        return self.weight

    def log_abs_det(self) -> Tensor:
        """Return ``log abs(det W)``, (), at a cost of order C³."""
        return torch.linalg.slogdet(self.weight).logabsdet

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mixed map, and the layer's log-determinant for one picture: ``H * W * log abs(det W)``."""
        y = pointwise.conv2d(x, self.matrix())
        return y, x.shape[2] * x.shape[3] * self.log_abs_det()

    @_not_rounded
    def inverse(self, y: Tensor) -> Tensor:
        """Return the x, (N, C, H, W), for which ``forward`` returns ``y``.

        Raises:
            TypeError: if ``y`` is not a tensor.
            ValueError: if ``y`` has not four axes.
        """
        _checks.tensor("y", y, "(N, C, H, W)")
        return self._solve(y.flatten(2)).unflatten(2, y.shape[2:])

    def _solve(self, columns: Tensor) -> Tensor:
        return torch.linalg.solve(self.weight, columns)  # (N, C, H*W)


class InvertibleConv1x1LU(InvertibleConv1x1):
    """The same layer with W kept as P L (U + diag(s)), equations 10 and 11 of the paper.

    P is a permutation, L is lower triangular with ones on its diagonal, U is upper triangular with zeros there.
    ``log abs(det W)`` is the sum of ``log abs(s)``: C additions. P and the signs of s stay as they begin;
    ``lower``, ``upper`` and ``log_s`` are trained, and of the first two only what lies below and above the
    diagonal counts. So the matrix can't become singular, and its determinant keeps its sign.

    Args:
        channels: number of channels C.

    Shape:
        (N, channels, H, W) -> (N, channels, H, W) and ()

    Raises:
        TypeError: if ``channels`` is not an int.
        ValueError: if ``channels`` is below one.
    """

    def __init__(self, channels: int):
        super().__init__(channels)
        permutation, lower, upper = torch.linalg.lu(self.weight.detach())
        del self.weight
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign_s", upper.diagonal().sign())
        self.lower = nn.Parameter(lower.tril(-1))
        self.upper = nn.Parameter(upper.triu(1))
        self.log_s = nn.Parameter(upper.diagonal().abs().log())

    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return P, L and U + diag(s), each (C, C); their product is W."""
        ones = torch.ones_like(self.log_s)
        diagonal = self.sign_s * self.log_s.exp()
        return self.permutation, self.lower.tril(-1) + ones.diag(), self.upper.triu(1) + diagonal.diag()

    def matrix(self) -> Tensor:
        """Return the mixing matrix W, (C, C): two products of matrices."""
        return _product(*self.factors())

    def log_abs_det(self) -> Tensor:
        """Return ``log abs(det W)``, (), at a cost of order C."""
        return self.log_s.sum()

    def _solve(self, columns: Tensor) -> Tensor:
        permutation, lower, upper = self.factors()
        z = torch.linalg.solve_triangular(lower, permutation.T @ columns, upper=False, unitriangular=True)
        return torch.linalg.solve_triangular(upper, z, upper=True)  # (N, C, H*W)
