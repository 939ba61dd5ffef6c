"""What the compiler for GPUs makes of the kernels: it needs no GPU, and shows what the design intends."""

from functools import cache

import pytest

from companion.kernels import ARCHITECTURES, VARIANTS, _nvrtc, _sass, compile_variant, edited, instructions
from tests.kernels.arrays import ONE_A_STEP, needs_disassembler, needs_nvrtc, variants_of

pytestmark = needs_nvrtc

compiled = cache(compile_variant)


def count(code, *names):
    return sum(number for name, number in code.items() if name.split(".")[0] in names)


def threads(variant):
    return variant.block[0] * (variant.block[1] if len(variant.block) > 1 else 1)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", ONE_A_STEP)
def test_every_step_compiles_for_every_architecture_and_keeps_all_in_registers(name, architecture):
    binary = compiled(VARIANTS[name], architecture)
    assert (binary.cubin[:4], binary.spilled) == (b"\x7fELF", 0)


@pytest.mark.parametrize("name", VARIANTS)
def test_no_variant_spills_and_its_block_fits_a_multiprocessor(name):
    variant = VARIANTS[name]
    binary = compiled(variant, "sm_90")
    assert binary.spilled == 0
    assert 0 < binary.registers * threads(variant) <= 65_536
    assert binary.shared_memory <= 48 * 1024
    assert binary.shared_memory + variant.shared_memory <= 227 * 1024


def a_plain_step_multiplies_without_tensor_cores(variant, code):
    assert count(code, "FFMA") > 0
    assert count(code, "HMMA") == 0
    outputs = 8 if variant.step == "register_blocking" else 1  # of a thread; the ends differ by what may be null
    assert count(code, "STG") in (outputs, 3 * outputs)
    assert count(code, "BAR") == (2 if variant.tile else 0)


def a_register_tile_multiplies_out_of_registers_and_moves_float4s(variant, code):
    channels, columns = variant.tile
    outputs = channels * columns // threads(variant)
    assert count(code, "HMMA") == 0
    assert count(code, "FFMA") == 16 * outputs  # once for each of the 16 input channels of a tile
    assert count(code, "LDS") == code["LDS.128"] == 4 * outputs // 8 + 16 * 2  # weights, and pixels
    assert count(code, "STS") == 0
    assert count(code, "BAR") == 1
    assert (code["LDGSTS.E.BYPASS.128"] > 0) == (variant.weight_width == 4)
    if variant.x_width == 4:
        assert count(code, "LDGSTS") == code["LDGSTS.E.BYPASS.128"]
        assert count(code, "STG") == code["STG.E.128"] > 0
    else:  # which shows that these counts can fail
        assert count(code, "STG") == code["STG.E"] >= outputs


def a_tensor_core_multiplies_there_and_copies_past_the_registers(variant, code):
    channels, columns = variant.tile
    of_a_warp = channels * columns // 4 // (16 * 8)
    assert count(code, "FFMA") == 0
    assert count(code, "HMMA") == code["HMMA.1688.F32.TF32"] == of_a_warp * 32 // 8
    assert count(code, "LDGSTS") > 0
    assert count(code, "BAR") == 1
    if variant.x_width == 4:
        assert count(code, "LDGSTS") == code["LDGSTS.E.BYPASS.128"]
        assert count(code, "STG") == code["STG.E.64"] > 0
    else:
        assert code["LDGSTS.E"] > 0
        assert (code["LDGSTS.E.BYPASS.128"] > 0) == (variant.weight_width == 4)


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
}


@needs_disassembler
@pytest.mark.parametrize(
    "name",
    [
        "naive",
        "shared_tile",
        "register_blocking",
        *(variant.name for variant in variants_of("register_tile") if variant.x_width == 4),
        "register_64x128_scalar",
        "tf32_128x128",
        "tf32_64x128_scalar_x",
        "one_pixel_1",
        "one_pixel_8",
        "split_k",
    ],
)
def test_the_instructions_are_those_that_the_design_intends(name):
    variant = VARIANTS[name]
    code = instructions(compiled(variant, "sm_90"))
    assert count(code, "LDL", "STL") == 0
    CHECKS[variant.step](variant, code)


def test_background_copies_are_refused_before_compute_capability_8():
    with pytest.raises(RuntimeError, match="NVRTC refuses pointwise_tensor_core<64, 128, 4, 4> for sm_75"):
        compile_variant(VARIANTS["tf32_64x128"], "sm_75")
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
