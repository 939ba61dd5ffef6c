"""Choose a variant for a layer and a GPU. Plain arithmetic, so that it can be tested without one."""

from companion.kernels._variants import VARIANTS, Device, Layer, Variant


def pick(layer: Layer, *, precision: str = "ieee", device: Device | None = None) -> Variant:
    """Return the variant for a layer: the largest tile that is mostly filled and leaves no processor idle.

    A layer of few outputs leaves some idle all the same, as nothing splits the sum over the input channels.

    Args:
        layer: sizes and alignment.
        precision: "ieee" or "tf32".
        device: the GPU; None stands for an H100.

    Raises:
        ValueError: if no variant of this precision can run on the device.

    >>> pick(Layer(32, 256, 64, 56 * 56, x_width=4, weight_width=4)).name
    'register_64x128'
    >>> pick(Layer(32, 2048, 512, 7 * 7, weight_width=4), precision="tf32").name
    'tf32_64x128_scalar_x'
    """
    device = device or Device()
    out_channels = layer.out_channels
    if precision == "ieee":
        if out_channels <= 32:
            tile = "16x128" if out_channels <= 16 else "32x128"
        else:
            tile = "64x128" if _half_empty(out_channels) else "128x128"
            if _blocks(layer, tile) < 2 * device.processors:
                tile = "64x64"
        return VARIANTS[f"register_{tile}" + ("" if layer.x_width == 4 else "_scalar")]

    suffix = "_scalar" if layer.weight_width == 1 else "" if layer.x_width == 4 else "_scalar_x"
    tiles = ["64x128", "32x128"] if out_channels > 32 else ["32x128"]
    large = suffix != "_scalar" and not _half_empty(out_channels)
    if large and _blocks(layer, "128x128") >= 2 * device.processors:
        tiles = ["128x128", *tiles]
    for tile in tiles:
        variant = VARIANTS[f"tf32_{tile}{suffix}"]
        obstacle = variant.obstacle(layer, device)
        if obstacle is None:
            return variant
    raise ValueError(f"precision 'tf32' {obstacle}; precision 'ieee' runs here")


def _half_empty(out_channels: int) -> bool:
    """Whether the last of the tiles with 128 output channels is at most half full."""
    return 1 <= out_channels % 128 <= 64


def _blocks(layer: Layer, tile: str) -> int:
    channels, columns = map(int, tile.split("x"))
    return -(-layer.out_channels // channels) * -(-layer.columns // columns)
