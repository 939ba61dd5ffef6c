"""What the project takes from elsewhere is pinned, and nothing that it reads is run."""

import ast
import json
import re

import pytest
import yaml

from tools.vendor import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
LOCKS = [ROOT / "package-lock.json", ROOT / "tools/npm/package-lock.json"]
OWN = [ROOT / "conftest.py"]
OWN += [path for name in ("benchmarks", "book", "companion", "tools") for path in ROOT.glob(f"{name}/**/*.py")]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_may_only_read(path):
    text = path.read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    for line in used:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line), line
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert set(job.get("permissions", {})) <= ({"pages", "id-token"} if name == "publish" else set())
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_each_distribution_is_pinned_to_one_version(path):
    for line in path.read_text("utf-8").splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted and not wanted.startswith("-"):
            assert re.fullmatch(r"[\w.-]+==[\w.]+(; .*)?", wanted), wanted


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.parent.name)
def test_each_npm_package_is_pinned_by_its_hash_and_names_no_host(path):
    text = path.read_text("utf-8")
    packages = json.loads(text)["packages"]
    wanted = json.loads((path.parent / "package.json").read_text("utf-8"))["dependencies"]
    assert packages.pop("")["dependencies"] == wanted
    assert all(re.fullmatch(r"[\d.]+", version) for version in wanted.values())
    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert '"resolved"' not in text


def called(tree: ast.AST) -> set[str]:
    """The calls of a module that would run what they read."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
            found |= names & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in {"eval", "exec", "os.system", "torch.load", "yaml.load", "joblib.load"}:
                found.add(name)
            if any(word.arg == "shell" for word in node.keywords):
                found.add("shell")
            if any(word.arg == "allow_pickle" and ast.unparse(word.value) != "False" for word in node.keywords):
                found.add("allow_pickle")
    return found


def test_nothing_that_is_read_is_run():
    assert len(OWN) > 150
    assert {path.name: found for path in OWN if (found := called(ast.parse(path.read_text("utf-8"))))} == {}


SEEN = ["eval(x)", "import pickle", "from pickle import loads", "torch.load(f)"]


@pytest.mark.parametrize("line", [*SEEN, "run(x, shell=True)", "exec(code, {})"])
def test_what_would_be_run_is_seen(line):
    assert called(ast.parse(line))
