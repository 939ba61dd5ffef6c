"""The kernels' own source, run on a CPU: right results on ragged shapes, in any order of the threads."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from companion.kernels import STEPS, VARIANTS, Layer, edited, pointwise_conv, source
from companion.kernels.emulator import _LIBRARY as LIBRARY
from companion.kernels.emulator import Emulator, Kernel, _build
from tests.kernels.arrays import (
    check,
    check_random_case,
    dtype_of,
    guarded,
    needs_compiler,
    reference,
    sizes_for,
    some_arrays,
    sparse,
    variants_of,
)

pytestmark = needs_compiler

IN_ORDER = [variant for variant in VARIANTS.values() if variant.in_order]
SCHEDULES = ("forward", "reversed", "interleaved", 1)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_is_right_on_ragged_shapes_in_every_schedule(variant):
    arrays = some_arrays(*sizes_for(variant), dtype=dtype_of(variant))
    results = [
        check(variant, arrays, activation="relu6", backend=Emulator(schedule=schedule, early_copies=early))
        for schedule in SCHEDULES
        for early in ((False, True) if variant.shared_memory else (False,))
    ]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("part", range(4))
def test_two_hundred_random_cases_agree_with_float64(part):
    rng, names = np.random.default_rng(part), [*VARIANTS]
    for case in range(50):
        check_random_case(VARIANTS[names[rng.integers(len(names))]], case, rng)


def test_all_variants_that_add_in_order_agree_to_the_last_bit():
    arrays = some_arrays(2, 40, 37, 6, 10)
    results = [pointwise_conv(**arrays, variant=variant.name) for variant in IN_ORDER]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_the_order_of_the_sum_is_that_of_the_input_channels():
    x = np.zeros((1, 3, 1, 1), np.float32)
    x[0, :, 0, 0] = [2**24, 1, -(2**24)]  # in this order the 1 is lost, in any other it isn't
    weight = np.ones((1, 3), np.float32)
    for variant in IN_ORDER:
        if variant.x_width == variant.weight_width == 1:
            assert pointwise_conv(x, weight, variant=variant.name)[0, 0, 0, 0] == 0


@pytest.mark.parametrize("which", ["x", "weight", "residual"])
def test_data_off_the_16_byte_grid_is_computed_all_the_same(which):
    arrays = some_arrays(2, 8, 9, 2, 4)
    arrays[which] = guarded(arrays[which], misaligned_by=1)
    for precision, variant in (("ieee", "register_16x128"), ("tf32", "tf32_32x128")):
        y = pointwise_conv(**arrays, precision=precision)
        wanted, scale = reference(arrays)
        assert (abs(y - wanted) / scale).max() < (1e-6 if precision == "ieee" else 1e-3)
        with pytest.raises(ValueError, match=f"'{variant}' needs .* multiple.? of 16 bytes"):
            pointwise_conv(**arrays, precision=precision, variant=variant)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    ("which", "by", "refused", "runs"),
    [
        ("x", 4, "64x128", "64x128_x4"),  # 8 bytes beyond the grid
        ("residual", 4, "32x128", "32x128_x4"),
        ("x", 1, "64x128_x4", "128x128_scalar_x"),
        ("residual", 2, "32x128_x4", "128x128_scalar_x"),
        ("weight", 4, "128x128_scalar_x", "128x128_scalar"),
        ("weight", 1, "64x128_x4", "128x128_scalar"),
    ],
)
def test_sixteen_bits_off_the_16_byte_grid_are_computed_all_the_same(dtype, which, by, refused, runs):
    short = {"bfloat16": "bf16", "float16": "f16"}[dtype]
    dtype = dtype_of(VARIANTS[f"{short}_{runs}"])
    arrays = some_arrays(2, 16, 9, 4, 4, dtype=dtype)
    arrays[which] = guarded(arrays[which], misaligned_by=by, dtype=dtype)
    check(VARIANTS[f"{short}_{runs}"], arrays)
    with pytest.raises(ValueError, match=f"'{short}_{refused}' needs .* multiples? of (16|8) bytes"):
        pointwise_conv(**arrays, variant=f"{short}_{refused}")
    wanted, scale = reference(arrays)
    y = pointwise_conv(**arrays)  # whatever is chosen
    assert y.dtype == dtype
    assert (abs(y - wanted) / scale).max() < (2**-8 if short == "bf16" else 2**-10)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("in_channels", [4, 12, 20])
@pytest.mark.parametrize("width", [8, 4, 3])
def test_sixteen_bits_take_any_number_of_channels(dtype, in_channels, width):
    dtype = dtype_of(VARIANTS[f"{'bf16' if dtype == 'bfloat16' else 'f16'}_64x128"])
    arrays = some_arrays(2, in_channels, 5, 3, width, dtype=dtype)
    wanted, scale = reference(arrays)
    assert (abs(pointwise_conv(**arrays) - wanted) / scale).max() < 2**-8


CONVERTED = """
template <class T>
__global__ void converted(const T* halves, float* wide, int count, const float* floats, T* narrowed, int more) {
    for (int i = 0; i < count; ++i) wide[i] = widen(halves[i]);
    for (int i = 0; i < more; ++i) narrow(floats[i], narrowed[i]);
}
"""


def floats_to_round(halves):
    """Floats of all kinds: each half, what lies just in the middle of two, neighbours of both, and any bits."""
    finite = np.sort(halves[np.isfinite(halves)]).astype(np.float64)
    middle = ((finite[1:] + finite[:-1]) / 2).astype(np.float32)  # exactly
    edge = np.float32([finite[-1] + (finite[-1] - finite[-2]) / 2])  # from here on it is infinite
    bits = np.random.default_rng(0).integers(0, 2**32, 200_000, np.uint32).view(np.float32)
    small = np.random.default_rng(1).standard_normal(200_000, np.float32) * np.float32(2) ** -14
    some = np.concatenate([halves, middle, edge, -edge, bits, small])
    return np.concatenate([some, np.nextafter(some, np.float32(0)), np.nextafter(some, np.float32(np.inf))])


@pytest.mark.parametrize(
    ("element", "dtype"), [("BFloat16", dtype_of(VARIANTS["bf16_64x128"])), ("Float16", np.dtype(np.float16))]
)
def test_sixteen_bits_are_widened_and_rounded_as_numpy_does(element, dtype):
    library = _build.build(_build.unit(source() + CONVERTED, f"converted<{element}>"), *LIBRARY)
    halves = np.arange(2**16, dtype=np.uint16).view(dtype)
    with np.errstate(all="ignore"):  # that numbers overflow is what is looked at
        wanted_wide = halves.astype(np.float32)
        floats = floats_to_round(wanted_wide)
        wanted = floats.astype(dtype).view(np.uint16)
    wide, narrowed = np.empty_like(wanted_wide), np.empty(floats.size, dtype)
    numbers = halves, wide, np.int32(halves.size), floats, narrowed, np.int32(floats.size)
    Kernel(library, "converted")((1,), (1,), numbers)
    is_nan = np.isnan(wanted_wide)
    assert np.isnan(wide[is_nan]).all()
    np.testing.assert_array_equal(wide[~is_nan].view(np.uint32), wanted_wide[~is_nan].view(np.uint32))
    got, is_nan = narrowed.view(np.uint16), np.isnan(floats)
    assert (got[is_nan] == 0x7FFF).all()  # as PTX has it
    np.testing.assert_array_equal(got[~is_nan], wanted[~is_nan])


def test_a_stray_access_of_a_copy_is_an_error_and_not_a_crash():
    variant, arrays = VARIANTS["tf32_32x128"], some_arrays(1, 8, 8, 2, 4)
    odd = guarded(arrays["weight"], misaligned_by=1)
    arguments = [arrays["x"], odd, None, None, Emulator().empty((1, 8, 2, 4))]
    numbers = [*map(np.int32, (1, 8, 8, 8)), *map(np.float32, (-np.inf, np.inf))]
    with pytest.raises(RuntimeError, match="copy_async of 16 bytes needs addresses that are multiples of 16 bytes"):
        Emulator().kernel(variant)((1,), variant.block, (*arguments, *numbers), shared_mem=variant.shared_memory)


def call(name="naive", **changes):
    arrays = some_arrays(1, 3, 4, 2, 2)
    y = Emulator().empty((1, 4, 2, 2))
    arguments = {
        "x": arrays["x"],
        "weight": arrays["weight"],
        "bias": arrays["bias"],
        "residual": None,
        "y": y,
        "batch": np.int32(1),
        "in_channels": np.int32(3),
        "out_channels": np.int32(4),
        "pixels": np.int32(4),
        "low": np.float32(0),
        "high": np.float32(6),
    } | changes
    Emulator().kernel(VARIANTS[name])((1,), VARIANTS[name].block, tuple(arguments.values()))
    del arrays["residual"]
    if "bias" in changes:
        arrays["bias"] = np.ones(4, np.float32)
    np.testing.assert_allclose(y, reference(arrays, "relu6")[0], rtol=0, atol=1e-5)


def test_a_kernel_is_called_as_one_of_cupy():
    call()
    bias = np.ones(4, np.float32)
    bias.flags.writeable = False  # it only reads this one
    call(bias=bias)
    call(bias=np.uint64(bias.ctypes.data))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 0.0}, r"argument 9 of naive must be an np.float32, got float"),
        ({"batch": 1}, r"argument 5 of naive must be an np.int32, got int"),
        ({"batch": np.int64(1)}, r"argument 5 of naive must be an np.int32, got int64"),
        ({"high": np.float64(6)}, r"argument 10 of naive must be an np.float32, got float64"),
        ({"x": [1.0]}, r"argument 0 of naive must be a contiguous NumPy array of float32 or None, got list"),
        ({"x": np.zeros((3, 4), np.float32).T}, r"argument 0 of naive .*got a view that is not contiguous"),
        ({"x": np.frombuffer(bytes(49), np.float32, 12, 1)}, r"argument 0 of naive .*, or not aligned"),
        ({"weight": np.ma.zeros(12, np.float32)}, r"argument 1 of naive .*got MaskedArray"),
        ({"x": np.zeros(12)}, r"argument 0 of naive .*got an array of float64"),
        ({"bias": np.zeros(4, np.int64)}, r"argument 2 of naive .*got an array of int64"),
        ({"residual": np.zeros(16, ">f4")}, r"argument 3 of naive .*got an array of >f4"),
        ({"y": np.frombuffer(bytes(64), np.float32)}, r"argument 4 of naive .*got a read-only array, which it"),
        ({"batch": None}, r"argument 5 of naive must be an np.int32, got NoneType"),
        ({"pixels": np.zeros(1, np.float32)}, r"argument 8 of naive must be an np.int32, got ndarray"),
        ({"more": None}, "naive takes 11 arguments, got 12"),
    ],
)
def test_what_cupy_would_pass_on_as_garbage_is_refused(change, message):
    with pytest.raises(TypeError, match=message):
        call(**change)


@pytest.mark.parametrize(
    ("name", "other"), [("bf16_64x128", "f16_128x128_scalar"), ("f16_128x128_scalar", "bf16_64x128")]
)
def test_a_kernel_for_sixteen_bits_refuses_other_arrays_and_the_others_refuse_sixteen_bits(name, other):
    numbers = [*map(np.int32, (1, 8, 4, 8)), *map(np.float32, (0, 6))]
    for variant, dtype, wanted, got in (
        (VARIANTS[name], np.dtype(np.float32), VARIANTS[name].dtype, "float32"),
        (VARIANTS["naive"], dtype_of(VARIANTS[name]), "float32", VARIANTS[name].dtype),
        (VARIANTS[name], dtype_of(VARIANTS[other]), VARIANTS[name].dtype, VARIANTS[other].dtype),
        (VARIANTS[name], np.dtype(np.uint16), VARIANTS[name].dtype, "uint16"),
    ):
        right = dtype_of(variant)
        for position, shape in enumerate([(8, 8), (4, 8), (4,), (4, 8), (4, 8)]):
            arrays = [np.zeros(size, right) for size in ((8, 8), (4, 8), (4,), (4, 8), (4, 8))]
            arrays[position] = np.zeros(shape, dtype)
            message = f"argument {position} of {variant.name} must be .* of {wanted} or None, got an array of {got}"
            with pytest.raises(TypeError, match=message):
                Emulator().kernel(variant)((1,), variant.block, (*arrays, *numbers))


@pytest.mark.parametrize(
    ("grid", "block", "shared_mem"),
    [((0,), (32,), 0), ((1,), (0,), 0), ((1,), (2048,), 0), ((1, 70_000), (32,), 0), ((1,), (32,), 300_000)],
)
def test_what_no_gpu_can_launch_is_refused(grid, block, shared_mem):
    arguments = (*[None] * 5, *[np.int32(0)] * 4, *[np.float32(0)] * 2)
    with pytest.raises(RuntimeError, match="no GPU can launch this"):
        Emulator().kernel(VARIANTS["naive"])(grid, block, arguments, shared_mem=shared_mem)


@pytest.mark.parametrize("schedule", ["backward", -1, True, 1.5])
def test_a_schedule_that_does_not_exist_is_refused(schedule):
    with pytest.raises(ValueError, match="schedule must be one of"):
        Emulator(schedule=schedule).kernel(VARIANTS["naive"])


def test_too_little_shared_memory_is_noticed():
    variant, arrays, backend = VARIANTS["tf32_32x128"], some_arrays(1, 96, 32, 4, 32), Emulator()
    numbers = [*map(np.int32, (1, 96, 32, 128)), *map(np.float32, (0, 6))]
    arguments = (arrays["x"], arrays["weight"], None, None, backend.empty((1, 32, 4, 32)), *numbers)
    with pytest.raises(RuntimeError, match="leaves the block's 33744 bytes of shared memory"):
        backend.kernel(variant)((1,), variant.block, arguments, shared_mem=variant.shared_memory - 48)


FAR = ("naive", "coalesced", "shared_tile", "register_blocking", "register_16x128_scalar", "tf32_32x128_scalar")
FAR += ("split_k", "f16_128x128_scalar")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is promised and not given on Linux only")


def run_the_last_block(name, int64="long long"):
    """Run one block, whose pixels lie beyond 2**31 floats, and check the last pixels of the last channel."""
    variant = VARIANTS[name]
    in_channels = 4 if variant.weight_width == 4 else 3
    layer = Layer(batch=2, in_channels=in_channels, out_channels=5, pixels=2**29 + 4, dtype=variant.dtype)
    x = sparse(layer.batch, layer.in_channels, layer.pixels, dtype=dtype_of(variant))
    y = sparse(layer.batch, layer.out_channels, layer.pixels, dtype=dtype_of(variant))
    assert x.size > 2**31
    weight = np.arange(5 * in_channels, dtype=x.dtype).reshape(5, in_channels)
    x[1, :, -300:] = np.random.default_rng(0).standard_normal((in_channels, 300))
    code = source().replace("using int64 = long long;", f"using int64 = {int64};")
    (blocks,) = variant.grid(layer)
    numbers = [*map(np.int32, (layer.batch, in_channels, 5, layer.pixels)), *map(np.float32, (-np.inf, np.inf))]
    kernel = Emulator(code=code).kernel(variant, blocks=range(blocks - 1, blocks))
    kernel((blocks,), variant.block, (x, weight, None, None, y, *numbers), shared_mem=variant.shared_memory)
    written = np.flatnonzero(y[1, 4, -300:])
    assert written[-1] == 299
    wanted = weight[4].astype(np.float32) @ x[1, :, -300:][:, written].astype(np.float32)
    np.testing.assert_allclose(y[1, 4, -300:][written].astype(np.float32), wanted, rtol=2e-3, atol=2e-2)


@on_linux
@pytest.mark.parametrize("name", FAR)
def test_an_offset_may_be_beyond_2_to_the_31(name):
    run_the_last_block(name)


@on_linux
def test_offsets_of_32_bits_would_not_do():
    sparse(2**32)  # skips where the machine refuses
    # In processes of their own: such a kernel reads from nowhere.
    program = f"""
