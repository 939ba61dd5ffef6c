"""Faults planted into the kernels, one by one: each must be caught, or the tests of the kernels prove little.

Most are caught in every schedule; the others are those of copies that land early or late.
"""

import pytest

from companion.kernels import VARIANTS, edited
from companion.kernels.emulator import Emulator
from tests.kernels.arrays import ONE_A_STEP, check, needs_compiler, sizes_for, some_arrays

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
    ("tf32_64x128", "if (column >= columns) continue;", ""),
    ("tf32_64x128", "if (o >= out_channels) continue;", ""),
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
PIPELINES = {"register_64x128": ("DEPTH", "buffer"), "tf32_64x128": ("TF32_DEPTH", "stage")}
PIPELINE = [  # the line, what stands there instead, the copies that show it
    ("wait_for_copies<STAGES - 2>();", "", "late"),
    ("wait_for_copies<STAGES - 2>();", "wait_for_copies<STAGES - 1>();", "late"),
    ("commit_copies();  // even if empty", "if (c0 + 2 * {0} < in_channels) commit_copies();  //", "late"),
    (f"{BARRIER}\n        {FETCH}", f"{FETCH}\n        {BARRIER}", "early"),
    ("{1} = ({1} + 1) % STAGES;", "", "both"),
]


def is_caught(name, code, schedule="forward", early_copies=False):
    variant = VARIANTS[name]
    arrays = some_arrays(*sizes_for(variant))
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


@pytest.mark.parametrize("name", ["register_64x128", "tf32_64x128"])
@pytest.mark.parametrize(("line", "instead"), COPIED)
def test_a_copy_from_beyond_the_edge_is_caught_in_every_schedule(name, line, instead):
    code = edited("async_copy", line, instead)
    assert [schedule for schedule in SCHEDULES if not is_caught(name, code, schedule)] == []


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
        assert missed == (["interleaved"] if (name, copies) == ("tf32_64x128", "early") else [])


def test_a_wrong_row_of_the_small_matrices_is_caught():
    code = edited("tensor_core", "a[i][1] = to_tf32(from[8 * WEIGHT_ROW]);", "a[i][1] = to_tf32(from[4]);")
    assert all(is_caught("tf32_64x128", code, schedule) for schedule in SCHEDULES)


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
    code = edited(
        "tensor_core", "multiply_add(sums[i][j], a[i], b[j]);", "if (rest) multiply_add(sums[i][j], a[i], b[j]);"
    )
    variant = VARIANTS["tf32_64x128"]
    with pytest.raises(RuntimeError, match="the block hangs"):
        check(variant, some_arrays(*sizes_for(variant)), backend=Emulator(code=code))


@pytest.mark.parametrize("name", ONE_A_STEP)
def test_the_kernel_without_a_fault_is_not_caught(name):
    for early in (False, True):
        assert not any(is_caught(name, None, schedule, early) for schedule in SCHEDULES)
