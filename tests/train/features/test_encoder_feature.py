"""Layers of a foundation model as a feature: which, how averaged, chosen by whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import ModelInvalid, UnknownName
from train.features import FEATURES, Speech
from train.features.encoder import EncoderSettings, hear_encoder, lacks, wanted_layers
from train.foundation.catalogue import open_encoder

MakeSpeech = Callable[..., Speech]


def test_a_named_layer_is_what_the_encoder_says(make_speech: MakeSpeech, network: str) -> None:
    speech = make_speech()
    heard = hear_encoder(speech, EncoderSettings(encoder=network, layer="hidden_1", average=1))
    said = open_encoder(network).encode(speech.pcm, ["hidden_1"])
    assert heard.steps.tolist() == [len(one["hidden_1"]) for one in said]
    for row, count, one in zip(heard.sequences, heard.steps, said, strict=True):
        np.testing.assert_allclose(row[:count], one["hidden_1"], rtol=2e-3, atol=1e-3)  # kept as float16
        assert not row[count:].any()
    assert (heard.layers, heard.picture) == ({}, b""), "nothing was ranked"


def test_steps_are_averaged_in_groups(make_speech: MakeSpeech, network: str) -> None:
    speech = make_speech()
    fine = hear_encoder(speech, EncoderSettings(encoder=network, layer="hidden_1", average=1))
    coarse = hear_encoder(speech, EncoderSettings(encoder=network, layer="hidden_1", average=100))
    assert coarse.steps.tolist() == [count // 100 for count in fine.steps]
    np.testing.assert_allclose(
        coarse.sequences[0, 0], fine.sequences[0, :100].astype(np.float32).mean(0), rtol=5e-3, atol=1e-3
    )


def test_a_clip_shorter_than_a_group_still_has_a_step(make_speech: MakeSpeech, network: str) -> None:
    heard = hear_encoder(make_speech(), EncoderSettings(encoder=network, layer="hidden_1", average=5000))
    assert heard.steps.tolist() == [1, 1, 1, 1]


def test_several_layers_lie_side_by_side(make_speech: MakeSpeech, network: str) -> None:
    speech = make_speech()
    both = EncoderSettings(encoder=network, layer="hidden_1,final", statistics=True)
    heard = hear_encoder(speech, both)
    assert heard.sequences.shape == (4, 1, 12)  # two layers, width 3, mean and deviation
    expected = open_encoder(network).statistics(speech.pcm, ["hidden_1", "final"])
    np.testing.assert_allclose(heard.sequences[:, 0, :6], expected["hidden_1"], rtol=1e-5)
    np.testing.assert_allclose(heard.sequences[:, 0, 6:], expected["final"], rtol=1e-5)


def test_training_speakers_alone_choose_the_layer(make_speech: MakeSpeech, network: str) -> None:
    """What the other speakers' clips are labelled must not move the ranking."""
    settings = EncoderSettings(encoder=network, statistics=True)
    rng = np.random.default_rng(0)
    many = {
        "pcm": [rng.integers(-9000, 9000, 3200).astype(np.int16) for _ in range(12)],
        "truth": np.arange(12) % 2,
        "speakers": np.array([f"s{i // 4}" for i in range(12)]),
        "learn": np.arange(8),
    }
    one = hear_encoder(make_speech(**many, targets=np.eye(2, dtype=np.float32)[np.arange(12) % 2]), settings)
    other_truth = np.where(np.arange(12) < 8, np.arange(12) % 2, 0)
    other = hear_encoder(
        make_speech(**{**many, "truth": other_truth}, targets=np.eye(2, dtype=np.float32)[other_truth]),
        settings,
    )
    assert one.layers == other.layers
    assert one.layers["chosen"] in open_encoder(network).layer_names
    assert one.picture.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("chosen", "neighbours", "wanted"),
    [("b", 0, "b"), ("b", 1, "abc"), ("a", 1, "ab"), ("d", 2, "bcd"), ("c", 4, "abcd")],
)
def test_neighbours_end_where_the_network_does(chosen: str, neighbours: int, wanted: str) -> None:
    assert wanted_layers(chosen, tuple("abcd"), neighbours) == tuple(wanted)


def test_what_rests_on_sound_alone_is_remembered(make_speech: MakeSpeech, network: str) -> None:
    kept: dict[str, Any] = {}
    computed: list[str] = []

    def remember(name: str, make: Callable[[], Any]) -> Any:
        if name not in kept:
            computed.append(name)
            kept[name] = make()
        return kept[name]

    settings = EncoderSettings(encoder=network, statistics=True)
    first = hear_encoder(make_speech(remember=remember), settings)
    second = hear_encoder(make_speech(remember=remember, learn=np.array([0, 1, 2, 3])), settings)
    assert computed == [f"{network}-statistics"]
    np.testing.assert_array_equal(first.sequences, second.sequences)


def test_an_encoder_that_is_not_here_says_why() -> None:
    assert "nowhere.onnx" in lacks(EncoderSettings(encoder="onnx:nowhere.onnx"))
    assert FEATURES.find("encoder").lacks is lacks


def test_a_slip_or_a_damaged_file_is_no_reason_for_a_stand_in(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="whisper-tine") as told:
        lacks(EncoderSettings(encoder="whisper-tine"))
    assert "whisper-tiny-en" in f"{told.value} {told.value.remedy}"
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"\x80\x04not a network")
    with pytest.raises(ModelInvalid):
        lacks(EncoderSettings(encoder=f"onnx:{damaged}"))


def test_an_unknown_layer_is_answered_with_the_valid_ones(make_speech: MakeSpeech, network: str) -> None:
    with pytest.raises(UnknownName, match="hidden_9") as told:
        hear_encoder(make_speech(), EncoderSettings(encoder=network, layer="hidden_9"))
    assert "hidden_1" in str(told.value) + told.value.remedy
