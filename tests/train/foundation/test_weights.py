"""Checkpoint folders: pickles in any disguise are refused before anything reads them."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from firmware_bridge.base.errors import EnvironmentLacking, ModelInvalid
from train.foundation.weights import check_safetensors, fingerprint, weight_files


class Bomb:
    """Unpickling this writes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (Path.write_text, (self.mark, "went off"))  # type: ignore[return-value]


def safetensors(values: int = 3, header: dict[str, object] | None = None) -> bytes:
    """Return a file of one tensor, as the format's description says."""
    entry = {"x": {"dtype": "F32", "shape": [values], "data_offsets": [0, 4 * values]}}
    text = json.dumps(entry if header is None else header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(4 * values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole checkpoint."""
    (tmp_path / "config.json").write_text('{"model_type": "wavlm"}')
    (tmp_path / "model.safetensors").write_bytes(safetensors())
    return tmp_path


def test_a_whole_checkpoint(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80never read")
    assert weight_files(folder) == [folder / "model.safetensors"]


@pytest.mark.parametrize("disguise", ["model.safetensors", "pytorch_model.bin", "model.pt"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_pickles_are_refused_and_do_not_go_off(folder: Path, disguise: str, protocol: int) -> None:
    mark = folder / "mark"
    (folder / "model.safetensors").unlink()
    (folder / disguise).write_bytes(pickle.dumps(Bomb(mark), protocol))
    with pytest.raises(ModelInvalid, match=r"pickle|no safetensors file") as caught:
        weight_files(folder)
    assert not mark.exists()
    assert caught.value.remedy


def test_a_zip_of_torch_is_refused(folder: Path) -> None:
    with zipfile.ZipFile(folder / "model.safetensors", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(1))
    with pytest.raises(ModelInvalid, match="as torch wraps its pickles"):
        weight_files(folder)


def test_a_header_may_begin_like_a_pickle(tmp_path: Path) -> None:
    """Eight bytes of length: 0x80 = 128 is as good a header as any."""
    entry = {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    text = json.dumps(entry).encode().ljust(128)
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", 128) + text + bytes(4))
    check_safetensors(path)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no safetensors"),
        (b"short", "no safetensors"),
        (safetensors()[:-1], "its header says"),
        (safetensors() + b"\0", "its header says"),
        (struct.pack("<Q", 1 << 60) + b"{}", "no safetensors"),
        (struct.pack("<Q", 5) + b"{nope", "damaged header"),
        (safetensors(header={"x": {"dtype": "F32"}}), "damaged header"),
        (safetensors(header={"x": 3}), "damaged header"),
    ],
)
def test_damage_has_its_message(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelInvalid, match=why):
        check_safetensors(path)


def test_several_files(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "b.safetensors")
    (folder / "a.safetensors").write_bytes(safetensors(2))
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"y": "b.safetensors", "x": "a.safetensors"}}))
    assert [file.name for file in weight_files(folder)] == ["a.safetensors", "b.safetensors"]
    index.write_text(json.dumps({"weight_map": {"x": "../a.safetensors"}}))
    with pytest.raises(ModelInvalid, match="outside its folder"):
        weight_files(folder)
    index.write_text(json.dumps({"weight_map": {"x": "c.safetensors"}}))
    with pytest.raises(EnvironmentLacking, match=r"c.safetensors is missing"):
        weight_files(folder)
    index.write_text("[]")
    with pytest.raises(ModelInvalid, match="no JSON object"):
        weight_files(folder)


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacking, match=r"config.json is missing"):
        weight_files(tmp_path)


def test_a_fingerprint_is_of_content_and_circumstances(folder: Path) -> None:
    files = weight_files(folder)
    first = fingerprint(files)
    assert fingerprint(files, "torch=3") != first
    files[0].write_bytes(safetensors(4))
    assert fingerprint(files) != first
