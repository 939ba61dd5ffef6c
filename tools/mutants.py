"""Plant faults in the arithmetic and count how many the tests notice: ``make mutants``, or ROOMS="cost pointwise".

cosmic-ray makes the faults: another operator, comparison or number, a condition turned round, a loop left out. (But
not ``is`` for ``==``: for small integers Python makes no difference.) Of each room a seeded sample is drawn, one
fault per place; each is put into a copy of the checkout, and the room's own tests and doctests are run there. What
is found goes into _build/mutants as it comes: a run that was stopped goes on where it was, and what has survived is
tried anew once the room's tests have changed. Faults that change nothing that can be seen are listed, with the
reason, in tests/equal_mutants.toml. Exits with 1 where fewer than 95 % are killed.
"""

import argparse
import ast
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue

from tools import quick
from tools.files import replace

ROOT = quick.ROOT
FOUND = ROOT / "_build" / "mutants"
EQUAL = ROOT / "tests" / "equal_mutants.toml"
PER_ROOM, SEED, LEAST = 34, 1312, 0.95
PRELOADED = ["torch", "numpy", "matplotlib.pyplot", "sklearn.datasets", "pytest", "hypothesis"]
COPIED = (
    "benchmarks",
    "book",
    "companion",
    "tests",
    "tools",
    "conftest.py",
    "pyproject.toml",
    "Makefile",
    "README.md",
)
WHOLE = ("cost", "pointwise", "separable", "squeeze_excitation", "network_in_network", "inception", "residual")
WHOLE += ("bottleneck", "pitfalls", "training", "prose")
PARTS = {
    "audit": (["companion/audit/_printed_value.py"], ["companion/audit", "tests/test_audit.py"]),
    "pick": (["companion/kernels/_pick.py"], ["companion/kernels/_pick.py", "tests/kernels/test_variants.py"]),
    "sectors": (
        ["companion/kernels/_sectors.py"],
        ["companion/kernels/_sectors.py", "tests/kernels/test_sectors.py"],
    ),
    "roofline": (
        ["companion/kernels/_roofline.py"],
        ["companion/kernels/_roofline.py", "tests/kernels/test_roofline.py"],
    ),
    "nbval": (["tests/nbval_tolerance.py"], ["tests/nbval_tolerance.py", "tests/test_nbval_tolerance.py"]),
}
ROOMS = (*WHOLE, *PARTS)


@dataclass(frozen=True)
class Mutant:
    """A fault: the file, the line, what is done to it, and the file's whole text with it."""

    path: str
    line: int
    what: str
    text: str

    @property
    def key(self) -> str:
        return sha256(f"{self.path}\n{self.text}".encode()).hexdigest()[:16]

    @property
    def change(self) -> str:
        """The line as it reads now."""
        return self.text.splitlines()[self.line - 1].strip()


def parts(room: str) -> tuple[list[str], list[str]]:
    """Return the files of a room in which faults are planted, and what pytest is given to find them."""
    if room in PARTS:
        return PARTS[room]
    units = quick.units(room)
    source = ROOT / units[0]
    files = [source] if source.is_file() else sorted(source.glob("*.py"))
    return [path.relative_to(ROOT).as_posix() for path in files], units


def shape(text: str) -> str:
    """Return what a module does, without its annotations; "" if it can't be compiled."""
    try:
        tree = ast.parse(text)
        compile(tree, "", "exec")
    except (SyntaxError, ValueError):
        return ""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if hasattr(node, name):
                setattr(node, name, None)
    return ast.dump(tree)