import os, resource
from tests.kernels.test_emulator import run_the_last_block
for name in {FAR}:
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        run_the_last_block(name, "int")
        os._exit(0)
    print(name, os.waitpid(child, 0)[1] != 0)
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
    assert done.stdout.splitlines() == [f"{name} True" for name in FAR], done.stderr


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path / "cache"))
    _build.cache_folder.cache_clear()
    yield tmp_path / "cache"
    _build.cache_folder.cache_clear()


def test_what_was_compiled_once_is_kept(own_cache, monkeypatch):
    text = _build.unit(source(), "pointwise_naive")
    first = _build.build(text, *LIBRARY)
    assert [first] == list(own_cache.iterdir())
    monkeypatch.setattr(_build.subprocess, "run", None)  # nothing is compiled any more
    assert _build.build(text, *LIBRARY) == first


def test_two_processes_may_compile_the_same_at_once(own_cache):
    text = _build.unit(source(), "pointwise_coalesced")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: _build.build(text, *LIBRARY), range(2))
    assert first == second
    assert list(own_cache.iterdir()) == [first]


def test_a_cache_that_cannot_be_written_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path / "file"))
    folder = _build.cache_folder.__wrapped__()
    assert folder.is_dir()
    folder.rmdir()


def test_without_a_compiler_one_sentence_says_so(monkeypatch):
    monkeypatch.setattr(_build, "compiler", lambda: None)
    assert _build.unavailable_reason().endswith("needs a C++ compiler (on Debian: apt-get install g++)")
    with pytest.raises(RuntimeError, match=r"needs a C\+\+ compiler"):
        _build.build("")
    monkeypatch.setattr(_build.sys, "platform", "win32")
    assert "runs on Linux (on Windows: in WSL), not on win32" in _build.unavailable_reason()


