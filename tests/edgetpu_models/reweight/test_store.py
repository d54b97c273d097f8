"""The store of templates: what is taken, what is derived from it, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.inspect import inspect
from edgetpu_models.provenance.check import Verdict, check
from edgetpu_models.reweight import store
from edgetpu_models.reweight.token import MARK, is_derived
from edgetpu_models.testing import small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, ReweightRefused


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


def test_the_store_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERTONE_TEMPLATES", str(tmp_path / "mine"))
    assert store.default_store() == tmp_path / "mine"
    assert store.listed() == []
    monkeypatch.delenv("UNDERTONE_TEMPLATES")
    assert store.default_store().parts[-2:] == ("data", "templates")


def test_what_is_stored_is_what_was_given(folder: Path, tmp_path: Path) -> None:
    original, compiled = _pair(folder, "red")
    template = store.add(original, compiled, recipe="r1", store=tmp_path)
    assert template.folder == tmp_path / template.architecture
    assert (template.folder / "original.tflite").read_bytes() == original.read_bytes()
    assert (template.folder / "compiled.tflite").read_bytes() == compiled.read_bytes()
    assert template.token == inspect(compiled).token
    assert template.source == compiled.name
    assert template.as_dict()["folder"] == str(template.folder)
    assert store.listed(tmp_path) == [template]


def test_the_same_architecture_is_stored_once_and_the_later_one_counts(folder: Path, tmp_path: Path) -> None:
    first = store.add(*_pair(folder, "red"), store=tmp_path)
    second = store.add(*_pair(folder, "blue"), recipe="new", store=tmp_path)
    assert first.architecture == second.architecture
    assert store.listed(tmp_path) == [second]
    assert sorted(p.name for p in tmp_path.iterdir()) == [first.architecture], "nothing half-written is left"


def test_a_pair_that_cannot_be_a_template_is_not_stored(folder: Path, tmp_path: Path) -> None:
    original, _ = _pair(folder, "red")
    _, compiled = _pair(folder, "blue")
    with pytest.raises(ReweightRefused, match="not proved to be made from its original"):
        store.add(original, compiled, store=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"architecture": "x"}', "not json"])
def test_a_template_that_says_nothing_is_refused_by_its_place(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "template.json").write_text(content)
    with pytest.raises(InvalidSetting, match=r"broken is no template") as caught:
        store.listed(tmp_path)
    assert "add it again" in caught.value.remedy


def test_folders_without_a_template_are_passed_over(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "readme.txt").write_text("mine")
    assert store.listed(tmp_path) == []


def test_the_architecture_ignores_values_and_names_and_sees_structure() -> None:
    def name(change: Callable[[Any], None] = lambda graph: None, seed: int = 0) -> str:
        opened = open_model(small_network(seed))
        change(opened.subgraphs[0])
        return store.architecture(verify_model(pack(opened)))

    def rename(graph: Any) -> None:
        for tensor in graph.tensors:
            tensor.name = b"x" + tensor.name

    def rescale(graph: Any) -> None:
        quantization = graph.tensors[graph.outputs[0]].quantization
        quantization.scale = quantization.scale * 2

    def activate(graph: Any) -> None:
        graph.operators[0].builtinOptions.fusedActivationFunction = 3

    assert name() == name(seed=3) == name(rename) == name(rescale)
    assert name(activate) != name()
    assert len(name()) == 32


def test_one_damaged_original_is_seen_like_a_damaged_compile(folder: Path, tmp_path: Path) -> None:
    template = store.add(*_pair(folder, "red"), store=tmp_path)
    path = template.folder / "original.tflite"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ReweightRefused, match="was changed since it was added"):
        store.derive([folder / "color_blue_64x64.tflite"], tmp_path)


@pytest.mark.parametrize(
    ("token", "ours"),
    [(MARK, True), (MARK | 0xFF_FFFF_FFFF, True), (MARK + (1 << 40), False), (0, False), (1, False)],
)
def test_a_token_is_ours_by_its_three_highest_bytes(token: int, ours: bool) -> None:
    assert is_derived(token) is ours
    assert MARK.to_bytes(8, "big")[:3] == b"UTD"
