"""axe finds nothing on any page, in the light and in the dark, on a desktop and on a phone, solutions opened.

Contrast is axe's slow rule: it looks for what lies behind each piece of text. What it finds depends on the text's
colour and size and on the grounds behind it, so three visible pieces of each such kind are looked at, with the
kinds of both themes. It is checked at the wide width, since colours do not depend on it, and in the open dialogs at
the narrow one, with the page behind them. All other rules are asked at both widths, in the light: the dark theme
changes colours and nothing else.
"""

from pathlib import Path

import axe_playwright_python
import pytest
from book_pages import PAGES, SCROLLING_IS_SETTLED
from playwright.sync_api import Page

from tools.browser import ALL_LAID_OUT

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
PREPARE = """() => {
  const ground = (element, known) => {  // all backgrounds from the page's up to this element's
    if (!element) return "";
    if (!known.has(element)) {
      const { backgroundColor, backgroundImage, opacity, position } = getComputedStyle(element);
      const own = [backgroundColor, backgroundImage, opacity, position].join();
      const plain = own === "rgba(0, 0, 0, 0),none,1,static";
      known.set(element, ground(element.parentElement, known) + (plain ? "" : `|${own}`));
    }
    return known.get(element);
  };
  const written = (element) => element.matches("input, select, textarea")
    || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  document.querySelectorAll("[data-look]").forEach((element) => element.removeAttribute("data-look"));
  const pieces = [...document.body.querySelectorAll("*")].filter((element) => written(element)
    && element.checkVisibility({ visibilityProperty: true })
    && element.getBoundingClientRect().width > 1);  // else words for screen readers alone would stand for others
  for (const theme of ["light", "dark"]) {
    document.documentElement.dataset.theme = theme;
    const [known, seen] = [new Map(), new Map()];
    for (const element of pieces) {
      const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
      const kind = [color, fontSize, fontWeight, textShadow, ground(element, known)].join();
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (seen.get(kind) <= 3) element.dataset.look = "";
    }
  }
  // The thousands of words of code would only cost time: a few of each colour are left of them.
  for (const word of document.querySelectorAll(".highlight pre span:not([data-look], :has([data-look]))"))
    word.replaceWith(word.textContent);
}"""
RUN = """async ([theme, rules]) => {
  document.documentElement.dataset.theme = theme;
  const options = { resultTypes: ["violations"], preload: false };
  const { violations } = await (rules === "contrast"
    ? axe.run({ include: [["[data-look]"]] }, { ...options, runOnly: ["color-contrast"] })
    : axe.run(document, { ...options, rules: { "color-contrast": { enabled: false } } }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${theme}, ${id}: ${node.html.slice(0, 200)}`));
}"""


def prepare(page: Page) -> None:
    """Load axe into the page, lay all of it out, and mark what axe's contrast rule has to look at."""
    page.add_style_tag(content=ALL_LAID_OUT)
    page.add_script_tag(path=AXE)
    page.evaluate(PREPARE)


def found(page: Page, *runs: tuple[str, str]) -> list[str]:
    """What axe finds in the prepared page, for each theme and set of rules."""
    return [line for run in runs for line in page.evaluate(RUN, run)]


ALL = ("light", "structure"), ("light", "contrast"), ("dark", "contrast")


@pytest.mark.parametrize("path", [*PAGES, "search.html?q=bottleneck", "_modules/companion/tables.html"])
def test_axe_finds_nothing(path, page):
    page.goto(path)
    if "search" in path:
        page.locator("#search-results li").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    prepare(page)
    page.wait_for_function(SCROLLING_IS_SETTLED)
    assert found(page, *ALL) == []
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_function(SCROLLING_IS_SETTLED)
    assert found(page, ("light", "structure")) == []


@pytest.mark.parametrize(
    ("opener", "dialog"),
    [(".primary-toggle", "#pst-primary-sidebar-modal"), (".search-button", "#pst-search-dialog")],
)
def test_axe_finds_nothing_in_an_open_dialog(opener, dialog, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(PAGES[0])
    page.locator(f".bd-header-article {opener}").click()
    page.locator(dialog).wait_for(state="visible")
    prepare(page)
    assert found(page, *ALL) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_colour_that_fails_in_one_theme_only_is_found(theme, page):
    page.goto(PAGES[0])
    page.add_style_tag(content=f"html[data-theme={theme}] article h2 {{ color: #777; background: #888 }}")
    prepare(page)
    lines = found(page, *ALL[1:])
    assert lines
    assert all(line.startswith(f"{theme}, color-contrast: <h2") for line in lines), lines


# axe knows text only, and only what stands on a page. Lines and bars must stand out by 3 : 1 (WCAG 1.4.11).
SERIES = ["--fig-blue", "--fig-orange", "--fig-green", "--fig-pink"]
CODE = ["--pst-color-text-base", *(f"--code-{word}" for word in ("keyword", "string", "number", "name", "comment"))]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("colours", "ground", "least"),
    [(SERIES, "--pst-color-background", 3), (CODE, "--pst-color-surface", 4.5)],
    ids=["series", "code"],
)
def test_colours_stand_out_from_what_they_stand_on(colours, ground, least, theme, page):
    page.goto(PAGES[0])
    read = """([theme, names]) => {
      document.documentElement.dataset.theme = theme;
      const style = getComputedStyle(document.documentElement);
      return names.map((name) => style.getPropertyValue(name).trim());
    }"""
    behind, *lights = map(luminance, page.evaluate(read, [theme, [ground, *colours]]))
    ratios = [(max(behind, light) + 0.05) / (min(behind, light) + 0.05) for light in lights]
    assert min(ratios) >= least, dict(zip(colours, ratios, strict=True))


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
