"""Groups and shuffle in a browser: by keyboard and by pointer it traces outputs back."""

import pytest
from playwright.sync_api import expect

from companion import widgets


@pytest.fixture
def part(open_widget):
    return open_widget(widgets.channel_shuffle(channels=12, groups=4))


def counts(part):
    return [part.locator(f"[data-count={name}]").inner_text() for name in ("alone", "dealt")]


READ = """net => {
  const dots = [...net.querySelectorAll("circle.read")].map((dot) => Number(dot.getAttribute("cx")));
  return [...new Set(dots)].map((column) => dots.filter((dot) => dot === column).length);
}"""
PLACE = """(net, [level, channel]) => {
  const dots = [...net.querySelectorAll("circle")];
  const columns = [...new Set(dots.map((dot) => dot.getAttribute("cx")))];
  const { x, y } = dots.filter((dot) => dot.getAttribute("cx") === columns[level])[channel].getBoundingClientRect();
  return [x + 6, y + 3];
}"""


def read(part, net):
    """How many channels of each column are on a path, input first; that of the output holds no more."""
    return part.locator(f"svg[data-net={net}]").evaluate(READ)


def test_by_keyboard_a_second_layer_reaches_more_with_the_shuffle_alone(part):
    assert counts(part) == ["3 of 12 inputs"] * 2
    part.locator("#layers").press("ArrowRight")
    assert counts(part) == ["3 of 12 inputs", "9 of 12 inputs"]
    assert read(part, "alone") == [3, 3, 3]
    assert read(part, "dealt") == [9, 3, 3]
    part.locator("#layers").press("ArrowRight")
    expect(part.locator(".words")).to_contain_text(
        "3 of 12 inputs after one layer, 9 of 12 inputs after two layers, 12 of 12 inputs after three layers; "
        "without it on 3."
    )


def test_a_click_chooses_the_nearest_channel_behind_a_layer(part):
    for net in ("alone", "dealt"):
        for layers, output in ((2, 7), (1, 0), (3, 11)):
            place = part.locator(f"svg[data-net={net}]").evaluate(PLACE, [2 * layers - 1, output])
            part.page.mouse.click(*place)
            expect(part.locator("#layers")).to_have_value(str(layers))
            expect(part.locator("#output")).to_have_value(str(output))
            label = part.locator("svg[data-net=alone]").get_attribute("aria-label")
            first = 3 * (output // 3)
            assert label.endswith(f"depends on inputs {first}, {first + 1}, {first + 2}")
            assert label.startswith(f"Output {output} after {layers} grouped layer")


def test_the_groups_are_always_a_divisor(part):
    groups, shown = part.locator("#groups"), part.locator("output[for=groups]")
    seen = []
    groups.press("Home")
    for _ in range(6):
        seen.append(shown.inner_text())
        groups.press("ArrowRight")
    assert seen == ["1", "2", "3", "4", "6", "12"]
    part.locator("#channels").press("ArrowRight")  # 13: a prime
    expect(shown).to_have_text("1")
    assert counts(part) == ["13 of 13 inputs"] * 2


def test_an_output_that_is_no_longer_there_gives_way_to_the_last(part):
    part.locator("#output").fill("11")
    part.locator("#channels").fill("6")
    expect(part.locator("output[for=output]")).to_have_text("5")


@pytest.mark.parametrize(
    ("groups", "guess", "words"),
    [
        (4, "two", "Not as you guessed: with the shuffle after three layers, without it never."),
        (4, "three", "You guessed it: with the shuffle after three layers, without it never."),
        (3, "two", "You guessed it: with the shuffle after two layers, without it never."),
        (12, "never", "You guessed it: with the shuffle never, without it never."),
        (1, "one", "You guessed it: with the shuffle after one layer, without it too."),
        (6, "more", "You guessed it: with the shuffle after 4 layers, without it never."),
    ],
)
def test_a_guess_is_judged_and_a_link_keeps_it(groups, guess, words, open_widget):
    part = open_widget(widgets.channel_shuffle(channels=12, groups=groups))
    expect(part.locator(".answer")).to_be_empty()
    part.get_by_role("button", name=guess, exact=True).press("Enter")
    expect(part.locator(".answer")).to_have_text(words)
    part.page.goto(part.evaluate("() => location.href"))
    expect(part.locator(".answer")).to_have_text(words)
    part.locator("#channels").press("ArrowRight")
    expect(part.locator(".answer")).not_to_contain_text("guessed")


def test_its_python_is_shown_once_asked_for(part):
    part.get_by_role("button", name="copy as Python").click()
    expect(part.locator(".python code")).to_contain_text("channel_mixing.shuffle_order(12, groups=4)")