def mutants(path: str) -> Iterator[tuple[tuple[int, int], Mutant]]:
    """Yield every fault that can be planted in a file and changes what it does, with its place."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    text = (ROOT / path).read_text("utf-8")
    seen = {shape(text), ""}
    nodes = list(ast_nodes(get_ast(text)))
    for name in sorted(operator_names()):
        kind = get_operator(name)
        if kind.arguments() or re.search("_Is|Is_|IsNot_", name):
            continue
        places = [start for node in nodes for start, _ in kind().mutation_positions(node)]
        for occurrence, place in enumerate(places):
            mutated = mutate_code(text, kind(), occurrence)
            if (what := shape(mutated)) not in seen and not _is_separator(mutated, place):
                seen.add(what)
                yield place, Mutant(path, place[0], name.removeprefix("core/"), mutated)


def _is_separator(mutated: str, place: tuple[int, int]) -> bool:
    """Return whether a fault has turned the star of a signature, for cosmic-ray a product, into a slash.

    >>> _is_separator("def f(a, /, b): pass", (1, 9)), _is_separator("def f(a): return a / 2", (1, 19))
    (True, False)
    """
    line, column = place
    return re.fullmatch(r"/(,.*)?", mutated.splitlines()[line - 1][column:].strip()) is not None


def drawn(room: str) -> list[Mutant]:
    """Return the faults of a room that are tried: as many places as are wanted, one fault at each, by the seed."""
    by_place: dict[tuple, list[Mutant]] = {}
    for path in parts(room)[0]:
        for place, mutant in mutants(path):
            by_place.setdefault((path, place), []).append(mutant)
    chance = random.Random(f"{room} {SEED}")
    queues = [chance.sample(found, len(found)) for found in by_place.values()]
    chance.shuffle(queues)
    rounds = (queue[i] for i in range(max(map(len, queues))) for queue in queues if i < len(queue))
    return [mutant for mutant, _ in zip(rounds, range(PER_ROOM))]  # noqa: B905


def copy(target: Path) -> Path:
    """Copy what the tests need of the checkout."""
    for name in COPIED:
        source = ROOT / name
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target / name, ignore=leave) if source.is_dir() else shutil.copy(source, target)
    return target


def run_tests(folder: str, log: str, tests: list[str]) -> None:
    """Run the tests of a copy in this process, which ends with pytest's exit status."""
    with open(log, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    for name in [name for name in sys.modules if name.partition(".")[0] in {"tools", "tests", "companion"}]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
    import pytest

    os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))


class Bench:
    """Copies of the checkout in which tests are run, one at a time in each."""

    def __init__(self, folder: Path, jobs: int):
        self.context = get_context("forkserver")
        self.context.set_forkserver_preload(PRELOADED)
        self.copies: SimpleQueue[Path] = SimpleQueue()
        for job in range(jobs):
            self.copies.put(copy(folder / str(job)))

    def run(self, tests: list[str], limit: float, mutant: Mutant | None = None) -> str:
        """Return "killed" if a test fails or the limit in seconds is passed, else "survived"."""
        folder = self.copies.get()
        place = folder / mutant.path if mutant else None
        before = place.read_bytes() if place else b""
        try:
            if place:
                place.write_text(mutant.text, "utf-8")
            process = self.context.Process(target=run_tests, args=(str(folder), str(folder / "log"), tests))
            process.start()
            process.join(limit)
            if process.is_alive():
                process.kill()
                process.join()
            return "survived" if process.exitcode == 0 else "killed"
        finally:
            if place:
                place.write_bytes(before)
            self.copies.put(folder)


def digest(tests: list[str]) -> str:
    """Return a fingerprint of test files and folders."""
    files = [f for t in tests for f in ([ROOT / t] if (ROOT / t).is_file() else sorted((ROOT / t).rglob("*.py")))]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def tried(room: str, bench: Bench, pool: ThreadPoolExecutor) -> list[tuple[Mutant, str]]:
    """Return a room's faults and what became of each."""
    path = FOUND / f"{room}.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    tests = parts(room)[1]
    now = digest(tests)
    found = drawn(room)
    todo = [m for m in found if known.get(m.key) not in ("killed", f"survived {now}")]
    if todo:
        start = time.monotonic()
        if bench.run(tests, 3600) != "survived":
            sys.exit(f"mutants: the tests of {room} fail without a fault: {' '.join(tests)}")
        limit = 60 + 10 * (time.monotonic() - start)
        for mutant, end in zip(todo, pool.map(lambda m: bench.run(tests, limit, m), todo), strict=True):
            known[mutant.key] = end if end == "killed" else f"survived {now}"
            FOUND.mkdir(parents=True, exist_ok=True)
            replace(path, json.dumps(known, indent=1))
    return [(mutant, known[mutant.key].partition(" ")[0]) for mutant in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all if none is given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="faults tried side by side")
    arguments = parser.parse_args()
    if unknown := set(arguments.rooms) - set(ROOMS):
        parser.error(f"no room is called {', '.join(sorted(unknown))}")
    equal = {(row["path"], row["change"]) for row in tomllib.loads(EQUAL.read_text("utf-8"))["equal"]}
    total = killed = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.jobs) as pool:
        bench = Bench(Path(folder), arguments.jobs)
        for room in arguments.rooms or ROOMS:
            ends = tried(room, bench, pool)
            left = [mutant for mutant, end in ends if end == "survived"]
            counted = [mutant for mutant in left if (mutant.path, mutant.change) not in equal]
            total, killed = total + len(ends), killed + len(ends) - len(counted)
            words = f"{len(ends)} faults, {len(left)} survived, {len(left) - len(counted)} of them equal"
            print(f"{room}: {words}", flush=True)
            for mutant in counted:
                print(f"  {mutant.path}:{mutant.line} {mutant.what}: {mutant.change}", flush=True)
    print(f"all: {total} faults, {killed / total:.1%} killed or equal")
    sys.exit(killed < LEAST * total)


if __name__ == "__main__":
    main()
