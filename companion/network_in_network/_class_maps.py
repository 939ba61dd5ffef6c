"""Class activation maps: where a score comes from (Zhou et al., arXiv 1512.04150, section 2)."""

from torch import Tensor, nn

from companion import _checks, pointwise


def class_activation_maps(features: Tensor, classifier: nn.Linear) -> Tensor:
    """Return the map of votes of each class, whose mean is its score: the classifier at every pixel, then the mean.

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
        TypeError: if ``classifier`` is no ``nn.Linear``, or ``features`` no tensor of its dtype.
        ValueError: if the shapes don't fit each other.

    >>> import torch
    >>> features, classifier = torch.randn(2, 8, 4, 4), nn.Linear(8, 3)
    >>> maps = class_activation_maps(features, classifier)
    >>> torch.allclose(maps.mean(dim=(2, 3)), classifier(features.mean(dim=(2, 3))), atol=1e-6)
    True
    """
    if not isinstance(classifier, nn.Linear):
        raise TypeError(f"classifier must be an nn.Linear, got {type(classifier).__name__}")
    _checks.tensor("features", features, "(N, C, H, W)")
    if features.shape[1] != classifier.in_features:
        raise ValueError(
            f"features must have C = {classifier.in_features}, as classifier reads, got {features.shape[1]}"
        )
    return pointwise.conv2d(features, classifier.weight, classifier.bias)
