"""Interactive parts: custom elements with native controls that need no server and no library.

Each widget shows itself in a notebook and on a static page alike. Its script defines a custom element once;
what stands inside the element is what readers get who run no script.
"""

from companion.widgets._channel_mixer import COLOUR_PRESETS, channel_mixer
from companion.widgets._channel_shuffle import channel_shuffle
from companion.widgets._cost_explorer import EXPLORER_KINDS, EXPLORER_LIMITS, EXPLORER_PRESETS, cost_explorer
from companion.widgets._dot_product import dot_product
from companion.widgets._draw_digit import draw_digit
from companion.widgets._folded_line import folded_line
from companion.widgets._gpu_ladder import GPU_LADDER, GPU_LADDER_LIMITS, gpu_ladder
from companion.widgets._gridding_map import GRIDDING_PRESETS, gridding_map
from companion.widgets._low_rank import low_rank
from companion.widgets._se_gate import se_gate
from companion.widgets._separable_steps import separable_steps
from companion.widgets._shortcut_explorer import SHORTCUT_LIMITS, shortcut_explorer
from companion.widgets._widget import Widget
from companion.widgets._xor_lines import xor_lines

__all__ = [
    "COLOUR_PRESETS",
    "EXPLORER_KINDS",
    "EXPLORER_LIMITS",
    "EXPLORER_PRESETS",
    "GPU_LADDER",
    "GPU_LADDER_LIMITS",
    "GRIDDING_PRESETS",
    "SHORTCUT_LIMITS",
    "Widget",
    "channel_mixer",
    "channel_shuffle",
    "cost_explorer",
    "dot_product",
    "draw_digit",
    "folded_line",
    "gpu_ladder",
    "gridding_map",
    "low_rank",
    "se_gate",
    "separable_steps",
    "shortcut_explorer",
    "xor_lines",
]
