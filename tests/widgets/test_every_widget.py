"""What holds of every widget in a notebook."""

import inspect
import json
import math

import numpy as np
import pytest

from companion import widgets
from tests.widgets import EXAMPLES, KERNELS, PICTURE, SWITCH, Tags, drawing, feature_maps, ladder, settings_of

HOSTILE = "</script><script>x</script>\"'&<"
NAMES = [HOSTILE, "b", "c"]
PIXELS = np.full((3, 4, 4), 0.5)
# Every word that an author gives: all but the fallbacks of dot_product and separable_steps, which are HTML.
WITH_WORDS = {
    "channel_mixer": lambda: widgets.channel_mixer(
        np.zeros((2, 2, 3)), alt=HOSTILE, weights=[1, 2, 0], names=NAMES, presets={HOSTILE: [1, 2, 0, 0]}
    ),
    "dot_product": lambda: widgets.dot_product(PICTURE, {HOSTILE: KERNELS["1×1"]}, fallback=""),
    "draw_digit": lambda: drawing(network=HOSTILE),
    "gpu_ladder": lambda: ladder(cuda=HOSTILE),
    "low_rank": lambda: widgets.low_rank({HOSTILE: feature_maps()}, rank=3, pictures={HOSTILE: 0}),
    "se_gate": lambda: widgets.se_gate(PIXELS, SWITCH, names=NAMES),
}


@pytest.mark.parametrize("widget", EXAMPLES, ids=lambda widget: widget.element)
def test_a_notebook_gets_text_and_html(widget):
    bundle = widget._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == widget.summary
    assert bundle["text/html"].startswith(f"<{widget.element} data-settings=")
    assert bundle["text/html"].endswith(f"{widget.fallback}</{widget.element}><script>{widget.script}</script>")
    assert "</script" not in widget.script
    assert "http" not in widget.html, "nothing is asked of another host"
    assert "import(" not in widget.script


@pytest.mark.parametrize("make", WITH_WORDS.values(), ids=WITH_WORDS)
def test_no_word_of_an_author_becomes_markup(make):
    widget = make()
    before = widget.html.removesuffix(f"<script>{widget.script}</script>")
    assert "<script" not in before
    assert "</script" not in before
    seen = Tags(widget.html).seen
    assert [tag for tag, _ in seen].count("script") == 1
    assert json.dumps(HOSTILE)[1:-1] in json.dumps([settings_of(widget), seen]), "the word is there, as a word"


def test_every_widget_that_takes_words_is_among_these():
    named = set()
    for name in widgets.__all__:
        function = getattr(widgets, name)
        if inspect.isfunction(function):
            taken = inspect.signature(function).parameters.items()
            if any("str" in str(given.annotation) for word, given in taken if word != "fallback"):
                named.add(name)
    assert named - {"cost_explorer"} - set(WITH_WORDS) == set(), "cost_explorer's kind is one of two names"


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_no_setting_is_one_that_no_browser_reads(value):
    widget = widgets.Widget("xor-lines", {"bias": value}, "", "")
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        widget.html  # noqa: B018
