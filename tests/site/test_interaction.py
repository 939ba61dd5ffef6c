"""What a reader does: switch the theme, search, open a solution, print, download."""

import json

import pytest
from book_pages import PAGES, first_page_with
from playwright.sync_api import expect

from tools.browser import ALL_LAID_OUT


def test_a_figure_follows_the_theme_switch(page):
    first_page_with(".fig-art svg text", page)
    read = """() => {
      const text = document.querySelector(".fig-art svg text");
      return [getComputedStyle(text).fill, getComputedStyle(document.querySelector("article p")).color];
    }"""
    light = page.evaluate(read)
    page.locator(".theme-switch-button").click()  # from the system's light to dark
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate(read)
    assert light[0] == light[1]
    assert dark[0] == dark[1]
    assert light[0] != dark[0]


def test_the_choice_of_theme_is_kept_and_stands_before_the_first_paint(page):
    page.goto(PAGES[0])
    page.locator(".theme-switch-button").click()
    page.route("**/*.js*", lambda route: route.abort())  # what is left is the script in the head
    page.goto(PAGES[1])
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_search_dialog_finds_a_word_by_keyboard(page):
    page.goto(PAGES[0])
    page.keyboard.press("Control+k")
    expect(page.locator("#pst-search-dialog input")).to_be_focused()
    page.keyboard.type("bottleneck")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=bottleneck")
    expect(page.locator("#search-results .search-summary")).to_contain_text("matching the search query")
    results = page.locator("#search-results li a")
    results.filter(has_text="Glossary").first.click()
    expect(page.locator("article h1")).to_contain_text("Glossary")


def test_the_search_page_says_so_when_it_finds_nothing(page):
    page.goto("search.html?q=zyzzyva")
    expect(page.locator("#search-results .search-summary")).to_contain_text("did not match")


def test_a_solution_opens_on_click_and_by_keyboard(page):
    first_page_with(".tag_hide-cell details", page)
    details = page.locator(".tag_hide-cell details").filter(has_text="Show the solution").first
    summary = details.locator("summary")
    expect(summary).to_have_text("Show the solution", use_inner_text=True)
    summary.click()
    expect(details.locator(".cell_input")).to_be_visible()
    expect(summary).to_have_text("Hide the solution", use_inner_text=True)
    summary.focus()
    page.keyboard.press("Enter")
    expect(details.locator(".cell_input")).to_be_hidden()
    page.keyboard.press("Space")
    expect(details.locator(".cell_input")).to_be_visible()


def test_paper_is_light_and_shows_the_solutions(page):
    page.emulate_media(color_scheme="dark")
    first_page_with("details.hide", page)
    state = "[document.documentElement.dataset.theme, document.querySelectorAll('details:not([open])').length]"
    before = page.evaluate(state)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(state) == ["light", 0]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(state) == before == ["dark", before[1]]
    assert before[1] > 0


def test_a_chapter_can_be_downloaded_as_a_notebook(page):
    first_page_with("a.download-notebook", page)
    with page.expect_download() as download:
        page.locator("a.download-notebook").click()
    assert download.value.suggested_filename.endswith(".ipynb")
    assert json.loads(download.value.path().read_text("utf8"))["nbformat"] == 4


def test_wide_boxes_can_be_scrolled_by_keyboard_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    boxes = page.locator(".pst-scrollable-table-container")
    settled = "(box) => box.tabIndex === (box.scrollWidth > box.clientWidth ? 0 : -1)"
    scrolled = 0
    for path in PAGES:
        page.goto(path, wait_until="load")
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        for box in boxes.all():
            box.scroll_into_view_if_needed()
            page.wait_for_function(settled, arg=box.element_handle())
            if box.evaluate("(box) => box.tabIndex === 0"):
                box.focus()
                for _ in range(3):
                    page.keyboard.press("ArrowRight")
                page.wait_for_function("document.activeElement.scrollLeft > 0")
                scrolled += 1
    assert scrolled, "no table of the book is wider than a phone: nothing was tried"


def test_the_chapters_open_from_a_phone_s_menu(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(PAGES[0])
    page.locator(".primary-toggle").click()
    page.locator("#pst-primary-sidebar-modal nav.bd-links a").first.click()
    page.wait_for_url(f"**/{PAGES[1]}")


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_a_drawer_on_a_phone_closes_by_its_button_and_shows_the_section_that_was_chosen(side, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(PAGES[1])
    drawer = page.locator(f"#pst-{side}-sidebar-modal")
    for chosen in (".close-drawer", *(["nav.page-toc a[href^='#']"] * (side == "secondary"))):
        page.locator(f".{side}-toggle").first.click()
        expect(drawer).to_be_visible()
        drawer.locator(chosen).last.click()
        expect(drawer).to_be_hidden()


def test_the_words_of_figures_are_at_least_9_pixels_high_on_a_phone_and_do_not_overlap(page):
    page.set_viewport_size({"width": 390, "height": 844})
    read = """() => [...document.querySelectorAll(".fig-art svg")].map((svg) => {
      const sizes = [...svg.querySelectorAll("text")].map((text) => parseFloat(getComputedStyle(text).fontSize));
      return Math.min(Infinity, ...sizes) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    })"""
    clash = """() => [...document.querySelectorAll(".fig-art svg")].flatMap((svg) => {
      const words = [...svg.querySelectorAll("text")].map((t) => [t.textContent, t.getBoundingClientRect()]);
      const frame = svg.getBoundingClientRect();
      const cut = ([, { left, right }]) => left < frame.left - 1 || right > frame.right + 1;
      const shared = (a, b, low, high) => Math.min(a[high], b[high]) - Math.max(a[low], b[low]);
      const meet = (a, b) => shared(a, b, "left", "right") > 1 && shared(a, b, "top", "bottom") > a.height / 2;
      return [...words.filter(cut).map(([word]) => `${word} is cut off`), ...words.flatMap(([word, box], i) =>
        words.slice(i + 1).filter(([, other]) => meet(box, other)).map(([other]) => `${word} on ${other}`))];
    })"""
    seen = 0
    for path in PAGES:
        page.goto(path)
        page.add_style_tag(content=ALL_LAID_OUT)
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        assert page.evaluate(clash) == [], path
        sizes = page.evaluate(read)
        assert all(size >= 8.99 for size in sizes), (path, sizes)
        seen += len(sizes)
    assert seen > 50


def test_the_dot_product_goes_by_keyboard_and_by_pointer_and_its_link_shows_the_same(page):
    first_page_with("dot-product", page)
    part = page.locator("dot-product")
    read, total = part.locator("td.read, td.now"), part.locator(".sum b")
    expect(read).to_have_count(3)
    part.locator("#row").focus()
    page.keyboard.press("ArrowUp")
    expect(part.locator("td.written")).to_have_count(1)
    assert "dot-product=2%2C1%2C0%2C0" in page.url
    whole = total.inner_text()
    assert part.locator("td.written").inner_text() == whole
    part.get_by_role("button", name="next term").click()
    expect(part.locator("td.written")).to_have_text("?")
    for _ in range(3):
        part.get_by_role("button", name="next term").click()
    expect(part.locator("td.written")).to_have_text(whole)
    part.locator("table[data-map=y][data-channel='1'] td").nth(8).click()
    part.get_by_role("button", name="3×3").click()
    expect(part.locator(".sum")).to_contain_text("27 of 27 products")
    shown, address = total.inner_text(), page.url
    page.goto(address)
    expect(total).to_have_text(shown)
    expect(part.get_by_role("button", name="3×3")).to_have_attribute("aria-pressed", "true")
