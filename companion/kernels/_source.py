"""Read the text of ``pointwise.cu``, whole and step by step."""

import re
from functools import cache
from importlib.resources import files

FILE = "pointwise.cu"

STEPS = (
    "naive",
    "coalesced",
    "shared_tile",
    "register_blocking",
    "async_copy",
    "register_tile",
    "epilogue",
    "tensor_core",
    "sixteen_bits",
    "one_pixel",
    "split_k",
)


@cache
def source() -> str:
    """Return the CUDA source of all kernels, as it goes to every compiler.

    >>> source().splitlines()[0]
    '// The 1x1 convolution on a GPU, from the plainest kernel to the tensor cores.'
    """
    return files(__package__).joinpath(FILE).read_text("utf-8")


def step(name: str) -> str:
    """Return one step of the ladder: its comment and its code, without the banner.

    Args:
        name: one of ``STEPS``. In the file, "epilogue" stands first, as the other steps call it. All but that
            one and "async_copy" have kernels of their own.

    Raises:
        ValueError: if there is no such step.

    >>> step("naive").splitlines()[0]
    '// One thread, one output, as in the formula. Neighbouring threads take neighbouring'
    """
    if name not in STEPS:
        raise ValueError(f"name must be one of {STEPS}, got {name!r}")
    found = re.search(rf"^// --- step: {name} ---\n(.*?)^// --- end ---$", source(), re.DOTALL | re.MULTILINE)
    return found[1]


def alone(name: str, code: str | None = None) -> str:
    """Return the source with the kernel of one step: the other plain ones, no templates, would be compiled along.

    Their lines stay, empty, so that messages of the compiler name the right ones.

    Args:
        name: the step whose kernel is wanted.
        code: the source; None for ``source()``.

    >>> "void pointwise_coalesced(" in source(), "void pointwise_coalesced(" in alone("naive")
    (True, False)
    """

    def kept(kernel: re.Match) -> str:
        return kernel[0] if f"pointwise_{name}(" in kernel[0] else "\n" * kernel[0].count("\n")

    text = source() if code is None else code
    return re.sub(r'^extern "C" __global__ .*?^}$', kept, text, flags=re.DOTALL | re.MULTILINE)


def edited(name: str, piece: str, instead: str = "") -> str:
    """Return the source of all kernels with one piece of one step replaced, to see what happens then.

    Args:
        name: one of ``STEPS``.
        piece: text that stands in that step exactly once.
        instead: what to put there; nothing by default.

    Raises:
        ValueError: if there is no such step, or the piece doesn't stand there once.

    >>> faulty = edited("shared_tile", "__syncthreads();  // the tiles are complete")
    >>> len(source().splitlines()) == len(faulty.splitlines())
    True
    """
    text = step(name)
    if text.count(piece) != 1:
        raise ValueError(
            f"piece must stand in step {name!r} once, {piece!r} stands there {text.count(piece)} times"
        )
    return source().replace(text, text.replace(piece, instead))
