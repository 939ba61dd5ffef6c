"""make, where something is amiss: what is half made begins anew, and what is missing is said in plain words."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
MADE = ["Makefile", "requirements.txt", "requirements-book.txt", "requirements-test.txt", "constraints.txt"]
PYTHON = f"""#!/bin/sh
# A Python whose venv has a pip, and a jupyter-book, that do what the files of that name say.
case "$*" in
  *"-m venv --clear "*) mkdir -p "$4/bin" && rm -f "$4/half" && cp "$0" "$4/bin/python" &&
    printf '#!/bin/sh\nsh ./jupyter-book' > "$4/bin/jupyter-book" && chmod +x "$4/bin/jupyter-book" ;;
  *"-m pip "*) sh ./pip ;;
  "tools/alone.py "*) exec "{sys.executable}" "$@" ;;
esac
"""
# Fails where another one is at work, and counts how often it was called.
ONE_AT_A_TIME = "echo {0} >> called; mkdir busy || exit 1; sleep 0.5; rmdir busy"


@pytest.fixture
def tree(tmp_path):
    """What make needs of a checkout, and a Python that installs nothing, in a path with a space."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    folder = tmp_path / "a book"
    folder.mkdir()
    (folder / "tools").mkdir()
    for name in [*MADE, "pyproject.toml", "tools/alone.py"]:
        shutil.copy(ROOT / name, folder / name)
    (folder / "python").write_text(PYTHON)
    (folder / "python").chmod(0o755)
    (folder / "pip").write_text("exit 0")
    return folder


# None of the settings of a make that runs the tests: its VENV would be what is cleaned here.
SETTINGS = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG", "PATH", "TMPDIR"}}


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["make", "-C", folder, *arguments], capture_output=True, text=True, env=SETTINGS)


@pytest.mark.parametrize("stamp", [".venv/.made", ".venv-book/.made"])
def test_an_environment_that_is_half_made_begins_anew(stamp, tree):
    (tree / stamp).parent.mkdir()
    half = (tree / stamp).with_name("half")
    half.touch()
    (tree / "pip").write_text("exit 1")
    assert make(tree, stamp, "PYTHON=./python").returncode != 0
    assert not (tree / stamp).exists()
    assert not half.exists()
    half.touch()
    (tree / "pip").write_text("exit 0")
    assert make(tree, stamp, "PYTHON=./python").returncode == 0
    assert (tree / stamp).exists()
    assert not half.exists()


def test_an_environment_that_stands_is_brought_up_to_date_in_place(tree):
    assert make(tree, "env", "PYTHON=./python").returncode == 0
    assert "is up to date" in make(tree, ".venv/.made", "PYTHON=false").stdout
    (tree / ".venv/half").touch()
    (tree / "requirements.txt").touch()
    assert make(tree, "env", "PYTHON=./python").returncode == 0
    assert (tree / ".venv/half").exists()


@pytest.mark.parametrize("amiss", ["moved", "no Python", "a stamp of old"])
def test_an_environment_that_no_longer_works_begins_anew(amiss, tree):
    assert make(tree, "env", "PYTHON=./python").returncode == 0
    if amiss == "moved":
        tree = tree.rename(tree.with_name("another place"))
    elif amiss == "no Python":
        (tree / ".venv/bin/python").unlink()
    else:
        (tree / ".venv/.made").write_text("")
    (tree / ".venv/half").touch()
    assert make(tree, "env", "PYTHON=./python").returncode == 0
    assert not (tree / ".venv/half").exists()
    assert (tree / ".venv/.made").read_text() == f"{tree}\n"


