"""The ladder in WGSL, run in Chromium with its software adapter: right results, planted faults, limits, words."""

import json

import pytest
from book_pages import PATIENCE
from playwright.sync_api import expect, sync_playwright

from tests.widgets import ladder
from tools.browser import QUIET, find_chromium

TINY = {"in_channels": 20, "out_channels": 10, "size": 4}  # a software adapter is slow
STEPS = ("naive", "coalesced", "shared_tile", "register_tile")
TOLERANCE = 1e-6
COMPLETE, USED_UP = (f"workgroupBarrier(); // the tiles are {words}" for words in ("complete", "used up"))


@pytest.fixture(scope="module")
def browser():
    """Chromium with WebGPU, for the fixtures that ask for a browser."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found: apt-get install chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, "--enable-unsafe-webgpu"])
        page = browser.new_page()
        page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto("http://127.0.0.1/")
        found = page.evaluate("async () => Boolean(await navigator.gpu?.requestAdapter())")
        page.close()
        if not found:
            browser.close()
            pytest.skip(f"{path} has no WebGPU adapter, not even in software")
        yield browser
        browser.close()


@pytest.fixture
def part(open_widget):
    return open_widget(ladder(**TINY), host="127.0.0.1")


def button(part):
    return part.locator("[data-run]")


def cells(part, column):
    return part.locator(f"[data-row] td:nth-child({column + 2})").all_inner_texts()


def errors(part, *edits):
    """The largest error of each step once a piece of its code is replaced, or what the adapter says against it."""
    return part.evaluate(
        """async (part, edits) => {
          const gpu = await GpuLadderDevice.open();
          const found = [];
          for (const [step, piece, instead] of edits) {
            const { tile, code } = GpuLadderKernels[step];
            if (code.split(piece).length !== 2) throw Error(`${piece} does not stand in ${step} once`);
            try { found.push(String(await gpu.check({ tile, code: code.replace(piece, instead) }))); }
            catch (error) { found.push(error.message); delete gpu.fault; }
          }
          gpu.close();
          return found;
        }""",
        edits,
    )


def test_after_a_click_it_checks_then_measures_and_the_results_can_be_copied(part):
    part.evaluate("""part => {
      const opened = GpuLadderDevice.open.bind(GpuLadderDevice);
      [part.opened, part.said] = [0, []];
      GpuLadderDevice.open = () => { part.opened++; return opened(); };
      new MutationObserver(() => part.said.push(part.shadowRoot.querySelector(".status").textContent))
        .observe(part.shadowRoot.querySelector(".status"), { childList: true });
    }""")
    part.get_by_role("button", name="coalesced").first.click()
    part.locator("#batch").press("ArrowRight")
    assert part.evaluate("part => part.opened") == 0, "nothing runs before the click"
    assert cells(part, 1) == cells(part, 3) == ["–"] * 4
    button(part).click()
    expect(part.locator(".status")).to_contain_text("a software adapter.", timeout=3 * PATIENCE)
    said = [words.split(": ")[-1].split(" ")[0] for words in part.evaluate("part => part.said")]
    assert said == ["Asking", *["checking"] * 4, "all", *["timing"] * 4, "Measured"]
    assert part.evaluate("part => part.opened") == 1
    assert all(0 < float(error) <= TOLERANCE for error in cells(part, 1))
    part.get_by_role("button", name="copy as JSON").click()
    found = json.loads(part.locator(".json").inner_text())
    assert found["layer"] == {"in_channels": 20, "out_channels": 10, "batch": 2, "pixels": 16}
    assert found["adapter"]["software"] is True
    assert [row["step"] for row in found["steps"]] == list(STEPS)
    copy, fma = (found["ceilings_gb_gflop_per_s"][name]["median"] for name in ("copy", "fma"))
    flops, moved = 2 * 32 * 20 * 10, 4 * (32 * 30 + 20 * 10)
    for row, predicted, measured in zip(found["steps"], cells(part, 2), cells(part, 3), strict=True):
        gflops, gbs = row["gflop_per_s"], row["gb_per_s"]
        assert row["dispatches"] >= 20
        assert row["submissions"] == 7
        assert 0 < gflops["q1"] <= gflops["median"] <= gflops["q3"]
        assert gbs["median"] / gflops["median"] == pytest.approx(moved / flops)
        assert row["predicted_gflop_per_s"] == pytest.approx(min(fma, copy * row["flop_per_byte_asked"]))
        assert float(predicted) == pytest.approx(row["predicted_gflop_per_s"], rel=0.01)
        assert float(measured.split(" ")[0]) == pytest.approx(gflops["median"], rel=0.01)
    assert part.locator("svg .dot").count() == part.locator("svg .ring").count() == 4
    expect(part.locator(".findings")).to_contain_text("This adapter is software")
    part.locator("#size").press("ArrowRight")  # what was measured held for other sizes
    assert cells(part, 3) == ["–"] * 4
    expect(part.locator("svg .dot")).to_have_count(0)
    assert all(float(value) > 0 for value in cells(part, 2)), "the roof still predicts"


def test_each_barrier_that_is_removed_is_caught_and_each_edge_too(part):
    faults = [(step, barrier, "") for step in STEPS[2:] for barrier in (COMPLETE, USED_UP)]
    faults += [("shared_tile", "if (o < s.out_channels && inside)", "if (inside)")]
    faults += [("shared_tile", f"c0 + {place} < s.in_channels", "true") for place in ("row", "col")]
    faults += [("register_tile", "  if (o >= s.out_channels) { return; }", "")]
    faults += [("naive", "i % s.out_channels", "i % (s.out_channels + 1)"), ("coalesced", "i % s.pixels", "i % 64")]
    for fault, error in zip(faults, errors(part, *faults), strict=True):
        assert not float(error) <= TOLERANCE, fault


def test_it_needs_no_more_than_the_standard_promises(part):
    limits = part.evaluate("""async () => {
      const { device } = await GpuLadderDevice.open();
      return [device.limits.maxComputeWorkgroupStorageSize, device.limits.maxComputeInvocationsPerWorkgroup];
    }""")
    assert limits == [16_384, 256], "the device enforces these"
    larger = ("register_tile", "x_tile: array<array<f32, 128>, 16>", "x_tile: array<array<f32, 192>, 16>")
    longer = ("naive", "@workgroup_size(256)", "@workgroup_size(257)")
    right, storage, threads = errors(part, ("shared_tile", USED_UP, f"{USED_UP} "), larger, longer)
    assert float(right) <= TOLERANCE
    assert "16640" in storage
    assert "257" in threads


def test_a_wrong_step_shows_no_speed(part):
    part.evaluate(
        "() => { GpuLadderKernels.coalesced.code = GpuLadderKernels.coalesced.code.replace('sum + bias', 'bias') }"
    )
    button(part).click()
    expect(part.locator(".status")).to_contain_text("coalesced gives wrong results, so that no speed is shown")
    assert cells(part, 1)[1:] == ["wrong", "–", "–"]
    assert cells(part, 3) == ["–"] * 4
    expect(part.locator("svg")).to_be_hidden()
    expect(button(part)).to_have_text("check and measure")
    expect(part.get_by_role("button", name="copy as JSON")).to_be_disabled()


def test_a_second_click_stops_it_and_so_does_a_slider(part):
    for stop, words in ((button(part).click, "Stopped."), (lambda: part.locator("#size").press("ArrowRight"), "")):
        button(part).click()
        expect(part.locator(".status")).to_contain_text("checking")
        expect(button(part)).to_have_text("stop")
        stop()
        expect(part.locator(".status")).to_have_text(words)
        expect(button(part)).to_have_text("check and measure")
        part.evaluate("part => part.gpu.device.lost")  # it is let go, and reports nothing any more
        expect(part.locator(".status")).to_have_text(words)
        assert cells(part, 3) == ["–"] * 4


def test_a_device_that_is_lost_is_a_sentence(part):
    button(part).click()
    expect(part.locator(".status")).to_contain_text("checking")
    part.evaluate("part => part.gpu.device.destroy()")
    expect(part.locator(".status")).to_contain_text("The device was lost")
    expect(button(part)).to_have_text("check and measure")
    assert cells(part, 3) == ["–"] * 4


def test_a_layer_that_is_too_slow_here_is_a_sentence(part):
    part.evaluate("""() => {
      GpuLadderDevice.prototype.ceilings = async () => ({ copy: { median: 1 }, fma: { median: 2 } });
      GpuLadderDevice.prototype.pipeline = async () => {};
      GpuLadderDevice.prototype.submit = async () => 1; // second
      GpuLadderDevice.prototype.check = async () => 0;
      GpuLadderDevice.errorOf = () => 0;
    }""")
    button(part).click()
    expect(part.locator(".status")).to_contain_text("Measured on")
    assert cells(part, 3) == ["too slow: take a smaller layer"] * 4


@pytest.mark.parametrize("missing", ["WebGPU", "an adapter"])
def test_without_webgpu_there_is_a_sentence_and_what_was_recorded(missing, open_widget):
    speeds = dict.fromkeys(STEPS, 1.0)
    part = open_widget(
        ladder(**TINY, recorded=speeds, recorded_on="one"),
        host="127.0.0.1" if missing == "an adapter" else "widget.invalid",
    )
    if missing == "an adapter":
        part.evaluate("() => { navigator.gpu.requestAdapter = async () => null }")
        button(part).click()
    expect(part.locator(".status")).to_contain_text("This browser offers no WebGPU here")
    expect(button(part)).to_be_disabled()
    expect(part.get_by_role("columnheader", name="measured, GFLOP/s")).to_be_hidden()
    expect(part.get_by_text("Recorded on one")).to_be_visible()
    assert len(cells(part, 0)) == 4
    assert all(float(value) > 0 for value in cells(part, 0)), "what is asked for needs no GPU"


def test_each_step_is_shown_beside_its_cuda(part):
    for step in STEPS:
        part.locator(f"[data-step={step}]").press("Enter")
        expect(part.locator("[data-kind=CUDA]")).to_contain_text(f"pointwise_{step}(")
        assert (
            part.evaluate("(part, step) => GpuLadderKernels[step].code", step)
            == part.locator("[data-kind=WGSL]").text_content()
        )
    part.page.goto(part.page.url)
    expect(part.locator("[data-step=register_tile]")).to_have_attribute("aria-pressed", "true")
