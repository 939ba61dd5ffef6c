"""The two ReLU lines in a browser: moved by keyboard and by pointer until XOR is solved."""

import ast

import torch
from playwright.sync_api import expect

from companion import nonlinearity, widgets


def column(part, number):
    return part.locator(f"tbody td:nth-child({number})").all_text_contents()


def set_by_keys(part, name, to, step):
    slider = part.locator(f"#{name}")
    slider.focus()
    for _ in range(abs(round((to - float(slider.input_value())) / step))):
        part.page.keyboard.press("ArrowRight" if to > float(slider.input_value()) else "ArrowLeft")


def test_the_keyboard_solves_it_and_the_link_keeps_it(open_widget):
    part = open_widget(widgets.xor_lines())
    verdict = part.locator(".verdict")
    expect(verdict).to_have_text("Not solved: with the best output weights 3 of 4 corners are right.")
    assert sorted(column(part, 6)) == ["no", "yes", "yes", "yes"]
    set_by_keys(part, "angle-0", -45, 5)
    set_by_keys(part, "angle-1", 135, 5)
    expect(verdict).to_contain_text("XOR is solved")
    assert column(part, 3) == ["0", "1.41", "0", "0"]
    assert column(part, 4) == ["0", "0", "1.41", "0"]
    assert column(part, 5) == ["−0.5", "0.5", "0.5", "−0.5"]
    assert column(part, 6) == ["yes"] * 4
    expect(part.locator("#angle-0 + output")).to_have_text("−45°")
    part.page.goto(part.page.url)
    expect(verdict).to_contain_text("XOR is solved")
    assert column(part, 5) == ["−0.5", "0.5", "0.5", "−0.5"]


def drag(part, selector, to):
    """Drag the middle of a handle to a place in the plane of the channels."""
    box = part.locator(".plane").bounding_box()
    handle = part.locator(selector).bounding_box()
    mouse = part.page.mouse
    mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + box["width"] * (2 + to[0]) / 4, box["y"] + box["height"] * (2 - to[1]) / 4, steps=3)
    mouse.up()


def test_a_line_is_turned_by_its_arrow_and_shifted_by_itself(open_widget):
    part = open_widget(widgets.xor_lines())
    drag(part, "circle[data-line='0']", (1, -1))
    expect(part.locator("#angle-0")).to_have_value("-45")
    expect(part.locator("#offset-0")).to_have_value("0")
    expect(part.locator("#angle-1"), "the other line stays").to_have_value("90")
    drag(part, "circle[data-line='1']", (-1, 1))
    expect(part.locator(".verdict")).to_contain_text("XOR is solved")
    part.page.mouse.move(5, 5)  # released: nothing follows
    expect(part.locator("#angle-1")).to_have_value("135")
    part = open_widget(widgets.xor_lines((0, -1), (90, 0.5)))
    drag(part, "path[data-line='0']", (0.6, 0))
    expect(part.locator("#offset-0")).to_have_value("0.6")
    drag(part, "path[data-line='0']", (1.9, 0))
    expect(part.locator("#offset-0"), "as far as the slider goes").to_have_value("1.5")
    assert "xor-lines=0%2C1.5%2C90%2C0.5%2C0" in part.page.url


def test_what_is_copied_is_an_answer_to_the_exercise(open_widget):
    part = open_widget(widgets.xor_lines((-45, 0), (135, 0)))
    part.locator("[data-copy]").press("Enter")
    line, comment = part.locator("code").text_content().split("#")
    assert comment == " 4 of 4 corners"
    weight, bias, last, shift = map(torch.tensor, ast.literal_eval(line.removeprefix("answer = ").strip()))
    x, y = nonlinearity.checkerboard(seed=1)
    hidden = torch.nn.functional.conv2d(x, weight[:, :, None, None], bias).relu()
    score = torch.nn.functional.conv2d(hidden, last[None, :, None, None], shift)
    assert torch.equal(score[:, 0] > 0, y == 1)


def test_a_guess_is_answered(open_widget):
    part = open_widget(widgets.xor_lines())
    expect(part.locator(".answer")).to_be_hidden()
    part.get_by_role("button", name="no", exact=True).press("Enter")
    expect(part.locator(".answer")).to_contain_text("They will, if they run along a diagonal")


def test_two_units_that_send_all_corners_to_one_place_have_no_score(open_widget):
    part = open_widget(widgets.xor_lines((0, 1.5), (90, 1.5)))
    assert column(part, 5) == ["–"] * 4
    expect(part.locator(".verdict")).to_have_text(
        "Not solved: with the best output weights 2 of 4 corners are right."
    )
    expect(part.locator(".plane .area")).to_have_count(0)
