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
from types import MappingProxyType

import numpy as np
from PIL import Image


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


def channel_mixer(
    channels: Sequence,
    *,
    alt: str,
    weights: Sequence[float],
    bias: float = 0.0,
    names: Sequence[str] = ("red", "green", "blue"),
    presets: Mapping[str, Sequence[float]] = MappingProxyType(COLOUR_PRESETS),
    limit: float = 2.0,
) -> Widget:
    """Let the reader set the weights and the bias of a 1x1 convolution to one channel.

    Three channels are shown as one colour picture, any other number as grey pictures.

    Args:
        channels: (H, W, C), values in [0, 1].
        alt: what the picture shows.
        weights: the C weights to begin with.
        bias: the bias to begin with, in [-1, 1].
        names: of the channels.
        presets: name -> C weights and a bias, for a button each.
        limit: largest absolute value of a weight.

    Raises:
        ValueError: if ``channels`` are not (H, W, C), or there is not one weight and one name for each.
    """
    pixels = np.asarray(channels)
    if pixels.ndim != 3:
        raise ValueError(f"channels must have shape (H, W, C), got {pixels.shape}")
    for argument, values in (("weights", weights), ("names", names)):
        if len(values) != pixels.shape[2]:
            raise ValueError(f"{argument} must be one for each of {pixels.shape[2]} channels, got {len(values)}")
    shown = [pixels] if len(names) == 3 else [pixels[:, :, c] for c in range(len(names))]
    mixed = np.clip(pixels @ np.asarray(weights) + bias, 0, 1)
    settings = {
        "names": list(names),
        "weights": [float(weight) for weight in weights],
        "bias": float(bias),
        "limit": float(limit),
        "presets": {name: list(values) for name, values in presets.items()},
    }
    terms = [f"{weight:g} · {name}" for weight, name in zip(weights, names, strict=True)]
    formula = " + ".join([*terms, f"{bias:g}"]).replace("+ -", "− ").replace("-", "−")
    inputs = [f'<img data-input src="{_data_url(picture)}" alt="{escape(alt)}">' for picture in shown]
    output = f'<img src="{_data_url(mixed)}" alt="The same, mixed to one channel">'
    fallback = f"<p>{' '.join([*inputs, output])}<br>y = {escape(formula)}, for every pixel.</p>"
    return Widget("channel-mixer", settings, fallback, f"Channel mixer: y = {formula}")


def cost_explorer(*, size: int, in_channels: int, middle_channels: int, out_channels: int, kernel_size: int):
    """Let the reader compare a k x k convolution with the same one behind a 1x1 reduction.

    The arithmetic of the script is ``companion.cost``'s, without biases.

    Args:
        size: height and width of the maps; the convolution keeps it.
        in_channels: channels of the input.
        middle_channels: channels that the 1x1 convolution leaves.
        out_channels: channels of the output.
        kernel_size: height and width of the large kernel.
    """
    settings = dict(locals())
    text = ", ".join(f"{name} = {value}" for name, value in settings.items())
    fallback = f"<p>With JavaScript you can change these numbers here: {escape(text)}.</p>"
    return Widget("cost-explorer", settings, fallback, f"Cost explorer: {text}")


def _data_url(pixels: np.ndarray) -> str:
    """Write a picture in [0, 1] as an address that holds it: colour (H, W, 3) as JPEG, grey (H, W) exactly."""
    image = Image.fromarray((pixels * 255).round().astype(np.uint8))
    kind, buffer = ("jpeg" if pixels.ndim == 3 else "png"), BytesIO()
    image.save(buffer, kind, **({"quality": 82} if kind == "jpeg" else {"optimize": True}))
    return f"data:image/{kind};base64,{b64encode(buffer.getvalue()).decode()}"
