"""make upgrade: newer versions into the pins, nothing else, and a word on each."""

import json
import subprocess
from types import SimpleNamespace

import pytest

from tools import upgrade

BOOK, CODE = "jupyter-book==1.0.4\n", "-e .\ntorch==2.13.0\n"
TESTS, REST = "pytest==9.2.0\n", "# rest\nzipp==4.1.0  # why\n"
NEWEST = {"jupyter-book": "1.0.9", "torch": "2.14.1", "pytest": "9.3"}
NEWEST |= {"zipp": "4.1.0", "abc": "1.0", "nvidia-x": "3"}


@pytest.fixture
def files(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("book.txt", "code.txt", "tests.txt", "rest.txt")]
    for path, text in zip(paths, (BOOK, CODE, TESTS, REST), strict=True):
        path.write_text(text)
    monkeypatch.setattr(upgrade, "FILES", paths)
    monkeypatch.setattr(upgrade, "LOCKS", [tmp_path])
    monkeypatch.setattr(upgrade.vendor, "find_node", lambda: "node")
    monkeypatch.setattr(upgrade.vendor, "npm", lambda: ["npm"])
    (tmp_path / "package.json").write_text('{"name": "ours", "private": true, "dependencies": {"katex": "0.1.0"}}')
    return paths


def programs(pip, npm):
    """Stand-ins for pip, which writes its report, and npm, which writes its two files."""

    def run(command, cwd=None, **options):
        command = list(map(str, command))
        if "pip" in command:
            items = [{"metadata": {"name": name, "version": version}} for name, version in (pip or {}).items()]
            with open(command[command.index("--report") + 1], "w") as file:
                json.dump({"install": items}, file)
            assert "jupyter-book<2" in command
            assert not any("==" in word for word in command)
            return SimpleNamespace(returncode=pip is None)
        lock = {"packages": {"": {}, "node_modules/katex": {"resolved": "somewhere", "integrity": "sha512-x"}}}
        (cwd := upgrade.Path(cwd)).joinpath("package.json").write_text(json.dumps({"dependencies": {"katex": npm}}))
        cwd.joinpath("package-lock.json").write_text(json.dumps(lock))
        return SimpleNamespace(returncode=npm is None)

    return run


def test_pins_are_renewed_and_what_has_changed_is_said(files, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(subprocess, "run", programs(NEWEST, "0.2.0"))
    upgrade.main()
    texts = [path.read_text() for path in files]
    assert texts[:3] == ["jupyter-book==1.0.9\n", "-e .\ntorch==2.14.1\n", "pytest==9.3\n"]
    assert texts[3] == "# rest\nabc==1.0\nzipp==4.1.0  # why\n"
    said = capsys.readouterr().out.splitlines()
    assert said == [
        *("jupyter-book 1.0.4 -> 1.0.9", "torch 2.13.0 -> 2.14.1", "pytest 9.2.0 -> 9.3", "abc new: 1.0"),
        "katex 0.1.0 -> 0.2.0",
    ]
    assert json.loads((tmp_path / "package.json").read_text())["dependencies"] == {"katex": "0.2.0"}
    assert "resolved" not in (tmp_path / "package-lock.json").read_text()


def test_without_anything_newer_no_file_changes(files, monkeypatch, capsys):
    monkeypatch.setattr(subprocess, "run", programs({}, "0.1.0"))
    upgrade.main()
    assert [path.read_text() for path in files] == [BOOK, CODE, TESTS, REST]
    assert capsys.readouterr().out == "everything is the newest that goes together\n"


def test_without_a_network_nothing_changes(files, monkeypatch):
    monkeypatch.setattr(subprocess, "run", programs(None, None))
    said = "pip found no versions that go together, or no network; nothing has changed"
    with pytest.raises(SystemExit, match=said):
        upgrade.main()
    assert [path.read_text() for path in files] == [BOOK, CODE, TESTS, REST]
