"""List the variants: which kernels there are, and what each needs. Plain numbers; nothing is launched here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_THREAD_PIXELS = 8  # as in pointwise.cu
_DEPTH, _HALF_DEPTH, _STAGES = 16, 32, 3
_LARGEST = 2**31 - 2**10  # of an index in 32 bits, with room for the last tile
_MOST_BLOCKS = 2**31 - 1


@dataclass(frozen=True)
class Layer:
    """The sizes of one call, what its arrays hold, and how many numbers one access to them may move.

    Attributes:
        batch: number of images N.
        in_channels: C_in.
        out_channels: C_out.
        pixels: H * W.
        x_width: 4 if rows of x, y and the residual start at multiples of 16 bytes, else 1. Of sixteen bits, 8 if
            they do, 4 if at multiples of 8 bytes.
        weight_width: likewise for rows of the weight, and for maps of one pixel the images of x.
        dtype: "float32", "bfloat16" or "float16".
    """

    batch: int
    in_channels: int
    out_channels: int
    pixels: int
    x_width: int = 1
    weight_width: int = 1
    dtype: str = "float32"

    @property
    def columns(self) -> int:
        """Pixels of all images: N * H * W."""
        return self.batch * self.pixels

    def check_size(self) -> None:
        """Refuse what the kernels can't count in 32 bits. Offsets have 64, so the arrays may be larger.

        Raises:
            ValueError: naming the count, and the largest there is.
        """
        counts = {"N * H * W": self.columns, "C_in": self.in_channels, "C_out": self.out_channels}
        for what, count in counts.items():
            if count > _LARGEST:
                raise ValueError(f"{what} must be at most {_LARGEST} in one launch, got {count}: split the batch")


@dataclass(frozen=True)
class Device:
    """What the choice depends on: multiprocessors, bytes of shared memory a block may ask for, capability."""

    processors: int = 132
    shared_memory: int = 232_448
    capability: tuple[int, int] = (9, 0)


@dataclass(frozen=True)
class Variant:
    """One kernel of ``pointwise.cu``, or one instance of a template there.

    Attributes:
        name: what ``pointwise_conv(..., variant=name)`` selects it by.
        step: the step of the ladder that it belongs to.
        expression: its name in C++, with template arguments.
        block: threads of a block along x and y.
        tile: output channels and columns of a block; None where a thread has one output wherever it lies.
        precision: "ieee", "tf32" or "tf32x3".
        dtype: what its arrays hold.
        shared_memory: bytes of dynamic shared memory of a block.
        x_width: numbers of x that one access moves.
        weight_width: numbers of the weight that one access needs aligned.
        in_order: whether it adds up the products of an output in the order of the input channels, as "naive" does:
            all that do give the same bits, if they are "ieee".
        one_pixel: whether it is for maps of one pixel only.
    """

    name: str
    step: str
    expression: str
    block: tuple[int, ...]
    tile: tuple[int, int] | None = None
    precision: str = "ieee"
    shared_memory: int = 0
    x_width: int = 1
    weight_width: int = 1
    in_order: bool = True
    one_pixel: bool = False
    dtype: str = "float32"

    def grid(self, layer: Layer) -> tuple[int]:
        """Return the number of blocks for a layer, as the one size of a grid.

        Raises:
            ValueError: if there are more than a launch can count.

        >>> VARIANTS["shared_tile"].grid(Layer(batch=2, in_channels=70, out_channels=50, pixels=437))
        (220,)
        """
        if self.tile is None:
            blocks = -(-layer.columns * layer.out_channels // self.block[0])
        else:
            channels, columns = self.tile
            blocks = -(-layer.out_channels // channels) * -(-layer.columns // columns)
        if blocks > _MOST_BLOCKS:
            raise ValueError(
                f"variant {self.name!r} needs {blocks} blocks, of at most {_MOST_BLOCKS}: split the batch"
            )
        return (blocks,)

    def obstacle(self, layer: Layer, device: Device) -> str | None:
        """Return why the variant can't run this layer on this device, or None if it can."""
        if self.dtype != layer.dtype:
            return f"is for arrays of {self.dtype}, these hold {layer.dtype}"
        if self.one_pixel and layer.pixels != 1:
            return f"is for maps of one pixel, these have {layer.pixels}"
        if self.x_width > layer.x_width:
            size = self.x_width * (4 if self.dtype == "float32" else 2)
            return (
                f"needs H * W to be a multiple of {self.x_width}, and x, residual and output to start at multiples "
                f"of {size} bytes"
            )
        if self.weight_width > layer.weight_width:
            also = " and x" if layer.pixels == 1 else ""
            width = self.weight_width
            return f"needs C_in to be a multiple of {width}, and weight{also} to start at a multiple of 16 bytes"
        if self.shared_memory and device.capability < (8, 0):  # all of these copy in the background
            has = ".".join(map(str, device.capability))
            return f"needs a GPU of compute capability 8.0 or newer, this one has {has}"
        if self.shared_memory > device.shared_memory:
            return f"needs {self.shared_memory} bytes of shared memory a block, this GPU has {device.shared_memory}"
        return None


