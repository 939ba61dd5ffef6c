"""Formulas and counting agree with what torchvision publishes of its classification models."""

from functools import partial

import pytest
import torch

from companion import cost
from companion.audit._formulas import mobilenet_v2, squeezenet, vgg
from companion.audit._resnets import resnet, resnext

try:
    from torchvision import models
except ImportError as error:
    models, unavailable_reason = None, f"torchvision can't be imported: {error}"
else:
    unavailable_reason = ""


def figures(total):
    return total.parameters, round(total.macs / 1e9, 3)


# Formula, num_params and _ops (MACs in units of 10^9) as torchvision 0.29.1 publishes them (BSD 3-Clause licence,
# (c) Soumith Chintala 2016), for pictures of 224 x 224.
wide = partial(resnet, stride_in_first=False, width_factor=2)
PUBLISHED = {
    "vgg11": (partial(vgg, "A"), 132_863_336, 7.609),
    "vgg13": (partial(vgg, "B"), 133_047_848, 11.308),
    "vgg16": (partial(vgg, "D"), 138_357_544, 15.47),
    "vgg19": (partial(vgg, "E"), 143_667_240, 19.632),
    "resnet18": (partial(resnet, 18), 11_689_512, 1.814),
    "resnet34": (partial(resnet, 34), 21_797_672, 3.664),
    "resnet50": (partial(resnet, 50, stride_in_first=False), 25_557_032, 4.089),
    "resnet101": (partial(resnet, 101, stride_in_first=False), 44_549_160, 7.801),
    "resnet152": (partial(resnet, 152, stride_in_first=False), 60_192_808, 11.514),
    "resnext50_32x4d": (partial(resnext, 50), 25_028_904, 4.23),
    "resnext101_32x8d": (partial(wide, 101, groups=32, width_factor=4), 88_791_336, 16.414),
    "wide_resnet50_2": (partial(wide, 50), 68_883_240, 11.398),
    "wide_resnet101_2": (partial(wide, 101), 126_886_696, 22.753),
    "mobilenet_v2": (mobilenet_v2, 3_504_872, 0.301),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_formulas_of_the_audit_give_the_published_figures(name):
    formula, *published = PUBLISHED[name]
    assert figures(formula().total()) == tuple(published)


def test_squeezenet_has_the_published_parameters():  # torchvision reads 224 x 224 and does not pad the last layer
    assert squeezenet().total().parameters == 1_248_424


def build(name, size):
    """Return the model to which the published figures belong, without data where its builder lets us."""
    options = {"googlenet": {"aux_logits": False, "init_weights": False}, "inception_v3": {"init_weights": False}}
    options = options.get(name, {"image_size": size} if name.startswith("vit") else {})
    try:
        with torch.device("meta"):
            return models.get_model(name, **options)
    except NotImplementedError:  # RegNet's builder asks for values
        return models.get_model(name, **options)


@pytest.mark.skipif(bool(unavailable_reason), reason=unavailable_reason)
def test_all_classification_models_are_counted_as_torchvision_publishes_them():
    counted, expected = {}, {}
    for name in models.list_models(module=models):
        for weights in models.get_model_weights(name):
            size = weights.transforms.keywords["crop_size"]
            if (name, size) not in counted:
                counted[name, size] = cost.count(build(name, size), (1, 3, size, size)).total
            expected.setdefault((name, size), set()).add((weights.meta["num_params"], weights.meta["_ops"]))
    assert not any(total.uncounted for total in counted.values())
    assert {key: {figures(total)} for key, total in counted.items()} == expected
    assert len({name for name, _ in counted}) >= 80
    recorded = {(name, 224): {tuple(published)} for name, (_, *published) in PUBLISHED.items()}
    assert recorded.items() <= expected.items()
