"""The 1x1 convolution outside convolutional networks: the same arithmetic under four other names.

=====================  ==========================================  =======================================
layer                  what it is there                            source
=====================  ==========================================  =======================================
``FeedForward``        the feed-forward layer of a Transformer     Vaswani et al., arXiv 1706.03762, 3.3
``MixerBlock``         two such layers, across tokens and across   Tolstikhin et al., arXiv 2105.01601, 2
                       channels; ``Mixer`` is the network
``InvertibleConv1x1``  a step of a normalising flow; ``...LU`` is  Kingma and Dhariwal, arXiv 1807.03039,
                       its form with a cheap determinant           3.2
``ZeroConv``           how a new branch is joined to a trained     Zhang et al., arXiv 2302.05543, 3.1
                       network; ``Controlled`` is the block
=====================  ==========================================  =======================================
"""

from companion.beyond._controlnet import Controlled, ZeroConv
from companion.beyond._glow import InvertibleConv1x1, InvertibleConv1x1LU, random_rotation
from companion.beyond._mixer import FeedForward, Mixer, MixerBlock

__all__ = [
    "Controlled",
    "FeedForward",
    "InvertibleConv1x1",
    "InvertibleConv1x1LU",
    "Mixer",
    "MixerBlock",
    "ZeroConv",
    "random_rotation",
]
