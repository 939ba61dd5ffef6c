"""The layers of Network In Network: a small network at every pixel, and global average pooling as the classifier.

``MlpConv`` and ``GlobalAveragePooling`` are those of Lin et al., "Network In Network", arXiv 1312.4400, sections
3.1 and 3.2; ``FullyConnectedHead`` is the classifier that the pooling replaced. ``class_activation_maps`` shows
where in the picture a score comes from (Zhou et al., arXiv 1512.04150, section 2). ``watch`` trains a network and
records its loss, its gradient and the share of its class maps that are zero everywhere; ``watch_stalling`` does so
with a small network that stalls at the loss of a guess, from one of ``STARTS``. ``voting`` has a class map with a
vote for each pixel, and ``recorded_voting`` is one that was trained on digits.
"""

from companion.network_in_network._class_maps import class_activation_maps
from companion.network_in_network._layers import FullyConnectedHead, GlobalAveragePooling, MlpConv
from companion.network_in_network._stall import STARTS, Start, stalling, watch_stalling
from companion.network_in_network._trace import Trace, watch
from companion.network_in_network._voting import recorded_voting, voting

__all__ = [
    "STARTS",
    "FullyConnectedHead",
    "GlobalAveragePooling",
    "MlpConv",
    "Start",
    "Trace",
    "class_activation_maps",
    "recorded_voting",
    "stalling",
    "voting",
    "watch",
    "watch_stalling",
]
