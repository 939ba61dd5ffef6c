"""The checks for daily work: lint, the notebooks' hygiene, and the units of what has changed.

    python -m tools.quick [--jobs N] [ROOM ...]

A room is a module of companion. Without one, what differs from the last commit says which rooms are tried, or what
that commit changed where nothing differs.
"""

import argparse
import ast
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
ALWAYS = "tests/test_notebooks.py"


def changed() -> list[str]:
    """Return the paths of what differs from the last commit, or else of what that commit changed."""

    def git(*arguments: str) -> list[str]:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    now = git("diff", "--name-only", "HEAD") + git("ls-files", "--others", "--exclude-standard")
    return now or git("show", "--name-only", "--format=", "HEAD")


def rooms_of(text: str) -> set[str]:
    r"""Return the modules of companion that a test file imports.

    >>> sorted(rooms_of("from companion import cost, data\nfrom companion.audit._figure import Figure\n"))
    ['audit', 'cost', 'data']
    """
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    inside = {node.module.split(".")[1] for node in imports if node.module.startswith("companion.")}
    return inside | {alias.name for node in imports if node.module == "companion" for alias in node.names}


def units(room: str) -> list[str]:
    """Return the source and the tests of a room: those that bear its name, and those that import no other."""
    source = [path for path in (f"companion/{room}", f"companion/{room}.py") if (ROOT / path).exists()]
    if not source:
        return []
    tests = [
        path
        for path in sorted(ROOT.glob("tests/*.py"))
        if re.fullmatch(rf"test_{room}(_\w+)?", path.stem) or rooms_of(path.read_text("utf8")) == {room}
    ]
    folder = [f"tests/{room}"] if (ROOT / "tests" / room).is_dir() else []
    return source + folder + [path.relative_to(ROOT).as_posix() for path in tests]


def chosen(paths: list[str]) -> list[str]:
    """Return what pytest is to run for these changed files.

    >>> chosen(["README.md", "companion/exercises.py", "tests/test_package.py"])
    ['companion/exercises.py', 'tests/test_exercises.py', 'tests/test_package.py']
    """
    found = set()
    for path in map(PurePosixPath, paths):
        top, name = path.parts[0], path.parts[1] if len(path.parts) > 1 else ""
        if top == "companion":
            found.update(units(name.removesuffix(".py")))
        elif top == "benchmarks":
            found.update(test.relative_to(ROOT).as_posix() for test in ROOT.glob("tests/test_benchmarks_*.py"))
        elif top == "tools":
            found |= {"tools", "tests/test_tools.py", "tests/test_vendor.py"}
        elif top == "tests" and name != "site" and path.name.startswith("test_") and (ROOT / path).is_file():
            found.add(str(path))
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM")
    parser.add_argument("--jobs", type=int, default=1, help="test processes side by side")
    arguments = parser.parse_args()
    for room in arguments.rooms:
        if not units(room):
            parser.error(f"there is no room {room!r} in companion")
    try:
        selected = sorted({path for room in arguments.rooms for path in units(room)}) or chosen(changed())
    except (OSError, subprocess.CalledProcessError) as error:
        parser.error(f"git does not say what has changed; name a room ({error})")
    print("units of", " ".join(selected) or "nothing: no code has changed", flush=True)
    pytest = ["pytest", "-q", "-n", str(arguments.jobs), "--dist", "worksteal", ALWAYS, *selected]
    for module in (["ruff", "check"], ["ruff", "format", "--check"], pytest):
        if done := subprocess.run([sys.executable, "-m", *module], cwd=ROOT).returncode:
            sys.exit(done)


if __name__ == "__main__":
    main()
