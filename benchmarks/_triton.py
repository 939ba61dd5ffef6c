"""Compute the layer in Triton, with the register tile's mapping of tiles to blocks and Triton's compiler below it.

The number of input channels is a constant of the compiled kernel: tiles are chosen anew for each layer anyway.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.autotune(
    configs=[
        triton.Config(
            {"tile_rows": rows, "tile_columns": columns, "depth": depth}, num_warps=warps, num_stages=stages
        )
        for rows, columns, depth, warps, stages in (
            (32, 128, 32, 4, 3),
            (64, 128, 32, 4, 3),
            (128, 128, 32, 8, 3),
            (64, 256, 32, 8, 3),
        )
    ],
    key=["in_channels", "out_channels", "pixels", "precision"],
)
@triton.jit
def _kernel(
    x, weight, bias, y, in_channels: tl.constexpr, out_channels, pixels, columns,
    tile_rows: tl.constexpr, tile_columns: tl.constexpr, depth: tl.constexpr, precision: tl.constexpr,
):  # fmt: skip
    channel_tiles = tl.cdiv(out_channels, tile_rows)
    o = tl.program_id(0) % channel_tiles * tile_rows + tl.arange(0, tile_rows)
    column = tl.program_id(0) // channel_tiles * tile_columns + tl.arange(0, tile_columns)
    n, p = (column // pixels).to(tl.int64), column % pixels
    inside, exists = column < columns, o < out_channels
    sums = tl.zeros((tile_rows, tile_columns), tl.float32)
    for first in range(0, in_channels, depth):
        c = first + tl.arange(0, depth)
        some = c < in_channels
        w = tl.load(weight + o[:, None] * in_channels + c[None, :], mask=exists[:, None] & some[None, :], other=0.0)
        places = (n * in_channels * pixels + p)[None, :] + c[:, None] * pixels
        v = tl.load(x + places, mask=some[:, None] & inside[None, :], other=0.0)
        sums = tl.dot(w, v, sums, input_precision=precision)
    sums += tl.load(bias + o, mask=exists, other=0.0)[:, None]
    sums = tl.where(sums < 0, 0.0, sums)
    places = (n * out_channels * pixels + p)[None, :] + o[:, None] * pixels
    tl.store(y + places, sums, mask=exists[:, None] & inside[None, :])


def pointwise(
    x: Tensor, weight: Tensor, bias: Tensor, *, precision: str = "ieee", tile: dict[str, int] | None = None
) -> Tensor:
    """Compute relu(conv1x1(x) + bias).

    Args:
        x: (N, C_in, H, W), contiguous float32.
        weight: (C_out, C_in, 1, 1).
        bias: (C_out,).
        precision: "ieee" or "tf32".
        tile: "tile_rows", "tile_columns" and "depth", powers of two of at least 16; None tries several on the GPU.
    """
    batch, in_channels, height, width = x.shape
    out_channels = weight.shape[0]
    y = torch.empty((batch, out_channels, height, width), dtype=x.dtype, device=x.device)
    columns = batch * height * width

    def grid(chosen: dict) -> tuple[int]:
        return (triton.cdiv(out_channels, chosen["tile_rows"]) * triton.cdiv(columns, chosen["tile_columns"]),)

    kernel = _kernel if tile is None else _kernel.fn
    sizes = (in_channels, out_channels, height * width, columns)
    kernel[grid](x, weight, bias, y, *sizes, precision=precision, **(tile or {}))
    return y
