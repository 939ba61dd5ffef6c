"""A small network at every pixel, and the mean of its class maps in place of a large last layer.

``MlpConv`` and ``GlobalAveragePooling`` are the two ideas of Lin et al., "Network In Network", arXiv 1312.4400,
sections 3.1 and 3.2; ``FullyConnectedHead`` is what stood there before. ``class_activation_maps`` shows where a
score comes from (Zhou et al., arXiv 1512.04150, section 2), ``watch`` how class maps learn or die.
"""

from companion.network_in_network._class_maps import class_activation_maps
from companion.network_in_network._layers import FullyConnectedHead, GlobalAveragePooling, MlpConv
from companion.network_in_network._trace import Trace, watch

__all__ = [
    "FullyConnectedHead",
    "GlobalAveragePooling",
    "MlpConv",
    "Trace",
    "class_activation_maps",
    "watch",
]
