import itertools
import math
import threading

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from companion import cost
from companion.bottleneck import Bottleneck
from companion.cost import Cost

# torch's remark on odd amounts of "same" padding; what is counted does not depend on it.
same_padding_is_copied = pytest.mark.filterwarnings("ignore:Using padding='same'")


def macs_by_torch(module, x):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(x)
    return counter.get_total_flops() / 2


def bytes_by_running(module, x):
    """Run on real tensors and measure them: (bytes read, bytes written)."""
    with torch.no_grad():
        return sum(t.nbytes for t in [x, *module.parameters()]), module(x).nbytes


def macs_one_by_one(shape, out_channels, kernel_size, stride, padding, dilation, groups):
    """Slide the kernel over the padded picture and count every single multiplication."""
    batch, in_channels, *size = shape
    starts = []
    for extent, k, s, p, d in zip(size, kernel_size, stride, padding, dilation, strict=True):
        positions = range(-p, extent + p)
        starts.append([x for x in positions[::s] if x + d * (k - 1) in positions])
    count = 0
    for _image, out_channel, _y, _x in itertools.product(range(batch), range(out_channels), *starts):
        for in_channel in range(in_channels):
            hears = in_channel * groups // in_channels == out_channel * groups // out_channels
            for _tap in itertools.product(*map(range, kernel_size)):
                count += hears
    return count


