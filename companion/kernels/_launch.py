"""Launch a kernel: the same few lines for a GPU and for the emulator."""

from functools import lru_cache

import numpy as np

from companion.kernels._arguments import ACTIVATIONS, check_arrays, check_options
from companion.kernels._pick import pick
from companion.kernels._variants import VARIANTS, Device, Layer, Variant


def given(x, weight, bias, residual) -> dict:
    """Return the arrays of a call by name, without those that are left out."""
    optional = {"bias": bias, "residual": residual}
    return {"x": x, "weight": weight, **{name: array for name, array in optional.items() if array is not None}}


def launch(backend, arrays: dict, *, activation=None, precision="ieee", variant=None):
    """Check the arguments, choose a variant, and run it.

    Args:
        backend: where: an ``emulator.Emulator`` or a ``Gpu``, which have the same methods.
        arrays: "x", "weight" and, where given, "bias" and "residual".
        activation: None, "relu" or "relu6".
        precision: "ieee", "tf32" or "tf32x3".
        variant: a name from ``VARIANTS``; None to choose.

    Returns:
        y (N, C_out, H, W), of the kind of x and on its device.

    Raises:
        TypeError: as ``check_arrays`` does.
        ValueError: as ``check_arrays`` and ``check_options`` do; or if the variant can't run this layer.
    """
    check_options(activation, precision, variant)
    layer = check_arrays(arrays, precision)
    layer.check_size()
    x, weight, bias, residual = (arrays.get(name) for name in ("x", "weight", "bias", "residual"))
    y = backend.empty((layer.batch, layer.out_channels, *x.shape[2:]), x)
    if layer.columns * layer.out_channels == 0:
        return y  # nothing to compute, and a grid of no blocks can't be launched

    x_at, weight_at, bias_at, residual_at, y_at = (
        0 if array is None else backend.address(array) for array in (x, weight, bias, residual, y)
    )
    x_width = _width(layer.dtype, layer.pixels, x_at, residual_at, y_at)
    weight_width = _width(layer.dtype, layer.in_channels, weight_at, x_at if layer.pixels == 1 else 0)
    sizes = layer.batch, layer.in_channels, layer.out_channels, layer.pixels
    layer = Layer(*sizes, x_width, weight_width, layer.dtype)
    chosen, grid, numbers = _plan(layer, activation, precision, variant, backend.device(x))
    arguments = (*map(np.uint64, (x_at, weight_at, bias_at, residual_at, y_at)), *numbers)
    with backend.current(x):
        kernel = backend.kernel(chosen, x)
        kernel(grid, chosen.block, arguments, shared_mem=chosen.shared_memory)
    backend.finish(y)
    return y


def _width(dtype: str, row: int, *addresses: int) -> int:
    """Return how many numbers one access may move, where rows of so many begin at these addresses."""
    size = 4 if dtype == "float32" else 2
    widths = (4,) if size == 4 else (8, 4)
    fitting = (w for w in widths if row % w == 0 and not any(address % (w * size) for address in addresses))
    return next(fitting, 1)


@lru_cache(maxsize=4096)  # a network calls the same layers again and again; to choose takes longer than to launch
def _plan(
    layer: Layer, activation: str | None, precision: str, name: str | None, device: Device
) -> tuple[Variant, tuple[int], tuple]:
    """Return the variant for a layer, its grid, and the arguments of the kernel after its arrays."""
    variant = pick(layer, precision=precision, device=device) if name is None else VARIANTS[name]
    if obstacle := variant.obstacle(layer, device):
        raise ValueError(f"variant {name!r} {obstacle}")
    sizes = layer.batch, layer.in_channels, layer.out_channels, layer.pixels
    return variant, variant.grid(layer), (*map(np.int32, sizes), *map(np.float32, ACTIVATIONS[activation]))
