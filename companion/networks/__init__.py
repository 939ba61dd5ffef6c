"""Five whole networks, each built from the book's own blocks and each shown as the table of its paper.

=================  ===========================  =======================================  ==============  ==========
builder            paper                        blocks                                   parameters      least size
=================  ===========================  =======================================  ==============  ==========
``nin``            Lin et al., 1312.4400        ``MlpConv``                              966,986         4 x 4
``googlenet``      Szegedy et al., 1409.4842    ``Reduced``, ``Inception``               6,998,552       31 x 31
``resnet50``       He et al., 1512.03385        ``Bottleneck``                           25,557,032      1 x 1
``se_resnet50``    Hu et al., 1709.01507        ``Bottleneck``, ``SqueezeExcitation``    28,088,024      1 x 1
``mobilenet_v1``   Howard et al., 1704.04861    ``DepthwiseSeparable``                   4,231,976       1 x 1
=================  ===========================  =======================================  ==============  ==========

Parameters are those of the default form: 1000 classes, but 10 for NIN. All five read pictures (N, 3, H, W) of any
size from the least one on, since they end in global average pooling, and return scores (N, num_classes) before the
softmax. To train on one picture alone the last three need it larger than 32 x 32: a batch normalisation takes no
statistics of a single value.

Every stage is a submodule under the name that the paper's table gives it, and so are the rows of
`companion.cost.count`: a stage is added up by its prefix.

>>> import torch
>>> from companion import cost
>>> with torch.device("meta"):  # shapes without data: built and counted at once
...     network = resnet50()
>>> table = cost.count(network, (1, 3, 224, 224))
>>> table.total.parameters
25557032
>>> sum(row for row in table if row.name.startswith("conv4_x.")).macs
1464336384

The convolutions start from He's initialisation (arXiv 1502.01852, section 2.2) and their biases from zero; linear
layers and normalisations start as torch has them.
"""

from companion.networks._googlenet import GOOGLENET_STAGES, googlenet
from companion.networks._mobilenet import MOBILENET_V1_STAGES, mobilenet_v1
from companion.networks._nin import NIN_STAGES, nin
from companion.networks._resnet import RESNET50_STAGES, resnet50, se_resnet50

__all__ = [
    "GOOGLENET_STAGES",
    "MOBILENET_V1_STAGES",
    "NIN_STAGES",
    "RESNET50_STAGES",
    "googlenet",
    "mobilenet_v1",
    "nin",
    "resnet50",
    "se_resnet50",
]
