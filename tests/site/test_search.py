"""Readers look for the field's words: the chapter that teaches a thing is among the first two results."""

import re
import time

import pytest
from playwright.sync_api import expect

CHAPTERS = {
    "pointwise": ["1x1", "1×1", "conv1x1", "pointwise convolution", "im2col", "逐点卷积"],
    "channel_reduction": ["bottleneck", "dimensionality reduction", "参数量"],
    "channel_mixing": ["grouped convolution", "channel shuffle"],
    "separable": ["depthwise", "depthwise separable convolution", "MobileNet", "深度可分离卷积"],
    "squeeze_excitation": ["SE block", "squeeze and excitation", "channel attention", "通道注意力"],
    "network_in_network": ["NIN", "global average pooling", "GAP", "全局平均池化"],
    "inception_and_residual": ["Inception", "ResNet"],
    "paper_audit": ["FLOPs"],
    "pitfalls": ["gridding", "inverted residual", "initialisation", "initialization"],
    "gpu_kernel": ["roofline"],
}
ASKED = [(word, chapter) for chapter, words in CHAPTERS.items() for word in words]


def results(page, words):
    """Return the links of the results, once all of them are there."""
    page.goto(f"search.html?q={words}")
    expect(page.locator("#search-results .search-summary")).to_contain_text("matching the search query")
    return [link.get_attribute("href") for link in page.locator("#search-results li > a").all()]


@pytest.mark.parametrize(("words", "chapter"), ASKED, ids=[words for words, _ in ASKED])
def test_the_chapter_that_teaches_it_is_among_the_first_two(page, words, chapter):
    first = results(page, words)[:2]
    assert any(re.search(rf"\b{chapter}\.html(#|$)", link) for link in first), first


def test_a_result_opens_at_its_section(page):
    link = next(link for link in results(page, "roofline") if "gpu_kernel" in link)
    assert "#" in link
    page.goto(link)
    assert "roofline" in page.locator(link[link.index("#") :]).locator("h2, h3").first.inner_text().lower()


@pytest.mark.parametrize("words", ["depthwise", "roofline", "bottleneck", "bias"])
def test_what_is_shown_of_a_page_is_prose(page, words):
    def late(route):  # what is found may be there before the last script is
        time.sleep(1)
        route.continue_()

    page.route("**/scripts/bootstrap.js*", late)
    results(page, words)
    page.wait_for_load_state("networkidle")
    shown = page.locator("#search-results li p.context").all_inner_texts()
    assert shown
    for text in shown:
        assert not re.search(
            r"\bimport \w+ as\b|\bfrom \w+ import\b|\bdef \w+\(|\w+\.\w+\(|\\\w+\{|Show the code", text
        ), text
        assert "\n" not in text
