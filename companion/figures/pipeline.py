"""A pipelined loop: when each tile is loaded, and when it is multiplied."""

from companion._checks import integer
from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import BLUE, ORANGE


@styled
def pipeline(tiles: int, stages: int, *, alt: str, caption: str = "") -> Picture:
    """Draw when each tile is loaded and when it is multiplied, in a loop that loads ahead.

    Tile t is multiplied in turn t. It sets out ``stages - 1`` turns before, the first ones all at once before
    the loop begins.

    Args:
        tiles: how many tiles, one row each.
        stages: how many tiles have a place in memory at a time, the one that is multiplied included.
        alt: alternative text.
        caption: caption.

    Raises:
        TypeError: if a number is not an int.
        ValueError: if ``tiles`` is below 1 or ``stages`` below 2.
    """
    tiles, stages = integer("tiles", tiles), integer("stages", stages, at_least=2)
    figure, axis = canvas(0.5 + 0.28 * tiles)
    for tile in range(tiles):
        start = max(tile - stages + 1, -1)
        rows = (tile - 0.35, 0.7)
        axis.broken_barh([(start, tile - start)], rows, facecolor=(ORANGE, 0.5), edgecolor=ORANGE)
        axis.broken_barh([(tile, 1)], rows, facecolor=BLUE, edgecolor=BLUE)
        axis.text((start + tile) / 2, tile, "on its way", ha="center", va="center", fontsize=9)
    right = {"color": BLUE, "fontsize": 9, "fontweight": "bold", "ha": "right", "va": "center"}
    axis.text(tiles + 0.1, 0, "blue: multiplied", **right)
    axis.set(xlim=(-1, tiles + 0.2), ylim=(tiles - 0.4, -0.6), xlabel="turns of the loop")
    axis.set_xticks([-0.5, *(turn + 0.5 for turn in range(tiles))], ["before", *map(str, range(tiles))])
    axis.set_yticks(range(tiles), [f"tile {tile}" for tile in range(tiles)])
    axis.grid(visible=False)
    axis.tick_params(length=0)
    return Picture(figure, alt=alt, caption=caption)
