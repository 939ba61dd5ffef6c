"""The bytes that a kernel asks memory for, against loops over its blocks, and against the shapes that are known."""

import pytest

from companion.kernels import Layer, accesses, asked_intensity, sectors
from tests.refusals import refusals

RAGGED = Layer(batch=3, in_channels=37, out_channels=70, pixels=108)


def by_blocks(layer, channels, columns):
    """FLOP per byte, block by block: each reads its weights and its columns of x, and writes its outputs."""
    floats = products = 0
    for first_o in range(0, layer.out_channels, channels):
        for first_column in range(0, layer.columns, columns):
            rows = min(channels, layer.out_channels - first_o)
            cols = min(columns, layer.columns - first_column)
            floats += layer.in_channels * (rows + cols) + rows * cols
            products += layer.in_channels * rows * cols
    return 2 * products / (4 * floats)


@pytest.mark.parametrize("tile", [(1, 1), (16, 16), (64, 128), (96, 128), (1000, 1000)])
@pytest.mark.parametrize("layer", [RAGGED, Layer(1, 1, 1, 1), Layer(2, 64, 256, 3136)], ids=str)
def test_with_a_tile_it_counts_what_the_blocks_read_and_write(layer, tile):
    assert asked_intensity(layer, tile) == pytest.approx(by_blocks(layer, *tile))


@pytest.mark.parametrize("step", ["naive", "coalesced"])
def test_without_a_tile_it_counts_the_sectors_of_a_warp(step):
    touched = sum(
        len(sectors(accesses(step, RAGGED, c=0)[name]))
        for _ in range(RAGGED.in_channels)
        for name in ("weight", "x")
    )
    touched += len(sectors(accesses(step, RAGGED)["y"]))
    assert asked_intensity(RAGGED, step) == pytest.approx(2 * RAGGED.in_channels * 32 / (32 * touched))


def test_a_tile_larger_than_the_layer_asks_for_each_number_once():
    once = 4 * (37 * 324 + 37 * 70 + 70 * 324)
    assert asked_intensity(RAGGED, (128, 512)) == pytest.approx(2 * 324 * 37 * 70 / once)


def test_in_wide_layers_the_ladder_climbs():
    wide = Layer(batch=256, in_channels=8192, out_channels=8192, pixels=1024)
    steps = ["naive", "coalesced", (16, 16), (64, 128), (128, 128)]
    assert [asked_intensity(wide, by) for by in steps] == pytest.approx([2 / 33, 0.4, 4, 64 / 3, 32], rel=0.01)


test_bad_input_is_named = refusals(
    (lambda: asked_intensity(RAGGED, "tensor_core"), "step must be one of .*, got 'tensor_core'"),
    (lambda: asked_intensity(RAGGED, (0, 16)), r"by must be a step or a tile of at least \(1, 1\), got \(0, 16\)"),
    (lambda: asked_intensity(RAGGED, 16), r"by must be a step or a tile of at least \(1, 1\), got 16"),
    (lambda: asked_intensity(RAGGED, (16, 16, 16)), r"by must be .* got \(16, 16, 16\)"),
    (lambda: asked_intensity(RAGGED, (16, 16.5)), r"by\[1\] must be an int, got float", TypeError),
    (lambda: asked_intensity(Layer(0, 2, 2, 1), (16, 16)), "layer must have sizes of at least 1, got .*batch=0"),
    (lambda: asked_intensity(Layer(1, 2, 2, 0), "naive"), "layer must have sizes of at least 1, got .*pixels=0"),
    (lambda: asked_intensity((1, 2, 2, 1), "naive"), "layer must be a Layer, got tuple", TypeError),
)
