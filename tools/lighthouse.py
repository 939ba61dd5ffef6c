"""Ask Lighthouse of every page, the median of three runs on an idle machine: ``make lighthouse PAGES="index"``.

Lighthouse is the npm package that tools/npm pins; it is laid into _build/lighthouse and run there. Exits with 1
where a page misses what is asked: performance 95 on a phone and 99 on a desktop, 100 for the other three, a layout
shift below 0.02.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tools.browser import QUIET, ROOT, find_chromium, pages, served
from tools.vendor import find_node, install_packages

PINS = Path(__file__).with_name("npm")
HOME = ROOT / "_build" / "lighthouse"
RUNS = 3
LEAST = {"mobile": 95, "desktop": 99}
MOST_SHIFT = 0.02
# A GPU in software: told to do without one, Chromium paints nothing for two seconds on a machine that has none.
FLAGS = ["--headless=new", *(flag for flag in QUIET if flag != "--disable-gpu"), "--use-angle=swiftshader"]
KINDS = ("performance", "accessibility", "best-practices", "seo")


def install() -> None:
    """Install the pinned packages, unless they are there: npm writes its list of them last."""
    pinned = HOME / "package-lock.json"
    whole = (HOME / "node_modules" / ".package-lock.json").is_file()
    if whole and pinned.is_file() and pinned.read_bytes() == (PINS / "package-lock.json").read_bytes():
        return
    HOME.mkdir(parents=True, exist_ok=True)
    install_packages(HOME, PINS, "Lighthouse")


def ask(url: str, form: str) -> dict[str, float]:
    """Return the four scores, out of 100, and the layout shift of one run."""
    program = HOME / "node_modules" / "lighthouse" / "cli" / "index.js"
    command = [
        find_node(),
        str(program),
        url,
        "--quiet",
        "--output=json",
        f"--chrome-flags={' '.join(FLAGS)}",
    ]
    command += ["--preset=desktop"] if form == "desktop" else []
    environment = os.environ | {"CHROME_PATH": find_chromium()}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    report = json.loads(done.stdout)
    found = {kind: 100 * report["categories"][kind]["score"] for kind in KINDS}
    return found | {"shift": report["audits"]["cumulative-layout-shift"]["numericValue"]}


def misses(found: dict[str, float], form: str) -> list[str]:
    """Return what falls short.

    >>> misses(dict.fromkeys(KINDS, 100) | {"performance": 96, "shift": 0.03}, "desktop")
    ['performance', 'shift']
    """
    wanted = dict.fromkeys(KINDS, 100) | {"performance": LEAST[form]}
    return [kind for kind, least in wanted.items() if found[kind] < least] + ["shift"] * (
        found["shift"] >= MOST_SHIFT
    )


def main() -> None:
    known = {Path(path).stem: path for path in pages()}
    if unknown := [name for name in sys.argv[1:] if name not in known]:
        sys.exit(f"lighthouse: no such page: {', '.join(unknown)}; the pages are {', '.join(known)}")
    if find_chromium() is None:
        sys.exit("lighthouse: no Chromium found: apt-get install chromium, or name one in CHROMIUM")
    install()
    chosen = [known[name] for name in sys.argv[1:] or known]
    short = 0
    with served() as address:
        for path in chosen:
            for form in LEAST:
                runs = [ask(address + path, form) for _ in range(RUNS)]
                found = {kind: statistics.median(run[kind] for run in runs) for kind in runs[0]}
                words = ", ".join(f"{kind} {value:.3g}" for kind, value in found.items())
                missed = misses(found, form)
                short += bool(missed)
                print(
                    f"{path} {form}: {words}{'; short of what is asked: ' + ', '.join(missed) if missed else ''}",
                    flush=True,
                )
    sys.exit(short > 0)


if __name__ == "__main__":
    main()
