"""The layers of Network In Network: a small network at every pixel, and global average pooling as the classifier.

``MlpConv`` and ``GlobalAveragePooling`` are those of Lin et al., "Network In Network", arXiv 1312.4400, sections
3.1 and 3.2; ``FullyConnectedHead`` is the classifier that the pooling replaced. ``class_activation_maps`` shows
where in the picture a score comes from (Zhou et al., arXiv 1512.04150, section 2). ``watch`` trains a network and
records its loss, its gradient and the share of its class maps that are zero everywhere; ``watch_stalling`` does so
with a small network that stalls at the loss of a guess, from one of ``STARTS``.
"""

from companion.network_in_network._class_maps import class_activation_maps
from companion.network_in_network._layers import FullyConnectedHead, GlobalAveragePooling, MlpConv
from companion.network_in_network._stall import STARTS, Start, stalling, watch_stalling
from companion.network_in_network._trace import Trace, watch

__all__ = [
    "STARTS",
    "FullyConnectedHead",
    "GlobalAveragePooling",
    "MlpConv",
    "Start",
    "Trace",
    "class_activation_maps",
    "stalling",
    "watch",
    "watch_stalling",
]
