"""Interactive parts: custom elements with native controls that need no server and no library.

Each widget shows itself in a notebook and on a static page alike. Its script defines a custom element once;
what stands inside the element is what readers get who run no script.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from io import BytesIO
from math import inf

import numpy as np
from PIL import Image

from companion._checks import integer


class Widget:
    """A custom element with its settings and its fallback.

    Args:
        element: name of the element and of the script that defines it, for example "channel-mixer".
        settings: handed to the script as JSON.
        fallback: HTML for readers who run no script.
        summary: the plain text of the widget.
    """

    def __init__(self, element: str, settings: Mapping, fallback: str, summary: str):
        self.element = element
        self.settings = dict(settings)
        self.fallback = fallback
        self.summary = summary

    @property
    def script(self) -> str:
        """Source of the script that defines the element."""
        return files(__package__).joinpath(f"{self.element.replace('-', '_')}.js").read_text("utf-8")

    @property
    def html(self) -> str:
        """The element, its fallback and its script."""
        settings = escape(json.dumps(self.settings), quote=True)
        element = f'<{self.element} data-settings="{settings}">{self.fallback}</{self.element}>'
        return f"{element}<script>{self.script}</script>"

    def __repr__(self) -> str:
        return self.summary

    def _repr_mimebundle_(self, **kwargs) -> dict:
        return {"text/plain": repr(self), "text/html": self.html}


COLOUR_PRESETS = {
    "Grey (BT.601)": (0.299, 0.587, 0.114, 0),
    "Red only": (1, 0, 0, 0),
    "Blue minus red": (-1, 0, 1, 0.3),
    "Negative": (-0.299, -0.587, -0.114, 1),
}


# (least, most, step) of each slider; the script reads them from the settings.
EXPLORER_LIMITS = {
    "size": (1, 112, 1),
    "in_channels": (1, 1024, 1),
    "middle_channels": (1, 512, 1),
    "out_channels": (1, 1024, 1),
    "kernel_size": (1, 7, 2),
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
    inputs = [f'<img data-input src="{_data_url(picture)}" alt="{escape(alt)}">' for picture in shown]
    output = f'<img src="{_data_url(mixed)}" alt="The same, mixed to one channel">'
    fallback = f"<p>{' '.join([*inputs, output])}<br>{escape(formula)}, for every pixel.</p>"
    return Widget("channel-mixer", settings, fallback, f"Channel mixer: {formula}")


def cost_explorer(
    *, size: int, in_channels: int, middle_channels: int, out_channels: int, kernel_size: int
) -> Widget:
    """Let the reader compare a k x k convolution with the same one behind a 1x1 reduction.

    The arithmetic of the script is ``companion.cost``'s, without biases.

    Args:
        size: height and width of the maps, 1 to 112; the convolution keeps it.
        in_channels: channels of the input, 1 to 1024.
        middle_channels: channels that the 1x1 convolution leaves, 1 to 512.
        out_channels: channels of the output, 1 to 1024.
        kernel_size: height and width of the large kernel: 1, 3, 5 or 7.

    Raises:
        TypeError: if an argument is not an int.
        ValueError: if a slider can't be set to it.
    """
    values = {
        "size": size,
        "in_channels": in_channels,
        "middle_channels": middle_channels,
        "out_channels": out_channels,
        "kernel_size": kernel_size,
    }
    for name, value in values.items():
        least, most, step = EXPLORER_LIMITS[name]
        if integer(name, value) not in range(least, most + 1, step):
            odd = "odd and " if step == 2 else ""
            raise ValueError(f"{name} must be {odd}from {least} to {most}, got {value}")
    values = {name: int(value) for name, value in values.items()}
    text = ", ".join(f"{name} = {value}" for name, value in values.items())
    fallback = f"<p>With JavaScript you can change these numbers here: {text}.</p>"
    return Widget("cost-explorer", {**values, "limits": EXPLORER_LIMITS}, fallback, f"Cost explorer: {text}")


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
    image.save(buffer, kind, **({"quality": 82} if kind == "jpeg" else {"optimize": True}))
    return f"data:image/{kind};base64,{b64encode(buffer.getvalue()).decode()}"
