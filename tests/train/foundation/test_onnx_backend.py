"""ONNX files as encoders, and cut ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import AudioUnreadable, EnvironmentLacking, ModelInvalid, UnknownName
from train.foundation import cut
from train.foundation.backends.onnx import OnnxEncoder
from train.foundation.catalogue import encoder_names, open_encoder
from train.foundation.cut import cut_file, largest_difference, saved_by_cut


@pytest.fixture(autouse=True)
def own_cuts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cut networks go into the test's folder."""
    monkeypatch.setattr(cut_file, "__defaults__", (tmp_path / "cuts",))
    return tmp_path / "cuts"


@pytest.fixture
def encoder(wave_network: Path) -> OnnxEncoder:
    return OnnxEncoder(wave_network, fixed=("table",))


def test_what_the_file_says(encoder: OnnxEncoder) -> None:
    assert [(layer.name, layer.width, layer.parameters) for layer in encoder.layers] == [
        ("hidden_0", 3, 12),
        ("hidden_1", 3, 21),
        ("hidden_2", 3, 21),
        ("final", 3, 24),
    ]
    about = encoder.about
    assert (about.name, about.samples_per_step, about.shortest, about.longest) == ("small", 2, 4, None)
    assert about.frame_rate == 8000


def test_steps_are_those_that_come_out(encoder: OnnxEncoder) -> None:
    for length in (4, 5, 6, 31):
        assert len(encoder.encode([np.ones(length, np.float32)])[0]["final"]) == encoder.steps(length)


def test_values_are_the_networks(encoder: OnnxEncoder, wave_network: Path) -> None:
    import onnx

    weights = {
        each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(wave_network).graph.initializer
    }
    wave = np.arange(8, dtype=np.float32) / 8
    found = encoder.encode([wave])[0]
    frames = np.stack([wave[start : start + 4] for start in (0, 2, 4)])
    first = frames @ weights["conv.weight"][:, 0].T
    np.testing.assert_allclose(found["hidden_0"], first, rtol=1e-5)
    np.testing.assert_allclose(found["hidden_1"], np.tanh(first @ weights["layer1.weight"]), rtol=1e-5)


def test_a_cut_is_bit_equal_and_smaller(encoder: OnnxEncoder, own_cuts: Path) -> None:
    for layer in encoder.layer_names:
        assert largest_difference(encoder, layer) == 0.0
    alone = encoder.cut("hidden_1")
    assert alone.layer_names == ("hidden_0", "hidden_1")
    assert alone.about == encoder.about
    assert alone.layers == encoder.layers[:2]
    assert alone.path.stat().st_size < encoder.path.stat().st_size
    assert {path.suffix for path in own_cuts.iterdir()} == {".onnx"}
    assert encoder.cut("final") is encoder
    with pytest.raises(UnknownName):
        alone.cut("hidden_2")


def test_a_cut_is_made_once(wave_network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cut_file(wave_network, ["hidden_0"])
    monkeypatch.setattr("onnx.utils.extract_model", lambda *_: pytest.fail("made again"))
    assert cut_file(wave_network, ["hidden_0"]) == first
    assert cut.CUTS.name == "cuts"


def test_a_place_to_cut_that_is_not_there(wave_network: Path) -> None:
    with pytest.raises(ModelInvalid, match="cannot be cut after nowhere"):
        cut_file(wave_network, ["nowhere"])


def test_what_a_cut_saves(encoder: OnnxEncoder) -> None:
    saved = saved_by_cut(encoder, "hidden_1", seconds=20 / 16000)
    whole = 9 * 12 + 9 * 9 + 2 * 81 * 3
    assert (saved.multiply_adds, saved.multiply_adds_whole) == (9 * 12 + 9 * 9, whole)
    assert saved.compute_saved == pytest.approx(1 - 189 / whole)
    assert (saved.parameters, saved.parameters_whole) == (21, 24)
    assert saved.as_dict()["compute_saved"] == saved.compute_saved


def test_files_without_hidden_states_are_refused(tmp_path: Path, wave_network: Path) -> None:
    import onnx

    model = onnx.load(wave_network)
    for output in model.graph.output:
        output.name = {"hidden_0": "conv"}.get(output.name, "product")
    del model.graph.output[1:]
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ModelInvalid, match="no outputs hidden_0"):
        OnnxEncoder(tmp_path / "other.onnx")


def test_outputs_of_another_shape_are_refused(tmp_path: Path, wave_network: Path) -> None:
    import onnx

    model = onnx.load(wave_network)
    del model.graph.output[0].type.tensor_type.shape.dim[0]
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ModelInvalid, match="steps, width"):
        OnnxEncoder(tmp_path / "other.onnx")


def test_names(wave_network: Path) -> None:
    assert open_encoder(f"onnx:{wave_network}").about.name == "small"
    with pytest.raises(UnknownName) as caught:
        open_encoder("wishper")
    assert all(name in caught.value.remedy for name in (*encoder_names(), "onnx:...", "hub:..."))
    with pytest.raises(EnvironmentLacking, match="no such file"):
        open_encoder("onnx:/nowhere.onnx")


def test_a_published_file_that_is_not_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path))
    with pytest.raises(EnvironmentLacking, match="whisper-tiny-en is not on this machine") as caught:
        open_encoder("whisper-tiny-en")
    assert "whisper-tiny-en-encoder.onnx" in caught.value.remedy


def test_clips_that_are_too_short_are_named(encoder: OnnxEncoder) -> None:
    with pytest.raises(AudioUnreadable, match="4 or more"):
        encoder.encode([np.zeros(3, np.float32)])
