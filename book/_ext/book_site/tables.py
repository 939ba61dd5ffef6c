"""Tables of outputs: each scrolls in a box of its own, and breaks no line between a number and its interval."""

import re
from html import escape, unescape

TABLE = re.compile(r'<table\b[^>]*class="[^"]*\bdataframe\b.*?</table>', re.DOTALL)
BODY = re.compile(r"<tbody>.*?</table>", re.DOTALL)
# Numbers with their spread, interval or unit, and sizes: what is read as one, and should stand in one line.
NUMBER = r"\(?[−+±]?\d(?:[\d,.]*\d)?[²³]?\)?"
LINKED = rf"(?: ?[→×] ?| [±@] | (?:to|of) |,? ){NUMBER}| (?:%|[kKMG]B?|ms|µs|times|points?)(?!\w)"
MEASURE = re.compile(rf"(?<![\w#;&.-])(?:≈ {NUMBER}(?:{LINKED})*|{NUMBER}(?:{LINKED})+)|cannot tell")


def scrolling_table(match: re.Match) -> str:
    """Put a table into a box of its own that scrolls sideways and can be reached by keyboard."""
    caption = re.search(r"<caption[^>]*>(.*?)</caption>", match[0], re.DOTALL)
    name = unescape(re.sub(r"<[^>]+>", "", caption[1])).strip() if caption else ""
    label = escape(f"Table: {name}" if name else "Table")
    # The theme's own class: its script takes the box out of the tab order while nothing overflows.
    table = BODY.sub(lambda body: re.sub(r"(?<=>)[^<]+", lambda cell: unbroken(cell[0]), body[0]), match[0])
    return (
        f'<div class="pst-scrollable-table-container" tabindex="0" role="group" aria-label="{label}">{table}</div>'
    )


def unbroken(cell: str) -> str:
    """Keep in one line what is read as one, such as a number and its interval; other words may wrap.

    >>> unbroken("0.8 ± 0.2 (0.3 to 1.2), ahead")
    '<span class="whole">0.8 ± 0.2 (0.3 to 1.2)</span>, ahead'
    >>> unbroken("256→1024 @ 14²"), unbroken("level within 0.5 points")
    ('<span class="whole">256→1024 @ 14²</span>', 'level within <span class="whole">0.5 points</span>')
    >>> unbroken("the 1×1 convolution, r = 16"), unbroken("32 → 32, stride 2")
    ('the 1×1 convolution, r = 16', '<span class="whole">32 → 32</span>, stride 2')
    """
    return MEASURE.sub(
        lambda found: f'<span class="whole">{found[0]}</span>' if " " in found[0] else found[0], cell
    )
