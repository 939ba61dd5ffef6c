"""Every page of the book, opened in a browser: it answers, is silent, stays at home, is light and fits a phone.

It is also shown before what lies far below is laid out. That is seen by how often the browser had to work out
styles and places, since seconds say more about the machine.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from book_pages import PAGES, new_context
from playwright.sync_api import Route, expect

from tools.browser import ALL_LAID_OUT

LIMIT = 400_000  # bytes of a first load, compressed
ROUNDS = 60  # of working out styles or places: one for each box that a script asks, if it asks them one by one


@dataclass
class Visit:
    """What happened when a page was opened with an empty cache."""

    status: int = 0
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    weights: dict[str, int] = field(default_factory=dict)
    rounds: dict[str, float] = field(default_factory=dict)
    widths: dict[int, int] = field(default_factory=dict)


@pytest.fixture(scope="module", params=[*PAGES, "index.html", "search.html", "_modules/companion/tables.html"])
def visit(request, browser, address) -> Visit:
    visit = Visit()
    context = new_context(browser, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: visit.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("request", lambda sent: visit.hosts.add(urlsplit(sent.url).netloc))
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    visit.status = page.goto(address + request.param).status
    page.wait_for_load_state("networkidle")
    sizes = """() => performance.getEntries().filter((entry) => "encodedBodySize" in entry)
        .map((entry) => [entry.name, entry.encodedBodySize])"""
    visit.weights = dict(page.evaluate(sizes))
    visit.rounds = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    page.add_style_tag(content=ALL_LAID_OUT)
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        visit.widths[width] = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    return visit


def test_the_page_answers_is_silent_stays_at_home_is_light_and_fits_a_phone(visit, address):
    assert visit.status == 200
    assert visit.errors == []
    assert visit.hosts - {""} == {urlsplit(address).netloc}  # data: addresses have no host
    total = sum(visit.weights.values())
    heaviest = sorted(visit.weights.items(), key=lambda item: -item[1])[:5]
    assert 10_000 < total <= LIMIT, f"{total:,} bytes, most of them in {heaviest}"
    assert all(used <= width for width, used in visit.widths.items()), visit.widths


def test_a_page_is_shown_before_what_lies_far_below_is_laid_out(visit):
    assert 0 < visit.rounds["RecalcStyleCount"] < ROUNDS
    assert 0 < visit.rounds["LayoutCount"] < ROUNDS


SHIFTS = """new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  window.shift = (window.shift ?? 0) + entry.value; })).observe({ type: "layout-shift", buffered: true });"""


PHONE = {"viewport": {"width": 412, "height": 823}, "device_scale_factor": 1.75, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1350, "height": 940}}


@pytest.mark.parametrize("path", PAGES)
def test_nothing_moves_while_a_page_comes_in(path, browser, address):
    context = new_context(browser, **PHONE)
    context.add_init_script(SHIFTS)
    page = context.new_page()
    page.goto(address + path, wait_until="load")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)
    assert page.evaluate("window.shift ?? 0") < 0.02
    context.close()


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_moves_when_the_fonts_come_after_the_text(path, device, browser, address):
    context = new_context(browser, **device)
    context.add_init_script(SHIFTS)
    page = context.new_page()
    fonts: list[Route] = []
    page.route("**/*.woff2", lambda font: fonts.append(font))  # a bound method will not do
    page.goto(address + path, wait_until="commit")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    page.wait_for_timeout(200)  # a font that comes with the first paint is waited for
    assert fonts
    page.route("**/*.woff2", lambda font: font.continue_())
    for font in fonts:
        font.continue_()
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(200)
    assert page.evaluate("window.shift ?? 0") < 0.02
    context.close()


@pytest.mark.parametrize("is_file", [False, True], ids=["served", "file"])
def test_the_text_is_set_in_its_own_face(is_file, browser, address, site):
    context = new_context(browser)
    page = context.new_page()
    sheets: list[Route] = []
    if not is_file:  # on a busy machine the stylesheet may come first, and the page does without the face
        page.route("**/site.css*", lambda sheet: sheets.append(sheet))
    page.goto((f"{site.as_uri()}/" if is_file else address) + "book/choosing.html", wait_until="commit")
    if not is_file:
        page.wait_for_function(
            "performance.getEntriesByType('resource').some((entry) => /source-sans/.test(entry.name))"
        )
        for sheet in sheets:
            sheet.continue_()
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    session = context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        session.send(f"{domain}.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    first = session.send("DOM.querySelector", {"nodeId": root, "selector": "article p"})
    used = session.send("CSS.getPlatformFontsForNode", first)["fonts"]
    assert used[0]["familyName"].startswith("Source Sans 3"), used
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_photograph_is_shown_larger_than_it_is(path, page):
    page.set_viewport_size({"width": 1350, "height": 940})
    page.goto(path, wait_until="load")
    sizes = page.evaluate("""() => [...document.querySelectorAll("channel-mixer")]
      .flatMap((part) => [...part.shadowRoot.querySelectorAll("img")])
      .concat([...document.querySelectorAll("article img")])
      .map((img) => [img.clientWidth, img.naturalWidth])""")
    assert all(shown <= own * 4 / 3 for shown, own in sizes), f"Lighthouse allows a third more: {sizes}"


@pytest.mark.parametrize("path", ["book/gpu_kernel.html", "book/pointwise.html"])
def test_what_lies_far_below_is_laid_out_when_it_comes_near(path, page):
    page.goto(path, wait_until="load")
    waiting = """() => [...document.querySelectorAll(".bd-article section section > div *")].filter(
      (part) => !part.checkVisibility({ contentVisibilityAuto: true })).length"""
    before = page.evaluate(waiting)
    assert before > 1000
    page.locator("article h2").last.scroll_into_view_if_needed()
    page.wait_for_function(f"({waiting})() < {before}")


PLACES = ["gpu_kernel.html#cell-coalesced-figure", "pointwise.html#cell-sideways-figure"]
PLACES += ["squeeze_excitation.html#cell-job-figure"]
HEIGHT = """() => document.querySelector(decodeURI(location.hash)).getBoundingClientRect().top
  - parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop)"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", PLACES)
