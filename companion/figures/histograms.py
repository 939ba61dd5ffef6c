"""Histograms as outlines, several to a panel."""

from collections.abc import Mapping, Sequence

from companion.figures.picture import Picture, canvas, styled
from companion.figures.style import SERIES
from companion.figures.values import array

_DASHES = ("-", "--", ":", "-.")  # told apart without colours, too


@styled
def histograms(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    label: str,
    window: tuple[float, float],
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw panels side by side, in each the same samples as outlines, in percent of their values.

    Args:
        panels: title of a panel -> name of a sample -> its values; one to four samples, the same in every panel.
        label: what the values are, with their unit.
        window: least and greatest value of the axis, (low, high), which no value leaves; cut into 20 bins.
        alt: alternative text.
        caption: caption.

    Raises:
        ValueError: if there is nothing to draw, a panel has other samples, a sample is empty, or a value lies
            outside the window.
    """
    first = next(iter(panels.values()), {})
    if not 1 <= len(first) <= len(SERIES) or any(list(samples) != list(first) for samples in panels.values()):
        raise ValueError(f"panels must hold the same 1 to {len(SERIES)} samples each, got {dict(panels)}")
    low, high = window
    panels = {
        title: {name: array("panels", values) for name, values in samples.items()}
        for title, samples in panels.items()
    }
    for samples in panels.values():
        for name, values in samples.items():
            if not len(values):
                raise ValueError(f"panels must hold samples of at least one value, got none for {name!r}")
            outside = values[~((low <= values) & (values <= high))]  # NaN is outside, too
            if len(outside):
                raise ValueError(f"panels must hold values inside the window {window}, got {outside[0]}")

    figure, axes = canvas(2.3, ncols=len(panels), sharey=True, squeeze=False)
    for axis, (title, samples) in zip(axes[0], panels.items(), strict=True):
        for (name, values), colour, dashes in zip(samples.items(), SERIES, _DASHES, strict=False):
            percent = [100 / len(values)] * len(values)
            look = {"histtype": "step", "color": colour, "linestyle": dashes, "linewidth": 1.6}
            axis.hist(values, bins=20, range=window, weights=percent, label=name, **look)
        axis.set(title=title, xlim=window, xlabel=label)
    axes[0][0].set_ylabel("share, %")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=len(first), fontsize=9)
    return Picture(figure, alt=alt, caption=caption)
