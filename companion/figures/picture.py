"""Finished figures: inline SVG for pages, a PNG for other viewers, and an alternative text."""

import re
from collections.abc import Callable
from functools import cached_property, wraps
from hashlib import sha256
from html import escape
from io import BytesIO, StringIO

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from companion.figures.style import CSS, INK, RC

WIDTH = 5.4  # inches
PLAIN = matplotlib.rcParamsDefault["text.color"]


def canvas(height: float = 2.8, *, width: float = WIDTH, **subplots) -> tuple[Figure, Axes]:
    """Return a figure in the book's style and its axes.

    Args:
        height: in inches.
        width: in inches; the default keeps words readable on a phone, where the figure shrinks to fit.
        **subplots: handed to ``Figure.subplots``, for example ``ncols=2``.
    """
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(**subplots)


def styled(draw: Callable) -> Callable:
    """Let a drawing function work in the book's style, and leave matplotlib's settings as they were."""

    @wraps(draw)
    def drawn(*args, **kwargs):
        with matplotlib.rc_context(RC):
            return draw(*args, **kwargs)

    return drawn


class Picture:
    """A figure with its alternative text and caption, shown by a notebook as its last expression.

    Args:
        figure: a matplotlib figure; words of no colour of their own get the ink of the page around them.
        alt: what is to be seen, in a sentence or two, for readers who don't see it.
        caption: what to notice; optional.

    Raises:
        ValueError: if ``alt`` is not a text, or is empty.
    """

    def __init__(self, figure: Figure, *, alt: str, caption: str = ""):
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError(f"alt must say what is to be seen in the figure, got {alt!r}")
        for text in figure.findobj(Text):  # written after ``canvas``, in matplotlib's own black
            if text.get_color() == PLAIN:
                text.set_color(INK)
        self.figure = figure
        self.alt = " ".join(alt.split())
        self.caption = " ".join(caption.split())

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"

    @cached_property
    def svg(self) -> str:
        """The figure as an ``<svg>`` element whose colours are CSS variables."""
        buffer = StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        with matplotlib.rc_context(RC):
            self.figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
        return _themed(buffer.getvalue(), prefix=sha256(self.alt.encode()).hexdigest()[:6])

    @cached_property
    def png(self) -> bytes:
        """The figure as a PNG on white, for viewers that show no SVG."""
        buffer = BytesIO()
        with matplotlib.rc_context(RC):
            self.figure.savefig(buffer, format="png", facecolor="white", metadata={"Software": None})
        small = BytesIO()  # a palette makes the file a third as large, which is stored in every notebook
        with Image.open(buffer) as image:
            image.convert("RGB").quantize(256).save(small, format="PNG", optimize=True)
        return small.getvalue()

    @property
    def html(self) -> str:
        """The figure as an HTML ``<figure>``."""
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        art = f'<div class="fig-art" role="img" aria-label="{escape(self.alt)}">{self.svg}</div>'
        return f'<figure class="fig" style="margin: 1em 0">{art}{caption}</figure>'

    def _repr_mimebundle_(self, **kwargs) -> dict:
        return {"text/plain": repr(self), "text/html": self.html, "image/png": self.png}


def _themed(svg: str, prefix: str) -> str:
    """Turn matplotlib's file into an element for the middle of a page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>", "", svg, flags=re.DOTALL)
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1]) * 96 / 72  # points to CSS pixels
    look = f"width: 100%; max-width: {width:.0f}px; height: auto; stroke-linejoin: round"
    # Two figures of a page must not share an id: keep those that are referred to, with a prefix.
    used = set(re.findall(r"(?:url\(|href=\")#([\w.-]+)", svg))

    def themed(tag: re.Match) -> str:
        text = tag[0].replace("xlink:href", "href")
        text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text)
        text = re.sub(r' id="([\w.-]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", text)
        text = re.sub(r"(url\(|href=\")#", rf"\1#{prefix}-", text)
        text = re.sub(r"font-family: [^;\"]+; ", "", text)  # words take the font of the page
        text = re.sub(r"(\d\.\d\d)\d+", r"\1", text)  # a hundredth of a point is not seen
        for colour, variable in CSS.items():
            text = text.replace(colour, variable)
        return text

    svg = re.sub(r"<[^>]*>", themed, svg)  # the words between the tags stay as they are
    svg = svg.replace("<svg ", f'<svg style="{look}" ', 1)
    return _grouped(re.sub(r"\s*\n\s*", " ", svg).replace("> <", "><").strip())


def _grouped(svg: str) -> str:
    """Say once, around marks in a row that look alike, what they look like.

    >>> _grouped('<use x="1" style="fill: a"/><use x="2" style="fill: a"/><use x="3" style="fill: b"/>')
    '<g style="fill: a"><use x="1"/><use x="2"/></g><use x="3" style="fill: b"/>'
    """

    def group(found: re.Match) -> str:
        style = f' style="{found[1]}"'
        return f"<g{style}>{found[0].replace(style, '')}</g>"

    return re.sub(r'<use [^>]*?style="([^"]*)"/>(?:<use [^>]*?style="\1"/>)+', group, svg)
