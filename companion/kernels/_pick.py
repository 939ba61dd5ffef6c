"""Choose a variant for a layer and a GPU. Plain arithmetic, so that it can be tested without one."""

from companion.kernels._variants import VARIANTS, Device, Layer, Variant

# What is issued for one multiply-add, with its share of the loads from shared memory, by the tile of a block: by a
# thread of the register tile, and a warp for the (16 x 8) * (8 x 8) of a tensor core.
_INSTRUCTIONS = {
    "ieee": {"128x128": 1.06, "96x128": 1.07, "64x128": 1.06, "32x128": 1.09, "16x128": 1.16, "64x64": 1.09},
    "tf32": {"128x128": 2.0, "64x128": 2.5, "32x128": 3.5},
}
_NAMES = {"ieee": "register", "tf32": "tf32"}
_FETCH = {"ieee": 8, "tf32": 64}  # multiply-adds in the time in which one float arrives at a multiprocessor, about


def pick(layer: Layer, *, precision: str = "ieee", device: Device | None = None) -> Variant:
    """Return the variant for a layer: the tile for which the busiest multiprocessor has least to do.

    That one gets the number of blocks over the number of multiprocessors, rounded up. Its work is counted in
    outputs, those beyond the edge too, times what one costs: instructions, and floats to be fetched, of which a
    large tile needs fewer. Where that leaves more than half of the multiprocessors or of a tile idle, "ieee" gets a
    kernel that splits the sum, "one_pixel" or "split_k". It is a count and not a measurement.

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
    if precision == "ieee" and device.capability < (8, 0):
        return VARIANTS["register_blocking"]  # the largest tile without copies in the background
    tiles = _INSTRUCTIONS[precision]
    suffix = "_scalar" if layer.weight_width == 1 else "" if layer.x_width == 4 else "_scalar_x"
    names = [f"{_NAMES[precision]}_{tile}{suffix}" for tile in tiles]
    there = [VARIANTS[name] for name in names if name in VARIANTS]
    able = [variant for variant in there if variant.obstacle(layer, device) is None]
    if not able:
        raise ValueError(f"precision {precision!r} {there[-1].obstacle(layer, device)}; precision 'ieee' runs here")
    tile = min(able, key=lambda variant: _work(variant, layer, device))
    thin = layer.pixels == 1 and layer.batch <= tile.tile[1] // 2  # of a tile, less than half is used
    few = tile.grid(layer)[0] < device.processors / 2
    return _for_few_outputs(layer, device) or tile if (thin or few) and precision == "ieee" else tile


def _for_few_outputs(layer: Layer, device: Device) -> Variant | None:
    """Return the variant that deals out the input channels too, or None if there is none for these arrays."""
    if layer.pixels == 1:
        suffix = "" if layer.weight_width == 4 else "_scalar"
        eight = VARIANTS[f"one_pixel_8{suffix}"]  # reads a weight once for eight images
        enough = layer.batch >= 8 and eight.grid(layer)[0] >= 2 * device.processors
        return eight if enough else VARIANTS[f"one_pixel_1{suffix}"]
    return VARIANTS["split_k"] if layer.weight_width == 4 else None


def _work(variant: Variant, layer: Layer, device: Device) -> float:
    """Return what the busiest multiprocessor has to do for one input channel, in instructions."""
    (blocks,), (channels, columns) = variant.grid(layer), variant.tile
    instructions = _INSTRUCTIONS[variant.precision][f"{channels}x{columns}"] * channels * columns
    return -(-blocks // device.processors) * (instructions + _FETCH[variant.precision] * (channels + columns))
