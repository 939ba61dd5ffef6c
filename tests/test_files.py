"""What a target writes is whole or what it was: on a full disk, when it is stopped, when it is killed."""

import ast
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools.files import replace

ROOT = Path(__file__).resolve().parent.parent
OLD = "what was there\n"


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(OLD)
    return path


@pytest.mark.parametrize("content", ["1×1 in a line\n", b"\x00bytes"])
def test_a_file_is_replaced_or_made(old, content):
    written = content if isinstance(content, bytes) else content.encode("utf-8")
    for path in (old, old.with_name("other")):
        replace(path, content)
        assert path.read_bytes() == written
    assert {path.name for path in old.parent.iterdir()} == {"results.json", "other"}


@pytest.mark.parametrize("death", ["os.fsync = lambda file: (os.ftruncate(file, 4), die())", "os.replace = die"])
def test_a_kill_leaves_the_old_file_and_the_next_run_succeeds(old, death):
    program = f"""
import os, pathlib, signal, sys
from tools.files import replace
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
{death}
replace(pathlib.Path(sys.argv[1]), "new and longer than before")
"""
    killed = subprocess.run([sys.executable, "-c", program, old], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert old.read_text() == OLD
    replace(old, "new")
    assert old.read_text() == "new"
    assert list(old.parent.iterdir()) == [old]


def limited():
    """Let no file grow beyond 100 kB, and say so by an error in place of a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def notebook(folder: Path, source: str) -> Path:
    path = folder / "chapter.ipynb"
    cell = nbformat.v4.new_code_cell(source, id="only")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


def running(path: Path, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", "tools.notebooks", path]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, **options)


def test_a_full_disk_leaves_the_notebook_as_it_was(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        path = notebook(disk, "print('long ' * 40_000)")
        before = path.read_bytes()
        with running(path, preexec_fn=None if mounted else limited) as tool:
            said = tool.communicate()[1]
        assert tool.returncode != 0
        assert f"OSError: [Errno {28 if mounted else 27}]" in said  # no space left, or file too large
        assert path.read_bytes() == before
        assert list(disk.iterdir()) == [path]
    finally:
        if mounted:
            subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_notebook_that_is_stopped_while_it_runs_is_as_it_was_and_its_kernel_ends(tmp_path, sent):
    started, ended = tmp_path / "started", tmp_path / "ended"
    os.mkfifo(started)
    os.mkfifo(ended)
    source = f"""
import os, time
ended = os.open({str(ended)!r}, os.O_RDWR)
with open({str(started)!r}, "w") as file:
    file.write("now")
time.sleep(600)
"""
    path = notebook(tmp_path, source)
    before = path.read_bytes()
    with running(path) as tool:
        reading = os.open(ended, os.O_RDONLY | os.O_NONBLOCK)
        assert started.read_text() == "now"  # waits for the cell
        tool.send_signal(sent)
        said = tool.communicate()[1]
    os.set_blocking(reading, True)
    assert os.read(reading, 1) == b""  # waits for the kernel's end, which closes the other side
    os.close(reading)
    assert tool.returncode == (-sent if sent is signal.SIGKILL else 1)
    if sent is not signal.SIGKILL:  # before it stands what the interrupted kernel says
        assert said.endswith("stopped: chapter.ipynb is as it was\n")
        assert "AssertionError" not in said
    assert path.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"chapter.ipynb", "started", "ended"}


def test_a_notebook_whose_kernel_dies_is_as_it_was(tmp_path):
    path = notebook(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    before = path.read_bytes()
    with running(path) as tool:
        said = tool.communicate()[1]
    assert tool.returncode == 1
    assert "Kernel died" in said
    assert said.endswith("stopped: chapter.ipynb is as it was\n")
    assert path.read_bytes() == before


TEMPORARY = {"tools/mutants.py", "tools/upgrade.py"}  # write into folders of their own, which go at the end


def test_tools_and_benchmarks_write_by_no_other_means():
    means = {"write_text", "write_bytes", "dump", "touch"}
    found = set()
    for path in [*ROOT.glob("tools/*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("companion/studies/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                modes = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                if name in means or (name == "open" and any(set(mode) & set("wax+") for mode in modes)):
                    found.add(path.relative_to(ROOT).as_posix())
                if name == "write" and ast.unparse(node.func) in {"nbformat.write"}:
                    found.add(path.relative_to(ROOT).as_posix())
    assert found == {"tools/files.py", *TEMPORARY}
