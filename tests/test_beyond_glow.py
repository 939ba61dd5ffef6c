"""The invertible 1x1 convolution: rotations, determinants by autograd, the way back, the factors of the paper."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import beyond

FLOWS = [beyond.InvertibleConv1x1, beyond.InvertibleConv1x1LU]
every_flow = pytest.mark.parametrize("kind", FLOWS)


def randomised(kind, channels, seed=0):
    """A flow in float64 with all parameters moved away from their initial values."""
    torch.manual_seed(seed)
    flow = kind(channels).double()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter += 0.5 * torch.randn_like(parameter)
    return flow


def test_a_random_rotation_is_orthogonal_no_reflection_and_prefers_no_direction():
    torch.manual_seed(0)
    for channels in (1, 2, 3, 8):
        for _ in range(10):
            rotation = beyond.random_rotation(channels)
            torch.testing.assert_close(rotation @ rotation.T, torch.eye(channels), atol=1e-5, rtol=0)
            assert torch.linalg.det(rotation) > 0
    torch.manual_seed(0)
    rotations = torch.stack([beyond.random_rotation(3) for _ in range(300)])
    assert rotations.mean(dim=0).abs().max() < 0.17  # five standard errors, sqrt(1 / 3 / 300) each
    torch.testing.assert_close(rotations.square().mean(dim=0), torch.full((3, 3), 1 / 3), atol=0.1, rtol=0)


@every_flow
def test_a_flow_begins_as_a_rotation(kind):
    torch.manual_seed(0)
    layer = kind(5)
    torch.testing.assert_close(layer.matrix() @ layer.matrix().T, torch.eye(5), atol=1e-5, rtol=0)
    _, log_det = layer(torch.randn(1, 5, 3, 3))
    assert log_det.shape == ()
    assert abs(log_det.item()) < 1e-4


@every_flow
@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_the_log_determinant_is_that_of_autograds_jacobian(kind, channels, height, width, seed):
    layer, x = randomised(kind, channels, seed), torch.randn(1, channels, height, width, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x)[0], x).reshape(x.numel(), x.numel())
    torch.testing.assert_close(layer(x)[1], torch.linalg.slogdet(jacobian).logabsdet)


@every_flow
@pytest.mark.parametrize("shape", [(2, 4, 3, 5), (1, 4, 1, 1), (0, 4, 2, 2)])
def test_a_flow_is_undone(kind, shape):
    layer, x = randomised(kind, 4), torch.randn(shape, dtype=torch.float64)
    y, _ = layer(x)
    by_hand = torch.einsum("oc,nchw->nohw", layer.matrix(), x)
    torch.testing.assert_close(y, by_hand)
    torch.testing.assert_close(layer.inverse(y), x)
    last = y.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(layer.inverse(last), x)


@every_flow
def test_autocast_rounds_the_maps_and_neither_matrix_determinant_nor_inverse(kind):
    layer, x = randomised(kind, 4).float(), torch.randn(2, 4, 3, 5)
    (y, log_det), matrix, back = layer(x), layer.matrix(), layer.inverse(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded, same = layer(x)
        assert rounded.dtype == nn.Conv2d(4, 4, 1)(x).dtype
        assert all(map(torch.equal, (same, layer.matrix(), layer.inverse(x)), (log_det, matrix, back)))
        undone = layer.inverse(rounded)
    assert torch.equal(undone, layer.inverse(rounded.float()))
    torch.testing.assert_close(layer.inverse(y), x, rtol=0, atol=1e-4)


def test_the_factors_are_what_the_paper_says():
    layer = randomised(beyond.InvertibleConv1x1LU, 5)
    permutation, lower, upper = layer.factors()
    assert sorted(permutation.argmax(dim=1).tolist()) == list(range(5))
    assert permutation.sum() == 5
    assert torch.equal(lower.diagonal(), torch.ones(5, dtype=torch.float64))
    assert not lower.triu(1).any()
    assert not upper.tril(-1).any()
    torch.testing.assert_close(upper.diagonal(), layer.sign_s * layer.log_s.exp())
    torch.testing.assert_close(layer.matrix(), permutation @ lower @ upper)
    assert set(layer.state_dict()) == {"permutation", "sign_s", "lower", "upper", "log_s"}


def test_what_is_trained_has_as_many_free_numbers_as_the_matrix():
    layer = beyond.InvertibleConv1x1LU(5)
    (layer(torch.randn(2, 5, 3, 3))[0].square().sum() + layer.log_abs_det()).backward()
    used = {name: int((p.grad != 0).sum()) for name, p in layer.named_parameters()}
    assert used == {"lower": 10, "upper": 10, "log_s": 5}


@every_flow
def test_bad_input_is_named(kind):
    layer = kind(3)
    with pytest.raises(ValueError, match=r"x must have shape \(N, C_in, H, W\), got \(3, 3, 2\)"):
        layer(torch.zeros(3, 3, 2))
    with pytest.raises(ValueError, match=r"y must have shape \(N, C, H, W\), got \(3, 3, 2\)"):
        layer.inverse(torch.zeros(3, 3, 2))
    with pytest.raises(RuntimeError, match="4"):  # torch names both shapes
        layer.inverse(torch.zeros(1, 4, 2, 2))