def _suffix(x_width: int, weight_width: int, full: int = 4) -> str:
    if x_width == full == weight_width:
        return ""
    return "_scalar" if weight_width == 1 else "_scalar_x" if x_width == 1 else f"_x{x_width}"


def _ring(channels: int, columns: int, depth: int, bytes_per_element: int = 4) -> int:
    """Return the bytes of shared memory of the tiles of a block: as ``Tiles`` of pointwise.cu lays them."""
    weight, x = channels * (depth + 16 // bytes_per_element), depth * (columns + 8)
    return bytes_per_element * _STAGES * (weight + x)


def _register_tile(channels: int, columns: int, thread_channels: int, x_width: int, weight_width: int) -> Variant:
    sizes = channels, columns, thread_channels, x_width, weight_width
    return Variant(
        name=f"register_{channels}x{columns}{_suffix(x_width, weight_width)}",
        step="register_tile",
        expression=f"pointwise_register_tile<{', '.join(map(str, sizes))}>",
        block=(channels // thread_channels * (columns // _THREAD_PIXELS),),
        tile=(channels, columns),
        shared_memory=_ring(channels, columns, _DEPTH),
        x_width=x_width,
        weight_width=weight_width,
    )


def _tensor_core(channels: int, columns: int, x_width: int, weight_width: int, products: int) -> Variant:
    precision = {1: "tf32", 3: "tf32x3"}[products]
    return Variant(
        name=f"{precision}_{channels}x{columns}{_suffix(x_width, weight_width)}",
        step="tensor_core",
        expression=f"pointwise_tensor_core<{channels}, {columns}, {x_width}, {weight_width}, {products}>",
        block=(128,),
        tile=(channels, columns),
        precision=precision,
        in_order=False,
        shared_memory=_ring(channels, columns, _DEPTH),
        x_width=x_width,
        weight_width=weight_width,
    )


def _sixteen_bits(dtype: str, channels: int, columns: int, x_width: int, weight_width: int) -> Variant:
    short, element = {"bfloat16": ("bf16", "BFloat16"), "float16": ("f16", "Float16")}[dtype]
    return Variant(
        name=f"{short}_{channels}x{columns}{_suffix(x_width, weight_width, full=8)}",
        step="sixteen_bits",
        expression=f"pointwise_sixteen_bits<{element}, {channels}, {columns}, {x_width}, {weight_width}>",
        block=(256 if channels == 128 else 128,),
        tile=(channels, columns),
        in_order=False,
        shared_memory=_ring(channels, columns, _HALF_DEPTH, 2),
        x_width=x_width,
        weight_width=weight_width,
        dtype=dtype,
    )


def _one_pixel(images: int, width: int) -> Variant:
    return Variant(
        name=f"one_pixel_{images}" + ("" if width == 4 else "_scalar"),
        step="one_pixel",
        expression=f"pointwise_one_pixel<{images}, {width}>",
        block=(128,),
        tile=(4, images),
        weight_width=width,
        in_order=False,
        one_pixel=True,
    )


_SPLIT_K = Variant(
    "split_k", "split_k", "pointwise_split_k", block=(512,), tile=(8, 64), weight_width=4, in_order=False
)
_WIDTHS = ((4, 4), (1, 4), (1, 1))
_REGISTER_TILES = ((96, 128, 6), (64, 128, 8), (32, 128, 4), (16, 128, 2), (64, 64, 4))
_TENSOR_CORE_TILES = ((64, 128), (32, 128))
_HALF_TILES = (  # with the widths; copies of one number each take eight warps
    *((128, 128, 1, 8), (128, 128, 1, 1)),
    *((64, 128, 8, 8), (64, 128, 4, 8), (32, 128, 8, 8), (32, 128, 4, 8)),
)


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        variant.name: variant
        for variant in (
            Variant("naive", "naive", "pointwise_naive", block=(256,)),
            Variant("coalesced", "coalesced", "pointwise_coalesced", block=(256,)),
            Variant("shared_tile", "shared_tile", "pointwise_shared_tile", block=(16, 16), tile=(16, 16)),
            Variant(
                "register_blocking", "register_blocking", "pointwise_register_blocking", block=(512,), tile=(64, 64)
            ),
            *(_register_tile(*tile, *widths) for tile in _REGISTER_TILES for widths in _WIDTHS),
            *(
                _tensor_core(*tile, *widths, products)
                for products in (1, 3)
                for tile in _TENSOR_CORE_TILES
                for widths in _WIDTHS
            ),
            *(_sixteen_bits(dtype, *tile) for dtype in ("bfloat16", "float16") for tile in _HALF_TILES),
            *(_one_pixel(images, width) for images in (1, 8) for width in (4, 1)),
            _SPLIT_K,
        )
    }
)
