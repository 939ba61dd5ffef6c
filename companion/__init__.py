"""The 1x1 (pointwise) convolution, explained by code that runs.

One module per chapter of the book, under the chapter's own name. Importing the package does nothing but
make its modules reachable: each is loaded when it is first used.

>>> import companion
>>> companion.cost.linear(256, 64, bias=False).weights
16384
"""

from importlib import import_module

__version__ = "0.1.0"

__all__ = [
    "audit",
    "beyond",
    "bottleneck",
    "channel_mixing",
    "claims",
    "correlation",
    "cost",
    "data",
    "exercises",
    "figures",
    "fully_connected",
    "inception",
    "kernels",
    "network_in_network",
    "networks",
    "nonlinearity",
    "parallel",
    "pitfalls",
    "pointwise",
    "prose",
    "residual",
    "separable",
    "squeeze_excitation",
    "tables",
    "timing",
    "training",
    "widgets",
]


def __getattr__(name: str):
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
