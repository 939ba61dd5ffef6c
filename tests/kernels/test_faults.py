"""Faults planted into the kernels, one by one: each must be caught, or the tests of the kernels prove little.

Most are caught in every schedule; the others are those of copies that land early or late.
"""

import pytest

from companion.kernels import VARIANTS, edited
from companion.kernels.emulator import Emulator
from tests.kernels.arrays import ONE_A_STEP, check, dtype_of, needs_compiler, sizes_for, some_arrays

pytestmark = needs_compiler

SCHEDULES = ("forward", "reversed", "interleaved", 1, 2)
COPIES = {"late": [False], "early": [True], "both": [False, True]}

BARRIERS = [
    ("shared_tile", "__syncthreads();  // the tiles are complete"),
    ("shared_tile", "__syncthreads();  // the tiles are used up"),
    ("register_blocking", "__syncthreads();  // the tiles are complete"),
    ("register_blocking", "__syncthreads();  // the tiles are used up"),
    ("register_64x128", "__syncthreads();  // all others' too, and the tile before is used up"),
    ("tf32_64x128", "__syncthreads();  // all others' too, and the tile before is used up"),
    ("bf16_64x128", "__syncthreads();  // all others' too, and the tile before is used up"),
    ("f16_64x128_x4", "__syncthreads();  // all others' too, and the tile before is used up"),
    ("split_k", "__syncthreads();  // the parts are complete"),
]
BOUNDS = [
    ("naive", "if (thread >= (int64)batch * pixels * out_channels) return;", ""),
    ("coalesced", "if (at >= (int64)batch * out_channels * pixels) return;", ""),
    ("shared_tile", "if (o < out_channels && inside)", "if (o < out_channels)"),
    ("shared_tile", "if (o < out_channels && inside)", "if (inside)"),
    ("shared_tile", "has_x = inside && c0 + row < in_channels;", "has_x = inside;"),
    ("shared_tile", "has_weight = o < out_channels && c0 + col < in_channels;", "has_weight = o < out_channels;"),
    ("register_blocking", "if (!inside) return;", ""),
    ("register_blocking", "if (o >= out_channels) break;", ""),
    ("register_blocking", "has_x = inside && c0 + x_row < in_channels;", "has_x = inside;"),
    ("register_blocking", "has_weight = o < out_channels && c0 + weight_col < in_channels;", "has_weight = true;"),
    ("register_64x128", "if (column >= columns) continue;", ""),
    ("register_64x128", "if (o >= out_channels) continue;", ""),
    ("register_64x128_scalar", "if (column >= columns) continue;", ""),
    ("one_pixel_1", "if (o >= out_channels) return;  // with the whole warp", ""),
    ("one_pixel_8", "if (first_image + i >= batch) break;", ""),
    ("split_k", "if (o >= out_channels || column >= columns) return;", "if (o >= out_channels) return;"),
    ("split_k", "if (o >= out_channels || column >= columns) return;", "if (column >= columns) return;"),
]
WROTE = ("tf32_64x128", "tf32x3_64x128_scalar", "bf16_64x128", "f16_128x128_scalar_x")  # through write_tile
WRITE_TILE = [
    ("if (column >= columns) continue;", ""),
    ("if (o >= out_channels) continue;", ""),
    ("__syncthreads();  // the rows are complete", ""),
    ("to + k * 4 * ROW", "to + k * 2 * ROW"),
    ("(TILE_PIXELS / 2) + 2 * rest", "(TILE_PIXELS / 2)"),
    ("sums[i][j][k + 1]", "sums[i][j][k]"),
    ("(r / 16 * DOWN + i) * 16 + r % 16", "(r / 16 + i * WARPS_DOWN) * 16 + r % 16"),
    ("shared + r * ROW + col", "shared + r * ROW"),
]
COPIED = [  # the edges of the tiles, for all that copy in the background
    ("const bool exists = i < x_left;", "const bool exists = true;"),
    ("const bool exists = i < rows_left && weight_left > 0;", "const bool exists = i < rows_left;"),
    ("x_left -= DEPTH;", ""),
    ("weight_left -= DEPTH;", ""),
    ("weight_from += DEPTH;", ""),
    ("x_from += (int64)DEPTH * pixels;", ""),
]
FETCH = "if (c0 + (STAGES - 1) * {0} < in_channels)\n            tiles.fetch(({1} + STAGES - 1) % STAGES);"
BARRIER = "__syncthreads();  // all others' too, and the tile before is used up"
PIPELINES = {
    "register_64x128": ("DEPTH", "buffer"),
    "tf32_64x128": ("DEPTH", "stage"),
    "bf16_64x128": ("HALF_DEPTH", "stage"),
}
PIPELINE = [  # the line, what stands there instead, the copies that show it
    ("wait_for_copies<STAGES - 2>();", "", "late"),
    ("wait_for_copies<STAGES - 2>();", "wait_for_copies<STAGES - 1>();", "late"),
    ("commit_copies();  // even if empty", "if (c0 + 2 * {0} < in_channels) commit_copies();  //", "late"),
    (f"{BARRIER}\n        {FETCH}", f"{FETCH}\n        {BARRIER}", "early"),
    ("{1} = ({1} + 1) % STAGES;", "", "both"),
]


