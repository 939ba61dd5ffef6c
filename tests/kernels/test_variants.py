"""The table of variants, and the choice of one: plain numbers, so no GPU and no compiler are needed."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from companion.kernels import VARIANTS, Device, Layer, pick
from companion.kernels._arguments import DTYPES, PRECISIONS
from companion.kernels._launch import _width
from companion.kernels._pick import _work
from tests.refusals import refusals

SMALL_GPU = Device(processors=28, shared_memory=101_376, capability=(8, 6))  # GeForce RTX 3060


LITTLE_MEMORY = Device(processors=28, shared_memory=49_152, capability=(8, 6))  # no GPU has so little
WIDTHS = {"float32": (1, 4), "bfloat16": (1, 4, 8), "float16": (1, 4, 8)}  # those that the launcher finds


def layers(dtype, **fixed):
    sizes = {
        "batch": st.integers(1, 300),
        "in_channels": st.integers(0, 2100),
        "out_channels": st.integers(1, 2100),
        "pixels": st.integers(1, 12_600),
        "x_width": st.sampled_from(WIDTHS[dtype]),
        "weight_width": st.sampled_from(WIDTHS[dtype]),
        "dtype": st.just(dtype),
    }
    return st.builds(Layer, **(sizes | fixed))


ANY_LAYER = st.sampled_from(DTYPES).flatmap(layers)
ASKED = st.one_of(  # a layer and a precision for it
    st.tuples(layers("float32"), st.sampled_from(PRECISIONS)), st.tuples(ANY_LAYER, st.just("ieee"))
)


@given(ASKED, st.sampled_from([Device(), SMALL_GPU]))
def test_the_choice_can_run_the_layer_on_the_device(asked, device):
    layer, precision = asked
    variant = pick(layer, precision=precision, device=device)
    assert (variant.precision, variant.dtype) == (precision, layer.dtype)
    assert variant.obstacle(layer, device) is None


@given(ANY_LAYER)
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
        (Layer(256, 64, 256, 56 * 56, 4, 4), "ieee", "register_64x128"),
        (Layer(256, 256, 64, 56 * 56, 4, 4), "ieee", "register_64x128"),
        (Layer(256, 192, 192, 28 * 28, 4, 4), "ieee", "register_96x128"),  # two full tiles
        (Layer(256, 16, 96, 112 * 112, 4, 4), "ieee", "register_96x128"),
        (Layer(256, 64, 128, 56 * 56, 4, 4), "ieee", "register_64x128"),
        (Layer(256, 64, 129, 56 * 56, 4, 4), "ieee", "register_32x128"),  # five tiles of 32, or three of 64
        (Layer(256, 192, 32, 28 * 28, 4, 4), "ieee", "register_32x128"),
        (Layer(256, 192, 16, 28 * 28, 4, 4), "ieee", "register_16x128"),
        # four blocks of 64 x 128 on each of 132 processors, and two more
        (Layer(1, 64, 128, 264 * 128, 4, 4), "ieee", "register_64x128"),
        (Layer(1, 64, 128, 265 * 128, 4, 4), "ieee", "register_64x64"),
        (Layer(1, 64, 128, 264 * 128, 4, 4), "tf32", "tf32_64x128"),
        (Layer(256, 512, 2048, 7 * 7, 1, 4), "ieee", "register_64x128_scalar_x"),
        (Layer(256, 3, 2048, 7 * 7, 1, 1), "ieee", "register_64x128_scalar"),
        (Layer(1, 512, 2048, 7 * 7, 1, 4), "ieee", "split_k"),  # 128 blocks for 132 processors
        # a block for each second of 132 processors, and one block less
        (Layer(1, 64, 16, 66 * 128, 4, 4), "ieee", "register_16x128"),
        (Layer(1, 64, 16, 65 * 128, 4, 4), "ieee", "split_k"),
        # x number by number, and a tile holds all columns: a block for each processor, and one less
        (Layer(1, 64, 132 * 16, 11 * 11, 1, 4), "ieee", "register_16x128_scalar_x"),
        (Layer(1, 64, 131 * 16, 11 * 11, 1, 4), "ieee", "split_k"),
        (Layer(1, 64, 16, 66 * 127, 1, 4), "ieee", "register_16x128_scalar_x"),  # more columns: as above
        (Layer(1, 64, 16, 65 * 127, 1, 4), "ieee", "split_k"),
        (Layer(32, 2048, 512, 7 * 7, 1, 4), "ieee", "register_64x128_scalar_x"),  # 133 us on an H200, split_k 225
        (Layer(1, 64, 16, 65 * 128, 4, 1), "ieee", "register_16x128_scalar"),  # split_k reads four weights at once
        (Layer(1, 2048, 512, 7 * 7, 1, 4), "ieee", "split_k"),
        (Layer(1, 2048, 128, 1, 1, 4), "ieee", "one_pixel_1"),
        (Layer(1, 128, 2048, 1, 1, 4), "ieee", "one_pixel_1"),
        (Layer(1, 2049, 128, 1, 1, 1), "ieee", "one_pixel_1_scalar"),
        (Layer(256, 2048, 128, 1, 1, 4), "ieee", "one_pixel_1"),  # by eights, eight blocks for each processor
        (Layer(512, 2048, 128, 1, 1, 4), "ieee", "one_pixel_8"),  # by eights, sixteen
        (Layer(2048, 2048, 2048, 1, 1, 4), "ieee", "register_64x128_scalar_x"),  # a matrix product like any other
        (Layer(256, 64, 256, 56 * 56, 4, 4), "tf32", "tf32_64x128"),
        (Layer(256, 64, 256, 56 * 56, 1, 4), "tf32", "tf32_64x128_scalar_x"),
        (Layer(256, 3, 256, 56 * 56, 4, 1), "tf32", "tf32_64x128_scalar"),
        (Layer(256, 256, 24, 56 * 56, 4, 4), "tf32", "tf32_32x128"),
        (Layer(256, 64, 256, 56 * 56, 4, 4), "tf32x3", "tf32x3_64x128"),
        (Layer(256, 512, 2048, 7 * 7, 1, 4), "tf32x3", "tf32x3_64x128_scalar_x"),
        (Layer(256, 3, 256, 56 * 56, 4, 1), "tf32x3", "tf32x3_64x128_scalar"),
        (Layer(256, 256, 24, 56 * 56, 4, 4), "tf32x3", "tf32x3_32x128"),
        (Layer(1, 2048, 512, 7 * 7, 1, 4), "tf32x3", "tf32x3_32x128_scalar_x"),  # no sum is split here
    ],
)
def test_the_choice_for_layers_of_known_networks(layer, precision, name):
    assert pick(layer, precision=precision).name == name


@pytest.mark.parametrize("precision", ["tf32", "tf32x3", "bf16", "f16"])
def test_tensor_cores_get_a_smaller_tile_where_a_processor_would_get_two_blocks_and_others_one(precision):
    dtype = {"bf16": "bfloat16", "f16": "float16"}.get(precision, "float32")
    width, asked = (4, precision) if dtype == "float32" else (8, "ieee")
    for blocks, tile in ((66, "64x128"), (67, "32x128")):  # of 128 columns: twice as many of 64 channels
        layer = Layer(1, 64, 128, blocks * 128, width, width, dtype)
        assert pick(layer, precision=asked).name == f"{precision}_{tile}"


@pytest.mark.parametrize(("dtype", "short"), [("bfloat16", "bf16"), ("float16", "f16")])
@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (Layer(256, 64, 256, 56 * 56, 8, 8), "64x128"),
        (Layer(256, 512, 512, 14 * 14, 4, 8), "64x128_x4"),  # 196 pixels
        (Layer(256, 256, 24, 56 * 56, 8, 8), "32x128"),
        (Layer(256, 256, 24, 14 * 14, 4, 8), "32x128_x4"),
        (Layer(256, 2048, 512, 7 * 7, 1, 8), "128x128_scalar_x"),
        (Layer(256, 24, 64, 7 * 7, 1, 8), "128x128_scalar_x"),  # the one tile there is
        (Layer(256, 3, 64, 112 * 112, 8, 1), "128x128_scalar"),  # pictures: no weights side by side
        (Layer(256, 2048, 128, 1, 1, 8), "128x128_scalar_x"),
        # rows of the weight at multiples of 8 bytes: there is no copy for them, so they come one by one
        (Layer(256, 12, 64, 56 * 56, 8, 4), "128x128_scalar"),
        (Layer(256, 12, 64, 14 * 14, 4, 4), "128x128_scalar"),
        (Layer(256, 12, 64, 7 * 7, 1, 4), "128x128_scalar"),
    ],
)
def test_the_choice_for_arrays_of_sixteen_bits(layer, name, dtype, short):
    assert pick(replace(layer, dtype=dtype)).name == f"{short}_{name}"


@pytest.mark.parametrize(
    ("dtype", "row", "addresses", "width"),
    [
        ("float32", 8, (1024, 0), 4),  # 0 is an array that isn't there
        ("float32", 8, (1024, 8), 1),
        ("float32", 6, (1024,), 1),
        ("float32", 0, (1024,), 4),
        ("bfloat16", 16, (1024, 16, 0), 8),
        ("bfloat16", 16, (1024, 8), 4),
        ("bfloat16", 16, (1024, 8, 4), 1),
        ("float16", 16, (1024, 2), 1),
        ("float16", 12, (1024,), 4),
        ("float16", 12, (1024, 8), 4),
        ("float16", 14, (1024,), 1),
        ("float16", 7, (1024,), 1),
    ],
)
def test_an_access_is_as_wide_as_the_rows_and_all_addresses_allow(dtype, row, addresses, width):
    assert _width(dtype, row, *addresses) == width


@given(ASKED)
def test_fewer_processors_never_get_a_smaller_share_of_the_work(asked):
    layer, precision = asked
    devices = Device(66), Device(132)
    picked = [pick(layer, precision=precision, device=device) for device in devices]
    assume(all(variant.shared_memory for variant in picked))  # tiles, and no sum is split
    few, many = (_work(variant, layer, device) for variant, device in zip(picked, devices, strict=True))
    assert few >= many


def test_less_shared_memory_means_a_smaller_tile_and_no_tensor_cores_no_tf32():
    layer = Layer(256, 64, 256, 56 * 56, 4, 4)
    # more blocks are at work than processors, but a thin layer's are few: 64 channels for 28 processors
    assert pick(layer, precision="tf32", device=SMALL_GPU).name == "tf32_64x128"
    assert pick(layer, precision="tf32", device=replace(SMALL_GPU, shared_memory=41_471)).name == "tf32_32x128"
    old = Device(processors=40, shared_memory=65_536, capability=(7, 5))
    with pytest.raises(
        ValueError, match=r"8\.0 or newer, this one has 7\.5; float32 under precision 'ieee' runs here"
    ):
        pick(Layer(1, 8, 8, 8), precision="tf32", device=old)
    assert pick(Layer(1, 8, 8, 8), device=old).name == "register_blocking"
    for dtype in ("bfloat16", "float16"):
        with pytest.raises(
            ValueError, match=rf"dtype {dtype} needs a GPU of.* 7\.5; float32 under precision 'ieee'"
        ):
            pick(Layer(1, 8, 8, 8, dtype=dtype), device=old)
    oldest = Device(processors=40, shared_memory=166_912, capability=(8, 0))
    assert pick(Layer(8, 64, 64, 784, 4, 4), device=oldest).step == "register_tile"


@pytest.mark.parametrize(
    ("batch", "out_channels", "name"),
    [
        (64, 1056, "one_pixel_8"),  # half of the tile's 128 columns
        (65, 1056, "register_16x128_scalar_x"),  # more than half, and a tile for each second of 132 processors
        (65, 1040, "one_pixel_8"),  # one tile less
        (8, 6336, "one_pixel_8"),  # twelve blocks per processor, 1584
        (8, 6332, "one_pixel_1"),  # one block less
        (7, 8000, "one_pixel_1"),  # too few images to share a weight
        (9, 6336, "one_pixel_8"),
    ],
)
def test_the_choice_for_one_pixel_at_the_edges(batch, out_channels, name):
    assert pick(Layer(batch, 256, out_channels, 1, 1, 4)).name == name


def test_obstacles_are_named():
    layer = Layer(1, 6, 8, 49)
    assert "H * W to be a multiple of 4" in VARIANTS["register_64x128"].obstacle(layer, Device())
    assert "C_in to be a multiple of 4" in VARIANTS["tf32_64x128_scalar_x"].obstacle(layer, Device())
    assert "56832 bytes of shared memory" in VARIANTS["f16_128x128_scalar_x"].obstacle(
        Layer(1, 8, 8, 49, 1, 8, "float16"), LITTLE_MEMORY
    )
    assert "is for arrays of float32, these hold float16" in VARIANTS["naive"].obstacle(
        replace(layer, dtype="float16"), Device()
    )
    half = Layer(1, 16, 8, 20, 4, 4, "bfloat16")
    for name, words in (
        (
            "bf16_64x128",
            "needs H * W to be a multiple of 8, and x, residual and output to start at multiples of 16",
        ),
        ("bf16_64x128_x4", "needs C_in to be a multiple of 8, and weight to start at a multiple of 16 bytes"),
        ("f16_64x128", "is for arrays of float16, these hold bfloat16"),
        ("register_64x128", "is for arrays of float32, these hold bfloat16"),
    ):
        assert words in VARIANTS[name].obstacle(half, Device())
    words = "H * W to be a multiple of 4, and x, residual and output to start at multiples of 8 bytes"
    assert words in VARIANTS["bf16_64x128_x4"].obstacle(replace(half, x_width=1), Device())
    assert VARIANTS["bf16_128x128_scalar"].obstacle(half, Device()) is None
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
        short = variant.name.split("_")[0]
        assert variant.precision == (short if short in PRECISIONS else "ieee")
        assert variant.dtype == {"bf16": "bfloat16", "f16": "float16"}.get(short, "float32")
        assert (variant.step == "sixteen_bits") == (variant.dtype != "float32")
        assert bool(variant.shared_memory) == (variant.step in ("register_tile", "tensor_core", "sixteen_bits"))
        size = 4 if variant.dtype == "float32" else 2
        assert size * max(variant.x_width, variant.weight_width) <= 16
