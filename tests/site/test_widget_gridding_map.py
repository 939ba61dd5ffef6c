"""The gridding map in a browser: by keyboard and by pointer it counts the paths to each pixel."""

import pytest
import torch
from playwright.sync_api import expect

from companion import pitfalls, widgets


@pytest.fixture
def part(open_widget):
    return open_widget(widgets.gridding_map((2, 2, 2)))


def numbers(part):
    return [int(text) for text in part.locator("svg text").all_text_contents()]


def test_the_map_is_veiled_until_a_guess_and_then_holds_the_counts(part):
    expect(part.locator(".veiled")).to_have_count(1)
    expect(part.locator(".rules table")).to_be_hidden()
    assert numbers(part) == []
    part.get_by_role("button", name="every pixel").press("Enter")
    expect(part.locator(".count")).to_have_text("Not as you guessed: 49 of 169 pixels are read.")
    part.get_by_role("button", name="there are gaps").click()
    expect(part.locator(".count")).to_have_text("You guessed it: 49 of 169 pixels are read.")
    row = pitfalls.path_counts((2, 2, 2))
    assert numbers(part) == torch.outer(row, row).flatten().tolist()
    expect(part.locator(".hole")).to_have_count(1)


def test_the_rules_follow_the_sliders(part):
    part.get_by_role("button", name="there are gaps").click()
    verdicts = part.locator(".rules td")
    expect(verdicts).to_have_text(["holds", "fails", "fails"])
    part.locator("#rate-0").press("ArrowLeft")
    expect(verdicts).to_have_text(["holds", "holds", "holds"])  # 1, 2, 2
    expect(part.locator(".count")).to_have_text("121 of 121 pixels are read.")
    expect(part.locator(".hole")).to_have_count(0)
    part.locator("#rate-2").press("End")
    expect(verdicts).to_have_text(["fails", "holds", "fails"])  # 1, 2, 9
    expect(part.locator(".rules small").first).to_have_text("M₂ = max[9 − 4, 4 − 9, 2] = 5")
    expect(part.locator(".count")).to_have_text("441 of 625 pixels are read.")


def test_arrow_keys_go_from_pixel_to_pixel_and_stop_at_the_edge(part):
    part.get_by_role("button", name="there are gaps").click()
    grid, words = part.locator(".map"), part.locator(".pixel")
    expect(words).to_have_text("At the output itself: 49 paths: 7 by rows × 7 by columns.")
    for key in ("ArrowUp", "ArrowUp", "ArrowRight"):
        grid.press(key)
    expect(words).to_have_text("2 rows up, 1 column right of the output: a hole, on no path.")
    grid.press("ArrowRight")
    expect(words).to_have_text("2 rows up, 2 columns right of the output: 36 paths: 6 by rows × 6 by columns.")
    for _ in range(20):
        grid.press("ArrowDown")
    expect(words).to_have_text("6 rows down, 2 columns right of the output: 6 paths: 1 by rows × 6 by columns.")
    seen, address = words.inner_text(), part.evaluate("() => location.href")
    part.page.goto(address)
    expect(words).to_have_text(seen)
    part.locator(".map").press("Home")
    expect(words).to_contain_text("At the output itself")
    part.locator("#rate-0").press("Home")
    part.locator("#rate-1").press("Home")
    part.locator("#rate-2").press("Home")
    expect(words).to_have_text("At the output itself: 49 paths: 7 by rows × 7 by columns.")


def test_the_pointer_chooses_the_pixel_under_it(part):
    part.get_by_role("button", name="there are gaps").click()
    row = pitfalls.path_counts((2, 2, 2)).tolist()
    texts, words = part.locator("svg text"), part.locator(".pixel")
    for i, j in ((0, 0), (12, 12), (5, 7), (4, 10)):
        box = texts.nth(13 * i + j).bounding_box()
        place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        part.page.mouse.move(*place)
        paths = row[i] * row[j]
        expect(words).to_contain_text(f"of the output: {paths} path" if paths else "of the output: a hole")
        part.page.mouse.click(*place)
        assert part.evaluate("() => location.search").endswith("2%2C2%2C2%2C" + f"{i - 6}%2C{j - 6}%2C1")


def test_a_preset_sets_all_rates(part):
    part.get_by_role("button", name="every pixel").click()
    part.get_by_role("button", name="2, 3, 5").press("Enter")
    for i, rate in enumerate(("2", "3", "5")):
        expect(part.locator(f"output[for=rate-{i}]")).to_have_text(rate)
    expect(part.get_by_role("button", name="2, 3, 5")).to_have_attribute("aria-pressed", "true")
    expect(part.locator(".count")).to_have_text("361 of 441 pixels are read.")
    expect(part.locator(".rules td")).to_have_text(["holds", "holds", "fails"])
    part.get_by_role("button", name="copy as Python").click()
    expect(part.locator(".python code")).to_contain_text("rates = (2, 3, 5)")


def test_on_a_phone_no_number_is_too_small_to_read(open_widget):
    part = open_widget(widgets.gridding_map((1, 2, 5)), width=320)
    part.get_by_role("button", name="every pixel").click()
    expect(part.locator("svg text").first).to_be_hidden()
    part.get_by_role("button", name="2, 2, 2").click()
    first = part.locator("svg text").first
    expect(first).to_be_visible()
    scale = part.locator("svg").evaluate("svg => svg.getScreenCTM().a")
    assert 0.62 * scale >= 12
