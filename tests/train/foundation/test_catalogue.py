"""Encoders by name, and what a cut of one saves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking, ModelInvalid, UnknownName
from train.foundation import catalogue
from train.foundation.backends.onnx import OnnxEncoder
from train.foundation.catalogue import KINDS, ONNX, encoder_names, open_encoder
from train.foundation.cut import cut_file, largest_difference, saved_by_cut
from train.foundation.graph import load_graph


class TestNames:
    def test_a_file_of_ones_own(self, wave_network: Path) -> None:
        encoder = open_encoder(f"onnx:{wave_network}")
        assert isinstance(encoder, OnnxEncoder)
        assert encoder.layer_names == ("hidden_0", "hidden_1", "hidden_2", "final")

    @pytest.mark.parametrize("which", ["whispr", "", "whisper-tiny-en:3", "onxx:file", "yamnet:x"])
    def test_unknown_ones_list_names_and_kinds(self, which: str) -> None:
        with pytest.raises(UnknownName, match="unknown foundation model") as caught:
            open_encoder(which)
        for known in (*encoder_names(), *(f"{kind}:..." for kind in KINDS)):
            assert known in caught.value.remedy

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(EnvironmentLacking, match="no such file") as caught:
            open_encoder(f"onnx:{tmp_path / 'gone.onnx'}")
        assert "onnx:" in caught.value.remedy

    def test_a_published_one_that_is_not_here_says_where_to_put_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(catalogue, "find_network", lambda file: None)
        with pytest.raises(EnvironmentLacking, match="moonshine-tiny is not on this machine") as caught:
            open_encoder("moonshine-tiny")
        assert "moonshine-tiny-encoder.onnx into data/models" in caught.value.remedy

    def test_a_home_folder_is_understood(self, wave_network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(wave_network.parent))
        assert open_encoder(f"onnx:~/{wave_network.name}").layer_names[0] == "hidden_0"

    def test_every_published_one_is_known_by_hash_size_and_licence(self) -> None:
        assert encoder_names() == [*ONNX, "yamnet"]
        for entry in ONNX.values():
            assert len(entry.file.sha256) == 64 and int(entry.file.sha256, 16)
            assert entry.file.size > 1_000_000
            assert entry.file.licence
            assert "/" in entry.original
        assert len({entry.file.sha256 for entry in ONNX.values()}) == len(ONNX)


class TestCut:
    @pytest.mark.parametrize("layer", ["hidden_0", "hidden_1", "hidden_2"])
    def test_what_is_left_gives_the_same_bits(self, wave_network: Path, layer: str) -> None:
        assert largest_difference(OnnxEncoder(wave_network), layer) == 0.0

    def test_a_difference_is_seen(self, wave_network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        encoder = OnnxEncoder(wave_network)
        real = encoder.cut("hidden_1")

        class Off:
            def encode(self, clips: list[np.ndarray], layers: list[str]) -> list[dict[str, np.ndarray]]:
                return [
                    {name: rows + 0.25 for name, rows in one.items()} for one in real.encode(clips, layers)
                ]

        monkeypatch.setattr(encoder, "cut", lambda layer: Off())
        assert largest_difference(encoder, "hidden_1") == pytest.approx(0.25, abs=1e-6)

    def test_nothing_after_the_layer_is_left_in_the_file(self, wave_network: Path, tmp_path: Path) -> None:
        whole = load_graph(wave_network).graph
        alone = load_graph(cut_file(wave_network, ["hidden_1"], tmp_path / "cuts")).graph
        assert [node.op_type for node in alone.node] == [node.op_type for node in whole.node][:5]
        assert [one.name for one in alone.output] == ["hidden_1"]
        assert "table" not in {one.name for one in alone.initializer}

    def test_earlier_layers_can_be_kept_with_it(self, wave_network: Path, tmp_path: Path) -> None:
        both = cut_file(wave_network, ["hidden_0", "hidden_1"], tmp_path / "cuts")
        assert [one.name for one in load_graph(both).graph.output] == ["hidden_0", "hidden_1"]
        assert both != cut_file(wave_network, ["hidden_1"], tmp_path / "cuts")

    def test_a_cut_that_is_there_is_used_again(self, wave_network: Path, tmp_path: Path) -> None:
        first = cut_file(wave_network, ["hidden_1"], tmp_path / "cuts")
        stamp = first.stat().st_mtime_ns
        assert cut_file(wave_network, ["hidden_1"], tmp_path / "cuts") == first
        assert first.stat().st_mtime_ns == stamp

    def test_other_weights_are_another_cut(self, wave_network: Path, tmp_path: Path) -> None:
        import onnx

        first = cut_file(wave_network, ["hidden_1"], tmp_path / "cuts")
        model = onnx.load(wave_network)
        model.graph.doc_string = "changed"
        onnx.save(model, wave_network)
        assert cut_file(wave_network, ["hidden_1"], tmp_path / "cuts") != first

    def test_a_layer_that_is_not_there_leaves_nothing_behind(
        self, wave_network: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(ModelInvalid, match="cannot be cut after hidden_9"):
            cut_file(wave_network, ["hidden_9"], tmp_path / "cuts")
        assert list((tmp_path / "cuts").iterdir()) == []


class TestSaved:
    def test_the_whole_encoder_saves_nothing(self, wave_network: Path) -> None:
        saved = saved_by_cut(OnnxEncoder(wave_network), "final", 0.1)
        assert saved.compute_saved == 0.0
        assert saved.parameters == saved.parameters_whole

    def test_the_earlier_the_cut_the_more(self, wave_network: Path) -> None:
        encoder = OnnxEncoder(wave_network)
        shares = [saved_by_cut(encoder, layer, 0.1).compute_saved for layer in encoder.layer_names]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] > 0.9, "attention over 800 steps costs more than all else"

    def test_multiply_adds_by_hand(self, wave_network: Path) -> None:
        saved = saved_by_cut(OnnxEncoder(wave_network), "hidden_1", 0.01)
        steps = (160 - 4) // 2 + 1
        # Three filters of four taps at each step, then a 3 x 3 product.
        assert saved.multiply_adds == steps * 3 * 4 + steps * 3 * 3
        assert saved.parameters == 3 * 4 + 3 * 3

    def test_attention_grows_with_the_square_of_the_clip(self, wave_network: Path) -> None:
        encoder = OnnxEncoder(wave_network)
        short, long = (saved_by_cut(encoder, "hidden_2", seconds) for seconds in (0.1, 0.2))
        assert long.multiply_adds / short.multiply_adds == pytest.approx(4, rel=0.05)

    def test_as_data(self, wave_network: Path) -> None:
        found = saved_by_cut(OnnxEncoder(wave_network), "hidden_1", 0.5).as_dict()
        assert found["layer"] == "hidden_1"
        assert found["compute_saved"] == 1 - found["multiply_adds"] / found["multiply_adds_whole"]
