"""Sectors by brute force over bytes, and the places that threads ask for against the kernels themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.kernels import VARIANTS, Layer, accesses, emulator, sectors
from tests.kernels.arrays import needs_compiler
from tests.refusals import refusals

LAYER = Layer(batch=32, in_channels=256, out_channels=64, pixels=56 * 56)


@given(st.lists(st.integers(0, 10_000), max_size=40))
def test_the_sectors_hold_every_byte_and_no_other_sector_does(offsets):
    byte_by_byte = {byte // 32 for offset in offsets for byte in range(4 * offset, 4 * offset + 4)}
    assert sectors(offsets) == sorted(byte_by_byte)


@pytest.mark.parametrize(
    ("step", "read_for_each_c", "written"),
    [("naive", {"weight": 32, "x": 1}, 32), ("coalesced", {"weight": 1, "x": 4}, 4)],
)
def test_a_warp_touches_as_many_sectors_as_the_source_says(step, read_for_each_c, written):
    for c in (0, 7, 255):
        for warp in (0, 1, 1000):
            touched = {
                name: len(sectors(offsets)) for name, offsets in accesses(step, LAYER, c=c, warp=warp).items()
            }
            assert touched == {**read_for_each_c, "y": written}


@needs_compiler
@pytest.mark.parametrize("step", ["naive", "coalesced"])
@pytest.mark.parametrize("layer", [Layer(2, 1, 5, 12), Layer(3, 1, 40, 7), Layer(1, 1, 300, 1)])
def test_the_kernels_ask_for_these_floats(step, layer):
    """With one input channel and a weight of ones, y shows which x was read for it; and the other way round."""
    variant, (blocks,) = VARIANTS[step], VARIANTS[step].grid(layer)
    place = np.arange(layer.columns, dtype=np.float32)
    numbers = (layer.batch, 1, layer.out_channels, layer.pixels)
    limits = (np.float32(-np.inf), np.float32(np.inf))
    for block in range(blocks):
        kernel = emulator.Emulator().kernel(variant, blocks=range(block, block + 1))
        asked = {}  # place in y -> places in x and in the weight
        warps = range(8 * block, min(8 * block + 8, -(-layer.columns * layer.out_channels // 32)))
        for warp in warps:
            of_warp = accesses(step, layer, warp=warp)
            for x, weight, y in zip(of_warp["x"], of_warp["weight"], of_warp["y"], strict=True):
                assert y not in asked
                asked[y] = (x, weight)
        for which, x, weight in (
            (0, place, np.ones(layer.out_channels, np.float32)),
            (1, np.ones_like(place), np.arange(layer.out_channels, dtype=np.float32)),
        ):
            y = np.full(layer.columns * layer.out_channels, np.nan, np.float32)
            kernel((blocks,), variant.block, (x, weight, None, None, y, *map(np.int32, numbers), *limits))
            written = np.flatnonzero(~np.isnan(y))
            assert sorted(asked) == written.tolist()
            assert [asked[at][which] for at in written] == y[written].tolist()


@pytest.mark.parametrize("step", ["naive", "coalesced"])
def test_each_thread_asks_for_the_channel_that_the_loop_is_at(step):
    """Each thread's places, looked up in arrays, are the factors of its own output."""
    layer = Layer(batch=2, in_channels=3, out_channels=5, pixels=7)
    weight = np.arange(15).reshape(5, 3)
    x, y = np.arange(42).reshape(2, 3, 7), np.arange(70).reshape(2, 5, 7)
    seen = []
    for warp in range(3):
        for c in range(3):
            asked = accesses(step, layer, c=c, warp=warp)
            n, o, p = np.unravel_index(asked["y"], y.shape)
            assert asked["weight"] == weight[o, c].tolist()
            assert asked["x"] == x[n, c, p].tolist()
        seen += asked["y"]
    assert sorted(seen) == y.flatten().tolist()


def test_threads_beyond_the_last_output_ask_for_nothing():
    for pixels, lengths in ((7, [32, 3]), (32, [32, 32, 32, 32, 32])):  # 35 outputs; 160, a multiple of 32
        layer = Layer(batch=1, in_channels=3, out_channels=5, pixels=pixels)
        assert [len(accesses("naive", layer, warp=warp)["x"]) for warp in range(len(lengths))] == lengths
        with pytest.raises(ValueError, match=f"warp must be below {len(lengths)}, got {len(lengths)}"):
            accesses("naive", layer, warp=len(lengths))


test_what_does_not_exist_is_refused = refusals(
    (lambda: accesses("shared_tile", LAYER), "step must be one of .*, got 'shared_tile'"),
    (lambda: accesses("naive", LAYER, c=256), "c must be one of 256 input channels, got 256"),
    (lambda: accesses("naive", LAYER, c=-1), "c must be at least 0, got -1"),
    (lambda: accesses("naive", LAYER, warp=1.5), "warp must be an int, got float", TypeError),
)
