"""Interactive parts: custom elements with native controls that need no server and no library.

Each widget shows itself in a notebook and on a static page alike. Its script defines a custom element once;
what stands inside the element is what readers get who run no script.
"""

from companion.widgets._channel_mixer import COLOUR_PRESETS, channel_mixer
from companion.widgets._cost_explorer import EXPLORER_LIMITS, cost_explorer
from companion.widgets._dot_product import dot_product
from companion.widgets._folded_line import folded_line
from companion.widgets._low_rank import low_rank
from companion.widgets._separable_steps import separable_steps
from companion.widgets._widget import Widget
from companion.widgets._xor_lines import xor_lines

__all__ = [
    "COLOUR_PRESETS",
    "EXPLORER_LIMITS",
    "Widget",
    "channel_mixer",
    "cost_explorer",
    "dot_product",
    "folded_line",
    "low_rank",
    "separable_steps",
    "xor_lines",
]
