"""Launch a kernel: the same few lines for a GPU and for the emulator."""

from dataclasses import replace

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
        precision: "ieee" or "tf32".
        variant: a name from ``VARIANTS``; None to choose.

    Returns:
        y (N, C_out, H, W), of the kind of x and on its device.

    Raises:
        TypeError: as ``check_arrays`` does.
        ValueError: as ``check_arrays`` and ``check_options`` do; or if the variant can't run this layer.
    """
    check_options(activation, precision, variant)
    layer = check_arrays(arrays)
    layer.check_size()
    x, weight, bias, residual = (arrays.get(name) for name in ("x", "weight", "bias", "residual"))
    y = backend.empty((layer.batch, layer.out_channels, *x.shape[2:]), x)
    if layer.columns * layer.out_channels == 0:
        return y  # nothing to compute, and a grid of no blocks can't be launched

    x_at, weight_at, bias_at, residual_at, y_at = (
        0 if array is None else backend.address(array) for array in (x, weight, bias, residual, y)
    )
    layer = replace(
        layer,
        x_width=_width(layer.pixels, x_at, residual_at, y_at),
        weight_width=_width(layer.in_channels, weight_at, x_at if layer.pixels == 1 else 0),
    )
    chosen = _choose(layer, precision, variant, backend.device(x))
    low, high = ACTIVATIONS[activation]
    arguments = (
        *map(np.uint64, (x_at, weight_at, bias_at, residual_at, y_at)),
        *map(np.int32, (layer.batch, layer.in_channels, layer.out_channels, layer.pixels)),
        *map(np.float32, (low, high)),
    )
    with backend.current(x):
        kernel = backend.kernel(chosen, x)
        kernel(chosen.grid(layer), chosen.block, arguments, shared_mem=chosen.shared_memory)
    backend.finish(y)
    return y


def _width(row: int, *addresses: int) -> int:
    """Return 4 if rows of so many floats all start at multiples of 16 bytes, else 1."""
    return 4 if row % 4 == 0 and not any(address % 16 for address in addresses) else 1


def _choose(layer: Layer, precision: str, name: str | None, device: Device) -> Variant:
    if name is None:
        return pick(layer, precision=precision, device=device)
    variant = VARIANTS[name]
    if obstacle := variant.obstacle(layer, device):
        raise ValueError(f"variant {name!r} {obstacle}")
    return variant