def test_two_runs_at_once_in_an_empty_checkout_both_end_well_and_install_once(tree):
    (tree / "pip").write_text(ONE_AT_A_TIME.format("pip"))
    (tree / "jupyter-book").write_text(ONE_AT_A_TIME.format("book"))
    command = ["make", "-C", tree, "book", "PYTHON=./python"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": SETTINGS}
    runs = [subprocess.Popen(command, **options) for _ in range(2)]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert (tree / "called").read_text().split() == ["pip", "book", "book"]
    assert any("Another make is at work in this folder; this one goes on when it is done." in word for word in said)


@pytest.mark.parametrize("at", ["venv", "pip", "jupyter-book"])
def test_a_run_that_is_killed_holds_no_lock_and_the_next_one_recovers(at, tree):
    die = "kill -9 0"  # the whole group: make, the lock's holder and the program
    for name in ("pip", "jupyter-book"):
        (tree / name).write_text(f"test -e died || {{ touch died; {die}; }}" if at == name else "exit 0")
    if at == "venv":
        once = f"{{ test -e died || {{ touch died; {die}; }}; }} && mkdir -p"
        (tree / "python").write_text(PYTHON.replace("mkdir -p", once))
    command = ["setsid", "sh", "-c", "make book PYTHON=./python & wait"]
    killed = subprocess.run(command, cwd=tree, capture_output=True, text=True, env=SETTINGS)
    assert killed.returncode == -signal.SIGKILL
    assert (tree / "died").exists()
    done = make(tree, "book", "PYTHON=./python")
    assert done.returncode == 0, done.stderr
    assert "The book is at file://" in done.stdout


def test_a_folder_that_cannot_be_written_to_is_named_as_that(tree):
    (tree / ".make.lock").mkdir()  # stands for a checkout on a read-only disk, also where root runs the tests
    said = make(tree, "env", "PYTHON=./python").stderr
    assert "Nothing can be made in this folder, it can't be written to: " in said
    assert "Traceback" not in said
    assert "python3-venv" not in said


def test_without_a_network_it_says_that_one_is_needed(tree):
    (tree / "pip").write_text("echo 'No matching distribution found' >&2; exit 1")
    said = make(tree, ".venv-book/.made", "PYTHON=./python").stderr
    assert "requirements-book.txt could not be installed. This needs a network, the first time" in said


def test_an_old_python_is_refused_by_name(tree):
    told = f'exec "{sys.executable}" -c "import sys; sys.version_info = (3, 9); $2"'
    (tree / "python").write_text(PYTHON.replace("esac", f"  -c*) {told} ;;\nesac"))
    done = make(tree, "env", "PYTHON=./python")
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed, as in: make PYTHON=python3.12" in done.stderr
    assert not (tree / ".venv").exists()


def test_a_port_in_use_is_named_and_a_free_one_is_served(tree):
    (tree / ".venv-book").symlink_to(sys.prefix)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = make(tree, "-o", "book", "serve", f"PORT={port}")
    assert done.returncode != 0
    assert f"Port {port} is in use: name another, as in make serve PORT=8001" in done.stderr
    assert "Traceback" not in done.stderr
    command = ["make", "-C", tree, "-o", "book", "serve", f"PORT={port}"]
    options = {"stdout": subprocess.PIPE, "text": True, "env": SETTINGS, "start_new_session": True}
    with subprocess.Popen(command, **options) as serving:
        said = [serving.stdout.readline() for _ in range(2)]
        os.killpg(serving.pid, signal.SIGTERM)
    assert said[1] == f"Serving http://localhost:{port}/ (stop with Ctrl+C)\n"


def test_clean_leaves_nothing_but_the_sources(tree):
    before = set(tree.rglob("*"))
    made = (".venv/bin/x", ".venv-book/x", "_build/html/x", "build/lib/x", "vendor/katex/x", "companion.egg-info/x")
    caches = (".pytest_cache/x", ".ruff_cache/x", ".hypothesis/x", "__pycache__/x", ".ipynb_checkpoints/x")
    killed = ("book/pointwise.ipynb.new", ".make.lock")
    for name in (*made, *killed, ".coverage", ".coverage.host.1", *caches):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    for folder in ("book", "companion/kernels"):
        for name in caches[1:]:
            if name != ".hypothesis/x":
                (tree / folder / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / folder / name).touch()
    assert make(tree, "clean").returncode == 0
    left = {path.relative_to(tree).as_posix() for path in set(tree.rglob("*")) - before}
    assert left == {"book", "companion", "companion/kernels"}


def closure(file: Path) -> set[str]:
    """The names of all distributions that a requirement file brings along."""
    lines = [line for line in file.read_text("utf8").splitlines() if line and line[0] not in "#-"]
    names, todo = set(), [Requirement(line) for line in lines]
    while todo:
        wanted = todo.pop()
        if (wanted.marker and not wanted.marker.evaluate({"extra": ""})) or wanted.name.lower() in names:
            continue
        names.add(wanted.name.lower())
        todo += map(Requirement, requires(wanted.name) or [])
    return names


def test_the_book_is_built_without_what_only_its_code_needs_from_pinned_versions():
    names = closure(ROOT / "requirements-book.txt")
    assert {"jupyter-book", "sphinx", "myst-nb", "brotli"} <= names
    assert not names & {"torch", "numpy", "matplotlib", "scikit-learn", "pillow", "cupy-cuda13x", "jupyterlab"}
    lines = (ROOT / "constraints.txt").read_text("utf8").splitlines()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    assert {name.replace("_", "-") for name in closure(ROOT / "requirements-book.txt")} <= pinned


def test_notebooks_are_tried_with_one_thread(tree):
    """Beside other programs a cell of small layers took five minutes with two threads, and seconds with one."""
    lines = make(tree, "-n", "nbval").stdout.splitlines()
    assert any(line.startswith("OMP_NUM_THREADS=1 ") and " --nbval " in line for line in lines)
