"""Another locale, time zone and hash seed, no network, a busy machine: nothing changes, and a hang ends."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TRIED = ["companion/prose.py", "companion/tables.py", "companion/cost", "companion/widgets"]
TRIED += ["tests/test_tables.py", "tests/test_notebooks.py"]
PLACES = {
    "C": {"LC_ALL": "C", "LANG": "C", "TZ": "UTC", "PYTHONHASHSEED": "1", "PYTHONUTF8": "0"},
    "far away": {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "4242"},
}


def isolated() -> list[str]:
    """Return what starts a program without any network, not even to itself; [] where that can't be done."""
    command = ["unshare", "--map-root-user", "--net"]
    able = shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0
    return command if able else []


@pytest.mark.parametrize("place", PLACES)
def test_it_says_the_same_elsewhere(place):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TRIED]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    options = {"cwd": ROOT, "env": environment | PLACES[place], "capture_output": True, "text": True}
    done = subprocess.run([*isolated(), *command], **options)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_test_that_hangs_ends_and_is_named(tmp_path):
    path = tmp_path / "test_hanging.py"
    path.write_text("import threading\n\n\ndef test_hangs():\n    threading.Event().wait()\n")
    config = ["-c", str(ROOT / "pyproject.toml"), f"--rootdir={tmp_path}", "-o", "faulthandler_timeout=1"]
    command = [sys.executable, "-m", "pytest", *config, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "in test_hangs" in done.stderr


def test_no_test_of_a_page_asks_once_for_what_may_still_be_coming():
    asks = re.compile(r"assert .*\.(is_visible|is_hidden|is_checked|is_enabled|input_value)\(\)")  # expect waits
    paths = sorted((ROOT / "tests/site").glob("*.py"))
    assert paths
    assert {path.name: found[0] for path in paths if (found := asks.search(path.read_text()))} == {}