@st.composite
def convolutions(draw, largest=6):
    """Arguments of a random convolution that fits its input."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    groups = draw(st.integers(1, 3))
    kernel_size, stride, dilation = draw(pairs), draw(pairs), draw(pairs)
    padding = draw(st.sampled_from(["valid", "same"]) | st.tuples(st.integers(0, 3), st.integers(0, 3)))
    size = draw(st.tuples(st.integers(1, largest), st.integers(1, largest)))
    if padding == "same":
        stride = (1, 1)
    else:
        p = (0, 0) if padding == "valid" else padding
        assume(all(n + 2 * q > d * (k - 1) for n, q, d, k in zip(size, p, dilation, kernel_size, strict=True)))
    layer = {
        "in_channels": groups * draw(st.integers(1, 3)),
        "out_channels": groups * draw(st.integers(1, 3)),
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "bias": draw(st.booleans()),
    }
    return layer, size, draw(st.integers(0, 2))


def resnet50():
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for width, blocks in [(64, 3), (128, 4), (256, 6), (512, 3)]:
        for block in range(blocks):
            layers.append(Bottleneck(channels, width, 4 * width, stride=2 if block == 0 and width > 64 else 1))
            channels = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


# The formulas


def test_figures_of_the_book_are_reproduced():
    assert cost.conv2d(256, 256, 3, bias=False).weights == 589_824
    assert cost.conv2d(256, 64, 1, bias=False).weights == 16_384
    assert cost.conv2d(64, 256, 3, bias=False).weights == 147_456
    direct = cost.conv2d(256, 32, 5, size=28, padding="same", bias=False)
    assert (direct.weights, direct.macs) == (204_800, 160_563_200)
    reduce = cost.conv2d(256, 16, 1, size=28, bias=False)
    reduced = reduce + cost.conv2d(16, 32, 5, size=28, padding=2, bias=False)
    assert (reduced.weights, reduced.macs) == (16_896, 13_246_464)


def test_figures_of_inception_3a_are_reproduced():
    reduce = cost.conv2d(192, 16, 1, size=28)
    assert cost.conv2d(192, 32, 5, size=28, padding=2).macs == 120_422_400
    assert (reduce + cost.conv2d(16, 32, 5, size=28, padding=2)).macs == 12_443_648


@given(convolutions(largest=4))
@settings(max_examples=40, deadline=None)
def test_conv2d_counts_every_single_multiplication(case):
    layer, size, batch = case
    assume(layer["padding"] != "same")  # its padding may be lopsided; held against torch below
    expected = macs_one_by_one(
        (batch, layer["in_channels"], *size),
        layer["out_channels"],
        layer["kernel_size"],
        layer["stride"],
        (0, 0) if layer["padding"] == "valid" else layer["padding"],
        layer["dilation"],
        layer["groups"],
    )
    assert cost.conv2d(**layer, size=size, batch=batch).macs == expected


@same_padding_is_copied
@given(convolutions())
@settings(max_examples=80, deadline=None)
def test_conv2d_and_count_agree_with_torch_on_any_convolution(case):
    layer, size, batch = case
    module, x = nn.Conv2d(**layer), torch.zeros(batch, layer["in_channels"], *size)
    formula, table = cost.conv2d(**layer, size=size, batch=batch), cost.count(module, tuple(x.shape))
    assert formula == table.total
    assert formula.macs == macs_by_torch(module, x)
    assert (formula.bytes_read, formula.bytes_written) == bytes_by_running(module, x)
    assert formula.parameters == sum(p.numel() for p in module.parameters())
    assert (table[0].kernel_size, table[0].groups) == (layer["kernel_size"], layer["groups"])


@given(st.integers(1, 9), st.integers(1, 9), st.booleans(), st.lists(st.integers(1, 4), max_size=3))
@settings(max_examples=40, deadline=None)
def test_linear_and_count_agree_with_torch_on_any_linear_layer(in_features, out_features, bias, rows):
    module = nn.Linear(in_features, out_features, bias)
    x = torch.zeros(*rows, in_features)
    formula = cost.linear(in_features, out_features, bias=bias, batch=math.prod(rows))
    assert formula == cost.count(module, tuple(x.shape)).total
    assert formula.macs == macs_by_torch(module, x)
    assert (formula.bytes_read, formula.bytes_written) == bytes_by_running(module, x)


def test_without_a_size_the_cost_is_that_of_one_output_position():
    one = cost.conv2d(8, 16, (3, 5), padding=1, stride=2, dilation=2)
    assert one == cost.conv2d(8, 16, (3, 5), dilation=2, size=(5, 9))
    assert one.macs == one.weights == 16 * 8 * 15


def test_half_precision_halves_the_bytes_and_nothing_else():
    single, half = cost.conv2d(8, 4, 1, size=7), cost.conv2d(8, 4, 1, size=7, bytes_per_element=2)
    assert (half.bytes_read, half.bytes_written) == (single.bytes_read / 2, single.bytes_written / 2)
    assert (half.macs, half.parameters) == (single.macs, single.parameters)
    assert half == cost.count(nn.Conv2d(8, 4, 1).half(), (1, 8, 7, 7)).total


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"in_channels": 0}, ValueError, "in_channels must be at least 1, got 0"),
        ({"out_channels": -4}, ValueError, "out_channels must be at least 1, got -4"),
        ({"in_channels": 8.0}, TypeError, "in_channels must be an int, got float"),
        ({"kernel_size": 0}, ValueError, "kernel_size must be at least 1, got 0"),
        ({"kernel_size": "3"}, TypeError, "kernel_size must be an int, got str"),
        ({"kernel_size": (3, 3, 3)}, ValueError, "kernel_size must be an int or two ints, got 3 values"),
        ({"size": (8, 0)}, ValueError, r"size\[1\] must be at least 1, got 0"),
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"dilation": (1, -1)}, ValueError, r"dilation\[1\] must be at least 1, got -1"),
        ({"padding": -1}, ValueError, "padding must be at least 0, got -1"),
        ({"padding": "full"}, ValueError, '"same" or "valid", got \'full\''),
        ({"padding": "same", "stride": 2}, ValueError, r"needs stride 1, got \(2, 2\)"),
        ({"groups": 3}, ValueError, "groups must divide .* got groups=3, in_channels=8 and out_channels=6"),
        ({"groups": 4}, ValueError, "groups must divide .* got groups=4, in_channels=8 and out_channels=6"),
        ({"batch": -1}, ValueError, "batch must be at least 0, got -1"),
        ({"bytes_per_element": 0}, ValueError, "bytes_per_element must be at least 1, got 0"),
        ({"bias": None}, TypeError, "bias must be a bool, got NoneType"),
        (
            {"kernel_size": 5, "size": (8, 2), "padding": 1},
            ValueError,
            r"kernel_size must fit into the padded input \(10, 4\), got an extent of \(5, 5\)",
        ),
    ],
)
def test_conv2d_refuses_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        cost.conv2d(**{"in_channels": 8, "out_channels": 6, "kernel_size": 1, **arguments})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"in_features": 0}, ValueError, "in_features must be at least 1, got 0"),
        ({"out_features": True}, TypeError, "out_features must be an int, got bool"),
        ({"batch": 1.5}, TypeError, "batch must be an int, got float"),
        ({"bias": 1}, TypeError, "bias must be a bool, got int"),
    ],
)
def test_linear_refuses_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        cost.linear(**{"in_features": 8, "out_features": 6, **arguments})


# Counting a module


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    "kind", [nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d]
)
def test_count_agrees_with_torch_in_one_two_and_three_dimensions_and_transposed(kind, groups):
    module = kind(4, 6, 3, stride=2, padding=1, groups=groups)
    x = torch.zeros(2, 4, *(7, 6, 5)[: len(module.kernel_size)])
    total = cost.count(module, tuple(x.shape)).total
    assert total.macs == macs_by_torch(module, x)
    assert (total.bytes_read, total.bytes_written) == bytes_by_running(module, x)


def test_resnet_50_has_its_published_parameters_and_macs():
    table = cost.count(resnet50(), (1, 3, 224, 224))
    assert table.total.parameters == 25_557_032
    assert table.total.macs == 4_089_184_256
    assert round(table.share(lambda layer: layer.is_pointwise), 3) == 0.518
    assert table.total.affine == sum(row.parameters for row in table if row.kind == "BatchNorm2d") == 53_120


def test_counting_allocates_neither_weights_nor_activations():
    class Spy(nn.Module):
        def forward(self, x):
            seen.extend([x, torch.ones(3), net[0].weight])
            return x

    seen = []
    net = nn.Sequential(nn.Conv2d(3, 1024, 1, device="meta"), Spy(), nn.ReLU())
    table = cost.count(net, (1, 3, 100_000, 100_000))  # 41 TB a map: it could not be allocated
    assert table.total.macs == 3 * 1024 * 100_000**2
    assert all(tensor.is_meta for tensor in seen)


def test_counting_copies_no_weight_to_memory():
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    net[0].mask = torch.ones(4, requires_grad=True) * 2  # copy.deepcopy alone would refuse it
    given = {p.data_ptr() for p in net.parameters()}
    seen = []
    net[0].register_forward_hook(lambda layer, *_: seen.extend([*layer.parameters(), layer.mask]))
    cost.count(net, (2, 4))
    assert len(seen) == 3
    assert all(tensor.is_meta for tensor in seen)
    assert {p.data_ptr() for p in net.parameters()} == given


@pytest.mark.parametrize("input_size", [(2, 3, 8, 8), (2, 4, 8, 8)])
def test_the_module_is_left_as_it_was_even_after_an_error(input_size):
    class Remembers(nn.Conv2d):
        calls = 0

        def forward(self, x):
            self.calls += 1
            torch.rand(1, device="cpu")
            return super().forward(F.dropout(x, 0.5, training=True))

    net = nn.Sequential(Remembers(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())
    net[1].eval()
    parameters, modules = list(net.parameters()), list(net.modules())
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    random_state = torch.get_rng_state()
    try:
        cost.count(net, input_size)
    except ValueError:
        assert input_size[1] != 3
    assert all(a is b for a, b in zip(net.parameters(), parameters, strict=True))
    assert all(a is b for a, b in zip(net.modules(), modules, strict=True))
    assert [module.training for module in modules] == [True, True, False, True]
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(tensor.device.type == "cpu" and tensor.grad is None for tensor in parameters)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
    assert net[0].calls == 0
    assert torch.equal(torch.get_rng_state(), random_state)
    assert torch.is_grad_enabled()
    assert torch.ones(1).device.type == "cpu"


def test_a_layer_called_twice_works_twice_and_weighs_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = nn.Conv2d(8, 8, 1)

        def forward(self, x):
            return self.mix(self.mix(x))

    once = cost.conv2d(8, 8, 1, size=5)
    row = cost.count(Twice(), (1, 8, 5, 5))["mix"]
    assert (row.calls, row.weights, row.macs, row.bytes) == (2, once.weights, 2 * once.macs, 2 * once.bytes)


def test_shared_parameters_are_counted_in_the_first_row_that_has_them():
    net = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    net[1].weight = net[0].weight
    table = cost.count(net, (3, 8))
    assert [(row.weights, row.biases, row.macs) for row in table] == [(64, 8, 192), (0, 8, 192)]
    assert table.total.parameters == sum(p.numel() for p in net.parameters())
    assert table[0].bytes_read == table[1].bytes_read


def test_a_layer_that_is_never_called_keeps_its_parameters():
    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(4, 2), nn.Linear(4, 3)

        def forward(self, x):
            return self.used(x)

    row = cost.count(Head(), (1, 4))["unused"]
    assert (row.calls, row.output_shape, row.parameters, row.macs, row.bytes) == (0, None, 15, 0, 0)


def test_products_outside_of_layers_are_counted_in_the_module_that_calls_them():
    class Block(nn.Module):
        """A 1x1 convolution with a weight of its own, a matrix product, and a child."""

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(6, 2, 1, 1))
            self.relu = nn.ReLU()

        def forward(self, x):
            y = self.relu(F.conv2d(x, self.weight, groups=2))  # (N, 6, H, W)
            return torch.einsum("nchw,ndhw->ncd", y, y)

    x = torch.zeros(2, 4, 3, 3)
    row = cost.count(nn.Sequential(Block()), (2, 4, 3, 3))["0"]
    conv, gram = 2 * 9 * 12, 2 * 6 * 6 * 9
    assert row.macs == conv + gram == macs_by_torch(Block(), x)
    assert (row.weights, row.kernel_size, row.groups, row.is_pointwise) == (12, (1, 1), 2, True)
    assert row.bytes_read == 4 * (2 * 4 * 9 + 12 + 2 * (2 * 6 * 9))
    assert row.bytes_written == 4 * (2 * 6 * 9 + 2 * 6 * 6)


def test_attention_is_counted_with_its_hidden_projection():
    class SelfAttention(nn.MultiheadAttention):
        def forward(self, x):
            return super().forward(x, x, x)

    module = SelfAttention(8, num_heads=2, batch_first=True)
    total = cost.count(module, (3, 5, 8)).total
    projections, scores = 4 * 3 * 5 * 8 * 8, 2 * 3 * 5 * 5 * 8
    assert total.macs == projections + scores
    assert total.parameters == sum(p.numel() for p in module.parameters())


def test_products_with_one_vector_are_counted_though_torch_leaves_them_out():
    class Products(nn.Module):
        def forward(self, x):
            v = torch.ones(x.shape[1])
            return x @ v + torch.addmv(torch.ones(len(x)), x, v) + torch.dot(v, v)

    assert cost.count(Products(), (3, 5)).total.macs == 15 + 15 + 5


def test_a_linear_layer_is_counted_in_inference_mode_too():
    class Inference(nn.Linear):
        @torch.inference_mode()
        def forward(self, x):
            return super().forward(x)

    assert cost.count(Inference(3, 4), (2, 5, 3)).total.macs == 2 * 5 * 12


def test_layers_without_products_cost_bytes_but_no_macs():
    net = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1))
    rows = cost.count(net, (1, 8, 4, 4)).rows
    assert [row.macs for row in rows] == [0, 0, 0, 0]
    assert [row.intensity for row in rows] == [0, 0, 0, 0]
    assert [(row.weights, row.biases, row.affine) for row in rows] == [(0, 0, 16), *[(0, 0, 0)] * 3]
    assert [row.bytes_read // 4 for row in rows] == [128 + 16, 128, 128, 32]
    assert [row.bytes_written // 4 for row in rows] == [128, 128, 32, 8]


@pytest.mark.parametrize("layer", [nn.Identity(), nn.Flatten(), nn.Dropout()])
def test_a_layer_that_passes_its_input_on_moves_no_byte(layer):
    assert cost.count(layer, (2, 3, 4)).total == Cost()


def test_a_layer_that_works_in_place_moves_as_many_bytes_as_one_that_does_not():
    assert cost.count(nn.ReLU(inplace=True), (2, 3)).total == cost.count(nn.ReLU(), (2, 3)).total
    assert cost.count(nn.ReLU(), (2, 3)).total == Cost(bytes_read=24, bytes_written=24)


def test_a_layer_norm_over_a_whole_map_has_no_weights():
    assert cost.count(nn.LayerNorm((2, 3, 3)), (1, 2, 3, 3)).total.affine == 36


def test_an_empty_batch_costs_no_mac():
    total = cost.count(nn.Conv2d(3, 8, 1), (0, 3, 5, 5)).total
    assert (total.macs, total.bytes_written, total.bytes_read) == (0, 0, 4 * 32)


def test_the_input_has_the_dtype_that_is_asked_for():
    assert cost.count(nn.Embedding(10, 4), (2, 3), dtype=torch.long).total.bytes_read == 2 * 3 * 8 + 10 * 4 * 4


@pytest.mark.parametrize(
    ("module", "input_size", "error", "message"),
    [
        (nn.ReLU, (1, 3), TypeError, "module must be a torch.nn.Module, got the class ReLU"),
        ("net", (1, 3), TypeError, "module must be a torch.nn.Module, got str"),
        (nn.ReLU(), 3, TypeError, "input_size must be a sequence of ints, got int"),
        (nn.ReLU(), "12", TypeError, "input_size must be a sequence of ints, got str"),
        (nn.ReLU(), (1, 3.0), TypeError, r"input_size\[1\] must be an int, got float"),
        (nn.ReLU(), (), ValueError, "input_size must have at least one axis"),
        (nn.ReLU(), (1, 0), ValueError, r"input_size\[1\] must be at least 1, got 0"),
        (nn.ReLU(), (-1, 3), ValueError, r"input_size\[0\] must be at least 0, got -1"),
        (nn.Conv2d(3, 8, 1), (3, 32, 32), ValueError, r"input_size \(3, 32, 32\) .* 4 axes, the batch first"),
        (nn.Conv2d(3, 8, 1), (3, 32), ValueError, r"input_size \(3, 32\) .* 4 axes, the batch first"),
        (nn.Conv1d(3, 8, 1), (1, 3, 9, 9), ValueError, r"input_size \(1, 3, 9, 9\) .* 3 axes, the batch first"),
        (nn.Conv2d(3, 8, 1), (1, 4, 9, 9), ValueError, r"input_size \(1, 4, 9, 9\) does not fit Conv2d"),
        (nn.Conv2d(3, 8, 5), (1, 3, 4, 9), ValueError, r"(?s)input_size \(1, 3, 4, 9\) does not fit.*Kernel size"),
        (nn.LazyConv2d(8, 1), (1, 3, 9, 9), ValueError, "module must have been run once, .* got lazy 'weight'"),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.Linear(9, 2))),
            (1, 3, 9, 9),
            ValueError,
            r"layer '1.0', Linear\(in_features=9, .*\), was given \(1, 4, 7, 7\)",
        ),
    ],
)
def test_count_refuses_bad_input(module, input_size, error, message):
    with pytest.raises(error, match=message):
        cost.count(module, input_size)


class Locked(nn.Module):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


def test_count_refuses_a_module_that_cannot_be_copied():
    with pytest.raises(ValueError, match=r"module must be one that can be copied, got Sequential: .*lock"):
        cost.count(nn.Sequential(Locked()), (1, 3))


@pytest.mark.filterwarnings("ignore:`torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize(("nested", "where"), [(False, "$"), (True, " as layer '0'$")])
def test_count_refuses_a_script_module(nested, where):
    script = torch.jit.script(nn.Conv2d(3, 4, 1))
    with pytest.raises(ValueError, match="module must be plain Python, got a RecursiveScriptModule" + where):
        cost.count(nn.Sequential(script) if nested else script, (1, 3, 5, 5))


def test_count_refuses_complex_numbers():
    with pytest.raises(TypeError, match="module and input must be real, got complex numbers"):
        cost.count(nn.Conv2d(3, 4, 1, dtype=torch.complex64), (1, 3, 5, 5))
    with pytest.raises(TypeError, match="module and input must be real, got complex numbers"):
        cost.count(nn.ReLU(), (1, 3), dtype=torch.complex64)