def is_caught(name, code, schedule="forward", early_copies=False, sizes=None):
    variant = VARIANTS[name]
    arrays = some_arrays(*(sizes or sizes_for(variant)), dtype=dtype_of(variant))
    backend = Emulator(schedule=schedule, early_copies=early_copies, code=code)
    backend.kernel(variant)  # the compiler must take it: that it refuses would prove nothing
    try:
        check(variant, arrays, backend=backend)
    except (AssertionError, RuntimeError):
        return True
    return False


@pytest.mark.parametrize(("name", "barrier"), BARRIERS)
def test_a_missing_barrier_is_caught_in_every_schedule(name, barrier):
    code = edited(VARIANTS[name].step, barrier)
    assert [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule)] == []


@pytest.mark.parametrize(("name", "check_of_bounds", "instead"), BOUNDS)
def test_a_missing_check_of_bounds_is_caught_in_every_schedule(name, check_of_bounds, instead):
    code = edited(VARIANTS[name].step, check_of_bounds, instead)
    assert [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule)] == []


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize(("line", "instead"), COPIED)
def test_a_copy_from_beyond_the_edge_is_caught_in_every_schedule(name, line, instead):
    code = edited("async_copy", line, instead)
    assert [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule)] == []


@pytest.mark.parametrize("name", WROTE)
@pytest.mark.parametrize(("line", "instead"), WRITE_TILE)
def test_a_fault_in_how_the_tensor_cores_write_their_tile_is_caught_in_every_schedule(name, line, instead):
    code = edited("tensor_core", line, instead)
    assert [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule)] == []


@pytest.mark.parametrize("name", WROTE)
def test_results_written_over_a_tile_that_is_still_read_are_caught(name):
    code = edited("tensor_core", "__syncthreads();  // what lay in shared memory is used up")
    assert [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule)] == []


@pytest.mark.parametrize("name", ["tf32_32x128", "f16_32x128_x4"])
def test_results_written_over_the_last_tile_are_caught(name):
    code = edited("tensor_core", "__syncthreads();  // what lay in shared memory is used up")
    depth = 32 if VARIANTS[name].dtype == "float16" else 16
    sizes = 3, 7 * depth, 37, 5, 12  # the seventh tile lies where the rows are written, at the ring's beginning
    missed = [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule, sizes=sizes)]
    assert missed == ["interleaved"]  # warps that multiply in step have all read it


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize(("line", "instead", "copies"), PIPELINE)
def test_a_fault_in_the_pipeline_of_copies_is_caught(name, line, instead, copies):
    words = PIPELINES[name]
    code = edited(
        VARIANTS[name].step, *(text.replace("{0}", words[0]).replace("{1}", words[1]) for text in (line, instead))
    )
    for early in COPIES[copies]:
        missed = [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule, early)]
        # Warps that multiply in step never overwrite what another still reads: that needs one to run ahead.
        assert missed == (["interleaved"] if copies == "early" and name != "register_64x128" else [])


@pytest.mark.parametrize(
    ("name", "line", "instead"),
    [
        ("tf32_64x128", "k % 2 * 8 * WEIGHT_ROW + k / 2 * 4", "k / 2 * 8 * WEIGHT_ROW + k % 2 * 4"),
        ("tf32_64x128", "from[k * 4 * X_ROW]", "from[k * X_ROW]"),
        ("tf32x3_64x128", "from[k * 4 * X_ROW]", "from[k * 2 * X_ROW]"),
        ("bf16_64x128", "load_matrices<true>(", "load_matrices<false>("),
        ("f16_64x128", "load_matrices<false>(", "load_matrices<true>("),
        ("bf16_64x128", "Ring::WEIGHT_ROW + c + side);", "Ring::WEIGHT_ROW + c);"),
        ("bf16_64x128", "WARP_PIXELS + side;", "WARP_PIXELS;"),
        ("f16_64x128", "WARP_CHANNELS + named;", "WARP_CHANNELS + named / 2 * 2;"),
        ("bf16_64x128", "(c + named) * Ring::X_ROW", "named * Ring::X_ROW"),
        ("f16_64x128", "b[j / 2][j % 2 * 2 + 1]", "b[j / 2][j % 2 + 2]"),
        ("bf16_128x128_scalar_x", "THREADS / 64, WARP_PIXELS", "2, WARP_PIXELS"),
    ],
)
def test_a_wrong_place_in_the_small_matrices_is_caught_in_every_schedule(name, line, instead):
    code = edited(VARIANTS[name].step, line, instead)
    assert [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule)] == []


