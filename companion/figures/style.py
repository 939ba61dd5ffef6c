"""The one style: colours that a page may replace by its own, and matplotlib's settings.

Each colour is written into the SVG as a CSS variable with the value below as its fallback, so that a page can
brighten it in its dark theme. The series colours are Okabe and Ito's and keep a contrast of 3:1 against white
and against a dark ground of #121212.
"""

INK = "#010203"  # becomes ``currentColor``: text and axes take the colour of the words around them
PAPER = "#fdfefe"
GRID = "#c9cccf"
BLUE, ORANGE, GREEN, PINK = SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")

CSS = {
    INK: "currentColor",
    PAPER: f"var(--fig-paper, {PAPER})",
    GRID: f"var(--fig-grid, {GRID})",
    BLUE: f"var(--fig-blue, {BLUE})",
    ORANGE: f"var(--fig-orange, {ORANGE})",
    GREEN: f"var(--fig-green, {GREEN})",
    PINK: f"var(--fig-pink, {PINK})",
}

RC = {
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": f"cycler('color', {list(SERIES)})",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "figure.dpi": 110,
    "font.size": 10,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "patch.edgecolor": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "companion",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
