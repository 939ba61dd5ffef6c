"""What the compiler for GPUs makes of the kernels: it needs no GPU, and shows what the design intends."""

import re
from collections import Counter

import pytest

from companion.kernels import (
    ARCHITECTURES,
    VARIANTS,
    _nvrtc,
    _sass,
    compile_variant,
    disassembler_unavailable_reason,
    edited,
    instructions,
)
from tests.kernels.arrays import ONE_A_STEP, needs_nvrtc

pytestmark = needs_nvrtc


def count(code, *names):
    return sum(number for name, number in code.items() if name.split(".")[0] in names)


def threads(variant):
    return variant.block[0] * (variant.block[1] if len(variant.block) > 1 else 1)


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "sm_90"])  # that one: below
@pytest.mark.parametrize("name", [*ONE_A_STEP, "f16_64x128"])
def test_every_step_compiles_for_every_architecture_and_keeps_all_in_registers(name, architecture):
    binary = compile_variant(VARIANTS[name], architecture)
    assert (binary.cubin[:4], binary.spilled) == (b"\x7fELF", 0)


def a_plain_step_multiplies_without_tensor_cores(variant, code):
    assert count(code, "FFMA") > 0
    assert count(code, "HMMA") == 0
    outputs = 8 if variant.step == "register_blocking" else 1  # of a thread; the ends differ by what may be null
    assert count(code, "STG") in (outputs, 3 * outputs)
    assert count(code, "BAR") == (2 if variant.tile else 0)


ACCESS = {2: ".U16", 4: "", 8: ".64", 16: ".128"}  # how an instruction names the bytes that it moves


