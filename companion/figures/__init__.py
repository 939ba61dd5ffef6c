"""Figures of one style, drawn from lists, arrays or tensors; each follows the page's theme and has an alt text."""

from companion.figures.blocks import pixel_maps, tensor_blocks
from companion.figures.branches import branches
from companion.figures.charts import bars, curves
from companion.figures.dots import dot_panels, dots
from companion.figures.heat_maps import heat_maps
from companion.figures.histograms import histograms
from companion.figures.matrix import mixing_matrix
from companion.figures.number_grids import number_grids
from companion.figures.picture import Picture, canvas
from companion.figures.pipeline import pipeline
from companion.figures.regions import regions
from companion.figures.roofline import roofline
from companion.figures.scatter import scatter
from companion.figures.sectors import sectors
from companion.figures.stacked import stacked
from companion.figures.style import BLUE, GREEN, GRID, INK, ORANGE, PAPER, PINK, SERIES
from companion.figures.sweep import sweep
from companion.figures.tiles import tiles
from companion.figures.two_axes import two_axes
from companion.figures.worked import worked_pixel

__all__ = [
    "BLUE",
    "GREEN",
    "GRID",
    "INK",
    "ORANGE",
    "PAPER",
    "PINK",
    "SERIES",
    "Picture",
    "bars",
    "branches",
    "canvas",
    "curves",
    "dot_panels",
    "dots",
    "heat_maps",
    "histograms",
    "mixing_matrix",
    "number_grids",
    "pipeline",
    "pixel_maps",
    "regions",
    "roofline",
    "scatter",
    "sectors",
    "stacked",
    "sweep",
    "tensor_blocks",
    "tiles",
    "two_axes",
    "worked_pixel",
]
