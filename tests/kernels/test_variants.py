"""The table of variants, and the choice of one: plain numbers, so no GPU and no compiler are needed."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from companion.kernels import VARIANTS, Device, Layer, pick
from companion.kernels._pick import _work
from tests.refusals import refusals

SMALL_GPU = Device(processors=28, shared_memory=101_376, capability=(8, 6))  # GeForce RTX 3060


def layers(**fixed):
    sizes = {
        "batch": st.integers(1, 300),
        "in_channels": st.integers(0, 2100),
        "out_channels": st.integers(1, 2100),
        "pixels": st.integers(1, 12_600),
        "x_width": st.sampled_from([1, 4]),
        "weight_width": st.sampled_from([1, 4]),
    }
    return st.builds(Layer, **(sizes | fixed))


@given(layers(), st.sampled_from(["ieee", "tf32"]), st.sampled_from([Device(), SMALL_GPU]))
def test_the_choice_can_run_the_layer_on_the_device(layer, precision, device):
    variant = pick(layer, precision=precision, device=device)
    assert variant.precision == precision
    assert variant.obstacle(layer, device) is None


@given(layers())
def test_the_blocks_of_a_grid_cover_the_layer_and_none_is_idle(layer):
    for variant in VARIANTS.values():
        (blocks,) = variant.grid(layer)
        if variant.tile is None:
            threads = variant.block[0]
            assert (blocks - 1) * threads < layer.columns * layer.out_channels <= blocks * threads
        else:
            channels, columns = variant.tile
            down, across = range(0, layer.out_channels, channels), range(0, layer.columns, columns)
            assert blocks == len(down) * len(across)


@pytest.mark.parametrize(
    ("layer", "precision", "name"),
    [
        (Layer(256, 64, 256, 56 * 56, 4, 4), "ieee", "register_128x128"),
        (Layer(256, 256, 64, 56 * 56, 4, 4), "ieee", "register_64x128"),
        (Layer(256, 192, 192, 28 * 28, 4, 4), "ieee", "register_96x128"),  # two full tiles
        (Layer(256, 16, 96, 112 * 112, 4, 4), "ieee", "register_96x128"),
        (Layer(256, 64, 128, 56 * 56, 4, 4), "ieee", "register_128x128"),
        (Layer(256, 64, 129, 56 * 56, 4, 4), "ieee", "register_32x128"),  # five tiles of 32, or three of 64
        (Layer(256, 192, 32, 28 * 28, 4, 4), "ieee", "register_32x128"),
        (Layer(256, 192, 16, 28 * 28, 4, 4), "ieee", "register_16x128"),
        # two blocks of 128 columns on each of 132 processors, and one more
        (Layer(1, 64, 128, 264 * 128, 4, 4), "ieee", "register_128x128"),
        (Layer(1, 64, 128, 265 * 128, 4, 4), "ieee", "register_64x64"),
        (Layer(1, 64, 128, 264 * 128, 4, 4), "tf32", "tf32_128x128"),
        (Layer(1, 64, 128, 66 * 128, 4, 4), "tf32", "tf32_64x128"),
        (Layer(256, 512, 2048, 7 * 7, 1, 4), "ieee", "register_128x128_scalar_x"),
        (Layer(256, 3, 2048, 7 * 7, 1, 1), "ieee", "register_64x128_scalar"),
        (Layer(1, 512, 2048, 7 * 7, 1, 4), "ieee", "register_16x128_scalar_x"),  # 128 blocks for 132 processors
        # a block for each second of 132 processors, and one block less
        (Layer(1, 64, 16, 66 * 128, 4, 4), "ieee", "register_16x128"),
        (Layer(1, 64, 16, 65 * 128, 4, 4), "ieee", "split_k"),
        (Layer(1, 64, 16, 65 * 128, 4, 1), "ieee", "register_16x128_scalar"),  # split_k reads four weights at once
        (Layer(1, 2048, 512, 7 * 7, 1, 4), "ieee", "split_k"),
        (Layer(1, 2048, 128, 1, 1, 4), "ieee", "one_pixel_1"),
        (Layer(1, 128, 2048, 1, 1, 4), "ieee", "one_pixel_1"),
        (Layer(1, 2049, 128, 1, 1, 1), "ieee", "one_pixel_1_scalar"),
        (Layer(256, 2048, 128, 1, 1, 4), "ieee", "one_pixel_8"),
        (Layer(2048, 2048, 2048, 1, 1, 4), "ieee", "register_128x128_scalar_x"),  # a matrix product like any other
        (Layer(256, 64, 256, 56 * 56, 4, 4), "tf32", "tf32_128x128"),
        (Layer(256, 64, 256, 56 * 56, 1, 4), "tf32", "tf32_128x128_scalar_x"),
        (Layer(256, 3, 256, 56 * 56, 4, 1), "tf32", "tf32_64x128_scalar"),
        (Layer(256, 256, 24, 56 * 56, 4, 4), "tf32", "tf32_32x128"),
    ],
)
def test_the_choice_for_layers_of_known_networks(layer, precision, name):
    assert pick(layer, precision=precision).name == name


@given(layers(), st.sampled_from(["ieee", "tf32"]))
def test_fewer_processors_never_get_a_smaller_share_of_the_work(layer, precision):
    devices = Device(66), Device(132)
    picked = [pick(layer, precision=precision, device=device) for device in devices]
    assume(all(variant.shared_memory for variant in picked))  # tiles, and no sum is split
    few, many = (_work(variant, layer, device) for variant, device in zip(picked, devices, strict=True))
    assert few >= many


def test_less_shared_memory_means_a_smaller_tile_and_no_tensor_cores_no_tf32():
    layer = Layer(256, 64, 256, 56 * 56, 4, 4)
    assert pick(layer, precision="tf32", device=SMALL_GPU).name == "tf32_64x128"
    old = Device(processors=40, shared_memory=65_536, capability=(7, 5))
    with pytest.raises(ValueError, match=r"8\.0 or newer, this one has 7\.5; precision 'ieee' runs here"):
        pick(Layer(1, 8, 8, 8), precision="tf32", device=old)
    assert pick(Layer(1, 8, 8, 8), device=old).name == "register_blocking"
    oldest = Device(processors=40, shared_memory=166_912, capability=(8, 0))
    assert pick(Layer(8, 64, 64, 784, 4, 4), device=oldest).step == "register_tile"


@pytest.mark.parametrize(
    ("batch", "out_channels", "name"),
    [
        (64, 2048, "one_pixel_8"),  # half of the tile's 128 columns
        (65, 2048, "register_16x128_scalar_x"),  # more than half
        (8, 1056, "one_pixel_8"),  # two blocks per processor, 264
        (8, 1052, "one_pixel_1"),  # one block less
        (7, 2000, "one_pixel_1"),  # too few images to share a weight
        (9, 1056, "one_pixel_8"),
    ],
)
def test_the_choice_for_one_pixel_at_the_edges(batch, out_channels, name):
    assert pick(Layer(batch, 256, out_channels, 1, 1, 4)).name == name


def test_obstacles_are_named():
    layer = Layer(1, 6, 8, 49)
    assert "H * W to be a multiple of 4" in VARIANTS["register_64x128"].obstacle(layer, Device())
    assert "C_in to be a multiple of 4" in VARIANTS["tf32_64x128_scalar_x"].obstacle(layer, Device())
    assert "107520 bytes of shared memory" in VARIANTS["tf32_128x128_scalar_x"].obstacle(
        Layer(1, 8, 8, 49, 1, 4), SMALL_GPU
    )
    assert VARIANTS["naive"].obstacle(layer, Device()) is None
    assert "maps of one pixel, these have 49" in VARIANTS["one_pixel_1"].obstacle(layer, Device())
    assert "weight and x to start at" in VARIANTS["one_pixel_1"].obstacle(Layer(1, 8, 8, 1), Device())


test_what_cannot_be_counted_is_refused = refusals(
    (Layer(2**15, 1, 1, 2**16).check_size, r"N \* H \* W must be at most.*split the batch"),
    (Layer(1, 1, 2**31, 1).check_size, "C_out must be at most.*split the batch"),
    (Layer(1, 2**31, 1, 1).check_size, "C_in must be at most.*split the batch"),
    (lambda: VARIANTS["naive"].grid(Layer(2**14, 1, 2**20, 2**16)), "needs 4398046511104 blocks.*split the batch"),
)


def test_threads_and_shared_memory_are_within_what_a_block_may_have():
    for variant in VARIANTS.values():
        threads = variant.block[0] * (variant.block[1] if len(variant.block) > 1 else 1)
        assert threads % 32 == 0
        assert threads <= 1024
        assert variant.shared_memory <= Device().shared_memory
        assert (variant.precision == "tf32") == variant.name.startswith("tf32_")
        assert bool(variant.shared_memory) == (variant.step in ("register_tile", "tensor_core"))
