"""What ``pointwise.compare`` finds in right and in wrong forms."""

import math

import pytest
import torch

from companion import pointwise
from companion.pointwise import FORMS, _compare
from tests.refusals import refusals


def inputs(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator).to(dtype) for shape in ((2, 5, 4, 3), (4, 5), (4,))]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-5)])
def test_all_forms_are_equal(dtype, tolerance):
    report = pointwise.compare(*inputs(dtype))
    assert list(report) == list(FORMS)
    assert max(agreement.worst for agreement in report.values()) < tolerance


@pytest.mark.parametrize("wrong", ["output", "grad_x", "grad_weight", "grad_bias"])
def test_a_wrong_form_is_seen(monkeypatch, wrong):
    def broken(*given):  # the right value with half of one gradient, or the wrong value
        names = ("grad_x", "grad_weight", "grad_bias")
        given = [t / 2 + t.detach() / 2 if name == wrong else t for name, t in zip(names, given, strict=True)]
        return pointwise.matmul(*given) + (0.5 if wrong == "output" else 0)

    monkeypatch.setattr(_compare, "FORMS", {"broken": broken})
    agreement = pointwise.compare(*inputs())["broken"]
    assert getattr(agreement, wrong) > 0.01
    assert agreement.worst == getattr(agreement, wrong)


def test_forms_run_in_the_given_dtype_and_memory_format_and_the_definition_in_float64(monkeypatch):
    x, weight, bias = inputs(torch.float32)
    seen = []
    monkeypatch.setattr(_compare, "FORMS", {"seen": lambda *given: seen.extend(given) or pointwise.matmul(*given)})
    agreement = pointwise.compare(x.contiguous(memory_format=torch.channels_last), weight, bias)["seen"]
    assert [tensor.dtype for tensor in seen] == [torch.float32] * 3
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    exact = pointwise.einsum(x.double(), weight.double(), bias.double())
    error = ((pointwise.matmul(*seen) - exact).abs().max() / exact.abs().max()).item()  # in the same layout
    assert agreement.output == pytest.approx(error, rel=1e-3)
    assert 1e-9 < error < 1e-6


def test_the_largest_difference_is_given_as_a_share_of_the_largest_value(monkeypatch):
    x, weight, bias = inputs()
    spot = torch.zeros(2, 4, 4, 3, dtype=torch.float64)
    spot[1, 2, 0, 1] = -0.5
    monkeypatch.setattr(_compare, "FORMS", {"spotted": lambda *given: pointwise.matmul(*given) + spot})
    agreement = pointwise.compare(x, weight, bias)["spotted"]
    assert agreement.output == pytest.approx(0.5 / pointwise.einsum(x, weight, bias).abs().max().item())
    assert max(agreement.grad_x, agreement.grad_weight, agreement.grad_bias) < 1e-14


def test_nothing_is_divided_by_zero(monkeypatch):
    zeros = [torch.zeros_like(tensor) for tensor in inputs()]
    assert max(agreement.worst for agreement in pointwise.compare(*zeros).values()) < 1e-6
    monkeypatch.setattr(_compare, "FORMS", {"shifted": lambda *given: pointwise.matmul(*given) + 0.25})
    assert pointwise.compare(*zeros)["shifted"].output == 0.25


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_not_hidden(bad):
    x, weight, bias = inputs()
    x[0, 0, 0, 0] = bad
    for agreement in pointwise.compare(x, weight, bias).values():
        assert math.isnan(agreement.worst)


@pytest.mark.parametrize("place", range(4))
def test_the_worst_of_four_is_the_largest_or_not_a_number(place):
    numbers = [0.0] * 4
    numbers[place] = 0.5
    assert pointwise.Agreement(*numbers).worst == 0.5
    numbers[place] = math.nan
    assert math.isnan(pointwise.Agreement(*numbers).worst)


def test_no_gradient_mode_is_needed_and_the_inputs_are_left_alone():
    tensors = inputs()
    with torch.no_grad():
        assert pointwise.compare(*tensors)["linear"].worst < 1e-14
        assert not torch.is_grad_enabled()
    assert not any(tensor.requires_grad for tensor in tensors)


X, WEIGHT, BIAS = inputs()
test_bad_input_is_named = refusals(
    (lambda: pointwise.compare(X, WEIGHT, None), "bias must be a torch.Tensor, got NoneType", TypeError),
    (lambda: pointwise.compare(X, WEIGHT, BIAS[:3]), "bias must have C_out = 4 values, got 3"),
    (lambda: pointwise.compare(X[:0], WEIGHT, BIAS), r"x and weight must not be empty, got shapes \(0, 5, 4, 3\)"),
    (lambda: pointwise.compare(X, WEIGHT[:0], BIAS[:0]), r"must not be empty, .* \(0, 5\)"),
)
