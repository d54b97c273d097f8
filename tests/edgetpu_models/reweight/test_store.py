"""The store of templates: what is taken, what is derived from it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgetpu_models.inspect import inspect
from edgetpu_models.provenance.check import Verdict, check
from edgetpu_models.reweight import store
from edgetpu_models.reweight.token import is_derived
from edgetpu_models.testing import small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ReweightRefused


@pytest.fixture
def folder(data_root: Path) -> Path:
    found = data_root / "edgetpu_same_architecture"
    if not found.is_dir():
        pytest.skip("no compiled models at hand")
    return found


def _pair(folder: Path, colour: str) -> tuple[Path, Path]:
    return folder / f"color_{colour}_64x64.tflite", folder / f"color_{colour}_64x64_edgetpu.tflite"


def test_one_compile_serves_the_other_networks(folder: Path, tmp_path: Path) -> None:
    template = store.add(*_pair(folder, "red"), recipe="abc", store=tmp_path)
    assert [t.recipe for t in store.listed(tmp_path)] == ["abc"]
    for colour in ("blue", "green", "white"):
        original = folder / f"color_{colour}_64x64.tflite"
        assert store.architecture(verify_model(original)) == template.architecture
        (made,) = store.derive([original], tmp_path)
        assert check(original, made.data).verdict is Verdict.PROVED
        assert inspect(made.data).made_by == "derived"
    assert inspect(_pair(folder, "red")[1]).made_by == "compiler"


def test_networks_that_were_compiled_together_are_refused(folder: Path, tmp_path: Path) -> None:
    store.add(*_pair(folder, "red"), store=tmp_path)
    with pytest.raises(ReweightRefused, match="compiled together"):
        store.derive([folder / "color_blue_64x64.tflite", folder / "color_green_64x64.tflite"], tmp_path)


def test_no_template_says_what_to_run(folder: Path, tmp_path: Path) -> None:
    network = tmp_path / "net.tflite"
    network.write_bytes(small_network())
    with pytest.raises(ReweightRefused, match="no template fits net") as caught:
        store.derive([network], tmp_path / "store")
    assert "undertone compile" in caught.value.remedy


def test_a_template_that_changed_is_refused(folder: Path, tmp_path: Path) -> None:
    template = store.add(*_pair(folder, "red"), store=tmp_path)
    path = template.folder / "compiled.tflite"
    data = bytearray(path.read_bytes())
    data[-40] ^= 1  # where no check of the file itself would look
    path.write_bytes(data)
    with pytest.raises(ReweightRefused, match="was changed since it was added"):
        store.derive([folder / "color_blue_64x64.tflite"], tmp_path)


def test_the_architecture_depends_on_structure_only(pairs: list) -> None:
    names = {store.architecture(verify_model(p.original)) for p in pairs if p.original}
    # MobileNet v1 0.25 three times, v1 0.5 twice; DeepLab twice, converted in two ways.
    assert len(names) >= 18


def test_the_compilers_tokens_are_not_taken_for_ours(pairs: list) -> None:
    assert not any(is_derived(int(inspect(p.compiled).token, 16)) for p in pairs)