@pytest.mark.parametrize("name", ["shared_tile", "tf32_32x128", "bf16_32x128"])
@pytest.mark.parametrize("flags", [("-Werror",), ("-Werror", "-DEMULATOR_UCONTEXT")])
def test_it_compiles_without_a_warning_and_runs_with_portable_fibers_too(name, flags):
    variant = VARIANTS[name]
    library = _build.build(_build.unit(source(), variant.expression), *LIBRARY, *flags)

    class Portable(Emulator):
        def kernel(self, variant, array=None):
            return Kernel(library, variant.name)

    check(variant, some_arrays(*sizes_for(variant), dtype=dtype_of(variant)), backend=Portable())


def test_a_mistake_in_the_source_is_reported_with_its_line():
    code = edited("naive", "float sum = 0.0f;", "flaot sum = 0.0f;")
    line = code[: code.index("flaot")].count("\n") + 1
    with pytest.raises(RuntimeError, match=rf"pointwise.cu:{line}:.*flaot"):
        Emulator(code=code).kernel(VARIANTS["naive"])


@pytest.mark.parametrize("step", [step for step in STEPS if variants_of(step)])
def test_outputs_that_nobody_writes_are_noticed(step):
    variant = variants_of(step)[0]
    arrays = some_arrays(*sizes_for(variant), dtype=dtype_of(variant))

    class Half(Emulator):
        def kernel(self, variant, array=None):
            return super().kernel(variant, array, blocks=range(1))

    options = {"variant": variant.name, "precision": variant.precision}
    with pytest.raises(RuntimeError, match=r"the kernel left .* outputs unwritten"):
        Half().pointwise_conv(**arrays, **options)
