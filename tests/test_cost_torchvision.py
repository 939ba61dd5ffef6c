"""Formulas, networks and counting agree with what torchvision publishes of its classification models.

The published figures lie in torchvision_figures.toml, so that the first tests need no torchvision.
"""

import tomllib
from functools import partial
from pathlib import Path

import pytest
import torch

from companion import cost
from companion.audit._formulas import mobilenet_v2, squeezenet, vgg
from companion.audit._resnets import REPEATS, resnet, resnext

try:
    from torchvision import models
except ImportError as error:
    models, unavailable_reason = None, f"torchvision can't be imported: {error}"
else:
    unavailable_reason = ""

FIGURES = tomllib.loads((Path(__file__).parent / "torchvision_figures.toml").read_text("utf-8"))


def published(name):
    """Return num_params and _ops, which has three digits after the point."""
    return next(tuple(row[1:]) for row in FIGURES[name] if row[0] == 224)


def figures(total):
    return total.parameters, round(total.macs / 1e9, 3)


FORMULAS = {
    **{f"vgg{depth}": partial(vgg, letter) for depth, letter in ((11, "A"), (13, "B"), (16, "D"), (19, "E"))},
    **{f"resnet{depth}": partial(resnet, depth, stride_in_first=False) for depth in REPEATS},
    "resnext50_32x4d": partial(resnext, 50),
    "resnext101_32x8d": partial(resnet, 101, stride_in_first=False, groups=32, width_factor=4),
    "wide_resnet50_2": partial(resnet, 50, stride_in_first=False, width_factor=2),
    "wide_resnet101_2": partial(resnet, 101, stride_in_first=False, width_factor=2),
    "mobilenet_v2": mobilenet_v2,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_of_the_audit_give_the_published_figures(name):
    assert figures(FORMULAS[name]().total()) == published(name)


def test_squeezenet_has_the_published_parameters():  # torchvision reads 224 x 224 and does not pad the last layer
    assert squeezenet().total().parameters == published("squeezenet1_0")[0]


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
    recorded = {(name, row[0]): {tuple(row[1:])} for name, rows in FIGURES.items() for row in rows}
    assert recorded.items() <= expected.items()  # a later torchvision may publish more
