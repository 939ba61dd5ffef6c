"""Compute relu(conv1x1(x) + bias) in many ways: our kernels, PyTorch in several ways, cuBLAS, a twin in Triton."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from companion.kernels import NetworkLayer, pointwise_conv

LAYOUTS = {"NCHW": torch.contiguous_format, "channels_last": torch.channels_last}


@dataclass(frozen=True)
class Contestant:
    """One way to compute a layer.

    Attributes:
        name: who.
        precision: "ieee", "tf32" or "tf32x3" for arrays of float32, else "bfloat16": what they hold.
        layout: "NCHW" or "channels_last", of input and output.
        call: computes the layer once, and returns y (N, C_out, H, W).
        whole: whether bias and ReLU are in it; cuBLAS multiplies only.
        graph: whether it can be captured in a CUDA graph.
    """

    name: str
    precision: str
    layout: str
    call: Callable[[], Tensor]
    whole: bool = True
    graph: bool = True

    def run(self) -> Tensor:
        """Compute the layer under the contestant's own setting for TF32."""
        with tf32(self.precision == "tf32"):
            return self.call()

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others."""
        return self.name, self.precision, self.layout


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Let PyTorch's convolutions and matrix products use TF32, or forbid it, and set the switches back."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def operands(
    layer: NetworkLayer, batch: int, device: str, *, seed: int = 0, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor, Tensor]:
    """Return random x (N, C_in, H, W), weight (C_out, C_in, 1, 1) and bias (C_out,) on a device."""
    rng = torch.Generator(device).manual_seed(seed)
    randn = partial(torch.randn, generator=rng, device=device, dtype=dtype)
    x = randn(batch, layer.in_channels, layer.size, layer.size)
    return x, randn(layer.out_channels, layer.in_channels, 1, 1), randn(layer.out_channels)


def conv_relu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Compute the layer as everyone writes it."""
    return F.relu(F.conv2d(x, weight, bias))


def contestants(x: Tensor, weight: Tensor, bias: Tensor, *, compiled: bool = True) -> Iterator[Contestant]:
    """Yield all who can take part on this device.

    Args:
        x: (N, C_in, H, W), contiguous, float32 or bfloat16.
        weight: (C_out, C_in, 1, 1).
        bias: (C_out,).
        compiled: whether torch.compile takes part, which has to compile for seconds.
    """
    cuda, float32 = x.is_cuda, x.dtype == torch.float32
    precisions = ("ieee", "tf32") if float32 else ("bfloat16",)
    for precision in ("ieee", "tf32", "tf32x3") if float32 else precisions:
        options = {"activation": "relu", "precision": precision if float32 else "ieee"}
        yield Contestant("ours", precision, "NCHW", partial(pointwise_conv, x, weight, bias, **options))
    for precision in precisions:
        yield Contestant("cuBLAS", precision, "NCHW", partial(_matmul, x, weight), whole=False)
    for layout, memory_format in LAYOUTS.items():
        laid = x.contiguous(memory_format=memory_format)
        kernel = weight.contiguous(memory_format=memory_format)
        for precision in precisions:
            yield Contestant("eager", precision, layout, partial(conv_relu, laid, kernel, bias))
            if layout == "channels_last":
                yield Contestant("cuBLASLt fused", precision, layout, partial(_addmm_relu, laid, weight, bias))
            if cuda:
                fused = torch.ops.aten.cudnn_convolution_relu
                arguments = (laid, kernel, bias, (1, 1), (0, 0), (1, 1), 1)
                yield Contestant("cuDNN fused", precision, layout, partial(fused, *arguments))
            if compiled:
                torch._dynamo.reset()
                function = torch.compile(conv_relu, dynamic=False, backend="inductor" if cuda else "eager")
                yield Contestant("torch.compile", precision, layout, partial(function, laid, kernel, bias))
    if cuda:
        if float32:
            call = partial(_cupy_matmul, x, weight)
            yield Contestant("cupy.matmul", "ieee", "NCHW", call, whole=False, graph=False)
        try:
            from benchmarks._triton import pointwise
        except ImportError:  # a CUDA build of PyTorch brings Triton, others don't
            return
        for precision in precisions:
            call = partial(pointwise, x, weight, bias, precision=precision if float32 else "ieee")
            yield Contestant("Triton", precision, "NCHW", call)


def _matmul(x: Tensor, weight: Tensor) -> Tensor:
    matrices = weight.flatten(1).expand(x.shape[0], -1, -1)  # one for all images, not copied
    return torch.bmm(matrices, x.flatten(2)).unflatten(2, x.shape[2:])


def _addmm_relu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Multiply the pixels of x, in channels_last, in one product that has bias and ReLU in it."""
    batch, in_channels, height, width = x.shape
    pixels = x.permute(0, 2, 3, 1).view(-1, in_channels)  # (N*H*W, C_in), where they lie
    y = torch._addmm_activation(bias, pixels, weight.flatten(1).t())
    return y.view(batch, height, width, -1).permute(0, 3, 1, 2)


def _cupy_matmul(x: Tensor, weight: Tensor) -> Tensor:
    import cupy

    stream = torch.cuda.current_stream()
    with cupy.cuda.Stream.from_external(stream):
        y = cupy.matmul(cupy.from_dlpack(weight.flatten(1)), cupy.from_dlpack(x.flatten(2)))
        return torch.from_dlpack(y).unflatten(2, x.shape[2:])


def agrees(contestant: Contestant, x: Tensor, weight: Tensor, bias: Tensor) -> bool:
    """Whether a contestant computes the layer, judged on the first image and in float64."""
    y = contestant.run()[:1].double()
    wanted = torch.einsum("oc,nchw->nohw", weight.flatten(1).double(), x[:1].double())
    scale = torch.einsum("oc,nchw->nohw", weight.flatten(1).double().abs(), x[:1].double().abs())
    if contestant.whole:
        wanted = (wanted + bias[:, None, None].double()).relu()
        scale = scale + bias[:, None, None].double().abs()
    # Rivals may add in any order, and round to sixteen bits before the bias and after it.
    limit = {"tf32": 2e-3, "bfloat16": 1e-2}.get(contestant.precision, 1e-5)
    return bool(((y - wanted).abs() <= limit * scale).all())
