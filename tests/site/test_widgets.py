"""What holds of every widget in a browser: it can be used by keyboard, on a phone, in both themes, and shared."""

from pathlib import Path

import axe_playwright_python
import pytest

from tests.widgets import EXAMPLES

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
every_widget = pytest.mark.parametrize("widget", EXAMPLES, ids=lambda widget: widget.element)
CONTROLS = "button, input, select, [tabindex='0']"


@every_widget
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_it(widget, theme, open_widget):
    part = open_widget(widget, theme=theme)
    part.page.add_script_tag(path=AXE)
    for control in part.locator("button").all():  # whatever a button opens
        if control.is_enabled():
            control.click()
    found = part.page.evaluate("async () => (await axe.run(document)).violations")
    assert [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]] == []


@every_widget
def test_it_fits_the_narrowest_phone(widget, open_widget):
    part = open_widget(widget, width=320)
    assert part.evaluate("part => document.documentElement.scrollWidth <= innerWidth")


@every_widget
def test_the_tab_key_reaches_every_control_in_turn(widget, open_widget):
    part = open_widget(widget)
    count = part.locator(CONTROLS).evaluate_all("all => all.filter((one) => !one.disabled).length")
    assert count, "nothing can be moved"
    reached = set()
    for _ in range(count):
        part.page.keyboard.press("Tab")
        reached.add(
            part.evaluate(
                "(part, all) => [...part.shadowRoot.querySelectorAll(all)].indexOf(part.shadowRoot.activeElement)",
                CONTROLS,
            )
        )
    assert reached - {-1} == reached
    assert len(reached) == count


@every_widget
def test_a_link_shows_what_its_sender_saw(widget, open_widget):
    part = open_widget(widget)
    for slider in part.locator("input[type=range]").all():
        before = slider.input_value()
        slider.press("ArrowRight")
        if slider.input_value() == before:
            slider.press("ArrowLeft")
    seen = "part => [...part.shadowRoot.querySelectorAll('input, output')].map((one) => one.value)"
    shown, address = part.evaluate(seen), part.page.url
    assert f"?{widget.element}=" in address
    part.page.goto(address)
    assert part.evaluate(seen) == shown
