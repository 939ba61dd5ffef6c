import contextlib
import math
import threading
from functools import partial, reduce

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.attention.flex_attention import flex_attention
from torch.utils.flop_counter import FlopCounterMode, register_flop_formula

from companion import cost, kernels
from companion.cost import Cost, _products
from tests.refusals import refusals

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


@st.composite
def convolutions(draw):
    """Arguments of a random convolution that fits its input."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    groups = draw(st.integers(1, 3))
    kernel_size, stride, dilation = draw(pairs), draw(pairs), draw(pairs)
    padding = draw(st.sampled_from(["valid", "same"]) | st.tuples(st.integers(0, 3), st.integers(0, 3)))
    size = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    if padding == "same":
        stride = (1, 1)
    else:
        p = (0, 0) if padding == "valid" else padding
        assume(all(n + 2 * q > d * (k - 1) for n, q, d, k in zip(size, p, dilation, kernel_size, strict=True)))
    layer = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    layer |= {f"{side}_channels": groups * draw(st.integers(1, 3)) for side in ("in", "out")}
    layer |= {"groups": groups, "bias": draw(st.booleans())}
    return layer, size, draw(st.integers(0, 2))


class Calls(nn.Module):
    """Calls a function as its forward, and holds what it is given."""

    def __init__(self, function, **held):
        super().__init__()
        self.function = function
        for name, value in held.items():
            setattr(self, name, value)

    def forward(self, *args, **kwargs):
        return self.function(self, *args, **kwargs)


# The formulas


def test_figures_of_the_book_are_reproduced():
    assert cost.conv2d(256, 256, 3, bias=False).weights == 589_824
    assert cost.conv2d(256, 64, 1, bias=False).weights == 16_384
    assert cost.conv2d(64, 256, 3, bias=False).weights == 147_456
    assert cost.conv2d(256, 32, 5, size=28, padding="same", bias=False).weights == 204_800
    reduce = cost.conv2d(192, 16, 1, size=28)
    assert cost.conv2d(192, 32, 5, size=28, padding=2).macs == 120_422_400
    assert (reduce + cost.conv2d(16, 32, 5, size=28, padding=2)).macs == 12_443_648


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


def test_the_cost_is_of_one_position_without_a_size_and_of_half_the_bytes_in_half_precision():
    one = cost.conv2d(8, 16, (3, 5), padding=1, stride=2, dilation=2)
    assert one == cost.conv2d(8, 16, (3, 5), dilation=2, size=(5, 9))
    assert one.macs == one.weights == 16 * 8 * 15
    single, half = cost.conv2d(8, 4, 1, size=7), cost.conv2d(8, 4, 1, size=7, bytes_per_element=2)
    assert (half.bytes_read, half.bytes_written) == (single.bytes_read / 2, single.bytes_written / 2)
    assert (half.macs, half.parameters) == (single.macs, single.parameters)
    assert half == cost.count(nn.Conv2d(8, 4, 1).half(), (1, 8, 7, 7)).total


# Counting a module


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kind", [f"{kind}{d}d" for kind in ("Conv", "ConvTranspose") for d in (1, 2, 3)])
def test_count_agrees_with_torch_in_one_two_and_three_dimensions_and_transposed(kind, groups):
    module = getattr(nn, kind)(4, 6, 3, stride=2, padding=1, groups=groups)
    x = torch.zeros(2, 4, *(7, 6, 5)[: len(module.kernel_size)])
    total = cost.count(module, tuple(x.shape)).total
    assert total.macs == macs_by_torch(module, x)
    assert (total.bytes_read, total.bytes_written) == bytes_by_running(module, x)


def test_counting_allocates_neither_weights_nor_activations():
    def spy(self, x):
        seen.extend([x, torch.ones(3), net[0].weight])
        return x

    seen = []
    net = nn.Sequential(nn.Conv2d(3, 1024, 1, device="meta"), Calls(spy), nn.ReLU())
    table = cost.count(net, (1, 3, 100_000, 100_000))  # 41 TB a map: it could not be allocated
    assert table.total.macs == 3 * 1024 * 100_000**2
    assert all(tensor.is_meta for tensor in seen)


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


def test_a_layer_works_as_often_as_it_is_called_and_weighs_once():
    twice, once = Calls(lambda self, x: self.mix(self.mix(x)), mix=nn.Conv2d(8, 8, 1)), cost.conv2d(8, 8, 1, size=5)
    row = cost.count(twice, (1, 8, 5, 5))["mix"]
    assert (row.calls, row.weights, row.macs, row.bytes) == (2, once.weights, 2 * once.macs, 2 * once.bytes)
    head = Calls(lambda self, x: self.used(x), used=nn.Linear(4, 2), unused=nn.Linear(4, 3))
    row = cost.count(head, (1, 4))["unused"]
    assert (row.calls, row.output_shape, row.parameters, row.macs, row.bytes) == (0, None, 15, 0, 0)


def test_shared_parameters_are_counted_in_the_first_row_that_has_them():
    net = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    net[1].weight = net[0].weight
    table = cost.count(net, (3, 8))
    assert [(row.weights, row.biases, row.macs) for row in table] == [(64, 8, 192), (0, 8, 192)]
    assert table.total.parameters == sum(p.numel() for p in net.parameters())
    assert table[0].bytes_read == table[1].bytes_read


def test_products_outside_of_layers_are_counted_in_the_module_that_calls_them():
    def forward(self, x):
        y = self.relu(F.conv2d(x, self.weight, groups=2))  # (N, 6, H, W)
        return torch.einsum("nchw,ndhw->ncd", y, y)

    block = Calls(forward, weight=nn.Parameter(torch.zeros(6, 2, 1, 1)), relu=nn.ReLU())
    row = cost.count(nn.Sequential(block), (2, 4, 3, 3))["0"]
    conv, gram = 2 * 9 * 12, 2 * 6 * 6 * 9
    assert row.macs == conv + gram == macs_by_torch(block, torch.zeros(2, 4, 3, 3))
    assert (row.weights, row.kernel_size, row.groups, row.is_pointwise) == (12, (1, 1), 2, True)
    assert row.bytes_read == 4 * (2 * 4 * 9 + 12 + 2 * (2 * 6 * 9))
    assert row.bytes_written == 4 * (2 * 6 * 9 + 2 * 6 * 6)


def test_attention_is_counted_with_its_hidden_projection():
    x, module = torch.zeros(3, 5, 8), nn.MultiheadAttention(8, num_heads=2, batch_first=True)
    total = cost.count(module, inputs=(x, x, x)).total
    projections, scores = 4 * 3 * 5 * 8 * 8, 2 * 3 * 5 * 5 * 8
    assert total.macs == projections + scores
    assert total.parameters == sum(p.numel() for p in module.parameters())


def test_layers_without_products_cost_bytes_but_no_macs():
    net = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1))
    rows = cost.count(net, (1, 8, 4, 4)).rows
    assert [row.macs for row in rows] == [0, 0, 0, 0]
    assert [row.intensity for row in rows] == [0, 0, 0, 0]
    assert [(row.weights, row.biases, row.affine) for row in rows] == [(0, 0, 16), *[(0, 0, 0)] * 3]
    assert [row.bytes_read // 4 for row in rows] == [128 + 16, 128, 128, 32]
    assert [row.bytes_written // 4 for row in rows] == [128, 128, 32, 8]


class Inference(nn.Linear):
    @torch.inference_mode()
    def forward(self, x):
        return super().forward(x)


@pytest.mark.parametrize(
    ("layer", "input_size", "wanted"),
    [
        *((passes_on, (2, 3, 4), Cost()) for passes_on in (nn.Identity(), nn.Flatten(), nn.Dropout())),
        *((nn.ReLU(in_place), (2, 3), Cost(bytes_read=24, bytes_written=24)) for in_place in (False, True)),
        (nn.LayerNorm((2, 3, 3)), (1, 2, 3, 3), Cost(affine=36, bytes_read=4 * (18 + 36), bytes_written=4 * 18)),
        (nn.Conv2d(3, 8, 1), (0, 3, 5, 5), Cost(weights=24, biases=8, bytes_read=4 * 32)),
        (Inference(3, 4), (2, 5, 3), cost.linear(3, 4, batch=10)),
    ],
)
def test_what_single_layers_cost(layer, input_size, wanted):
    assert cost.count(layer, input_size).total == wanted


def test_the_input_has_the_dtype_that_is_asked_for():
    assert cost.count(nn.Embedding(10, 4), (2, 3), dtype=torch.long).total.bytes_read == 2 * 3 * 8 + 10 * 4 * 4


# Calls that are made later.
conv2d = partial(partial, cost.conv2d, in_channels=8, out_channels=6, kernel_size=1)
linear = partial(partial, cost.linear, in_features=8, out_features=6)
relu = partial(partial, cost.count, module=nn.ReLU(), input_size=(1, 3))
TOO_WIDE = conv2d(kernel_size=5, size=(8, 2), padding=1)
DEEP = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.Linear(9, 2)))


def count(module, *args, **options):
    return lambda: cost.count(module, *args, **options)


test_bad_input_is_refused = refusals(
    (conv2d(in_channels=0), "in_channels must be at least 1, got 0"),
    (conv2d(out_channels=-4), "out_channels must be at least 1, got -4"),
    (conv2d(in_channels=8.0), "in_channels must be an int, got float", TypeError),
    (conv2d(kernel_size=0), "kernel_size must be at least 1, got 0"),
    (conv2d(kernel_size=(3, 3, 3)), "must be an int or two ints, got 3 values"),
    (conv2d(size=(8, 0)), r"size\[1\] must be at least 1, got 0"),
    (conv2d(stride=0), "stride must be at least 1, got 0"),
    (conv2d(dilation=(1, -1)), r"dilation\[1\] must be at least 1, got -1"),
    (conv2d(padding=-1), "padding must be at least 0, got -1"),
    (conv2d(padding="full"), '"same" or "valid", got \'full\''),
    (conv2d(padding="same", stride=2), r"needs stride 1, got \(2, 2\)"),
    (conv2d(groups=3), "got groups=3, in_channels=8 and out_channels=6"),
    (conv2d(groups=4), "got groups=4, in_channels=8 and out_channels=6"),
    (conv2d(batch=-1), "batch must be at least 0, got -1"),
    (conv2d(bytes_per_element=0), "bytes_per_element must be at least 1, got 0"),
    (conv2d(bias=None), "bias must be a bool, got NoneType", TypeError),
    (TOO_WIDE, r"kernel_size must fit into the padded input \(10, 4\), got an extent of \(5, 5\)"),
    (linear(in_features=0), "in_features must be at least 1, got 0"),
    (linear(out_features=True), "out_features must be an int, got bool", TypeError),
    (linear(batch=1.5), "batch must be an int, got float", TypeError),
    (linear(bias=1), "bias must be a bool, got int", TypeError),
    (relu(module=nn.ReLU), "must be a torch.nn.Module, got the class ReLU", TypeError),
    (relu(module="net"), "module must be a torch.nn.Module, got str", TypeError),
    (relu(input_size="12"), "input_size must be a sequence of ints, got str", TypeError),
    (relu(input_size=(1, 3.0)), r"input_size\[1\] must be an int, got float", TypeError),
    (relu(input_size=()), "input_size must have at least one axis"),
    (relu(input_size=(1, 0)), r"input_size\[1\] must be at least 1, got 0"),
    (relu(input_size=(-1, 3)), r"input_size\[0\] must be at least 0, got -1"),
    (relu(input_size=(2**62, 4)), r"fewer than 2\*\*63 bytes, got \(46"),
    (relu(input_size=(2**64,)), r"fewer than 2\*\*63 bytes, got \(18"),
    (relu(dtype="float32"), "dtype must be a torch.dtype, got str", TypeError),
    (relu(dtype=torch.cfloat), "module and input must be real, got complex", TypeError),
    (relu(module=nn.Linear(3, 4, dtype=torch.cfloat)), "must be real, got complex numbers", TypeError),
    (relu(inputs=()), "input_size and dtype must be left out where inputs", TypeError),
    (count(nn.ReLU(), kwargs={}, dtype=torch.half), "dtype must be left out", TypeError),
    (count(nn.ReLU(), inputs=torch.ones(1)), "inputs must be a tuple .* Tensor", TypeError),
    (count(nn.ReLU(), kwargs=[1]), "kwargs must be a dict, got list", TypeError),
    (count(nn.Conv2d(3, 8, 5), (3, 32, 32)), r"\(3, 32, 32\) .* 4 axes, the batch first"),
    (count(nn.Conv2d(3, 8, 5), (3, 32)), r"\(3, 32\) .* 4 axes, the batch first"),
    (count(nn.Conv2d(3, 8, 5), (1, 4, 9, 9)), r"\(1, 4, 9, 9\) does not fit Conv2d"),
    (count(nn.Conv2d(3, 8, 5), (1, 3, 4, 9)), r"4, 9\) does not fit.*Kernel size"),
    (relu(module=nn.LazyLinear(8)), "must have been run once, .* 'weight'"),
    (count(DEEP, (1, 3, 9, 9)), r"layer '1.0', Linear\(in_features=9, .*\), was given \(1, 4, 7, 7\)"),
    (count(nn.ReLU(), inputs=()), r"inputs=\(\) does not fit ReLU: .*'input'"),
)


def running(function):
    return count(nn.Sequential(Calls(function)), (1, 3))


test_count_refuses_a_module_that_does_not_run = refusals(
    (running(lambda self, x: x if x.sum() > 0 else -x), "shapes alone, .*: layer '0', .* asks for the values"),
    (running(lambda self, x: x[x > 0]), "asks for the values"),
    (running(lambda self, x: x.tolist()), "Tensor.tolist asks for the values"),
    (running(lambda self, x: x.numpy()), "Tensor.numpy asks for the values"),
    (running(lambda self, x: torch.bincount(x.long())), "aten.bincount asks for the values"),
    (running(lambda self, x: x.to_sparse()), "aten._to_sparse has no kernel for shapes alone"),
    (running(lambda self, x: torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,))), "on shapes alone, .* cond"),
    (running(lambda self, x: flex_attention(*[x.new_ones(1, 1, 16, 16)] * 3)), "on shapes alone, .* meta device"),
    (running(lambda self, x: torch._assert(x.shape[1] == 4, "No 4")), r"\(1, 3\) does not fit .*: No 4"),
    (running(lambda self, x: {}["missing"]), "does not fit .*'missing'"),
    (running(lambda self, x: self(x)), "module must be nested less deeply"),
)


@pytest.mark.filterwarnings("ignore:`torch.jit")  # the category differs by version
def test_count_refuses_a_module_that_it_cannot_copy_or_watch():
    class Single(nn.Module):
        def __deepcopy__(self, memo):
            return self

    ddp = nn.Module.__new__(nn.parallel.DistributedDataParallel)
    nn.Module.__init__(ddp)
    for module, message in (
        (torch.jit.script(nn.Conv2d(3, 4, 1)), "must be plain Python, got a RecursiveScriptModule"),
        (Calls(None, lock=threading.Lock()), "must be one that can be copied, got {}: Calls{}: .*lock"),
        (Single(), "must be one that can be copied, got Single"),
        (ddp, "must be the network that DistributedDataParallel holds, got that"),
    ):
        with pytest.raises(ValueError, match=message.format("Calls", "")):
            cost.count(module, (1, 3, 5, 5))
        with pytest.raises(ValueError, match=message.format("Sequential", " as layer '0'")):
            cost.count(nn.Sequential(module), (1, 3, 5, 5))


# What is counted, and what is named instead


def ones(*shape, dtype=None):
    return torch.ones(shape, dtype=dtype)


def rows():
    return ones(2, 7, dtype=torch.int64)


def complex_ones(*shape):
    return torch.complex(ones(*shape), ones(*shape))


@pytest.mark.parametrize(
    ("function", "macs"),
    [
        (lambda: ones(3, 5) @ ones(5), 15),
        (lambda: torch.addmv(ones(3), ones(3, 5), ones(5)), 15),
        (lambda: ones(3).addmv_(ones(3, 5), ones(5)), 15),
        (lambda: torch.dot(ones(5), ones(5)), 5),
        (lambda: torch.vdot(ones(5), ones(5)), 5),
        (lambda: torch.linalg.vecdot(ones(5), ones(5)), 5),
        (lambda: torch.linalg.vecdot(ones(3, 1, 5), ones(2, 5)), 30),
        (lambda: torch.addbmm(ones(3, 5), ones(2, 3, 4), ones(2, 4, 5)), 120),
        (lambda: ones(3, 5).addbmm_(ones(2, 3, 4), ones(2, 4, 5)), 120),
        (lambda: ones(3, 5).addmm_(ones(3, 4), ones(4, 5)), 60),
        (lambda: ones(2, 3, 5).baddbmm_(ones(2, 3, 4), ones(2, 4, 5)), 120),
        (lambda: torch.mm(ones(3, 4), ones(4, 5), out=ones(3, 5)), 60),
        (lambda: torch.addr(ones(3, 5), ones(3), ones(5)), 15),
        (lambda: ones(3, 5).addr_(ones(3), vec2=ones(5), beta=2), 15),
        (lambda: F.embedding_bag(rows(), ones(10, 4), mode="sum", per_sample_weights=ones(2, 7)), 2 * 7 * 4),
        (lambda: F.embedding_bag(rows(), ones(10, 4), mode="sum"), 0),
        (lambda: F.embedding_bag(rows(), ones(10, 4).requires_grad_(), mode="mean"), 0),
        (lambda: F.affine_grid(ones(2, 2, 3), [2, 1, 4, 5], align_corners=False), 2 * 4 * 5 * 2 * 3),
        (lambda: F.affine_grid(ones(2, 3, 4), [2, 1, 4, 5, 6], align_corners=False), 2 * 4 * 5 * 6 * 3 * 4),
        (lambda: torch._addmm_activation(ones(5), ones(3, 4), ones(4, 5)), 60),
        (lambda: torch._int_mm(ones(32, 16, dtype=torch.int8), ones(16, 8, dtype=torch.int8)), 32 * 16 * 8),
        (lambda: torch.conv_tbc(ones(7, 2, 3), ones(3, 3, 4), ones(4), 1), 7 * 2 * 4 * 9),
        (lambda: F.bilinear(ones(5, 2), ones(5, 3), ones(4, 2, 3)), 5 * (4 * 2 * 3 + 4 * 3)),
        (lambda: torch.einsum("bn,anm,bm->ba", ones(5, 2), ones(4, 2, 3), ones(5, 3)), 5 * (4 * 2 * 3 + 4 * 3)),
        (lambda: F.scaled_dot_product_attention(*[ones(2, 3, 4, 8)] * 3), 2 * 2 * 3 * 4 * 4 * 8),
        (lambda: complex_ones(3, 4) @ complex_ones(4, 5), 4 * 60),
        (lambda: torch.vdot(complex_ones(5), complex_ones(5)), 4 * 5),
        (lambda: torch.linalg.vecdot(complex_ones(3, 5), complex_ones(3, 5)), 4 * 15),
        (lambda: F.conv2d(complex_ones(1, 2, 5, 5), complex_ones(3, 2, 1, 1)), 3 * 2 * 3 * 25),
        (lambda: kernels.pointwise_conv(ones(2, 64, 7, 7), ones(32, 64)), 2 * 49 * 64 * 32),  # the package's own
        (lambda: ones(3, 5) * ones(5), 0),
    ],
)
def test_products_are_counted_where_torch_has_a_formula_and_where_it_has_none(function, macs):
    total = cost.count(Calls(lambda self, x: function()), (1,)).total
    assert (total.macs, total.uncounted) == (macs, ())


def test_a_bag_without_factors_is_no_product_and_one_with_them_is():
    for factors, bytes_read in ((None, 0), (ones(2, 7), 4 * (10 * 4 + 14) + 8 * (14 + 2))):
        module = Calls(
            lambda self, x, w=factors: F.embedding_bag(rows(), ones(10, 4), mode="sum", per_sample_weights=w)
        )
        module.child = nn.Identity()  # a module with children has the bytes of its products
        assert cost.count(module, (1,)).total.bytes_read == bytes_read


@pytest.mark.skipif(not hasattr(torch, "_grouped_mm"), reason="this torch has no grouped products")
@pytest.mark.parametrize(
    ("left", "right", "macs"),
    [
        ((32, 16), (2, 16, 8), 32 * 16 * 8),
        ((2, 32, 16), (16, 8), 32 * 16 * 8),
        ((32, 16), (16, 8), 32 * 16 * 8),
        ((2, 32, 16), (2, 16, 8), 2 * 32 * 16 * 8),
    ],
)
def test_groups_of_rows_columns_or_terms_share_one_product(left, right, macs):
    offsets = None if len(left) == len(right) == 3 else ones(2, dtype=torch.int32)
    operands = ones(*left, dtype=torch.bfloat16), ones(*right, dtype=torch.bfloat16)
    module = Calls(lambda self, a, b: torch._grouped_mm(a, b, offs=offsets))
    assert cost.count(module, inputs=operands).total.macs == macs


def test_what_has_no_formula_is_named_until_one_is_registered():
    @torch.library.custom_op("companion_tests::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    twice.register_fake(torch.empty_like)
    net = nn.Sequential(Calls(lambda self, x: twice(x)), nn.Linear(3, 2))
    table = cost.count(net, (1, 3))
    assert (table[0].uncounted, table[1].uncounted) == (("companion_tests.twice",), ())
    assert (table.total.macs, table.total.uncounted) == (6, ("companion_tests.twice",))
    assert "6 MACs without companion_tests.twice, " in str(table.total)
    assert repr(table).endswith("\n\n1. Not counted: companion_tests.twice in 0")
    assert "<li>Not counted: companion_tests.twice in 0</li>" in table._repr_html_()
    register_flop_formula(torch.ops.companion_tests.twice)(lambda x_shape, **_: 2 * x_shape[1])
    assert (cost.count(net, (1, 3)).total.macs, cost.count(net, (1, 3)).total.uncounted) == (9, ())


@pytest.mark.parametrize("name", ["fft.fft", "linalg.inv", "linalg.qr", "linalg.svd", "linalg.cholesky"])
def test_transforms_and_decompositions_are_named(name):
    function = reduce(getattr, name.split("."), torch)
    row = cost.count(nn.Sequential(Calls(lambda self, x: function(x)), nn.ReLU())[:1], (3, 3))["0"]
    assert len(row.uncounted) == 1
    assert name.split(".")[-1][:3] in row.uncounted[0]


def test_hooks_of_others_are_not_run_but_named_and_those_of_torch_are_run():
    net, seen = nn.Sequential(nn.Linear(3, 4), nn.utils.spectral_norm(nn.Linear(4, 5))), []
    net[0].register_forward_pre_hook(lambda *given: seen.append(given))
    net[0].register_full_backward_hook(lambda *given: seen.append(given))
    net.register_forward_hook(lambda *given, **named: seen.append(given), with_kwargs=True)
    table = cost.count(net, (1, 3))
    assert seen == []
    assert {row.name: row.uncounted for row in table} == {"": ("forward hooks",), "0": ("forward hooks",), "1": ()}
    assert table["1"].macs == 20 + 20 + 5  # the layer, W v, and u with that


# What the copy has of the module


class Helper:
    def __init__(self, tensor):
        self.tensors = {"deep": [(tensor,)]}


@pytest.mark.parametrize("after_a_run", [False, True])
def test_tensors_are_found_wherever_a_module_keeps_them(after_a_run):
    def forward(self, x):
        self.cache.setdefault(x.device.type, self.l.weight * 1)  # as LevIt keeps its biases
        x = x * self.held[0] * self.helper.tensors["deep"][0][0] * elsewhere
        return self.l(x + self.cache[x.device.type][0])

    elsewhere = torch.ones(4)
    for held in ([torch.ones(4)], (torch.ones(4),), {0: torch.ones(4)}, [nn.Parameter(torch.ones(4)) * 2]):
        module = Calls(forward, l=nn.Linear(4, 2), held=held, helper=Helper(torch.ones(4)), cache={})
        if after_a_run:
            module(torch.ones(3, 4))
        assert cost.count(module, (3, 4)).total.macs == 24


def test_a_tensor_that_is_sent_to_a_device_stays_without_data():
    module = Calls(lambda self, x: self.l(x.to(self.device)), l=nn.Linear(4, 2), device=torch.device("cpu"))
    assert cost.count(module, (3, 4)).total.macs == 24


def test_several_inputs_are_given_as_they_are_called():
    x, y = torch.ones(2, 3), torch.ones(3, 4, device="meta")
    for function, inputs, kwargs in (
        (lambda self, x, y: x @ y, (x, y), None),
        (lambda self, x, *, y: x @ y, [x], {"y": y}),
        (lambda self, *, x, y: x @ y, None, {"x": x, "y": y}),
        (lambda self, both: both["x"] @ both["y"], ({"x": x, "y": y},), None),
    ):
        table = cost.count(Calls(function), inputs=inputs, kwargs=kwargs)
        assert table.total == Cost(macs=24, bytes_read=72, bytes_written=32)
        assert table.caption == "Calls, inputs (2, 3), (3, 4)"
    assert cost.count(nn.Linear(3, 4), inputs=(x,)).rows == cost.count(nn.Linear(3, 4), (2, 3)).rows


def test_parameters_and_what_is_shared_stay_what_they_are():
    def forward(self, x):
        seen.extend([self.learned, self.fixed, self.plain, self.listed[0], self.alias])
        return x

    seen, plain, learned = [], torch.ones(2, requires_grad=True) * 2, nn.Parameter(torch.ones(2))
    plain.note = "kept"  # and copy.deepcopy alone would refuse it
    fixed = nn.Parameter(torch.ones(2), requires_grad=False)
    module = Calls(forward, learned=learned, fixed=fixed, plain=plain, listed=[learned], alias=plain)
    cost.count(module, (1,))
    assert all(tensor.is_meta for tensor in seen)
    assert [isinstance(tensor, nn.Parameter) for tensor in seen] == [True, True, False, True, False]
    assert [tensor.requires_grad for tensor in seen] == [True, False, True, True, True]
    assert seen[0] is seen[3] is not learned
    assert seen[2] is seen[4]
    assert seen[2].note == "kept"


def test_work_after_an_error_that_forward_catches_is_not_lost():
    def forward(self, x):
        with contextlib.suppress(RuntimeError):
            self.wrong(x)
        return self.right(x)

    module = Calls(forward, wrong=nn.Sequential(nn.Linear(9, 9)), right=nn.Linear(3, 4))
    assert cost.count(nn.Sequential(module, nn.Linear(4, 5)), (1, 3)).total.macs == 12 + 20


@pytest.mark.parametrize("out_channels", [1, 4])
def test_a_deformable_convolution_costs_what_a_plain_one_of_its_size_does(out_channels):
    class Operator:  # torchvision's, by its name
        __str__ = staticmethod(lambda: "torchvision.deform_conv2d")

    x, weight = torch.empty(2, 3, 6, 6), torch.empty(out_channels, 3, 3, 3)
    out = torch.empty(2, out_channels, 4, 4)
    macs = _products.formula(Operator())((x, weight, None), {}, out)
    assert macs == cost.conv2d(3, out_channels, kernel_size=3, size=6, bias=False).macs * 2
