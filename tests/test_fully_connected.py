import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from companion import fully_connected


def classifier(padding=0):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=padding),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * (4 if padding else 3) ** 2, 6),
        nn.ReLU(),
        nn.Linear(6, 5),
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_a_kernel_as_large_as_the_map_is_a_fully_connected_layer(channels, height, width, bias):
    layer = nn.Linear(channels * height * width, 3, bias=bias, dtype=torch.float64)
    x = torch.randn(2, channels, height, width, dtype=torch.float64)
    conv = fully_connected.linear_as_conv2d(layer, channels, height, width)
    torch.testing.assert_close(conv(x).flatten(1), layer(x.flatten(1)))
    assert sum(p.numel() for p in conv.parameters()) == sum(p.numel() for p in layer.parameters())


def test_the_convolution_owns_its_weights():
    layer = nn.Linear(4, 2)
    conv = fully_connected.linear_as_conv2d(layer, 4)
    assert conv.kernel_size == (1, 1)
    with torch.no_grad():
        layer.weight.zero_()
    assert conv.weight.abs().sum() > 0


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


def test_the_model_keeps_its_mode():
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(4, 2))
    fully_connected.fully_convolutional(model, (1, 2, 2))
    assert model.training
    assert model[0].num_batches_tracked == 0


def test_bad_input_is_named():
    with pytest.raises(TypeError, match=r"layer must be an nn\.Linear, got Conv2d"):
        fully_connected.linear_as_conv2d(nn.Conv2d(1, 1, 1), 1)
    with pytest.raises(ValueError, match=r"in_features = 12, got 3 \* 2 \* 3 = 18"):
        fully_connected.linear_as_conv2d(nn.Linear(12, 1), 3, 2, 3)
    with pytest.raises(ValueError, match="height must be at least 1, got 0"):
        fully_connected.linear_as_conv2d(nn.Linear(12, 1), 12, 0)
    with pytest.raises(TypeError, match=r"model must be an nn\.Sequential, got Linear"):
        fully_connected.fully_convolutional(nn.Linear(1, 1), (1, 1, 1))
    with pytest.raises(ValueError, match=r"nn\.Flatten before its first nn\.Linear"):
        fully_connected.fully_convolutional(nn.Sequential(nn.Linear(8, 2)), (1, 8, 8))
