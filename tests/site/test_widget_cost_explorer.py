"""The cost explorer in a browser: by keyboard and by pointer it shows what the package counts."""

import pytest
from playwright.sync_api import expect

from companion import cost, widgets
from tests.widgets import EXPLORER

EXAMPLE = widgets.cost_explorer(**EXPLORER)


def shown(part, measure):
    return part.locator(f"[data-measure={measure}] .number span").all_inner_texts()


@pytest.fixture
def part(open_widget):
    return open_widget(EXAMPLE)


def test_bytes_are_shown_after_a_guess_and_the_guess_is_judged(part):
    assert shown(part, "weights") == ["204,800", "16,896"]
    assert shown(part, "bytes") == ["?", "?"]
    part.get_by_role("button", name="not fewer").click()
    expect(part.locator(".words")).to_contain_text(
        "Not as you guessed: 12.1 times fewer MACs, 1.6 times fewer bytes"
    )
    part.get_by_role("button", name="fewer, but by less").press("Enter")
    expect(part.locator(".words")).to_contain_text("You guessed it: 12.1 times fewer MACs, 1.6 times fewer bytes")
    assert shown(part, "bytes") == ["1,722,368", "1,071,104"]
    assert shown(part, "intensity") == ["186.4", "24.7"]


def test_by_keyboard_the_batch_passes_the_point_where_more_bytes_move(part):
    part.get_by_role("button", name="fewer, but by less").click()
    expect(part.locator(".words")).to_contain_text("in batches of 8 and more (mark)")
    ratio = part.locator("[data-measure=bytes] .ratio")
    for _ in range(6):
        part.locator("#batch").press("ArrowRight")
    expect(part.locator("output[for=batch]")).to_have_text("7")
    full = cost.conv2d(256, 32, 5, size=28, padding=2, bias=False, batch=7)
    assert shown(part, "bytes")[0] == f"{full.bytes:,}"
    for _ in range(12):
        part.locator("#batch").press("ArrowRight")
    expect(ratio).to_have_text("1.1 times more")


def test_the_marks_lie_where_the_thumb_is_at_the_crossing(part):
    place = "one => Number(getComputedStyle(one.parentElement).getPropertyValue('--mark'))"
    assert part.locator("#middle_channels").evaluate(place) == pytest.approx((193 - 1) / 511)
    assert not 0 <= part.locator("#batch").evaluate(place) <= 1, "it would give the bytes away"
    part.locator("#middle_channels").fill("193")
    assert shown(part, "weights") == ["204,800", "203,808"]
    part.locator("#middle_channels").press("ArrowRight")
    assert shown(part, "weights") == ["204,800", "204,864"]


def test_each_kind_shows_its_own_sliders_and_numbers(part):
    kinds = part.locator("#kind")
    kinds.select_option("separable")
    expect(part.locator("#middle_channels")).to_be_hidden()
    assert shown(part, "weights")[1] == f"{25 * 256 + 256 * 32:,}"
    expect(part.locator(".words")).to_contain_text(
        "k² = 25 times; nine tenths of that are reached at 9k² = 225 (mark)"
    )
    kinds.select_option("grouped")
    expect(part.locator("#groups")).to_be_visible()
    for groups in (2, 4, 8, 16, 32):
        part.locator("#groups").press("ArrowRight")
        expect(part.locator("output[for=groups]")).to_have_text(str(groups))
        assert shown(part, "weights")[1] == f"{204_800 // groups:,}"
    part.locator("#out_channels").fill("33")
    expect(part.locator("output[for=groups]")).to_have_text("1")
    part.locator("#out_channels").fill("32")
    expect(part.locator("output[for=groups]")).to_have_text("32")


@pytest.mark.parametrize("name", widgets.EXPLORER_PRESETS)
def test_a_preset_shows_its_layer_and_a_link_shows_it_again(name, part):
    preset = widgets.EXPLORER_PRESETS[name]
    button = part.get_by_role("button", name=name, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    part.get_by_role("button", name="not fewer").click()
    full = cost.conv2d(
        preset["in_channels"],
        preset["out_channels"],
        k := preset["kernel_size"],
        size=preset["size"],
        padding=k // 2,
        bias=False,
    )
    assert shown(part, "macs")[0] == f"{full.macs:,}"
    expect(part.locator("#kind")).to_have_value(preset["kind"])
    seen = [shown(part, measure) for measure in ("weights", "macs", "bytes", "intensity")]
    words = part.locator(".words").inner_text()
    part.page.goto(part.evaluate("() => location.href"))
    assert [shown(part, measure) for measure in ("weights", "macs", "bytes", "intensity")] == seen
    expect(part.locator(".words")).to_have_text(words)


def test_its_python_is_shown_once_asked_for_and_follows_the_sliders(part):
    code = part.locator(".python code")
    expect(code).to_be_hidden()
    part.get_by_role("button", name="copy as Python").press("Enter")
    expect(code).to_contain_text("cost.conv2d(256, 16, 1, size=28, bias=False)")
    part.locator("#middle_channels").press("ArrowRight")
    expect(code).to_contain_text("cost.conv2d(17, 32, 5, size=28, padding=2, bias=False)")
