"""The operator in torch: on a CPU, with gradients, and in compiled code."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.autograd import forward_ad

from companion.kernels import emulator, pointwise_conv
from companion.kernels._operator import operator, round_to_tf32

ACTIVATIONS = {None: lambda y: y, "relu": torch.relu, "relu6": F.relu6}


def some_tensors(batch=2, in_channels=5, out_channels=7, height=3, width=4, *, dtype=torch.float32, grad=False):
    shapes = (batch, in_channels, height, width), (out_channels, in_channels), (out_channels,)
    shapes = (*shapes, (batch, out_channels, height, width))
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator, dtype=dtype).requires_grad_(grad) for shape in shapes]


def in_torch(x, weight, bias, residual, activation):
    y = F.conv2d(x, weight.reshape(*weight.shape[:2], 1, 1), bias)
    return ACTIVATIONS[activation](y if residual is None else y + residual)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("with_residual", [True, False])
def test_on_a_cpu_it_is_conv2d_bias_shortcut_and_activation(activation, with_bias, with_residual):
    x, weight, bias, residual = some_tensors()
    bias, residual = bias if with_bias else None, 4 * residual if with_residual else None
    y = pointwise_conv(x, weight, bias, activation=activation, residual=residual)
    torch.testing.assert_close(y, in_torch(x, weight, bias, residual, activation))
    assert y.is_contiguous()


def test_a_weight_may_be_that_of_a_convolution_and_a_shortcut_the_input_itself():
    x, weight, _, _ = some_tensors(in_channels=5, out_channels=5)
    y = pointwise_conv(x, weight[:, :, None, None], residual=x)
    torch.testing.assert_close(y, pointwise_conv(x, weight, residual=x), rtol=0, atol=0)
    torch.testing.assert_close(y, F.conv2d(x, weight[:, :, None, None]) + x)


@pytest.mark.parametrize("activation", ["relu", "relu6"])
def test_nan_passes_the_activation_as_in_torch(activation):
    x, weight, _, _ = some_tensors()
    x[0, 0, 0, 0] = torch.nan
    nan = pointwise_conv(x, weight, activation=activation).isnan()
    assert nan[0, :, 0, 0].all()
    assert nan.sum() == 7


def test_tf32_on_a_cpu_rounds_the_operands_as_the_emulated_tensor_core_does():
    x, weight, bias, residual = some_tensors(in_channels=40)
    rounded = in_torch(round_to_tf32(x), round_to_tf32(weight), bias, residual, "relu")
    y = pointwise_conv(x, weight, bias, residual=residual, activation="relu", precision="tf32")
    torch.testing.assert_close(y, rounded, rtol=0, atol=1e-5)
    assert (y - pointwise_conv(x, weight, bias, residual=residual, activation="relu")).abs().max() > 1e-4
    if emulator.unavailable_reason() is None:
        arrays = [tensor.numpy() for tensor in (x, weight, bias, residual)]
        emulated = pointwise_conv(
            *arrays[:3], residual=arrays[3], activation="relu", precision="tf32", variant="tf32_32x128_scalar"
        )
        np.testing.assert_allclose(y.numpy(), emulated, rtol=0, atol=1e-5)


def test_rounding_to_tf32_keeps_what_has_ten_bits_and_what_is_not_finite():
    exact = torch.tensor([0.0, 1.0, -3.5, 1 + 2**-10, 2.0**-126, torch.inf, -torch.inf])
    torch.testing.assert_close(round_to_tf32(exact), exact, rtol=0, atol=0)
    assert round_to_tf32(torch.tensor([torch.nan])).isnan().all()
    x = torch.randn(1000)
    assert ((round_to_tf32(x) - x).abs() <= 2**-11 * x.abs()).all()


@pytest.mark.parametrize("activation", ["relu", "relu6"])
def test_gradients_at_the_corners_of_the_activation_are_those_of_torch(activation):
    corners = torch.tensor([-1.0, 0.0, 3.0, 6.0, 7.0, torch.inf, torch.nan]).reshape(1, 1, 1, 7)
    ours, theirs = corners.clone().requires_grad_(), corners.clone().requires_grad_()
    pointwise_conv(ours, torch.ones(1, 1), activation=activation).sum().backward()
    ACTIVATIONS[activation](theirs).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=0)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_agree_with_differences_in_float64_once_and_twice(activation):
    inputs = some_tensors(1, 3, 2, 2, 2, dtype=torch.float64, grad=True)

    def layer(x, weight, bias, residual):
        return pointwise_conv(x, weight, bias, activation=activation, residual=residual)

    assert torch.autograd.gradcheck(layer, inputs)
    assert torch.autograd.gradgradcheck(layer, inputs)


@pytest.mark.parametrize("frozen", range(4))
def test_frozen_inputs_get_no_gradient(frozen):
    inputs = some_tensors(grad=True)
    inputs[frozen].requires_grad_(False)
    x, weight, bias, residual = inputs
    pointwise_conv(x, weight, bias, residual=residual).sum().backward()  # the gradient of a sum is not contiguous
    assert [tensor.grad is None for tensor in inputs] == [i == frozen for i in range(4)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("activation", "given"), [("relu", 4), (None, 2)])
def test_the_operator_is_one_by_the_rules_of_torch(activation, given):
    x, weight, bias, residual = [*some_tensors(grad=True)[:given], None, None][:4]
    torch.library.opcheck(operator, (x, weight, bias, residual, activation, "ieee", None))


def test_trains_in_compiled_code_in_one_graph_for_any_size():
    @torch.compile(fullgraph=True, dynamic=True, backend="aot_eager")
    def loss(x, weight, bias, residual):
        return pointwise_conv(x, weight, bias, activation="relu", residual=residual).square().sum()

    for size in (3, 6):
        ours, theirs = some_tensors(height=size, grad=True), some_tensors(height=size, grad=True)
        loss(*ours).backward()
        in_torch(*theirs, "relu").square().sum().backward()
        for our, their in zip(ours, theirs, strict=True):
            torch.testing.assert_close(our.grad, their.grad)


@pytest.mark.filterwarnings("ignore")
def test_runs_in_code_that_inductor_made():
    x, weight, bias, residual = some_tensors()
    compiled = torch.compile(lambda *given: pointwise_conv(*given[:3], residual=given[3]), fullgraph=True)
    with torch.no_grad():
        y = compiled(x, weight, bias, residual)
    torch.testing.assert_close(y, pointwise_conv(x, weight, bias, residual=residual), rtol=0, atol=0)


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(some_tensors()[1])

    def forward(self, x):
        return pointwise_conv(x, self.weight, activation="relu")


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_it_computes_as_a_convolution_of_torch_does(compiled, dtype):
    layer, (x, _, _, _) = Layer(), some_tensors()
    call = torch.compile(layer, backend="aot_eager", fullgraph=True) if compiled else layer
    with torch.autocast("cpu", dtype=dtype):
        y = call(x)
        theirs = torch.relu(torch.nn.functional.conv2d(x, layer.weight[:, :, None, None]))
        y_of_half = pointwise_conv(x.to(dtype), layer.weight, activation="relu")  # as the layer before it hands on
        asked = pointwise_conv(x, layer.weight, activation="relu", precision="tf32x3")
    assert y.dtype == y_of_half.dtype == theirs.dtype == dtype
    torch.testing.assert_close(y, theirs, rtol=2e-2, atol=2e-2)
    torch.testing.assert_close(y_of_half, y, rtol=0, atol=0)
    assert asked.dtype == torch.float32
    (grad,) = torch.autograd.grad(y.float().square().sum(), layer.weight)
    (wanted,) = torch.autograd.grad(layer(x).square().sum(), layer.weight)
    assert grad.dtype == torch.float32
    torch.testing.assert_close(grad, wanted, rtol=5e-2, atol=5e-2 * float(wanted.abs().max()))


@pytest.mark.parametrize("dtype", [torch.complex64, torch.bool, torch.int64])
def test_autocast_casts_nothing_that_is_not_floating(dtype):
    x, weight, _, _ = (tensor.to(dtype) for tensor in some_tensors())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with pytest.raises(TypeError, match=f"x must be of dtype float32 or .*, got {str(dtype)[6:]}"):
            pointwise_conv(x, weight)
        with pytest.raises(TypeError, match=f"all arguments must share one dtype, .*{str(dtype)[6:]}"):
            pointwise_conv(x.real.float(), weight)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bits_are_added_in_float32_and_rounded_once(dtype):
    x, weight, bias, residual = (tensor.to(dtype) for tensor in some_tensors())
    y = pointwise_conv(x, weight, bias, residual=residual, activation="relu")
    wide = pointwise_conv(x.float(), weight.float(), bias.float(), residual=residual.float(), activation="relu")
    torch.testing.assert_close(y, wide.to(dtype), rtol=0, atol=0)
    for precision in ("tf32", "tf32x3"):
        with pytest.raises(TypeError, match="x must be of dtype float32, got"):
            pointwise_conv(x, weight, precision=precision)


def derivatives(function):
    """What ``torch.func`` makes of a function of x, weight and bias, in the ways that it has."""
    func, (*inputs, _) = torch.func, some_tensors()
    directions = tuple(torch.cos(tensor) for tensor in inputs)
    batch = torch.stack([inputs[0], 2 * inputs[0]])

    def loss(*inputs):
        return function(*inputs).square().sum()

    return {
        "jvp": func.jvp(function, tuple(inputs), directions)[1],
        "jvp twice": func.jvp(lambda *a: func.jvp(loss, a, directions)[1], tuple(inputs), directions)[1],
        "compiled": torch.compile(func.grad(loss, argnums=1), backend="aot_eager", fullgraph=True)(*inputs),
        "vjp": func.vjp(function, *inputs)[1](torch.ones(2, 7, 3, 4)),
        "grad": func.grad(loss, argnums=(0, 1, 2))(*inputs),
        "jacrev": func.jacrev(function, argnums=2)(*inputs),
        "jacfwd": func.jacfwd(function, argnums=2)(*inputs),
        "hessian": func.hessian(loss, argnums=2)(*inputs),
        "vmap": func.vmap(function, (0, None, None))(batch, *inputs[1:]),
        "vmap of grad": func.vmap(func.grad(loss, argnums=1), (0, None, None))(batch, *inputs[1:]),
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch itself, at the first jvp of a process
@pytest.mark.parametrize("activation", ["relu", "relu6"])
def test_torch_func_transforms_it_as_it_does_conv2d(activation):
    ours = derivatives(lambda x, weight, bias: pointwise_conv(x, weight, bias, activation=activation))
    theirs = derivatives(lambda x, weight, bias: in_torch(x, weight, bias, None, activation))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch itself, at the first jvp of a process
def test_forward_mode_knows_it_too_and_tf32_is_refused_there():
    x, weight, bias, residual = some_tensors()
    with forward_ad.dual_level(), torch.autocast("cpu"):
        dual = forward_ad.make_dual(residual, torch.ones_like(residual))
        assert forward_ad.unpack_dual(pointwise_conv(x, weight, bias, residual=dual)).tangent.eq(1).all()
        with pytest.raises(
            ValueError, match=r"precision must be 'ieee' under torch\.func and forward-mode.*'tf32'"
        ):
            pointwise_conv(x, weight, bias, residual=dual, precision="tf32")
        with pytest.raises(ValueError, match=r"bias must have shape \(7,\)"):
            pointwise_conv(x, weight, bias[:6], residual=dual)


def test_it_is_one_node_of_an_exported_or_traced_graph():
    layer, x = Layer(), some_tensors(batch=3, height=6)[0]
    sizes = {0: torch.export.Dim("batch"), 2: torch.export.Dim("height")}
    exported = torch.export.export(layer, (some_tensors()[0],), dynamic_shapes=(sizes,))
    traced = torch.fx.symbolic_trace(layer)
    for graph, function in ((exported.graph, exported.module()), (traced.graph, traced)):
        (node,) = (node for node in graph.nodes if node.op == "call_function")
        assert node.target is torch.ops.companion.pointwise_conv.default
        torch.testing.assert_close(function(x), layer(x), rtol=0, atol=0)
