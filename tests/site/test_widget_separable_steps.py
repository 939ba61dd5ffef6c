"""Separable steps in a browser: by keyboard, by pointer, playing, and with the guess."""

from playwright.sync_api import expect
from torch import nn

from companion import cost, separable, widgets
from tests.widgets import DEPTHWISE, PICTURE, POINTWISE

STEPS = widgets.separable_steps(PICTURE, DEPTHWISE, POINTWISE, out_channels=3)


def counts(part):
    return part.locator(".number").all_text_contents()


def test_the_values_of_a_pixel_come_one_after_the_other_by_keyboard(open_widget):
    part = open_widget(STEPS)
    words, step = part.locator(".words"), part.locator("[data-next]")
    part.locator("#position").focus()
    part.page.keyboard.press("Home")  # the first pixel, all its values made
    expect(words).to_have_text("Pixel 1, output 3: 1·(−3) + 1·(−2) = −5")
    assert counts(part) == ["24 of 144", "54 of 324"]
    step.press("Enter")
    expect(words).to_have_text("Pixel 2, middle map 1: 1·0 + 0·0 − 1·0 + 2·2 + 0·0 − 2·1 + 1·1 + 0·3 − 1·0 = 3")
    assert counts(part) == ["33 of 144", "54 of 324"]
    expect(part.locator("rect.now")).to_have_count(6 + 1)  # the window inside the picture, and the value
    step.press("Enter")
    step.press("Enter")
    expect(words).to_have_text("Pixel 2, output 1: 1·3 + 2·(−6) = −9")
    assert counts(part) == ["44 of 144", "54 of 324"]
    expect(part.locator("rect.now")).to_have_count(2 + 1)  # a cell of each middle map


def test_the_full_convolution_makes_the_same_value_of_more_products(open_widget):
    part = open_widget(STEPS)
    part.locator("[data-way=full]").press("Space")
    expect(part.locator("[data-way=full]")).to_have_attribute("aria-pressed", "true")
    part.locator("#position").press("Home")
    expect(part.locator(".words")).to_have_text("Pixel 1, output 3: 18 products, sum −5")
    expect(part.locator("rect.now")).to_have_count(2 * 4 + 1)
    part.locator("#position").press("End")
    assert counts(part) == ["144 of 144", "324 of 324"]
    part.locator("#out_channels").press("End")
    assert counts(part) == ["156 of 156", "432 of 432"]


def test_a_click_on_a_cell_shows_how_it_is_made(open_widget):
    part = open_widget(STEPS)
    part.locator("[data-at='4'][data-step='4']").click()  # the second output of the fifth pixel
    expect(part.locator(".words")).to_have_text("Pixel 5, output 2: 0·3 − 1·(−1) = 1")
    expect(part.locator("#position")).to_have_value("5")
    assert "separable-steps=3%2C5%2C0%2C4%2C0" in part.page.url


def test_play_goes_to_the_end_and_at_once_where_motion_is_not_wanted(open_widget):
    part = open_widget(STEPS)
    part.locator("[data-play]").click()
    assert counts(part) == ["144 of 144", "324 of 324"]
    part.page.emulate_media(reduced_motion="no-preference")
    part.page.clock.install()
    part.locator("[data-play]").click()
    expect(part.locator("[data-play]")).to_have_text("stop")
    before = int(counts(part)[0].split()[0])  # the clock goes on by itself, too
    part.page.clock.run_for(400)
    assert 9 <= before < int(counts(part)[0].split()[0]) < 144
    part.page.clock.run_for(400 * (3 + 5))  # the outputs of the first pixel, then five pixels
    assert counts(part) == ["144 of 144", "324 of 324"]
    part.page.clock.run_for(400)
    expect(part.locator("[data-play]")).to_have_text("play")


def test_a_guess_is_answered_and_kept_in_the_link(open_widget):
    part = open_widget(STEPS)
    answer = part.locator(".answer")
    expect(answer).to_be_hidden()
    part.get_by_role("button", name="18", exact=True).press("Enter")
    expect(answer).to_contain_text("Nearly 9, if there are many outputs")
    expect(answer).to_contain_text("With 3 they are 2.3 times fewer, with 256 it would be 8.7.")
    part.page.goto(part.page.url)
    expect(answer).to_contain_text("2.3 times fewer")
    expect(part.get_by_role("button", name="18", exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_line_of_python_is_shown_and_is_right(open_widget):
    part = open_widget(STEPS)
    code = part.locator("code")
    expect(code).to_be_hidden()
    part.locator("[data-copy]").press("Enter")
    for way in ("separable", "full"):
        part.locator(f"[data-way={way}]").click()
        line, result = code.text_content().split("#")
        assert eval(line, {"cost": cost, "nn": nn, "separable": separable}) == int(result)
