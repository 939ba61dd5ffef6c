"""Tables break no line between a number and its interval, and on paper nothing reaches beyond the sheet."""

from book_pages import PAGES

SHEET = 717  # pixels of A4 between a browser's own margins
BEYOND = """(width) => [...document.querySelectorAll("article *")]
  .filter((part) => part.checkVisibility() && !part.closest("svg, .katex, .highlight pre"))
  .map((part) => [part.tagName, part.className, part.closest("[id]")?.id, part.getBoundingClientRect()])
  .filter(([, , , { left, right, width: own }]) => own > 1 && (left < -1 || right > width + 1))
  .map(([name, kind, id, { left, right }]) => `${name}.${kind} in ${id}: ${left} to ${right}`)"""

CUT = """() => [...document.querySelectorAll("article *")]
  .flatMap((part) => [part, ...(part.shadowRoot?.querySelectorAll("*") ?? [])])
  .filter((part) => part.checkVisibility() && getComputedStyle(part).overflowY !== "visible")
  .filter((part) => part.clientHeight > 1 && part.scrollHeight > part.clientHeight + 1)
  .map((part) => `${part.tagName}.${part.className}: ${part.scrollHeight} in ${part.clientHeight}`)"""


def test_what_belongs_together_in_a_table_stands_in_one_line_and_captions_fit_a_phone(page):
    page.set_viewport_size({"width": 320, "height": 900})
    seen = 0
    for path in PAGES:
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        found = page.locator("table .whole").evaluate_all(
            "parts => parts.map((part) => [part.textContent, part.getClientRects().length])"
        )
        assert [text for text, lines in found if lines != 1] == [], path
        seen += len(found)
        cut = page.locator("article caption").evaluate_all(
            "all => all.filter((caption) => caption.offsetWidth > caption.closest('div').clientWidth + 1).length"
        )
        assert cut == 0, path
    assert seen > 500


def test_nothing_on_paper_reaches_beyond_the_sheet(page):
    page.set_viewport_size({"width": SHEET, "height": 1000})
    for path in PAGES:
        page.emulate_media(media="screen")
        page.goto(path)
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(BEYOND, SHEET) == [], path
        assert page.evaluate(CUT) == [], path


def test_a_link_in_a_table_has_the_colour_of_other_links(page):
    page.goto(PAGES[0])
    colours = "parts => [...new Set(parts.map((part) => getComputedStyle(part).color))]"
    assert len(page.locator("article table a, article section > p a").evaluate_all(colours)) == 1


def test_the_titles_at_the_foot_of_a_page_have_the_width_of_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(PAGES[1])
    wide = page.locator(".prev-next-area a").evaluate_all("parts => parts.map((part) => part.offsetWidth)")
    assert len(wide) == 2
    assert min(wide) > 300
