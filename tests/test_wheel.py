"""A wheel built from the tree works wherever it is unpacked, and all but launches works where CuPy is missing."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
import importlib, pkgutil, sys
sys.modules["cupy"] = None  # importing it fails, as where it is not installed
import torch
import companion
from companion import audit, cost, figures, kernels, widgets
from companion.kernels import emulator

assert companion.__file__ == sys.argv[1], companion.__file__
for module in pkgutil.walk_packages(companion.__path__, "companion."):
    importlib.import_module(module.name)
assert cost.count(torch.nn.Conv2d(64, 32, 1, bias=False), (1, 64, 7, 7)).total.macs == 64 * 32 * 49
assert "agrees" in repr(audit.audit("vgg"))
widget = widgets.cost_explorer(size=28, in_channels=64, middle_channels=8, out_channels=64, kernel_size=3)
assert "customElements" in widget.html
assert "__global__" in kernels.source()
assert "CuPy is not installed" in kernels.gpu_unavailable_reason()
x, weight = torch.randn(2, 5, 3, 4), torch.randn(7, 5, requires_grad=True)
y = kernels.pointwise_conv(x, weight)
torch.testing.assert_close(y, torch.nn.functional.conv2d(x, weight[:, :, None, None]))
y.sum().backward()
if emulator.unavailable_reason() is None:  # where there is a C++ compiler, the same source runs on the CPU
    emulated = kernels.pointwise_conv(x.numpy(), weight.detach().numpy())
    torch.testing.assert_close(torch.from_numpy(emulated), y.detach())
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder into which the wheel was unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    shutil.copytree(ROOT / "companion", tree / "companion", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w"]
    done = subprocess.run([sys.executable, *build, folder, tree], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_every_file_of_the_package_is_in_the_wheel(site):
    files = {path.relative_to(ROOT) for path in ROOT.glob("companion/**/*.*") if "__pycache__" not in path.parts}
    assert {path.suffix for path in files} >= {".py", ".cu", ".h", ".js", ".toml"}
    assert {path.relative_to(site) for path in site.glob("companion/**/*.*")} == files


def test_it_works_outside_the_tree_and_without_cupy(site):
    command = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(site)!r})\n{PROGRAM}"]
    command += [str(site / "companion" / "__init__.py")]
    done = subprocess.run(command, cwd=site.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
