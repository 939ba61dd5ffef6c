"""Real pictures without a download: scikit-learn's digits and photographs; Fashion-MNIST where it is installed."""

from companion.data._digits import digits
from companion.data._fashion_mnist import fashion_mnist, fashion_mnist_folder
from companion.data._lamps import lamp_digits
from companion.data._photographs import ATTRIBUTION, digit_canvas, photograph
from companion.data._split import Split, labelled

__all__ = [
    "ATTRIBUTION",
    "Split",
    "digit_canvas",
    "digits",
    "fashion_mnist",
    "fashion_mnist_folder",
    "labelled",
    "lamp_digits",
    "photograph",
]
