"""The digit to draw in a browser: drawn by pointer and by keyboard, moved, shuffled, and read vote by vote."""

import pytest
import torch
from playwright.sync_api import expect
from torch import nn

from companion import data, widgets
from companion import network_in_network as nin

NET = nin.recorded_voting()
LAYERS = [(part.weight.detach(), part.bias.detach()) for part in NET.modules() if isinstance(part, nn.Conv2d)]
PICTURES = data.digits().test_x[:4]


@pytest.fixture
def part(open_widget):
    labels = data.digits().test_y[:4].tolist()
    return open_widget(widgets.draw_digit(LAYERS, PICTURES[:, 0], labels, network="nin.recorded_voting()"))


def shown(part):
    """The picture (1, 1, 8, 8), as the cells of the grid have it."""
    labels = part.locator("[role=gridcell]").evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    return torch.tensor([int(label.split(": ")[1].split()[0]) for label in labels]).view(1, 1, 8, 8) / 16


def scores(part):
    return torch.tensor([float(word.replace("−", "-")) for word in part.locator(".score").all_text_contents()])


@torch.no_grad()
def agrees(part):
    """The scores that stand there are those of the package's network for the picture that stands there."""
    torch.testing.assert_close(scores(part), NET(shown(part))[0], rtol=0, atol=0.006)
    return True


def test_the_picture_s_scores_are_those_of_the_network_and_follow_its_moves(part):
    assert shown(part).equal(PICTURES[:1])
    assert agrees(part)
    before, wanted = scores(part), PICTURES[:1]
    for name, pad in (("right", (1, -1, 0, 0)), ("down", (0, 0, 1, -1))):
        part.get_by_role("button", name=f"move {name}").press("Enter")
        wanted = nn.functional.pad(wanted, pad)
        assert shown(part).equal(wanted)
        assert agrees(part)
    assert (scores(part) - before).abs().max() > 0.1
    part.locator("select").select_option("2")
    assert shown(part).equal(PICTURES[2:3])
    assert agrees(part)


def test_a_digit_is_drawn_with_the_pointer_and_erased(part):
    part.get_by_role("button", name="clear").click()
    assert shown(part).count_nonzero() == 0
    box = part.locator(".grid").bounding_box()
    mouse = part.page.mouse

    def at(row, column):
        return box["x"] + box["width"] * (column + 0.5) / 8, box["y"] + box["height"] * (row + 0.5) / 8

    mouse.move(*at(1, 4))
    mouse.down()
    mouse.move(*at(6, 4), steps=20)
    mouse.up()
    mouse.move(*at(3, 1))  # nothing is drawn once the button is up
    line = torch.zeros(1, 1, 8, 8)
    line[..., 1:7, 3] = line[..., 1:7, 5] = line[..., 0, 4] = line[..., 7, 4] = 5 / 16
    line[..., 1:7, 4] = 1
    assert shown(part).equal(line)
    expect(part.locator(".words")).to_contain_text("By the mean of its votes this is a 1")
    assert agrees(part)
    expect(part.locator("select")).to_have_value("-1")
    mouse.click(*at(2, 4))
    line[..., 2, 4] = 0
    assert shown(part).equal(line)
    address = part.page.url
    part.page.goto(address)
    assert shown(part).equal(line)


def test_a_digit_is_drawn_with_the_keyboard(part):
    part.get_by_role("button", name="clear").click()
    grid = part.locator(".grid")
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft", "Space"):  # from the middle, row 4 and column 4
        grid.press(key)
    expect(grid).to_have_attribute("aria-activedescendant", "cell-2-3")
    assert shown(part)[0, 0, 2].mul(16).int().tolist() == [0, 0, 5, 16, 5, 0, 0, 0]
    grid.press("Space")
    assert shown(part)[0, 0, 2].mul(16).int().tolist() == [0, 0, 5, 0, 5, 0, 0, 0]
    for _ in range(9):
        grid.press("ArrowUp")
    expect(grid).to_have_attribute("aria-activedescendant", "cell-0-3")
    expect(part.locator(".cursor")).to_have_attribute("aria-label", "row 0, column 3: 0 of 16")


@torch.no_grad()
def test_a_pixel_of_a_class_map_has_ten_votes_and_a_window(part):
    votes = NET[:-1](PICTURES[:1])[0]
    part.locator("[data-class='7'] [data-at='1 6']").hover()
    expect(part.locator("#row")).to_have_value("1")
    expect(part.locator("#column")).to_have_value("6")

    def cast():
        return [
            float(word.replace("−", "-")) for word in part.locator(".bars text[text-anchor]").all_text_contents()
        ]

    assert cast() == pytest.approx(votes[:, 1, 6].tolist(), abs=0.006)
    window = part.locator(".grid").evaluate("grid => grid.style.getPropertyValue('--window')")
    assert window == "0% 0% 50% 50%"  # rows 0 to 3, columns 4 to 7: what is beyond the edge is padding
    expect(part.locator(".words")).to_contain_text("The vote at (1, 6) sees a window of 5×5 pixels around (1, 6)")
    part.locator("#row").press("ArrowRight")
    part.locator("#column").press("Home")
    assert cast() == pytest.approx(votes[:, 2, 0].tolist(), abs=0.006)


@torch.no_grad()
def test_shuffled_maps_keep_their_scores_and_shuffled_pixels_do_not(part):
    before = scores(part)
    part.get_by_role("button", name="they are ruined").click()
    expect(part.locator(".answer")).to_contain_text("No, they stay")
    expect(part.get_by_role("button", name="shuffle the maps")).to_have_attribute("aria-pressed", "true")
    assert scores(part).equal(before)
    opacities = "all => all.map((one) => Number(one.getAttribute('fill-opacity')))"
    cells = part.locator("[data-class='3'] [data-at]")
    shuffled = cells.evaluate_all(opacities)
    part.get_by_role("button", name="shuffle the maps").click()
    plain = cells.evaluate_all(opacities)
    assert plain != shuffled
    assert sorted(plain) == sorted(shuffled)
    part.get_by_role("button", name="max", exact=True).click()
    torch.testing.assert_close(scores(part), NET[:-1](PICTURES[:1])[0].amax(dim=(1, 2)), rtol=0, atol=0.006)
    expect(part.locator(".words")).to_contain_text("By the max of its votes")
    part.get_by_role("button", name="mean", exact=True).click()
    part.get_by_role("button", name="shuffle pixels").click()
    assert sorted(shown(part).flatten().tolist()) == sorted(PICTURES[0].flatten().tolist())
    assert agrees(part)
    assert (scores(part) - before).abs().max() > 0.5


@torch.no_grad()
def test_the_lines_to_copy_give_the_scores_that_are_shown(part):
    part.locator("select").select_option("1")
    code = part.locator(".python code")
    for pool in ("mean", "max"):
        part.get_by_role("button", name=pool, exact=True).click()
        part.get_by_role("button", name="copy as Python").click()
        *lines, question = code.inner_text().splitlines()
        names = {"torch": torch, "nin": nin}
        exec("\n".join(lines), names)
        assert names["x"].equal(PICTURES[1, 0])
        torch.testing.assert_close(eval(question, names)[0], scores(part), rtol=0, atol=0.006)


def test_a_link_with_nonsense_in_it_shows_the_first_picture(part):
    part.page.goto("http://widget.invalid/?draw-digit=2,x,zzz,median,9,7")
    assert shown(part).equal(PICTURES[:1])
    expect(part.locator("#row")).to_have_value("2")
    expect(part.locator(".answer")).to_have_text("")
