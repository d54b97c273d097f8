"""The probe, the ranking and the choice, on layers of which one carries the label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import SpeakerLeak, UnknownName
from train.foundation.probe import probe_uar, speaker_folds
from train.foundation.ranking import LayerScore, choose_layer, plot_ranking, rank_layers

CLIPS, CLASSES, SPEAKERS = 120, 3, 6


class Stairs:
    """A foundation model whose only use here is to count parameters."""

    name = licence = frontend = "stairs"
    layers = ("noise", "useful", "copies")

    def parameters_up_to(self, layer: str) -> int:
        return 10 * (self.layers.index(layer) + 1)


@pytest.fixture
def labels() -> np.ndarray:
    return np.arange(CLIPS) % CLASSES


@pytest.fixture
def speakers() -> np.ndarray:
    return np.array([f"s{index}" for index in np.arange(CLIPS) // (CLIPS // SPEAKERS)])


@pytest.fixture
def pooled(rng: np.random.Generator, labels: np.ndarray) -> Mapping[str, np.ndarray]:
    """`useful` holds the label in a plane; `copies` repeats one dimension that tells one class only."""
    noise = rng.normal(size=(CLIPS, 12)).astype(np.float32)
    useful = noise.copy()
    useful[:, :3] += 4 * np.eye(3, dtype=np.float32)[labels]
    copies = np.repeat((labels == 0).astype(np.float32)[:, None] * 2, 12, axis=1) + 0.05 * noise
    return {"noise": noise, "useful": useful, "copies": copies}


def test_folds_never_share_a_speaker(speakers: np.ndarray) -> None:
    fold = speaker_folds(speakers, folds=4, seed=3)
    assert set(fold) == {0, 1, 2, 3}
    for speaker in set(speakers):
        assert len(set(fold[speakers == speaker])) == 1
    assert (fold == speaker_folds(speakers, folds=4, seed=3)).all()


def test_fewer_speakers_than_folds() -> None:
    assert sorted(set(speaker_folds(np.array(["a", "b", "a"]), folds=4))) == [0, 1]


def test_one_speaker_is_refused() -> None:
    with pytest.raises(SpeakerLeak, match="at least 2 speakers"):
        speaker_folds(np.array(["a", "a"]))


def test_probe_is_high_with_signal_and_at_chance_without(
    pooled: Mapping[str, np.ndarray], labels: np.ndarray, speakers: np.ndarray
) -> None:
    fold = speaker_folds(speakers)
    assert probe_uar(pooled["useful"], labels, fold) > 0.95
    assert 0.1 < probe_uar(pooled["noise"], labels, fold) < 0.55


def test_probe_hears_no_speaker_twice(labels: np.ndarray, speakers: np.ndarray) -> None:
    """A feature that names the speaker, where each speaker has one label: worthless for unheard speakers."""
    own = np.array([int(name[1]) for name in speakers])
    single = own % CLASSES
    feature = np.eye(SPEAKERS, dtype=np.float32)[own]
    assert probe_uar(feature, single, speaker_folds(speakers, folds=SPEAKERS)) < 0.4
    assert probe_uar(feature, single, np.arange(CLIPS) % 4) == 1.0


def test_ranking_shows_where_saliency_and_probe_disagree(
    pooled: Mapping[str, np.ndarray], labels: np.ndarray, speakers: np.ndarray
) -> None:
    scores = rank_layers(Stairs(), pooled, labels, speakers)
    assert [score.layer for score in scores] == ["noise", "useful", "copies"]
    assert [score.parameters_up_to for score in scores] == [10, 20, 30]
    assert choose_layer(scores, "probe").layer == "useful"
    assert choose_layer(scores, "saliency").layer == "copies"
    assert choose_layer(scores, "noise").layer == "noise"
    assert choose_layer(scores, "correlation").layer == "copies"
    assert scores[1].as_dict()["probe_uar"] == scores[1].probe_uar


def test_targets_and_kept_frequencies_reach_saliency_only(
    pooled: Mapping[str, np.ndarray], labels: np.ndarray, speakers: np.ndarray
) -> None:
    plain = rank_layers(Stairs(), pooled, labels, speakers)
    arousal = (labels == 0).astype(np.float32)[:, None]
    kept = dict.fromkeys(pooled, pooled["copies"])
    other = rank_layers(Stairs(), pooled, labels, speakers, targets=arousal, kept=kept)
    assert [score.probe_uar for score in other] == [score.probe_uar for score in plain]
    assert len({score.saliency for score in other}) == 1
    assert other[0].correlation_term > 0.99


def test_unknown_choices_are_listed() -> None:
    scores = [LayerScore("conv1", 1, 0.1, 0.1, 0.1)]
    with pytest.raises(UnknownName, match="best") as caught:
        choose_layer(scores, "best")
    assert caught.value.remedy == "use one of: conv1, correlation, probe, saliency"


def test_the_picture_is_written(tmp_path: Path) -> None:
    scores = [LayerScore(f"conv{n}", n, 0.1 * n, 0.05 * n, 0.3 + 0.01 * n) for n in (1, 3, 5)]
    plot_ranking(scores, tmp_path / "layers.png")
    assert (tmp_path / "layers.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["layers.png"]
