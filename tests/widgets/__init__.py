"""Widgets: one example of each, and their scripts run in Node."""

import json
import subprocess
from html.parser import HTMLParser

import numpy as np
import torch

from companion import kernels, pointwise, widgets
from tools import vendor

NODE = vendor.find_node()
PICTURE = [[[2, 0, 1], [1, 3, 0]], [[1, 2, 0], [0, 1, 1]]]
KERNELS = {"1×1": [[[[1]], [[-2]]], [[[0]], [[3]]]], "3×3": np.arange(-18, 18).reshape(2, 2, 3, 3).tolist()}
DEPTHWISE = [[[1, 0, -1], [2, 0, -2], [1, 0, -1]], [[0, 1, 0], [1, -4, 1], [0, 1, 0]]]
POINTWISE = [[1, 2], [0, -1], [1, 1], [-1, 1]]
EXPLORER = {"size": 28, "in_channels": 256, "middle_channels": 16, "out_channels": 32, "kernel_size": 5}
LADDER = {"in_channels": 64, "out_channels": 256, "size": 28, "batch": 1}
# One hidden unit reads the mean of blue, and turns red down and green up.
SWITCH = {
    "reduce.weight": [[[[0]], [[0]], [[8]]]],
    "reduce.bias": [0],
    "expand.weight": [[[[-12]]], [[[12]]], [[[0]]]],
    "expand.bias": [6, -6, 0],
}


def mixer():
    pixels = np.random.default_rng(0).random((6, 8, 3))
    return widgets.channel_mixer(pixels, alt='A "test"', weights=[0.5, -1, 0.25], bias=0.1)


def drawing(**options):
    chance = np.random.default_rng(0)
    shapes = (3, 1, 3, 3), (3, 3, 1, 1)
    layers = [(chance.normal(size=shape), chance.normal(size=shape[:1])) for shape in shapes]
    return widgets.draw_digit(layers, chance.random((3, 8, 8)), [0, 1, 2], **options)


def feature_maps(channels=12):
    """Maps (5, C, 3, 4) whose channels share most of what they show, as behind a ReLU."""
    generator = torch.Generator().manual_seed(0)
    few = torch.randn(5, 3, 3, 4, generator=generator)
    mixed = pointwise.conv2d(few, torch.randn(channels, 3, generator=generator))
    return (mixed + 0.3 * torch.randn(mixed.shape, generator=generator)).relu()


def ladder(**changed):
    values = LADDER | {name: value for name, value in changed.items() if name in LADDER}
    layer = kernels.Layer(1, LADDER["in_channels"], LADDER["out_channels"], LADDER["size"] ** 2)
    cuda = {step: changed.get("cuda", kernels.step(step)) for step in widgets.GPU_LADDER}
    asked = {step: kernels.asked_intensity(layer, by) for step, by in widgets.GPU_LADDER.items()}
    return widgets.gpu_ladder(cuda, asked, **values, **{n: v for n, v in changed.items() if "recorded" in n})


# Every part, so that what holds of all is asked of all.
EXAMPLES = [
    mixer(),
    widgets.channel_shuffle(channels=12, groups=4),
    widgets.cost_explorer(**EXPLORER),
    widgets.dot_product(PICTURE, KERNELS, fallback="<p>1</p>"),
    ladder(),
    widgets.gridding_map((2, 2, 2)),
    drawing(),
    widgets.se_gate(np.full((3, 4, 4), [[[0.5]], [[0.25]], [[0]]]), SWITCH),
    widgets.shortcut_explorer(),
    widgets.folded_line(depth=3),
    widgets.low_rank({"maps": feature_maps(), "few": feature_maps(4)}, rank=3, pictures={"a": 0, "b": 1}),
    widgets.separable_steps(PICTURE, DEPTHWISE, POINTWISE, out_channels=3),
    widgets.xor_lines(),
]


def in_javascript(element: str, expression: str, values: list) -> list:
    """Run a widget's own script in Node and evaluate an expression of its class ``Element`` on each value."""
    script = widgets.Widget(element, {}, "", "").script
    program = f"""
        globalThis.HTMLElement = class {{}};
        let Element;
        globalThis.customElements = {{ get: () => Element, define: (name, element) => {{ Element = element }} }};
        {script}
        console.log(JSON.stringify({json.dumps(values)}.map((value) => {expression})));
    """
    result = subprocess.run([NODE, "-"], input=program, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def paired(element: str, expression: str, values: list) -> zip:
    """Each value with what the widget's script makes of it."""
    return zip(values, in_javascript(element, expression, values), strict=True)


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def settings_of(widget):
    """The settings as the script reads them."""
    return json.loads(Tags(widget.html).seen[0][1]["data-settings"])
