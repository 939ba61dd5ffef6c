"""What the compiler said, as recorded: of this very source, complete, and the same when it is asked again."""

import json

import pytest

from benchmarks import registers
from benchmarks._record import RESULTS
from companion.kernels import VARIANTS
from tests.kernels.arrays import needs_disassembler, needs_nvrtc

RECORDED = json.loads((RESULTS / "registers.json").read_text("utf-8"))


def test_the_record_is_of_the_present_source_every_variant_and_every_architecture():
    assert RECORDED["source"] == registers.digest(), "run: python -m benchmarks.registers"
    rows = [(row["variant"], row["architecture"]) for row in RECORDED["rows"]]
    assert rows == [(name, architecture) for name in VARIANTS for architecture in registers.ARCHITECTURES]
    assert {"nvidia-cuda-nvrtc", "nvidia-cuda-nvdisasm"} <= set(RECORDED["versions"])


def test_the_digest_sees_code_and_not_comments(monkeypatch):
    source = registers.kernels.source()
    before = registers.digest()
    monkeypatch.setattr(registers.kernels, "source", lambda: f"// a word\n{source}\n")
    assert registers.digest() == before
    monkeypatch.setattr(registers.kernels, "source", lambda: source.replace("TILE = 16", "TILE = 8"))
    assert registers.digest() != before


@needs_nvrtc
@needs_disassembler
def test_the_compiler_says_the_same_again(tmp_path):
    path = tmp_path / "registers.json"
    registers.main(path, [VARIANTS["naive"], VARIANTS["register_16x128"]], ["sm_90"])
    data = json.loads(path.read_text("utf-8"))
    if data["versions"] != RECORDED["versions"]:
        pytest.skip("recorded with other versions of the compiler")
    kept = [row for row in RECORDED["rows"] if row["architecture"] == "sm_90"]
    assert data["rows"] == [row for row in kept if row["variant"] in ("naive", "register_16x128")]


def test_without_the_compiler_nothing_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(registers.kernels, "nvrtc_unavailable_reason", lambda: "NVRTC is not installed")
    with pytest.raises(SystemExit, match="Nothing was recorded: NVRTC is not installed"):
        registers.main(tmp_path / "registers.json")
    assert list(tmp_path.iterdir()) == []
