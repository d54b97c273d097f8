"""What every backend inherits: groups of one length, checks of the input, statistics."""

from __future__ import annotations

from typing import Self

import numpy as np
import pytest

from firmware_bridge.base.errors import AudioUnreadable, InvalidSetting, UnknownName
from train.foundation.encoder import About, Encoder, Layer, equal_lengths, mean_and_deviation


class Counter(Encoder):
    """Two layers: the samples in pairs, and their sums; notes the batches that it was given."""

    def __init__(self) -> None:
        self.about = About("counter", "none", "0" * 64, samples_per_step=2, shortest=2, longest=10)
        self.layers = (Layer("hidden_0", 2, 0), Layer("hidden_1", 1, 2))
        self.batches: list[tuple[int, ...]] = []

    def steps(self, samples: int) -> int:
        return samples // 2

    def multiply_adds(self, layer: str, samples: int) -> int:
        return 0

    def cut(self, layer: str) -> Self:
        return self

    def forward(self, batch: np.ndarray, layers: tuple[str, ...]) -> dict[str, np.ndarray]:
        self.batches.append(batch.shape)
        pairs = batch[:, : batch.shape[1] // 2 * 2].reshape(len(batch), -1, 2)
        return {"hidden_0": pairs, "hidden_1": pairs.sum(axis=2, keepdims=True)}


def test_clips_of_one_length_share_a_pass_and_keep_their_order() -> None:
    encoder = Counter()
    waves = [np.full(length, index, np.float32) for index, length in enumerate((4, 6, 4, 2))]
    found = encoder.encode(waves)
    assert encoder.batches == [(1, 2), (2, 4), (1, 6)]
    assert [each["hidden_0"].shape for each in found] == [(2, 2), (3, 2), (2, 2), (1, 2)]
    assert [each["hidden_1"][0, 0] for each in found] == [0, 2, 4, 6]


def test_int16_has_full_scale_one() -> None:
    found = Counter().encode([np.array([16384, -32768], np.int16)], ["hidden_0"])[0]
    assert set(found) == {"hidden_0"}
    assert found["hidden_0"].tolist() == [[0.5, -1.0]]


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 4), np.float32), np.zeros(4, np.float64), np.zeros(4, np.int32)]
)
def test_other_arrays_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(InvalidSetting, match="1-D int16 or float32"):
        Counter().encode([wrong])


@pytest.mark.parametrize("length", [0, 1, 11])
def test_lengths_that_cannot_be_heard_are_refused(length: int) -> None:
    with pytest.raises(AudioUnreadable, match="2 to 10"):
        Counter().encode([np.zeros(length, np.float32)])


def test_unknown_layers_are_listed() -> None:
    with pytest.raises(UnknownName) as caught:
        Counter().encode([np.zeros(4, np.float32)], ["hidden_2"])
    assert "hidden_0, hidden_1" in caught.value.remedy


def test_statistics_are_mean_and_deviation_over_time() -> None:
    found = Counter().statistics([np.array([0, 1, 2, 5], np.float32)])
    assert found["hidden_0"].tolist() == [[1, 3, 1, 2]]
    assert mean_and_deviation(np.array([[1], [3]], np.float16)).tolist() == [2, 1]
    assert found["hidden_0"].dtype == np.float32


def test_what_it_says_about_itself() -> None:
    encoder = Counter()
    assert encoder.layer_names == ("hidden_0", "hidden_1")
    assert encoder.parameters_up_to("hidden_1") == 2
    assert encoder.about.frame_rate == 8000


def test_a_batch_is_no_longer_than_allowed() -> None:
    assert equal_lengths([16000] * 5 + [8000], batch_seconds=2) == [[5], [0, 1], [2, 3], [4]]
    assert equal_lengths([64000] * 2, batch_seconds=2) == [[0], [1]]
    assert equal_lengths([]) == []
