"""axe finds nothing on any page, in the light and in the dark, on a desktop and on a phone, solutions opened.

Contrast is axe's slow rule. It is checked at the wide width, since colours do not depend on it, and in the open
dialogs at the narrow one, with the page behind them. The few colours of code are checked by arithmetic instead.
All other rules are asked at both widths, in the light: the dark theme changes colours and nothing else.
"""

from pathlib import Path

import axe_playwright_python
import pytest
from book_pages import PAGES

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RUN = """async ([theme, parts]) => {
  document.documentElement.dataset.theme = theme;
  const options = { resultTypes: ["violations"], preload: false };
  const words = { exclude: [[".highlight pre"], ["dt.sig"]] };
  const run = {
    structure: () => axe.run(document, { ...options, rules: { "color-contrast": { enabled: false } } }),
    contrast: () => axe.run(words, { ...options, runOnly: ["color-contrast"] }),
  };
  const violations = [];
  for (const part of parts) violations.push(...(await run[part]()).violations);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}"""
BOTH = ["structure", "contrast"]


@pytest.mark.parametrize("path", [*PAGES, "search.html?q=bottleneck", "_modules/companion/cost.html"])
def test_axe_finds_nothing(path, page):
    page.goto(path)
    if "search" in path:
        page.locator("#search-results li").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    page.add_script_tag(path=AXE)
    found = {"light": page.evaluate(RUN, ["light", BOTH]), "dark": page.evaluate(RUN, ["dark", ["contrast"]])}
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_timeout(350)  # the theme measures what scrolls a moment after a resize
    found["phone"] = page.evaluate(RUN, ["light", ["structure"]])
    assert not any(found.values()), found


@pytest.mark.parametrize(
    ("opener", "dialog"),
    [(".primary-toggle", "#pst-primary-sidebar-modal"), (".search-button", "#pst-search-dialog")],
)
def test_axe_finds_nothing_in_an_open_dialog(opener, dialog, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(PAGES[0])
    page.locator(f".bd-header-article {opener}").click()
    page.locator(dialog).wait_for(state="visible")
    page.add_script_tag(path=AXE)
    assert page.evaluate(RUN, ["light", BOTH]) == []
    assert page.evaluate(RUN, ["dark", ["contrast"]]) == []


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
