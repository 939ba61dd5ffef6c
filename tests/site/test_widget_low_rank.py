"""Low rank in a browser: the guess first, then the curve; r by keyboard; sources and pictures; what is painted."""

from playwright.sync_api import expect

from companion import bottleneck, widgets
from tests.widgets import feature_maps

MAPS = {"maps": feature_maps(), "others": feature_maps() ** 2, "few": feature_maps(4)}
WIDGET = widgets.low_rank(MAPS, rank=3, pictures={"a": 0, "b": 1})
LOST = {name: bottleneck.lost_energy(maps) for name, maps in MAPS.items()}


def share(name, r):
    return f"{round(100 * (1 - LOST[name][r].item()), 1):g} %"


def needed(name):
    return int((LOST[name] > 0.1).sum())


def test_the_curve_comes_with_the_guess(open_widget):
    part = open_widget(WIDGET)
    words = part.locator(".words")
    expect(part.locator("svg")).to_be_hidden()
    expect(part.locator(".question")).to_be_visible()
    expect(words).to_have_text(
        "r = 3 of 12 channels. Weights of the pair: 12·3 + 3·12 = 72; of one matrix: 12·12 = 144."
    )
    part.locator("#r").press("ArrowRight")
    part.get_by_role("button", name="guess: 4 channels").press("Enter")
    expect(part.locator("svg")).to_be_visible()
    expect(part.locator(".question")).to_be_hidden()
    expect(words).to_contain_text(f"r = 4 of 12 channels keeps {share('maps', 4)} of the energy of all 5 pictures")
    answer = part.locator(".answer")
    expect(answer).to_have_text(
        f"You said 4, which keeps {share('maps', 4)}. For 90 % it takes {needed('maps')} of 12."
    )
    part.page.goto(part.page.url)
    expect(answer).to_contain_text("You said 4")


def test_the_mark_stands_on_the_curve_at_r(open_widget):
    part = open_widget(WIDGET)
    part.locator("[data-here]").click()
    for key, r in (("Home", 1), ("ArrowRight", 2), ("End", 12)):
        part.locator("#r").press(key)
        mark = part.locator("circle")
        assert float(mark.get_attribute("cx")) == 20 * r
        assert abs(float(mark.get_attribute("cy")) - 160 * (1 - LOST["maps"][r].item())) < 0.1
    expect(part.locator(".words")).to_contain_text(
        "keeps 100 % of the energy of all 5 pictures, and 100 % of this one's"
    )
    expect(part.locator("path.other")).to_have_count(1)  # the other source of 12 channels
    expect(part.locator(".curve figcaption")).to_have_text("dashed: others")


def test_another_source_has_its_own_channels_and_shares(open_widget):
    part = open_widget(WIDGET)
    part.locator("#r").press("End")
    part.locator("[data-here]").click()
    part.get_by_role("button", name="few").press("Space")
    slider = part.locator("#r")
    expect(slider).to_have_value("4")
    expect(slider, "no more than it has").to_have_attribute("max", "4")
    slider.press("Home")
    expect(part.locator(".words")).to_contain_text(f"r = 1 of 4 channels keeps {share('few', 1)} of")
    expect(part.locator("path.other")).to_have_count(0)
    expect(part.locator("[data-source='2']")).to_have_attribute("aria-pressed", "true")
    part.locator("[data-picture='1']").click()
    assert "low-rank=1%2C2%2C1%2C12" in part.page.url
    part.page.goto(part.page.url)
    expect(slider).to_have_value("1")
    expect(part.locator("[data-picture='1']")).to_have_attribute("aria-pressed", "true")


def pixels(part, name):
    read = """canvas => Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)"""
    return part.locator(f"canvas[data-of={name}]").evaluate(read)


def test_all_channels_paint_the_maps_again_and_few_do_not(open_widget):
    part = open_widget(WIDGET)
    maps, some = pixels(part, "maps"), pixels(part, "rebuilt")
    assert len(maps) == 4 * (4 * 5 - 1) * (3 * 4 - 1), "twelve maps of 3 × 4, four in a row, with gaps"
    assert max(abs(a - b) for a, b in zip(maps, some, strict=True)) > 20
    part.locator("#r").press("End")
    both = zip(maps, pixels(part, "rebuilt"), strict=True)
    # Below zero by rounding a pixel is orange, but then it can hardly be seen.
    assert all(abs(a - b) <= 6 for i, (a, b) in enumerate(both) if i % 4 == 3)
    part.locator("[data-picture='1']").click()
    assert pixels(part, "maps") != maps


def test_the_line_of_python_follows(open_widget):
    part = open_widget(WIDGET)
    part.locator("[data-copy]").press("Enter")
    code = part.locator("code")
    expect(code).to_have_text("reduce, expand = bottleneck.best_pair(maps, 3)  # 3 × 12 and 12 × 3")
    names = {"bottleneck": bottleneck, "maps": MAPS["maps"]}
    exec(code.text_content(), names)
    assert (tuple(names["reduce"].shape), tuple(names["expand"].shape)) == ((3, 12), (12, 3))
