"""The channel mixer: a picture, the weights of a 1x1 convolution to one channel, and what comes out."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from math import inf

import numpy as np
from PIL import Image

from companion.widgets._widget import Widget

COLOUR_PRESETS = {
    "Grey (BT.601)": (0.299, 0.587, 0.114, 0),
    "Red only": (1, 0, 0, 0),
    "Blue minus red": (-1, 0, 1, 0.3),
    "Negative": (-0.299, -0.587, -0.114, 1),
}


def channel_mixer(
    channels: Sequence,
    *,
    alt: str,
    weights: Sequence[float],
    bias: float = 0.0,
    names: Sequence[str] = ("red", "green", "blue"),
    presets: Mapping[str, Sequence[float]] | None = None,
    limit: float = 2.0,
) -> Widget:
    """Let the reader set the weights and the bias of a 1x1 convolution to one channel.

    Three channels are shown as one colour picture, any other number as grey pictures.

    Args:
        channels: (H, W, C), values in [0, 1].
        alt: what the picture shows.
        weights: the C weights to begin with, in [-limit, limit].
        bias: the bias to begin with, in [-1, 1].
        names: of the channels.
        presets: name -> C weights and a bias, for a button each; by default ``COLOUR_PRESETS`` for three
            channels and none for another number.
        limit: largest absolute value of a weight, above 0.

    Raises:
        ValueError: if ``channels`` are not (H, W, C) or leave [0, 1], if there is not one weight and one name
            for each, if a slider can't be set to a weight or a bias, or if ``alt`` is empty.
    """
    pixels = np.asarray(channels, dtype=float)
    if presets is None:
        presets = COLOUR_PRESETS if pixels.shape[-1:] == (3,) else {}
    _check_mixer(pixels, alt, weights, bias, names, presets, limit)
    count = pixels.shape[2]
    settings = {
        "names": list(names),
        "weights": [float(weight) for weight in weights],
        "bias": float(bias),
        "limit": float(limit),
        "presets": {name: [float(value) for value in values] for name, values in presets.items()},
    }
    formula = _formula(weights, bias, names)
    shown = [pixels] if count == 3 else [pixels[:, :, c] for c in range(count)]
    mixed = np.clip(pixels @ np.asarray(weights) + bias, 0, 1)
    alts = [alt] if len(shown) == 1 else [f"{alt}: {name}" for name in names]
    size = f'width="{mixed.shape[1]}" height="{mixed.shape[0]}"'  # so that nothing moves when they are there
    inputs = [
        f'<img data-input {size} src="{_data_url(picture)}" alt="{escape(words)}">'
        for picture, words in zip(shown, alts, strict=True)
    ]
    output = f'<img {size} src="{_data_url(mixed)}" alt="The same, mixed to one channel">'
    fallback = f"<p>{' '.join([*inputs, output])}<br>{escape(formula)}, for every pixel.</p>"
    return Widget("channel-mixer", settings, fallback, f"Channel mixer: {formula}")


def _check_mixer(
    pixels: np.ndarray,
    alt: str,
    weights: Sequence[float],
    bias: float,
    names: Sequence[str],
    presets: Mapping[str, Sequence[float]],
    limit: float,
) -> None:
    """Refuse what a channel mixer can't show."""
    if pixels.ndim != 3 or not pixels.size:
        raise ValueError(f"channels must have shape (H, W, C), got {pixels.shape}")
    if not (pixels.min() >= 0 and pixels.max() <= 1):
        raise ValueError(f"channels must lie in [0, 1], got {pixels.min():g} to {pixels.max():g}")
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt must say what the picture shows, got {alt!r}")
    if not 0 < limit < inf:
        raise ValueError(f"limit must be above 0 and finite, got {limit}")
    count = pixels.shape[2]
    for argument, values in (("weights", weights), ("names", names)):
        if len(values) != count:
            raise ValueError(f"{argument} must be one for each of {count} channels, got {len(values)}")
    _check_range("weights", weights, limit)
    _check_range("bias", [bias], 1)
    for name, values in presets.items():
        if len(values) != count + 1:
            raise ValueError(f"presets must be {count} weights and a bias, got {len(values)} values for {name!r}")
        _check_range(f"weights of presets[{name!r}]", values[:-1], limit)
        _check_range(f"bias of presets[{name!r}]", values[-1:], 1)


def _check_range(argument: str, values: Sequence[float], limit: float) -> None:
    """Refuse what a slider from -limit to limit can't show."""
    if not all(abs(value) <= limit for value in values):
        raise ValueError(f"{argument} must lie in [-{limit:g}, {limit:g}], got {list(values)}")


def _formula(weights: Sequence[float], bias: float, names: Sequence[str]) -> str:
    """Write the convolution for people; a minus within a name stays what it is.

    >>> _formula([-0.5, 1], -0.1, ["red", "near-infrared"])
    'y = −0.5 · red + 1 · near-infrared − 0.1'
    """
    terms = [*((weight, f" · {name}") for weight, name in zip(weights, names, strict=True)), (bias, "")]
    text = "".join(f" {'−' if value < 0 else '+'} {abs(value):g}{factor}" for value, factor in terms)
    return f"y = {'−' if weights[0] < 0 else ''}{text[3:]}"


def _data_url(pixels: np.ndarray) -> str:
    """Write a picture in [0, 1] as an address that holds it: colour (H, W, 3) as JPEG, grey (H, W) exactly."""
    image = Image.fromarray((pixels * 255).round().astype(np.uint8))
    kind, buffer = ("jpeg" if pixels.ndim == 3 else "png"), BytesIO()
    image.save(buffer, kind, **({"quality": 82, "subsampling": 0} if kind == "jpeg" else {"optimize": True}))
    return f"data:image/{kind};base64,{b64encode(buffer.getvalue()).decode()}"
