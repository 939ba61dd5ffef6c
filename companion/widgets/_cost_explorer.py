"""The cost explorer: a k x k convolution, alone and behind a 1x1 reduction."""

from companion._checks import integer
from companion.widgets._widget import Widget

# (least, most, step) of each slider; the script reads them from the settings.
EXPLORER_LIMITS = {
    "size": (1, 112, 1),
    "in_channels": (1, 1024, 1),
    "middle_channels": (1, 512, 1),
    "out_channels": (1, 1024, 1),
    "kernel_size": (1, 7, 2),
}


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
