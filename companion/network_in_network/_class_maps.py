"""Class activation maps: where a score comes from (Zhou et al., arXiv 1512.04150, section 2)."""

from torch import Tensor, nn

from companion import pointwise


def class_activation_maps(features: Tensor, classifier: nn.Linear) -> Tensor:
    """Return one map per class, whose mean is the score of the class: the classifier applied at every pixel.

    A linear layer and a mean can change places. So for a network that ends in global average pooling and a linear
    layer, these maps are the layer applied to the last feature maps as a 1x1 convolution. In a network without
    that layer, such as NIN, the last maps are the class activation maps. The paper adds up over the pixels where
    this takes the mean, and leaves the bias out; here it is added at each pixel.

    Args:
        features: (N, C, H, W), the maps before the pooling.
        classifier: the layer after it, C to K.

    Returns:
        (N, K, H, W); its mean over H and W is ``classifier`` of the mean of ``features``.

    Raises:
        TypeError: if ``features`` is not a tensor of the classifier's dtype.
        ValueError: if the shapes don't fit each other.

    >>> import torch
    >>> features, classifier = torch.randn(2, 8, 4, 4), nn.Linear(8, 3)
    >>> maps = class_activation_maps(features, classifier)
    >>> torch.allclose(maps.mean(dim=(2, 3)), classifier(features.mean(dim=(2, 3))), atol=1e-6)
    True
    """
    return pointwise.conv2d(features, classifier.weight, classifier.bias)
