"""Keep what the site shows of the stock theme and drop the rest: most rules, nearly all icons, the fonts for them.

What is left of all stylesheets is one file, so that a page is drawn after one request and not after eight.
Everything is read from what Sphinx has laid into the output folder for this build, so a second build gives the same
files as the first.
"""

import logging
import posixpath
import re
from html import unescape
from itertools import pairwise
from pathlib import Path

import pydata_sphinx_theme
import tinycss2
from fontTools import subset
from sphinx.application import Sphinx
from tinycss2.ast import Node

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FIRST = ("basic.css", "styles/pydata-sphinx-theme.css")  # before those that Sphinx lists
SHEET = "site.css"
SCRIPT = "scripts/pydata-sphinx-theme.js"
# The theme asks every box for its width, one by one, before the first paint: our own script asks what is in sight.
MEASURED = re.compile(r'\["pre",[^\]]*"\.pst-scrollable-table-container"\]')
FONTS = Path("vendor", "fontawesome", "webfonts")
FORMULAS = Path("katex", "fonts")
UNUSED = ("scripts/fontawesome.js*", "**/*.ttf", "**/*.map", "*webpack-macros.html", "locales/**/*.*")


def purged(css: str, words: set[str]) -> str:
    """Drop the rules of classes and ids that no page and no script names.

    What stands in brackets, as behind ``:not``, is not looked at.

    >>> purged("a{b:c} .x, .y.z:hover {d: e} @media print{#q{f:g}} .y:not(.u){h:i}", {"y", "z"})
    'a{b:c}.y.z:hover{d: e}.y:not(.u){h:i}'
    """
    return _kept(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), words)


def _kept(rules: list[Node], words: set[str]) -> str:
    found = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [s for s in _selectors(rule.prelude) if _names(s) <= words]
            if selectors:
                prelude = ",".join(tinycss2.serialize(selector).strip() for selector in selectors)
                found.append(f"{prelude}{{{tinycss2.serialize(rule.content).strip()}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in {"media", "supports", "layer"} and rule.content:
            inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if kept := _kept(inside, words):
                found.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{kept}}}")
        else:
            found.append(rule.serialize())
    return "".join(found)


def _selectors(prelude: list[Node]) -> list[list[Node]]:
    parts: list[list[Node]] = [[]]
    for token in prelude:
        parts.append([]) if token == "," else parts[-1].append(token)
    return parts


def _names(selector: list[Node]) -> set[str]:
    ids = {token.value for token in selector if token.type == "hash"}
    return ids | {b.value for a, b in pairwise(selector) if a == "." and b.type == "ident"}


def glyphs_in(css: str) -> set[int]:
    r"""Return the code points of the private use area that a stylesheet draws, escaped or written out.

    >>> sorted(map(hex, glyphs_in('content:"\\f0c9"; --icon:"' + chr(0xf058) + '"')))
    ['0xf058', '0xf0c9']
    """
    escaped = {int(code, 16) for code in re.findall(r'"\\([ef][0-9a-f]{3})"', css)}
    return escaped | {ord(letter) for letter in re.findall("[\ue000-\uf8ff]", css)}


def cut_font(source: Path, target: Path, glyphs: set[int]) -> None:
    """Write the font with these glyphs only."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # else it reports every table of every font
    options = subset.Options(flavor="woff2", layout_features=["*"], notdef_outline=False)
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=glyphs)
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def moved(css: str, folder: str) -> str:
    """Return a stylesheet whose addresses are read from the folder above it.

    >>> moved('a{b:url("../c.woff2") url(d.svg) url(data:e)}', "styles")
    'a{b:url("c.woff2") url("styles/d.svg") url(data:e)}'
    """

    def address(match: re.Match) -> str:
        return f'url("{posixpath.normpath(posixpath.join(folder, match["path"]))}")'

    return re.sub(r"""url\((["']?)(?!data:|#)(?P<path>[^"')]+)\1\)""", address, css)


def join_sheets(static: Path, names: list[str], words: set[str]) -> str:
    """Return what is in use of the stylesheets as one, in their order."""
    parts = [moved(purged((static / name).read_text("utf8"), words), posixpath.dirname(name)) for name in names]
    return re.sub(r',\s*url\([^)]*\.(ttf|woff)"\)\s*format\("\w+"\)', "", "\n".join(parts))


def renew(app: Sphinx, static: Path) -> None:
    """Write the one stylesheet, cut the fonts to what is drawn, and let the theme's script measure nothing."""
    paths = [path for kind in ("html", "js") for path in Path(app.outdir).rglob(f"*.{kind}")]
    text = "\n".join(path.read_text("utf8") for path in paths)
    words = set(re.findall(r"[\w-]+", text))
    listed = sorted(app.builder.globalcontext["css_files"], key=lambda sheet: sheet.priority)
    css = join_sheets(static, [*FIRST, *(str(sheet.filename).removeprefix("_static/") for sheet in listed)], words)
    (static / SHEET).write_text(css, "utf8")
    script = (static / SCRIPT).read_text("utf8")
    (static / SCRIPT).write_text(MEASURED.sub('["[data-measured]"]', script), "utf8")
    for font in (THEME / FONTS).glob("*.woff2"):
        cut_font(font, static / FONTS / font.name, glyphs_in(css))
    letters = set(map(ord, set(unescape(text))))
    for font in Path(app.srcdir, "vendor", FORMULAS).glob("*.woff2"):
        cut_font(font, static / FORMULAS / font.name, letters)


def slim(app: Sphinx, exception: Exception | None) -> None:
    """Join and cut stylesheets and fonts, and remove what no page asks for."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()
    if (static / FIRST[0]).is_file():  # else no page was written, and the theme was not laid anew
        renew(app, static)
    for path in static.rglob("*.css"):
        if path.name != SHEET:
            path.unlink()


def connect(app: Sphinx) -> None:
    """Run last: the pages say which icons they need."""
    app.connect("build-finished", slim, priority=900)
