"""The shortcut explorer in a browser: a guess, an output chosen by keyboard and by pointer, every kind."""

import pytest
from playwright.sync_api import expect

from companion import widgets


@pytest.fixture
def part(open_widget):
    return open_widget(widgets.shortcut_explorer())


def coloured(part, name):
    """Return "row column channel" of the cells of the input with a colour."""
    return part.locator(f".input rect.{name}").evaluate_all("all => all.map((one) => one.dataset.at)")


def test_a_guess_shows_what_is_never_read(part):
    expect(part.locator(".words")).to_have_text(
        "Pixel (0, 0) of output channel 0 reads pixel (0, 0) of all 4 channels: 4 of 256 values. Weights: 32."
    )
    assert coloured(part, "never") == []
    part.get_by_role("button", name="64", exact=True).click()
    expect(part.locator(".answer")).to_have_text("No: 16, which is 25 %.")
    expect(part.locator(".words")).to_contain_text(
        "All outputs together read 16 of 64 pixels, 25 %; 48 are never read."
    )
    never = coloured(part, "never")
    assert len(never) == 4 * 48
    assert all(row % 2 or column % 2 for row, column, _ in (map(int, at.split()) for at in never))
    part.get_by_role("button", name="16", exact=True).click()
    expect(part.locator(".answer")).to_contain_text("Yes: 16")


def test_the_sliders_choose_an_output_and_its_inputs_light_up(part):
    for name, key in (("row", "End"), ("column", "ArrowRight"), ("channel", "End")):
        part.locator(f"#{name}").press(key)
    assert coloured(part, "now") == [f"6 2 {channel}" for channel in range(4)]
    part.get_by_role("button", name="D: average").press("Enter")
    assert coloured(part, "now") == [f"{r} {s} {channel}" for channel in range(4) for r in (6, 7) for s in (2, 3)]
    expect(part.locator(".words")).to_contain_text(
        "reads 4 pixels of all 4 channels: 16 of 256 values. Weights: 32."
    )
    part.get_by_role("button", name="A: zeros").press("Enter")
    assert coloured(part, "now") == []
    expect(part.locator(".words")).to_have_text(
        "Pixel (3, 1) of output channel 7 is filled with zeros: it reads nothing. Weights: 0."
    )
    expect(part.locator(".output text").last).to_have_text("7: zeros")
    part.get_by_role("button", name="main path").press("Enter")
    assert len(coloured(part, "now")) == 4 * 9
    part.get_by_role("button", name="identity", exact=True).press("Enter")
    expect(part.locator(".words")).to_contain_text("An identity can’t lead from 4 to 8 channels")


def test_the_pointer_chooses_an_output(part):
    cell = part.locator(".output rect[data-at='2 3 5']")
    cell.hover()
    expect(part.locator(".words")).to_contain_text("Pixel (2, 3) of output channel 5 reads pixel (4, 6)")
    part.locator(".output rect[data-at='0 1 2']").click()
    for name, value in (("row", "0"), ("column", "1"), ("channel", "2")):
        expect(part.locator(f"#{name}")).to_have_value(value)
    assert coloured(part, "now") == [f"0 2 {channel}" for channel in range(4)]
    expect(part.locator(".output rect.now")).to_have_attribute("data-at", "0 1 2")


def test_inside_a_stage_the_identity_is_back_and_the_link_keeps_it(part):
    part.get_by_role("button", name="inside it").click()
    part.get_by_role("button", name="B: 1×1 if needed").click()
    part.get_by_role("button", name="all outputs").click()
    for name in ("row", "column", "channel"):
        part.locator(f"#{name}").press("End")
    words = (
        "Pixel (7, 7) of output channel 3 reads pixel (7, 7) of channel 3: 1 of 256 values. Weights: 0. "
        "All outputs together read 64 of 64 pixels, 100 %."
    )
    expect(part.locator(".words")).to_have_text(words)
    expect(part.locator("[aria-live]")).to_have_text(words)
    part.page.goto(part.page.url)
    expect(part.locator(".words")).to_have_text(words)
    expect(part.get_by_role("button", name="inside it")).to_have_attribute("aria-pressed", "true")
    part.get_by_role("button", name="C: 1×1").click()
    expect(part.locator(".words")).to_contain_text("pixel (7, 7) of all 4 channels: 4 of 256 values. Weights: 16.")
    part.get_by_role("button", name="a stage begins").click()
    expect(part.locator(".words")).to_contain_text("Pixel (3, 3) of output channel 3 reads pixel (6, 6)")


def test_it_is_shown_as_python(part):
    part.get_by_role("button", name="copy as Python").click()
    expect(part.locator("code")).to_contain_text('residual.OPTIONS["B"](4, 8, 2)')
    part.get_by_role("button", name="A: zeros").click()
    expect(part.locator("code")).to_contain_text("residual.ZeroPad(4, 8, 2)")


def test_a_link_with_nonsense_in_it_shows_the_beginning(part):
    part.page.goto("http://widget.invalid/?shortcut-explorer=99,x,-3,9,7,2,length")
    expect(part.locator(".words")).to_contain_text("Pixel (3, 0) of output channel 0 reads pixel (6, 0)")
    expect(part.locator(".answer")).to_have_text("")
