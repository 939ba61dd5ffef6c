"""Fully connected layers and the convolutions that stand in for them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import fully_connected
from tests.refusals import refusals


def classifier(padding=0):
    maps = nn.Conv2d(1, 4, 3, padding=padding), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    return nn.Sequential(*maps, nn.Linear(4 * (3 + padding) ** 2, 6), nn.ReLU(), nn.Linear(6, 5))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_a_kernel_as_large_as_the_map_is_a_fully_connected_layer(channels, height, width, bias):
    layer = nn.Linear(channels * height * width, 3, bias=bias, dtype=torch.float64)
    x = torch.randn(2, channels, height, width, dtype=torch.float64)
    conv = fully_connected.linear_as_conv2d(layer, channels, height, width)
    torch.testing.assert_close(conv(x).flatten(1), layer(x.flatten(1)))
    assert sum(p.numel() for p in conv.parameters()) == sum(p.numel() for p in layer.parameters())


def test_rewriting_draws_no_random_number_and_keeps_what_is_frozen():
    layer, model = nn.Linear(12, 2), classifier()
    layer.weight.requires_grad_(False)
    before = torch.get_rng_state()
    conv = fully_connected.linear_as_conv2d(layer, 3, 2, 2)
    fully_connected.fully_convolutional(model, (1, 8, 8))
    assert torch.equal(torch.get_rng_state(), before)
    assert (conv.weight.requires_grad, conv.bias.requires_grad) == (False, True)
    with torch.no_grad():
        layer.weight.zero_()
    assert conv.weight.abs().sum() > 0, "the convolution owns its weights"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_layer_without_data_gives_a_convolution_without_data(dtype):
    layer = nn.Linear(512 * 7 * 7, 4096, device="meta", dtype=dtype)
    conv = fully_connected.linear_as_conv2d(layer, 512, 7, 7)
    assert conv.weight.is_meta
    assert conv.bias.is_meta
    assert (conv.weight.dtype, conv.weight.shape) == (dtype, (4096, 512, 7, 7))
    sliding = fully_connected.fully_convolutional(nn.Sequential(nn.Flatten(), layer), (512, 7, 7))
    assert sliding[0].weight.is_meta


def test_sliding_gives_the_scores_of_every_crop():
    torch.manual_seed(0)
    model, x = classifier().double(), torch.randn(2, 1, 14, 18, dtype=torch.float64)
    scores = fully_connected.fully_convolutional(model, (1, 8, 8))(x)  # a score every 2 pixels
    assert scores.shape == (2, 5, 4, 6)
    for i in range(4):
        for j in range(6):
            crop = x[:, :, 2 * i : 2 * i + 8, 2 * j : 2 * j + 8]
            torch.testing.assert_close(scores[:, :, i, j], model(crop))


def test_padding_breaks_the_agreement():
    torch.manual_seed(0)
    model, x = classifier(padding=1).double(), torch.randn(1, 1, 16, 16, dtype=torch.float64)
    slid = fully_connected.fully_convolutional(model, (1, 8, 8))
    torch.testing.assert_close(slid(x[:, :, :8, :8]).flatten(1), model(x[:, :, :8, :8]))
    inner = slid(x)[:, :, 2, 2]
    assert (inner - model(x[:, :, 4:12, 4:12])).abs().max() > 1e-3


@pytest.mark.parametrize("training", [True, False])
def test_modes_stay_and_the_result_takes_that_of_the_model(training):
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(), nn.Flatten(), nn.Dropout(), nn.Linear(4, 2))
    model.train(training)
    model[0].train(not training)  # a frozen normalisation, or one alone that learns
    before = [module.training for module in model.modules()]
    result = fully_connected.fully_convolutional(model, (1, 2, 2))
    assert [module.training for module in model.modules()] == before
    assert [layer.training for layer in result] == [not training, training, training, training]
    assert result.training == training
    assert model[0].num_batches_tracked == 0


def test_modes_come_back_after_an_error():
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(4, 2), nn.Softmax(-1))
    model[0].eval()
    with pytest.raises(ValueError, match="got Softmax"):
        fully_connected.fully_convolutional(model, (1, 2, 2))
    assert [module.training for module in model.modules()] == [True, False, True, True, True]


SLIDES = {
    "nothing": [],
    "an activation in place": [nn.ReLU(inplace=True)],
    "dropout": [nn.Dropout()],
    "nothing but zeros": [nn.Threshold(1e9, 0.0)],
    "softmax over the classes": [nn.Softmax(dim=1)],
    "a gate over the channels": [nn.GLU(dim=1), nn.Linear(3, 2)],
    "a sequence": [nn.Sequential(nn.SiLU(), nn.Dropout()), nn.Linear(6, 2)],
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("layers", SLIDES.values(), ids=SLIDES)
def test_what_treats_every_place_alike_may_follow(layers, dtype):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.Flatten(), nn.Tanh(), nn.Linear(3 * 3 * 2, 6), *layers)
    model = model.to(dtype).eval()
    x = torch.randn(2, 2, 4, 4, dtype=dtype)
    scores = fully_connected.fully_convolutional(model, (2, 4, 3))(x)
    for j in range(2):
        torch.testing.assert_close(scores[:, :, 0, j], model(x[..., j : j + 3]), rtol=1e-2, atol=1e-2)


STANDS = {
    "softmax over the last axis": [nn.Softmax(dim=-1)],
    "softmax over the pictures": [nn.Softmax(dim=0)],
    "softmax over one class": [nn.Linear(6, 1), nn.Softmax(dim=-1)],
    "BatchNorm1d": [nn.BatchNorm1d(6)],
    "LayerNorm": [nn.LayerNorm(6)],
    "GroupNorm": [nn.GroupNorm(2, 6)],
    "a recurrent layer": [nn.LSTM(6, 2)],
    "Unflatten": [nn.Unflatten(1, (6, 1, 1))],
}


@pytest.mark.parametrize("layers", STANDS.values(), ids=STANDS)
def test_what_would_not_slide_is_refused(layers):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 36, 6), *layers)
    kind = type(layers[-1]).__name__
    with pytest.raises(ValueError, match=rf"after nn\.Flatten only nn\.Linear and layers that .* got {kind}\("):
        fully_connected.fully_convolutional(model, (1, 8, 8))


def rewritten(*layers, model=None, size=(1, 8, 8)):
    return lambda: fully_connected.fully_convolutional(model or nn.Sequential(*layers), size)


def as_conv(*sizes, layer=None):
    return lambda: fully_connected.linear_as_conv2d(nn.Linear(4, 2) if layer is None else layer, *sizes)


test_a_layer_that_reads_no_map_is_refused = refusals(
    (as_conv(1, 1, 1), r"in_features = 4, got 1 \* 1 \* 1 = 1"),
    (as_conv(-2, -2, 1), "channels must be at least 1, got -2"),
    (as_conv(1, -4, -1), "height must be at least 1, got -4"),
    (as_conv(4.0, 1, 1), "channels must be an int, got float", TypeError),
    (as_conv(4, True, 1), "height must be an int, got bool", TypeError),
    (as_conv(4, 1, 1, layer=nn.Conv2d(4, 2, 1)), r"layer must be an nn\.Linear, got Conv2d", TypeError),
)


NO_LINEAR = rewritten(nn.ReLU(), nn.Flatten())
test_a_model_of_another_form_is_refused = refusals(
    (rewritten(nn.Linear(8, 2)), r"one nn\.Flatten before its first nn\.Linear, got 0 nn\.Flatten"),
    (rewritten(nn.Linear(8, 8), nn.Flatten()), r"one nn\.Flatten before its first nn\.Linear, got 1 nn\.Flatten"),
    (rewritten(nn.Flatten(), nn.Flatten(), nn.Linear(64, 2)), r"one nn\.Flatten .*, got 2 nn\.Flatten"),
    (rewritten(nn.Flatten(0), nn.Linear(64, 2)), r"nn\.Flatten\(start_dim=1, end_dim=-1\), got .*start_dim=0"),
    (rewritten(nn.Flatten(2), nn.Linear(64, 2)), r"nn\.Flatten\(start_dim=1, end_dim=-1\), got .*start_dim=2"),
    (rewritten(nn.Flatten(1, 2)), r"nn\.Flatten\(start_dim=1, end_dim=-1\), got .*start_dim=1, end_dim=2"),
    (rewritten(nn.ReLU(), nn.Sequential(nn.Flatten(), nn.Linear(64, 2))), r"its own layers, got one at '1\.0'"),
    (rewritten(nn.Flatten(), nn.Sequential(nn.ReLU(), nn.Linear(64, 2))), r"its own layers, got one at '1\.1'"),
    (rewritten(nn.Unfold(2), nn.Flatten(), nn.Linear(196, 2)), r"maps \(N, C, H, W\) .* got shape \(1, 4, 49\)"),
    (rewritten(nn.Flatten(), nn.Linear(63, 2)), r"in_features = 63, got 1 \* 8 \* 8 = 64"),
    (rewritten(model=nn.Linear(64, 2)), r"model must be an nn\.Sequential, got Linear", TypeError),
    (rewritten(nn.Flatten(), size=8), "input_size must be a sequence of ints, got int", TypeError),
    (rewritten(nn.Flatten(), size=(8, 8)), r"input_size must be \(C, H, W\), got \(8, 8\)"),
    (rewritten(nn.Flatten(), size=(1, 8, 0)), r"input_size\[2\] must be at least 1, got 0"),
    (NO_LINEAR, r"an nn\.Linear after nn\.Flatten, as it flattens maps of \(8, 8\) pixels"),
)


def test_a_model_without_parameters_will_do():
    model = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.ReLU())
    kinds = [type(layer) for layer in fully_connected.fully_convolutional(model, (1, 8, 8))]
    assert kinds == [nn.AvgPool2d, nn.ReLU]
