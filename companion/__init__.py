"""The 1x1 (pointwise) convolution, explained by code that runs.

One room per idea: a chapter of the book, the module that it calls and the tests of that module.

======================  ===============================================
chapter                 modules
======================  ===============================================
pointwise               pointwise, cost, fully_connected
channel_reduction       bottleneck
nonlinearity            nonlinearity
channel_mixing          channel_mixing, correlation
separable               separable
squeeze_excitation      squeeze_excitation
network_in_network      network_in_network
inception_and_residual  inception, residual
paper_audit             networks, audit
pitfalls                pitfalls
gpu_kernel              kernels
beyond_cnns             beyond
claims                  claims
all of them             data, training, parallel, studies,
                        receptive_field, timing, figures, widgets,
                        tables, exercises, prose, listing
======================  ===============================================

Importing the package does nothing but make its modules reachable: each is loaded when it is first used.

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
    "listing",
    "network_in_network",
    "networks",
    "nonlinearity",
    "parallel",
    "pitfalls",
    "pointwise",
    "prose",
    "receptive_field",
    "residual",
    "separable",
    "squeeze_excitation",
    "studies",
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
