"""The folded line in a browser: layers by keyboard, the point by pointer, the table, the guess."""

import re

import torch
from playwright.sync_api import expect

from companion import nonlinearity, widgets


def test_layers_and_units_change_the_line_and_the_row(open_widget):
    part = open_widget(widgets.folded_line(depth=3))
    words, row = part.locator(".words"), part.locator("tr[aria-current] td")
    expect(words).to_have_text(
        "3 layers of 2 units: 8 pieces from 12 weights. The point goes 0.30 → 0.60 → 0.80 → 0.40."
    )
    assert row.all_text_contents() == ["3", "6", "12", "8", "7"]
    part.locator("#depth").press("ArrowRight")
    assert row.all_text_contents() == ["4", "8", "16", "16", "9"]
    part.locator("#depth").press("Home")
    part.locator("#folds").press("End")
    expect(words).to_have_text("1 layer of 4 units: 4 pieces from 8 weights. The point goes 0.30 → 0.80.")
    part.locator("#depth").press("End")
    assert row.all_text_contents() == ["6", "24", "88", "4,096", "25"]


def test_the_drawing_has_the_kinks_of_the_network(open_widget):
    part = open_widget(widgets.folded_line(depth=2, folds=3))
    places = [
        [float(number) for number in re.findall(r"[\d.]+", part.locator(f"path.{way}").get_attribute("d"))]
        for way in ("up", "down")
    ]
    ends = torch.tensor(places[0] + places[1], dtype=torch.float64).unflatten(0, (-1, 2))
    walk = nonlinearity.walk(nonlinearity.folding(2, 3), torch.zeros(1), torch.ones(1))
    wanted = torch.stack([600 * walk.knots, 160 * (1 - walk.values[:, 0])], dim=1)
    assert len(ends) == 2 * walk.pieces
    assert (ends[:, None] - wanted).abs().amax(dim=2).amin(dim=1).max() < 1e-6, "each end is a knot"


def test_the_point_follows_the_pointer_and_the_link_keeps_it(open_widget):
    part = open_widget(widgets.folded_line(depth=1))
    box = part.locator("svg").bounding_box()
    mouse = part.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(part.locator("#x"), "only while a button is down").to_have_value("0.3")
    mouse.down()
    expect(part.locator(".words")).to_contain_text("0.50 → 1.00.")
    mouse.move(box["x"] + box["width"] - 1, box["y"] + 20)
    mouse.up()
    expect(part.locator(".words")).to_contain_text("1.00 → 0.00.")
    part.locator("#x").press("ArrowLeft")
    expect(part.locator("#x + output")).to_have_text("0.99")
    part.page.goto(part.page.url)
    expect(part.locator(".words")).to_contain_text("0.99 → 0.02.")


def test_a_guess_is_answered_and_the_python_line_is_right(open_widget):
    part = open_widget(widgets.folded_line(depth=2))
    part.get_by_role("button", name="adds a piece for each unit").press("Enter")
    expect(part.locator(".answer")).to_contain_text("A layer of 2 units makes the pieces 2 times as many.")
    part.locator("[data-copy]").click()
    code, result = part.locator("code").text_content().split("#")
    assert eval(code, {"nonlinearity": nonlinearity, "torch": torch}) == int(result) == 4