@pytest.mark.parametrize("name", ["tf32x3_64x128", "tf32x3_32x128_scalar"])
@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("product < PRODUCTS", "product < PRODUCTS - 1"),
        ("product == 1 ? a_left[i] : a[i]", "a[i]"),
        ("product == 2 ? b_left[j] : b[j]", "b[j]"),
        ("value - *reinterpret_cast<float*>(&first)", "value"),
        ("& 0xffffe000u", "& 0xfff00000u"),  # what is left has then more bits than the tensor core sees
    ],
)
def test_digits_that_three_products_lose_are_noticed(name, line, instead):
    code = edited("tensor_core", line, instead)
    assert [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule)] == []


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        (
            "X_ROW + col + j * 16",
            "X_ROW + col + j * 16 + 1",
            "a row of load_matrices must start at a multiple of 16",
        ),
        (
            "(c + named) * Ring",
            "(c + named + STAGES * HALF_DEPTH) * Ring",
            "load_matrices leaves the block's 41472 ",
        ),
        ("multiply_add(T{}", "if (named) multiply_add(T{}", "two different operations"),
        (
            "load_matrices<false>(",
            "(named ? load_matrices<false> : load_matrices<true>)(",
            "two different operations",
        ),
    ],
)
def test_what_a_warp_may_not_do_with_small_matrices_is_named(line, instead, message):
    variant = VARIANTS["bf16_64x128"]
    arrays = some_arrays(*sizes_for(variant), dtype=dtype_of(variant))
    with pytest.raises(RuntimeError, match=message):
        check(variant, arrays, backend=Emulator(code=edited("sixteen_bits", line, instead)))


@pytest.mark.parametrize(
    ("name", "line", "instead"),
    [
        ("one_pixel_8", "half > 0; half /= 2", "half > 1; half /= 2"),
        ("one_pixel_8", "c += 32 * WIDTH", "c += 64 * WIDTH"),
        ("split_k", "c += SPLIT_WARPS * 4", "c += SPLIT_WARPS * 8"),
        ("split_k", "w < SPLIT_WARPS", "w < SPLIT_WARPS - 1"),
    ],
)
def test_a_part_of_a_split_sum_that_is_left_out_is_caught(name, line, instead):
    code = edited(VARIANTS[name].step, line, instead)
    assert all(is_caught(name, code, schedule) for schedule in SCHEDULES)


def test_a_shuffle_that_some_threads_of_a_warp_do_not_reach_is_named():
    code = edited("one_pixel", "    if (lane > 0) return;", "").replace(
        "    float sums[IMAGES] = {};\n    const float* weight_row",
        "    if (lane > 0) return;\n    float sums[IMAGES] = {};\n    const float* weight_row",
    )
    variant = VARIANTS["one_pixel_1"]
    with pytest.raises(RuntimeError, match="the block hangs"):
        check(variant, some_arrays(*sizes_for(variant)), backend=Emulator(code=code))


def test_a_return_before_a_barrier_is_named():
    code = edited("shared_tile", "float sum = 0.0f;", "if (!inside) return; float sum = 0.0f;")
    variant = VARIANTS["shared_tile"]
    with pytest.raises(RuntimeError, match=r"__syncthreads in line \d+: 176 of 256 threads had returned before"):
        check(variant, some_arrays(*sizes_for(variant)), backend=Emulator(code=code))


def test_threads_that_wait_at_two_barriers_are_named():
    barrier = "__syncthreads();  // the tiles are complete"
    code = edited("shared_tile", barrier, f"if (row % 2) __syncthreads(); else\n{barrier}")
    variant = VARIANTS["shared_tile"]
    with pytest.raises(RuntimeError, match=r"wait at two __syncthreads, in lines \d+ and \d+"):
        check(variant, some_arrays(*sizes_for(variant)), backend=Emulator(code=code))


def test_a_warp_that_does_not_multiply_together_is_named():
    code = edited("tensor_core", "multiply_add(sums[i][j], product", "if (rest) multiply_add(sums[i][j], product")
    variant = VARIANTS["tf32_64x128"]
    with pytest.raises(RuntimeError, match="the block hangs"):
        check(variant, some_arrays(*sizes_for(variant)), backend=Emulator(code=code))


@pytest.mark.parametrize("name", ONE_A_STEP)
def test_the_kernel_without_a_fault_is_not_caught(name):
    for early in (False, True):
        assert not any(is_caught(name, None, schedule, early) for schedule in SCHEDULES)
