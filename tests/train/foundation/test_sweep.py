"""The sweep: a layer that holds the class wins, on speakers that the probe has not heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware_bridge.base.errors import CorpusInvalid, EnvironmentLacking
from train.corpora import load_corpus
from train.corpora.record import Clip, Corpus
from train.foundation.catalogue import open_encoder
from train.foundation.ranking import LayerScore
from train.foundation.sweep import Sweep, clip_names, speaker_deal, sweep

# ../shared/facts: probe UAR in % of hidden_0, 1, ... and final, six folds of RAVDESS 01-18.
PUBLISHED = {
    "whisper-tiny-en": [54.1, 66.6, 72.8, 72.7, 68.5, 68.5],
    "whisper-base": [53.5, 64.0, 68.9, 72.4, 71.1, 70.7, 69.5, 70.6],
    "moonshine-tiny": [52.8, 65.9, 68.1, 68.7, 69.7, 68.9, 66.8, 65.5],
}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Six speakers say two classes: one has a slow wave, the other a fast one."""
    rng, clips = np.random.default_rng(5), []
    for speaker in range(6):
        for take in range(8):
            label = ("slow", "fast")[take % 2]
            time = np.arange(3200) / 16000
            sound = 0.3 * np.sin(2 * np.pi * {"slow": 200, "fast": 4000}[label] * time) + rng.normal(
                0, 0.1, 3200
            )
            path = tmp_path / "corpus" / f"s{speaker}" / f"{take}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, sound, 16000)
            clips.append(Clip(path, "toy", f"toy/{speaker}", label))
    return Corpus("toy", tmp_path / "corpus", ("slow", "fast"), tuple(clips), "none", "nobody", True)


def test_a_sweep(corpus: Corpus, wave_network: Path, tmp_path: Path) -> None:
    found = sweep(f"onnx:{wave_network}", corpus, corpus.clips, tmp_path / "out", folds=3)
    assert [score.layer for score in found.scores] == ["hidden_0", "hidden_1", "hidden_2", "final"]
    assert (found.clips, found.speakers, found.folds, found.deal) == (48, 6, 3, "interleaved")
    assert found.best.probe_uar > 0.9  # chance is 0.5
    assert found.scores[1].parameters_up_to == 21
    assert found.rank_correlation is None  # every layer tells the two apart
    assert found.as_dict()["best"] == found.best.layer
    again = sweep(f"onnx:{wave_network}", corpus, corpus.clips[::-1], tmp_path / "out", folds=3)
    assert [s.saliency for s in again.scores] == pytest.approx([s.saliency for s in found.scores], abs=1e-6)


def test_the_agreement_of_saliency_and_probe() -> None:
    scores = [
        LayerScore("a", 0, saliency, 0.0, uar) for saliency, uar in ((0.1, 0.9), (0.2, 0.5), (0.3, 0.4))
    ]
    assert Sweep("x", 1, 2, 2, "interleaved", tuple(scores)).rank_correlation == pytest.approx(-1.0)


def test_labels_that_say_nothing_give_chance(corpus: Corpus, wave_network: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    shuffled = [replace(clip, label=("slow", "fast")[rng.integers(2)]) for clip in corpus.clips]
    found = sweep(f"onnx:{wave_network}", corpus, shuffled, tmp_path / "out", folds=3)
    assert found.best.probe_uar < 0.75


def test_who_shares_a_fold(corpus: Corpus) -> None:
    deals = {
        deal: [int(speaker_deal(corpus.clips, 3, deal)[8 * index]) for index in range(6)]  # type: ignore[arg-type]
        for deal in ("interleaved", "consecutive")
    }
    assert deals == {"interleaved": [1, 2, 0, 1, 2, 0], "consecutive": [0, 0, 1, 1, 2, 2]}
    assert len(set(speaker_deal(corpus.clips, 6, "interleaved"))) == 6
    with pytest.raises(CorpusInvalid, match="6 speakers for 7 folds"):
        speaker_deal(corpus.clips, 7, "interleaved")


def test_names_are_the_same_on_every_machine(corpus: Corpus) -> None:
    assert list(clip_names(corpus, corpus.clips))[:2] == ["s0/0.wav", "s0/1.wav"]


def measured(name: str, out: Path) -> Sweep:
    corpus = load_corpus("ravdess")
    clips = [clip for clip in corpus.with_audio() if clip.speaker.rpartition("/")[2] <= "18"]
    try:
        open_encoder(name)
    except EnvironmentLacking:
        pytest.skip(f"no copy of {name} at hand (UNDERTONE_DATA)")
    return sweep(name, corpus, clips, out)


@pytest.mark.corpus
@pytest.mark.slow
def test_the_published_sweep_of_whisper_tiny(data_root: Path, tmp_path: Path) -> None:
    name = "whisper-tiny-en"
    found = measured(name, tmp_path)
    assert found.clips == 1080
    assert [100 * score.probe_uar for score in found.scores] == pytest.approx(PUBLISHED[name], abs=1.0)
    assert found.best.layer == "hidden_2"
    saliency = [0.1576, 0.1408, 0.1417, 0.1268, 0.1136, 0.1140]
    assert [score.saliency for score in found.scores] == pytest.approx(saliency, abs=1e-4)