def test_a_link_to_a_cell_leads_to_it_from_another_page_and_from_the_same_and_so_does_a_reload(place, width, page):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"book/{place}", wait_until="load")
    page.wait_for_timeout(500)  # what comes near may move what stands there
    assert abs(page.evaluate(HEIGHT)) < 3
    page.reload(wait_until="load")
    page.wait_for_timeout(500)
    assert abs(page.evaluate(HEIGHT)) < 3
    path, _, name = place.partition("#")
    page.goto(f"book/{path}", wait_until="load")
    page.evaluate(
        "name => { const a = document.createElement('a'); a.href = '#' + name; "
        "document.querySelector('article').prepend(a); a.click(); }",
        name,
    )
    page.wait_for_timeout(500)
    assert abs(page.evaluate(HEIGHT)) < 3


@pytest.mark.parametrize("path", PAGES)
def test_the_page_reads_without_javascript(path, browser, address):
    context = new_context(browser, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address + path)
    style = """css => {
      document.head.append(document.createElement("style"));
      document.head.lastChild.textContent = css;
    }"""
    page.evaluate(style, ALL_LAID_OUT)  # else what comes near moves what is about to be clicked
    expect(page.locator("nav.bd-links").get_by_role("link").first).to_be_visible()
    expect(page.locator("article h1")).to_be_visible()
    assert len(page.locator("article").inner_text()) > 200
    widths = page.evaluate(
        "() => [...document.querySelectorAll('article .katex, article .fig-art svg')]"
        ".filter((drawn) => !drawn.closest('details')).map((drawn) => drawn.getBoundingClientRect().width)"
    )
    assert all(width > 0 for width in widths)
    for details in page.locator("article details").all()[:3]:  # by hand; then all at once
        details.locator("summary").click()
        expect(details.locator("pre, table").first).to_be_visible()
    shut = page.evaluate("""() => [...document.querySelectorAll("article details")].filter((details) => {
      details.open = true;
      return !details.querySelector("pre, table")?.checkVisibility();
    }).length""")
    assert shut == 0
    context.close()
