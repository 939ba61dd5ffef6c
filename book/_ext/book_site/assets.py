"""Keep the icons that the site shows and drop the rest: Font Awesome is most of the stock theme's weight.

Everything is read from the installed theme and written to the output folder, so a second build gives the same
files as the first.
"""

import logging
import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from sphinx.application import Sphinx

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
SHEET = Path("styles", "pydata-sphinx-theme.css")
FONTS = Path("vendor", "fontawesome", "webfonts")
ICON_RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"[^"]*"\}')
UNUSED = ("scripts/fontawesome.js*", "**/*.ttf", "**/*.map", "*webpack-macros.html", "locales/**/*.*")


def icons_in(pages: list[str]) -> set[str]:
    """Return the names of the icons that the pages use.

    >>> sorted(icons_in(['<i class="fa-solid fa-moon"></i>', '<i class="fas fa-download">']))
    ['download', 'moon', 'solid']
    """
    return {name for page in pages for name in re.findall(r"\bfa-([a-z0-9-]+)", page)}


def keep_icons(css: str, names: set[str]) -> str:
    """Drop the rules of icons that are not in use.

    >>> keep_icons('a{b:c}.fa-sun:before{content:"x"}.fa-moon:before,.fa-night:before{content:"y"}', {"moon"})
    'a{b:c}.fa-moon:before,.fa-night:before{content:"y"}'
    """

    def rule(match: re.Match) -> str:
        return match[0] if names & set(re.findall(r"\.fa-([a-z0-9-]+):", match[1])) else ""

    return ICON_RULE.sub(rule, css)


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
    options = subset.Options(flavor="woff2", layout_features=[], notdef_outline=False)
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=glyphs)
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def slim(app: Sphinx, exception: Exception | None) -> None:
    """Cut stylesheet and fonts, and remove what no page asks for."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    names = icons_in([page.read_text("utf8") for page in Path(app.outdir).rglob("*.html")])
    css = keep_icons((THEME / SHEET).read_text("utf8"), names)
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)
    css = re.sub(r',url\([^)]*\.ttf\) format\("truetype"\)', "", css)
    (static / SHEET).write_text(css, "utf8")
    others = [path.read_text("utf8") for path in static.rglob("*.css") if path != static / SHEET]
    glyphs = set().union(*map(glyphs_in, [css, *others]))
    for font in (THEME / FONTS).glob("*.woff2"):
        cut_font(font, static / FONTS / font.name, glyphs)
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()


def connect(app: Sphinx) -> None:
    """Run last: the pages say which icons they need."""
    app.connect("build-finished", slim, priority=900)
