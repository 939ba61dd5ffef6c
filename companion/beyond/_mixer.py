"""Layers on tokens: the feed-forward layer of a Transformer, and the MLP-Mixer made of it.

A token is a vector of channels, so tokens (N, L, C) are a picture of L pixels with the channels last.
"""

from torch import Tensor, fx, nn

from companion import _checks, pointwise


class FeedForward(nn.Module):
    """Expand the channels of each token, activate, and project back: two 1x1 convolutions.

    Vaswani et al., "Attention Is All You Need", arXiv 1706.03762, section 3.3, where ``channels`` is 512 and
    ``hidden_channels`` 2048. Each token is computed on its own.

    Args:
        channels: length C of a token.
        hidden_channels: channels between the two layers.
        act_layer: type of the activation between them.

    Shape:
        (N, L, channels) -> (N, L, channels)

    Raises:
        TypeError: if a count is not an int.
        ValueError: if a count is below one.

    >>> import torch
    >>> layer, tokens = FeedForward(8, 32), torch.randn(2, 5, 8)
    >>> as_picture = tokens.transpose(1, 2)[:, :, None]  # (N, C, 1, L)
    >>> torch.allclose(layer.convolve(as_picture)[:, :, 0].transpose(1, 2), layer(tokens), atol=1e-6)
    True
    """

    def __init__(self, channels: int, hidden_channels: int, *, act_layer: type[nn.Module] = nn.ReLU):
        super().__init__()
        _checks.integer("channels", channels)
        _checks.integer("hidden_channels", hidden_channels)
        self.expand = nn.Linear(channels, hidden_channels)
        self.activation = act_layer()
        self.project = nn.Linear(hidden_channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(self.activation(self.expand(x)))  # (N, L, channels)

    def convolve(self, x: Tensor) -> Tensor:
        """Apply the layer to a feature map, as the two 1x1 convolutions that it is, with the same weights.

        Args:
            x: (N, channels, H, W).

        Returns:
            (N, channels, H, W).

        Raises:
            TypeError: if ``x`` is not a tensor, or not of the dtype of the weights.
            ValueError: if ``x`` has not four axes, or not as many channels as the layer.
        """
        hidden = self.activation(pointwise.conv2d(x, self.expand.weight, self.expand.bias))
        return pointwise.conv2d(hidden, self.project.weight, self.project.bias)


class MixerBlock(nn.Module):
    """Mix the tokens within each channel, then the channels within each token, each with a shortcut.

    Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", arXiv 2105.01601, section 2. Both halves
    are a ``FeedForward``. The first works on the transposed tokens, so that its "pixels" are the channels.

    Args:
        tokens: number L of tokens; the half that mixes them takes no other number.
        channels: channels C of a token.
        token_hidden: hidden width of the half that mixes tokens; None leaves this half out.
        channel_hidden: hidden width of the half that mixes channels; None leaves this half out.
        act_layer: type of the activation in both halves.
        norm_layer: type of the normalisation before each half, built with ``channels``.

    Shape:
        (N, tokens, channels) -> (N, tokens, channels)

    Raises:
        TypeError: if a count is not an int.
        ValueError: if a count is below one, or both halves are left out.
    """

    def __init__(
        self,
        tokens: int,
        channels: int,
        token_hidden: int | None,
        channel_hidden: int | None,
        *,
        act_layer: type[nn.Module] = nn.GELU,
        norm_layer: type[nn.Module] = nn.LayerNorm,
    ):
        super().__init__()
        _checks.integer("tokens", tokens)
        _checks.integer("channels", channels)
        if token_hidden is None and channel_hidden is None:
            raise ValueError("token_hidden and channel_hidden must not both be None: nothing would be mixed")
        self.token_norm = self.token_mlp = self.channel_norm = self.channel_mlp = None
        if token_hidden is not None:
            _checks.integer("token_hidden", token_hidden)
            self.token_norm = norm_layer(channels)
            self.token_mlp = FeedForward(tokens, token_hidden, act_layer=act_layer)
        if channel_hidden is not None:
            _checks.integer("channel_hidden", channel_hidden)
            self.channel_norm = norm_layer(channels)
            self.channel_mlp = FeedForward(channels, channel_hidden, act_layer=act_layer)

    def forward(self, x: Tensor) -> Tensor:
        if self.token_mlp is not None:
            across = self.token_norm(x).transpose(1, 2)  # (N, C, L): now a channel is a "pixel"
            x = x + self.token_mlp(across).transpose(1, 2)
        if self.channel_mlp is not None:
            x = x + self.channel_mlp(self.channel_norm(x))
        return x  # (N, L, C)


class Mixer(nn.Module):
    """MLP-Mixer: patches become tokens, blocks mix them, their mean is classified.

    Tolstikhin et al., arXiv 2105.01601, section 2 and figure 1. The embedding is a convolution whose kernel is
    as large as its stride; it is the only layer that tells the pixels of a patch apart.

    Args:
        in_channels: channels of the picture.
        size: (H, W) of the picture, or one int for both; the only size that the network takes.
        patch_size: side of a patch, a divisor of both.
        channels: channels of a token.
        depth: number of blocks.
        token_hidden: see ``MixerBlock``.
        channel_hidden: see ``MixerBlock``.
        num_classes: number of scores.

    Shape:
        (N, in_channels, H, W) -> (N, num_classes)

    Raises:
        TypeError: if a count is not an int.
        ValueError: if a count is below one, ``patch_size`` does not divide ``size``, a block refuses its
            arguments, or, when called, the picture is not of that size.
    """

    def __init__(
        self,
        in_channels: int,
        size: int | tuple[int, int],
        patch_size: int,
        channels: int,
        depth: int,
        token_hidden: int | None,
        channel_hidden: int | None,
        num_classes: int,
    ):
        super().__init__()
        _checks.integer("in_channels", in_channels)
        self.size = height, width = _checks.pair("size", size)
        _checks.integer("patch_size", patch_size)
        _checks.integer("channels", channels)
        _checks.integer("depth", depth)
        _checks.integer("num_classes", num_classes)
        if height % patch_size or width % patch_size:
            raise ValueError(f"patch_size must divide size, got {patch_size} and {(height, width)}")
        tokens = (height // patch_size) * (width // patch_size)
        self.embed = nn.Conv2d(in_channels, channels, kernel_size=patch_size, stride=patch_size)
        blocks = [MixerBlock(tokens, channels, token_hidden, channel_hidden) for _ in range(depth)]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(channels)
        self.classify = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        _check_size(x, self.size)
        tokens = self.embed(x).flatten(2).transpose(1, 2)  # (N, L, C)
        return self.classify(self.norm(self.blocks(tokens)).mean(dim=1))  # (N, num_classes)


@fx.wrap  # checked when a traced module runs
def _check_size(x: Tensor, size: tuple[int, int]) -> None:
    """Refuse a picture that the embedding would cut something off, or cut other tokens from."""
    if _checks.tensor("x", x, "(N, C, H, W)").shape[2:] != size:
        raise ValueError(f"x must have size (H, W) = {size}, got {tuple(x.shape[2:])}")
