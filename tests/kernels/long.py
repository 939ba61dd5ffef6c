"""What takes too long for each day, and ``make kernels-long`` runs: every variant on many layers, for every GPU."""

import numpy as np
import pytest

from companion.kernels import ARCHITECTURES, VARIANTS, compile_variant
from tests.kernels.arrays import check_random_case, needs_compiler, needs_nvrtc

CASES = 200


@needs_compiler
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_two_hundred_random_cases_of_each_variant_agree_with_float64(variant):
    rng = np.random.default_rng([*VARIANTS].index(variant.name))
    for case in range(CASES):
        check_random_case(variant, case, rng)


@needs_nvrtc
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", VARIANTS)
def test_no_variant_spills_on_any_architecture(name, architecture):
    assert compile_variant(VARIANTS[name], architecture).spilled == 0
