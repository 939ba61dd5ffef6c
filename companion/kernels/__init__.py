"""The 1x1 convolution as CUDA kernels: their source, their launcher, and an emulator for machines without a GPU.

``pointwise.cu`` holds the kernels as a ladder, from one thread per output to tensor cores. ``pointwise_conv``
launches them: on a GPU for CuPy arrays and torch's CUDA tensors, through the emulator for NumPy arrays. For
torch tensors on a CPU it is a matrix product of torch. Importing this package imports no CuPy and compiles nothing.
"""

from companion.kernels import emulator
from companion.kernels._arguments import ACTIVATIONS, PRECISIONS, check_options, family
from companion.kernels._asked import asked_intensity
from companion.kernels._cupy import Gpu
from companion.kernels._cupy import unavailable_reason as gpu_unavailable_reason
from companion.kernels._launch import given, launch
from companion.kernels._layers import LAYERS, NetworkLayer, harmonic_mean
from companion.kernels._nvrtc import ARCHITECTURES, Binary, compile_variant
from companion.kernels._nvrtc import unavailable_reason as nvrtc_unavailable_reason
from companion.kernels._operator import is_transformed, operator, transformed, under_autocast
from companion.kernels._pick import pick
from companion.kernels._roofline import Roofline
from companion.kernels._sass import instructions
from companion.kernels._sass import unavailable_reason as disassembler_unavailable_reason
from companion.kernels._sectors import accesses, sectors
from companion.kernels._source import STEPS, edited, source, step
from companion.kernels._variants import VARIANTS, Device, Layer, Variant

__all__ = [
    "ACTIVATIONS",
    "ARCHITECTURES",
    "LAYERS",
    "PRECISIONS",
    "STEPS",
    "VARIANTS",
    "Binary",
    "Device",
    "Layer",
    "NetworkLayer",
    "Roofline",
    "Variant",
    "accesses",
    "asked_intensity",
    "compile_variant",
    "disassembler_unavailable_reason",
    "edited",
    "emulator",
    "gpu_unavailable_reason",
    "harmonic_mean",
    "instructions",
    "nvrtc_unavailable_reason",
    "pick",
    "pointwise_conv",
    "sectors",
    "source",
    "step",
]


def pointwise_conv(
    x,
    weight,
    bias=None,
    *,
    activation: str | None = None,
    residual=None,
    precision: str = "ieee",
    variant: str | None = None,
):
    """Compute activation(conv1x1(x) + bias + residual) in one kernel.

    Arrays are contiguous, of one library, one dtype and on one device: float32, or bfloat16 or float16, whose sums
    are float32 too and whose results are rounded once. CuPy arrays and CUDA tensors are used where they lie, on the
    caller's current stream. The first call with a variant compiles it, in about a second; capture CUDA
    graphs after that. Tensors carry gradients, and the call works inside ``torch.compile`` and ``torch.export``.
    Under ``torch.autocast`` tensors go into its dtype first, as into torch's convolutions; but not under another
    precision than "ieee", which asks for float32. The transformations of ``torch.func`` and
    forward-mode differentiation get torch's own matrix product, which has a rule for each of them.

    The kernels add the products of one output in the order of the input channels, with one rounding each, so all of
    these give the same bits. Those of the steps "one_pixel" and "split_k", picked for layers of few outputs, add in
    an order of their own, the same in each run; so the last bits of an image can depend on the size of its batch.
    cuDNN and a CPU's matrix product add in other orders. Each of them differs from the exact result by at most
    about C_in * 2**-24 of the sum of absolute products, and mostly by far less.
    Under "tf32", which rounds the operands to 11 significant bits first, it is about 2**-10 of that sum. Under
    "tf32x3", which makes two such numbers of each operand and three products of them, about C_in * 2**-24 + 2**-20;
    infinities become NaN there. CuPy compiles with flushing of subnormal numbers to zero, which torch doesn't do.

    Args:
        x: (N, C_in, H, W).
        weight: (C_out, C_in), or (C_out, C_in, 1, 1) as in ``nn.Conv2d``.
        bias: (C_out,) or None.
        activation: None, "relu" or "relu6". NaN passes, as in torch.
        residual: (N, C_out, H, W) or None, added before the activation, as at the end of a residual block.
        precision: "ieee"; or, for float32 on tensor cores, "tf32" or "tf32x3", never unless asked for. The gradient
            of the weight is a matrix product of torch, which has a setting of its own, and so is all that
            ``torch.func`` transforms: there only "ieee" is taken.
        variant: a name from ``VARIANTS``; None picks one for the shape and the GPU. Torch tensors on a CPU have
            no variants: there the name is only checked.

    Returns:
        y (N, C_out, H, W), contiguous. Nothing is launched for an empty y; without input channels it is
        activation(bias + residual).

    Raises:
        TypeError: for other kinds of arrays, dtypes or devices, or a mix of them.
        ValueError: for shapes that don't fit, arrays that aren't contiguous, options that don't exist, layers too
            large for one launch, and variants that can't run the layer or on this GPU.
        RuntimeError: without what it takes to run: CuPy and a GPU, or a C++ compiler for the emulator.

    >>> import torch
    >>> x, weight = torch.ones(1, 3, 2, 2), torch.tensor([[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]])
    >>> pointwise_conv(x, weight, activation="relu").flatten(2).tolist()
    [[[6.0, 6.0, 6.0, 6.0], [0.0, 0.0, 0.0, 0.0]]]
    """
    arrays = given(x, weight, bias, residual)
    library = family(arrays)
    check_options(activation, precision, variant)
    if library == "torch":
        arrays = under_autocast(arrays, precision)
        chosen = transformed if is_transformed(arrays) else operator
        tensors = (arrays.get(name) for name in ("x", "weight", "bias", "residual"))
        return chosen(*tensors, activation, precision, variant)
    backend = emulator.Emulator() if library == "numpy" else Gpu()
    return launch(backend, arrays, activation=activation, precision=precision, variant=variant)