def it_copies_past_the_registers_and_stores_as_wide_as_it_may(variant, code, depth):
    """Hold a kernel with a ring of tiles to the copies of three fetches, and its stores to the width of x."""
    size = 4 if variant.dtype == "float32" else 2
    channels, columns = variant.tile
    wanted = Counter()
    for numbers, width, name in (
        (columns, variant.x_width, "LDGSTS.E.BYPASS.128"),  # past the cache, which only 16 bytes can be
        (channels, variant.weight_width, "LDGSTS.E.128"),
    ):
        name = name if width * size == 16 else "STS.U16" if width * size == 2 else f"LDGSTS.E{ACCESS[width * size]}"
        wanted[name] += 3 * -(-numbers * depth // (width * threads(variant)))
    assert {key: n for key, n in code.items() if key.startswith("LDGSTS") or key == "STS.U16"} == wanted
    stores = channels * columns // threads(variant) // variant.x_width
    found = code[f"STG.E{ACCESS[variant.x_width * size]}"]
    assert count(code, "STG") == found
    assert found in (stores, 2 * stores)  # with a residual, and without


def a_register_tile_multiplies_out_of_registers_and_moves_float4s(variant, code):
    channels, columns = variant.tile
    outputs = channels * columns // threads(variant)
    assert count(code, "HMMA") == 0
    assert count(code, "FFMA") == 16 * outputs  # once for each of the 16 input channels of a tile
    assert count(code, "LDS") == code["LDS.128"] == 4 * outputs // 8 + 16 * 2  # weights, and pixels
    assert count(code, "STS") == 0
    assert count(code, "BAR") == 1
    it_copies_past_the_registers_and_stores_as_wide_as_it_may(variant, code, depth=16)


def a_tensor_core_multiplies_there_and_copies_past_the_registers(variant, code):
    channels, columns = variant.tile
    down, across = channels // 2 // 16, columns // 2 // 8  # small matrices of a warp
    products = {"tf32": 1, "tf32x3": 3}[variant.precision]
    assert count(code, "FFMA") == 0
    assert count(code, "HMMA") == code["HMMA.1688.F32.TF32"] == down * across * 16 // 8 * products
    assert code["LDS"] >= 16 // 8 * (4 * down + 2 * across)  # the small matrices
    it_writes_its_tile_along_the_rows(variant, code, down, across)
    it_copies_past_the_registers_and_stores_as_wide_as_it_may(variant, code, depth=16)


def it_writes_its_tile_along_the_rows(variant, code, down, across):
    assert count(code, "BAR") == 1 + 2 * down
    assert code["STS.64"] == 2 * down * across
    narrow = code["STS.U16"] if variant.dtype != "float32" else 0
    assert count(code, "STS") == code["STS.64"] + narrow
    assert (code["LDS.128"] > 0) == (variant.x_width > 1)


def sixteen_bits_take_pairs_from_ldmatrix_and_sixteen_channels_at_once(variant, code):
    channels, columns = variant.tile
    down, across = channels // (threads(variant) // 64) // 16, columns // 2 // 8
    name = {"bfloat16": "HMMA.16816.F32.BF16", "float16": "HMMA.16816.F32"}[variant.dtype]
    assert count(code, "FFMA") == 0
    assert count(code, "HMMA") == code[name] == down * across * 32 // 16
    assert count(code, "LDSM") == code["LDSM.16.M88.4"] + code["LDSM.16.MT88.4"]
    assert (code["LDSM.16.M88.4"], code["LDSM.16.MT88.4"]) == (2 * down, across)
    assert count(code, "LDS") == code["LDS.128" if variant.x_width > 1 else "LDS"]
    it_writes_its_tile_along_the_rows(variant, code, down, across)
    it_copies_past_the_registers_and_stores_as_wide_as_it_may(variant, code, depth=32)


def a_split_sum_loads_four_at_a_time_and_adds_up_in_shuffles_or_shared_memory(variant, code):
    shuffles = 5 * variant.tile[1] if variant.one_pixel else 0
    assert count(code, "FFMA") > 0
    assert code["LDG.E.128.CONSTANT"] > 0
    assert count(code, "SHFL") == shuffles
    assert count(code, "BAR") == (0 if variant.one_pixel else 1)


CHECKS = {
    "naive": a_plain_step_multiplies_without_tensor_cores,
    "coalesced": a_plain_step_multiplies_without_tensor_cores,
    "shared_tile": a_plain_step_multiplies_without_tensor_cores,
    "register_blocking": a_plain_step_multiplies_without_tensor_cores,
    "register_tile": a_register_tile_multiplies_out_of_registers_and_moves_float4s,
    "one_pixel": a_split_sum_loads_four_at_a_time_and_adds_up_in_shuffles_or_shared_memory,
    "split_k": a_split_sum_loads_four_at_a_time_and_adds_up_in_shuffles_or_shared_memory,
    "tensor_core": a_tensor_core_multiplies_there_and_copies_past_the_registers,
    "sixteen_bits": sixteen_bits_take_pairs_from_ldmatrix_and_sixteen_channels_at_once,
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_fits_a_multiprocessor_and_has_the_instructions_that_the_design_intends(name):
    variant = VARIANTS[name]
    binary = compile_variant(variant, "sm_90")
    assert (binary.cubin[:4], binary.spilled) == (b"\x7fELF", 0)
    assert 0 < binary.registers * threads(variant) <= 65_536
    assert binary.shared_memory <= 48 * 1024
    assert binary.shared_memory + variant.shared_memory <= 227 * 1024
    if reason := disassembler_unavailable_reason():
        pytest.skip(reason)
    code = instructions(binary)
    assert count(code, "LDL", "STL") == 0
    if name not in ("coalesced", "one_pixel_1_scalar", "one_pixel_8_scalar"):
        CHECKS[variant.step](variant, code)


def test_background_copies_are_refused_before_compute_capability_8():
    for name in ("register_64x128", "tf32_64x128", "tf32x3_64x128", "bf16_64x128", "f16_64x128_x4"):
        with pytest.raises(RuntimeError, match=rf"NVRTC refuses {re.escape(VARIANTS[name].expression)} for sm_75"):
            compile_variant(VARIANTS[name], "sm_75")
    for name in ("shared_tile", "register_blocking"):
        assert compile_variant(VARIANTS[name], "sm_75").spilled == 0


def test_a_mistake_in_the_source_is_reported_with_its_line():
    code = edited("naive", "float sum = 0.0f;", "flaot sum = 0.0f;")
    line = code[: code.index("flaot")].count("\n") + 1
    with pytest.raises(RuntimeError, match=rf"pointwise.cu\({line}\): error"):
        compile_variant(VARIANTS["naive"], code=code)


def test_spills_are_counted():
    code = edited("register_tile", "(383 + THREADS) / THREADS)", "4)")
    assert compile_variant(VARIANTS["register_64x128"], code=code).spilled > 0


def test_without_nvrtc_or_nvdisasm_one_sentence_says_so(monkeypatch):
    def missing(name=None):
        raise OSError("not found\nand more")

    monkeypatch.setattr(_nvrtc, "_library", missing)
    monkeypatch.setattr(_sass, "_disassembler", lambda: None)
    _nvrtc.unavailable_reason.cache_clear()
    try:
        sentence = "NVRTC is not installed (pip install nvidia-cuda-nvrtc): not found"
        assert _nvrtc.unavailable_reason() == sentence
        with pytest.raises(RuntimeError, match="NVRTC is not installed"):
            compile_variant(VARIANTS["naive"])
        with pytest.raises(RuntimeError, match="nvdisasm is not installed"):
            instructions(None)
    finally:
        _nvrtc.unavailable_reason.cache_clear()
