"""The gate in a browser: a guess, the lamp by keyboard and by pointer, and the block without its squeeze."""

import numpy as np
import pytest
from playwright.sync_api import expect

from companion import widgets
from tests.widgets import SWITCH

PIXEL = """(canvas, [row, column]) =>
  [...canvas.getContext("2d").getImageData(column, row, 1, 1).data].slice(0, 3)"""
X = np.stack([np.full((4, 8), 0.6), np.full((4, 8), 0.4), np.zeros((4, 8))])


@pytest.fixture
def part(open_widget):
    return open_widget(widgets.se_gate(X, SWITCH))


def gates(part):
    """The numbers that stand above the bars: three means, the hidden unit, three gates."""
    return part.locator("svg text:not(.head, .halo)").all_text_contents()


def test_the_lamp_goes_on_by_keyboard_and_the_gates_follow(part):
    words = part.locator(".words")
    expect(words).to_have_text("Lamp off: gates red 1.00, green 0.00, blue 0.50, the same for all 32 pixels.")
    assert part.locator(".y").evaluate(PIXEL, [1, 5]) == [153, 0, 0]  # 0.6, and 0.4 behind a closed gate
    slider = part.locator("#strength")
    slider.press("End")
    on = "Blue lamp at 1.00 in column 0: gates red 0.00, green 1.00, blue 0.50, the same for all 32 pixels."
    expect(words).to_have_text(on)
    assert part.locator(".y").evaluate(PIXEL, [1, 5]) == [0, 102, 0]
    assert part.locator(".y").evaluate(PIXEL, [1, 0]) == [0, 102, 128]
    assert gates(part) == [
        "1.00",
        "red",
        "0.60",
        "green",
        "0.40",
        "blue",
        "0.13",
        "red",
        "0.00",
        "green",
        "1.00",
        "blue",
        "0.50",
    ]
    expect(part.locator("[aria-live]")).to_have_text(on.replace("Blue", "blue"))
    slider.press("Home")
    for _ in range(10):
        slider.press("ArrowRight")
    expect(words).to_contain_text("Blue lamp at 0.50 in column 0: gates red 0.50, green 0.50, blue 0.50")
    expect(part.locator(".formula")).to_have_text(
        "Gates: red σ(6 − 12 · 0.50), green σ(−6 + 12 · 0.50), blue σ(0)."
    )


def test_a_lamp_of_a_colour_that_no_weight_reads_changes_no_gate(part):
    part.get_by_role("button", name="lamp on").click()
    part.locator("#channel").select_option("green")
    expect(part.locator(".words")).to_contain_text("Green lamp at 1.00 in column 0: gates red 1.00, green 0.00")
    assert part.locator(".x").evaluate(PIXEL, [0, 0]) == [153, 255, 0]


def test_a_click_on_the_picture_puts_the_lamp_there_and_the_means_stay(part):
    part.get_by_role("button", name="lamp on").click()
    before = gates(part)
    box = part.locator(".x").bounding_box()
    part.locator(".x").click(position={"x": box["width"] * 5.5 / 8, "y": 5})
    expect(part.locator(".words")).to_contain_text("in column 5")
    expect(part.locator("#column")).to_have_value("5")
    assert part.locator(".x").evaluate(PIXEL, [0, 5]) == [153, 102, 255]
    assert gates(part) == before
    part.get_by_role("button", name="lamp on").click()
    expect(part.locator(".words")).to_contain_text("Lamp off")


def test_a_guess_is_answered(part):
    part.get_by_role("button", name="green").press("Enter")
    expect(part.locator(".answer")).to_have_text("No: the gate of red goes from 1.00 to 0.00.")
    expect(part.locator(".words")).to_contain_text("Blue lamp at 1.00")
    part.get_by_role("button", name="red").click()
    expect(part.locator(".answer")).to_have_text("Yes: the gate of red goes from 1.00 to 0.00.")


def test_without_the_squeeze_only_the_lamp_s_own_pixels_change_and_the_link_keeps_it(part):
    part.get_by_role("button", name="red").click()
    part.locator("#column").press("ArrowRight")
    part.get_by_role("button", name="without the squeeze").press("Space")
    expect(part.locator(".words")).to_contain_text("each pixel's gates come from that pixel alone")
    assert part.locator(".y").evaluate(PIXEL, [2, 1]) == [0, 102, 128]
    assert part.locator(".y").evaluate(PIXEL, [2, 2]) == [153, 0, 0]
    expect(part.locator("svg rect.cell")).to_have_count(7 * 32)
    part.page.goto(part.page.url)
    expect(part.get_by_role("button", name="without the squeeze")).to_have_attribute("aria-pressed", "true")
    expect(part.locator(".answer")).to_contain_text("Yes")
    assert part.locator(".y").evaluate(PIXEL, [2, 1]) == [0, 102, 128]


def test_a_link_with_nonsense_in_it_shows_a_lamp_that_is_off(part):
    part.page.goto("http://widget.invalid/?se-gate=a,b,7,x,length")
    expect(part.locator(".words")).to_contain_text("Lamp off")
    expect(part.locator("#channel")).to_have_value("2")
    expect(part.locator(".answer")).to_have_text("")
