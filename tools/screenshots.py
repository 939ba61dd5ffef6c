"""Take a picture of every page, wide and on a phone, in the light and in the dark: ``make screenshots``.

The pictures go into _build/screenshots. With ``--puzzle`` the README's moving picture is made instead, the sliders
of the first page on their way to the flower, and with ``--card`` the picture that goes with a shared link.
"""

import argparse
import sys
from io import BytesIO

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tools.browser import ALL_LAID_OUT, QUIET, ROOT, SITE, find_chromium, pages, served
from tools.files import replace

WIDTHS = {"wide": (1280, 900), "phone": (390, 844)}
PUZZLE = ROOT / ".github" / "puzzle.webp"
CARD, CARD_SIZE = ROOT / "book" / "_static" / "card.png", {"width": 1200, "height": 630}
CARD_PAGE = """<style>
@font-face {{ font-family: "Book Text"; font-weight: 200 900;
  src: url("{font}") format("woff2") }}
body {{ display: grid; grid-template-columns: repeat(3, 1fr); gap: 30px; align-content: space-evenly;
  box-sizing: border-box; height: 630px; margin: 0; padding: 40px 60px;
  color: #f2f5f8; background: #0b3a5c; font: 34px/1.3 "Book Text", sans-serif }}
h1, p {{ grid-column: 1 / 4; margin: 0 }}
h1 {{ font-size: 76px; line-height: 1.1 }}
img {{ width: 100%; image-rendering: pixelated; border-radius: 10px }}
</style><h1>The 1×1 convolution,<br>explained by code that runs</h1>{pictures}
<p>Two pictures of noise, two weights and a bias: a flower.</p>"""
PATIENCE = 180_000  # milliseconds: the package's page is as long as a hundred screens
START, END = (1.0, 0.0, 0.0), (8.0, -8.0, 0.5)  # two weights and a bias
FRAMES, WAIT, STEP = 24, 1500, 90  # pictures on the way; milliseconds at both ends and between


def shoot(browser: Browser, address: str) -> None:
    """Write one picture of each page for each width and theme."""
    target = ROOT / "_build" / "screenshots"
    target.mkdir(parents=True, exist_ok=True)
    for name, (width, height) in WIDTHS.items():
        for theme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
            )
            for path in pages():
                page.goto(address + path, wait_until="load")
                page.add_style_tag(content=ALL_LAID_OUT)
                shot = target / f"{path.split('/')[-1][:-5]}-{name}-{theme}.png"
                page.screenshot(path=shot, full_page=True, timeout=PATIENCE)
            page.close()
    print(f"screenshots: {len(pages()) * 4} pictures in {target.relative_to(ROOT)}")


def puzzle(page: Page, address: str) -> None:
    """Write the moving picture: between two rests the weights go from the first noise to the flower."""
    page.goto(address + pages()[0])
    part = page.locator("channel-mixer")
    part.locator("canvas").wait_for()
    move = """(part, values) => {
      part.shadowRoot.querySelectorAll("input").forEach((input, i) => (input.value = values[i]));
      part.shadowRoot.querySelector("form").dispatchEvent(new Event("input", { bubbles: true }));
    }"""
    frames = []
    for step in range(FRAMES + 1):
        share = step / FRAMES
        part.evaluate(move, [a + share * (b - a) for a, b in zip(START, END, strict=True)])
        frames.append(Image.open(BytesIO(part.screenshot())).convert("RGB"))
    rests = [WAIT] + [STEP] * (FRAMES - 1) + [2 * WAIT]
    picture, options = BytesIO(), {"append_images": frames[1:], "duration": rests, "quality": 45, "method": 6}
    frames[0].save(picture, "webp", save_all=True, loop=0, **options)
    replace(PUZZLE, picture.getvalue())
    print(f"screenshots: {PUZZLE.relative_to(ROOT)}, {PUZZLE.stat().st_size // 1000} kB")


def card(page: Page, address: str) -> None:
    """Write the card: the title, the two pictures of noise and what is hidden in them."""
    page.goto(address + pages()[0])
    part = page.locator("channel-mixer")
    part.get_by_role("button", name="Show me").click()
    read = "all => all.slice(-3).map((drawn) => `<img src='${drawn.src ?? drawn.toDataURL()}'>`).join('')"
    pictures = part.locator("img, canvas").evaluate_all(read)
    font = f"{address}_static/source-sans-3/source-sans-3-latin-wght-normal.woff2"
    page.set_content(CARD_PAGE.format(font=font, pictures=pictures), wait_until="networkidle")
    picture = BytesIO()
    Image.open(BytesIO(page.screenshot())).quantize(64).save(picture, "png", optimize=True)
    replace(CARD, picture.getvalue())
    print(f"screenshots: {CARD.relative_to(ROOT)}, {CARD.stat().st_size // 1000} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--puzzle", action="store_true", help="make the README's moving picture instead")
    parser.add_argument("--card", action="store_true", help="make the picture of shared links instead")
    arguments = parser.parse_args()
    if find_chromium() is None:
        sys.exit("screenshots: no Chromium found: apt-get install chromium, or name one in CHROMIUM")
    with served(SITE) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        if arguments.puzzle:
            puzzle(browser.new_page(viewport={"width": 720, "height": 900}, color_scheme="light"), address)
        elif arguments.card:
            card(browser.new_page(viewport=CARD_SIZE), address)
        else:
            shoot(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
