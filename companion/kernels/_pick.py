"""Choose a variant for a layer and a GPU. Plain arithmetic, so that it can be tested without one."""

from companion.kernels._variants import VARIANTS, Device, Layer, Variant, _suffix

# What an output costs for one input channel, by the tile of its block: instructions of a thread of the register
# tile, with its share of the loads from shared memory; for the tensor cores, what the times on an H200 say.
_COST = {
    "register": {"96x128": 1.07, "64x128": 1.06, "32x128": 1.09, "16x128": 1.16, "64x64": 1.09},
    "tensor": {"128x128": 2.2, "64x128": 2.0, "32x128": 2.5},
}
_FETCH = 8  # the same for one number that arrives at a multiprocessor, about


def pick(layer: Layer, *, precision: str = "ieee", device: Device | None = None) -> Variant:
    """Return the variant for a layer: the tile for which the busiest multiprocessor has least to do.

    That one gets the number of blocks over the number of multiprocessors, rounded up. Its work is counted in
    outputs, those beyond the edge too, times what one costs: instructions, and numbers to be fetched, of which a
    large tile needs fewer. Where too many multiprocessors, or half of a tile, are left idle, float32 under "ieee"
    gets a kernel that splits the sum, "one_pixel" or "split_k". It is a count, and was held against measured times
    of ``benchmarks/results/gpu.json``.

    Args:
        layer: sizes and alignment.
        precision: "ieee", "tf32" or "tf32x3".
        device: the GPU; None stands for an H100.

    Raises:
        ValueError: if no variant of this precision can run on the device.

    >>> pick(Layer(32, 256, 64, 56 * 56, x_width=4, weight_width=4)).name
    'register_64x128'
    >>> pick(Layer(32, 2048, 512, 7 * 7, weight_width=4), precision="tf32").name
    'tf32_64x128_scalar_x'
    """
    device = device or Device()
    float32 = layer.dtype == "float32"
    name = "register" if precision == "ieee" else precision
    name = {"bfloat16": "bf16", "float16": "f16"}.get(layer.dtype, name)
    if name == "register" and device.capability < (8, 0):
        return VARIANTS["register_blocking"]  # the largest tile without copies in the background
    full = 4 if float32 else 8
    widths = (layer.x_width, full) if layer.weight_width == full else (1, 1)
    suffix = _suffix(*widths, full)
    names = [f"{name}_{tile}{suffix}" for tile in _COST["register" if name == "register" else "tensor"]]
    there = [VARIANTS[name] for name in names if name in VARIANTS]
    able = [variant for variant in there if variant.obstacle(layer, device) is None]
    if not able:
        asked = f"precision {precision!r}" if float32 else f"dtype {layer.dtype}"
        raise ValueError(f"{asked} {there[-1].obstacle(layer, device)}; float32 under precision 'ieee' runs here")
    tile = min(able, key=lambda variant: _work(variant, layer, device))
    if name != "register":
        return tile
    thin = layer.pixels == 1 and layer.batch <= tile.tile[1] // 2  # of a tile, less than half is used
    # Tiles that are copied number by number are slow enough for the other kernel to gain earlier. But it reads all
    # columns again for every few output channels, so it gains where they are few.
    slow = layer.x_width == 1 < layer.pixels and layer.batch * layer.pixels <= tile.tile[1]
    few = tile.grid(layer)[0] < device.processors / (1 if slow else 2)
    return _for_few_outputs(layer, device) or tile if thin or few else tile


def _for_few_outputs(layer: Layer, device: Device) -> Variant | None:
    """Return the variant that deals out the input channels too, or None if there is none for these arrays."""
    if layer.pixels == 1:
        suffix = "" if layer.weight_width == 4 else "_scalar"
        eight = VARIANTS[f"one_pixel_8{suffix}"]  # reads a weight once for eight images
        enough = layer.batch >= 8 and eight.grid(layer)[0] >= 12 * device.processors  # with 48 warps each
        return eight if enough else VARIANTS[f"one_pixel_1{suffix}"]
    return VARIANTS["split_k"] if layer.weight_width == 4 else None


def _work(variant: Variant, layer: Layer, device: Device) -> float:
    """Return what the busiest multiprocessor has to do for one input channel, in instructions."""
    (blocks,), (channels, columns) = variant.grid(layer), variant.tile
    cost = _COST["register" if variant.step == "register_tile" else "tensor"][f"{channels}x{columns}"]
    return -(-blocks // device.processors) * (cost * channels * columns + _FETCH * (channels + columns))
