"""Mitra's page for a corpus: nothing is chosen on who is scored, votes are used where there are any."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.sound.audio import to_float, write_wav
from tests.support import systems
from tools.cli import run
from train.corpora.record import Clip, Corpus
from train.evaluation.leak import require_disjoint
from train.evaluation.splits import leave_speakers_out
from train.foundation.probe import probe_uar
from train.foundation.saliency import layer_saliency
from train.mitra import study as module
from train.mitra.study import Choice, choose_probed, choose_salient, layer_systems, study, truth_of, votes_of

PEOPLE = [f"toy/{number}" for number in range(4)]
LABELS = ("low", "high")
VOTES = {"low": (("low", 0.75), ("high", 0.25)), "high": (("low", 0.5), ("high", 0.5))}
Capture = pytest.CaptureFixture[str]


class Ears:
    """Two layers: `deaf` is noise of its own, `level` holds how loud a clip is."""

    layer_names = ("deaf", "level")
    about = SimpleNamespace(name="ears")

    def statistics(self, waves: list[np.ndarray], layers: Any = None) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(len(waves))
        loud = np.array([[np.log(np.std(wave) + 1e-6)] * 4 for wave in waves])
        return {
            "deaf": rng.normal(size=(len(waves), 4)).astype(np.float32),
            "level": (loud + rng.normal(0, 0.1, loud.shape)).astype(np.float32),
        }

    def parameters_up_to(self, layer: str) -> int:
        return {"deaf": 100, "level": 300}[layer]

    def multiply_adds(self, layer: str, samples: int) -> int:
        return {"deaf": 1, "level": 2}[layer] * samples


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Four people, quiet and loud three times each."""
    root, rng = tmp_path_factory.mktemp("toy"), np.random.default_rng(0)
    clips = []
    for person in PEOPLE:
        for label, top in (("low", 300), ("high", 9000)):
            for take in range(3):
                path = root / f"{person[-1]}-{label}-{take}.wav"
                write_wav(path, rng.integers(-top, top, 8000).astype(np.int16))
                gender = "female" if person[-1] in "01" else "male"
                clips.append(Clip(path, "toy", person, label, gender=gender, origin="synthetic"))
    return Corpus("toy", root, LABELS, tuple(clips), "none", "made here", True, "synthetic")


def rated(corpus: Corpus) -> Corpus:
    clips = tuple(replace(clip, votes=VOTES[str(clip.label)], raters=4) for clip in corpus.clips)
    return replace(corpus, clips=clips)


def ears() -> Any:
    return Ears()


def test_the_page_of_a_corpus(toy: Corpus) -> None:
    page = study(toy, ears(), folds=4, noise=True)
    assert page.comparison is not None
    names = [one.name for one in page.comparison.scores]
    assert "ears probed level, regression" in names
    assert "ears last level, regression, 5 dB" in names
    assert "filterbank and pitch, regression, 15 dB" in names
    level = next(one for one in page.comparison.scores if one.name == "ears probed level, regression")
    assert level.card.uar.value == 1.0
    assert (level.parameters, level.multiply_adds) == (300 + 5 * 2, 2 * 16000)
    assert page.comparison.folds == 4
    assert page.layers[0].layers == ("deaf", "level")
    assert any(note.startswith("probed layer: level in 4 folds") for note in page.notes)
    assert (page.targets, page.votes) == ((), None)
    assert page.speech == "synthetic"


def test_without_an_encoder(toy: Corpus) -> None:
    page = study(toy, None, folds=4)
    assert page.comparison is not None
    assert len(page.comparison.scores) == 2  # filterbank and pitch, and who hears nothing
    assert page.layers == ()


def test_where_there_are_votes_they_are_set_against_consensus(toy: Corpus) -> None:
    page = study(rated(toy), None, folds=4)
    assert [one.inputs for one in page.targets] == ["filterbank and pitch"]
    assert page.votes is not None
    assert page.votes.heard_as is None  # the label is always the commonest vote: nobody says what was meant
    assert page.votes.tied == 0.5
    assert any("consensus" in note for note in page.notes)


def test_without_sound_the_votes_alone(toy: Corpus) -> None:
    silent = replace(rated(toy), clips=tuple(replace(clip, has_audio=False) for clip in rated(toy).clips))
    page = study(silent, None)
    assert (page.comparison, page.layers) == (None, ())
    assert page.votes is not None
    with pytest.raises(CorpusInvalid, match="no votes"):
        study(replace(toy, clips=tuple(replace(clip, has_audio=False) for clip in toy.clips)), None)


def test_a_label_that_is_not_what_most_heard_was_meant(toy: Corpus) -> None:
    meant = tuple(replace(clip, votes=(("low", 0.75), ("high", 0.25)), raters=4) for clip in toy.clips)
    facts = votes_of(replace(toy, clips=meant), meant)
    assert facts.heard_as == [[0.75, 0.25], [0.75, 0.25]]
    assert facts.intended_uar is not None
    assert facts.intended_uar.value == 0.5


def test_two_speakers_are_too_few(toy: Corpus) -> None:
    with pytest.raises(CorpusInvalid, match="6 folds of 2 speakers"):
        study(replace(toy, clips=toy.of(PEOPLE[:2])), None)
    with pytest.raises(CorpusInvalid, match="2 folds of 4 speakers"):
        study(toy, None, folds=2)


def test_the_class_is_the_commonest_vote_and_of_equal_ones_the_label(toy: Corpus) -> None:
    splits = leave_speakers_out(toy.clips, 4)
    known, fold = truth_of(toy, rated(toy).clips, splits)
    assert known.raters
    assert [LABELS[t] for t in known.truth] == [clip.label for clip in toy.clips]
    turned = [replace(clip, votes=(("low", 0.25), ("high", 0.75))) for clip in toy.clips]
    assert set(truth_of(toy, turned, splits)[0].truth.tolist()) == {1}
    for clip, number in zip(toy.clips, fold, strict=True):
        assert clip.speaker in splits[number].test


def test_ratings_are_used_where_all_clips_have_them(toy: Corpus) -> None:
    splits = leave_speakers_out(toy.clips, 4)
    full = [replace(clip, valence=0.1, arousal=0.2, dominance=0.3) for clip in toy.clips]
    known, _ = truth_of(toy, full, splits)
    assert known.dimensions is not None
    assert known.dimensions[0] == pytest.approx([0.1, 0.2, 0.3])
    assert truth_of(toy, [*full[:-1], replace(full[-1], arousal=None)], splits)[0].dimensions is None


class TestChoice:
    folds = np.repeat([0, 1, 2], 20)

    def case(self, perfect: int = 20, seed: int = 0) -> tuple[Any, dict[str, np.ndarray]]:
        """Layer `a` carries the class in folds 1 and 2, more or less; `b` in the first `perfect` clips, perfectly."""
        rng = np.random.default_rng(seed)
        classes = rng.integers(0, 2, 60)
        known = replace(
            systems.truth(),
            labels=LABELS,
            truth=classes,
            targets=np.eye(2, dtype=np.float32)[classes],
            speakers=tuple(f"p{fold}" for fold in self.folds),
            genders=(None,) * 60,
            proofs=tuple(require_disjoint(["x"], [f"p{fold}"]) for fold in range(3)),
        )
        a, b = rng.normal(size=(2, 60, 5))
        a[20:] += 0.8 * classes[20:, None]
        b[:perfect] += 50 * classes[:perfect, None]
        return known, {"a": a.astype(np.float32), "b": b.astype(np.float32)}

    def test_who_is_scored_does_not_choose_by_saliency(self) -> None:
        known, tables = self.case()
        assert (
            layer_saliency(tables["b"], known.targets).total
            > layer_saliency(tables["a"], known.targets).total
        )
        assert choose_salient(known, self.folds, tables).layers[0] == "a"

    def test_who_is_scored_does_not_choose_by_the_probe(self) -> None:
        """Over all folds `b` is better, as folds 0 and 1 teach each other; without fold 0 it is not."""
        known, tables = self.case(perfect=40)
        of_all = {name: probe_uar(table, known.truth, self.folds) for name, table in tables.items()}
        assert of_all["b"] > of_all["a"]
        assert choose_probed(known, self.folds, tables).layers[0] == "a"

    def test_each_fold_is_heard_by_its_own_layer(self) -> None:
        known, tables = self.case()
        encoder: Any = SimpleNamespace(
            about=SimpleNamespace(name="net"),
            layer_names=("a", "b"),
            parameters_up_to={"a": 10, "b": 20}.__getitem__,
            multiply_adds=lambda layer, samples: samples,
        )
        heard = {"clean": tables}
        mixed, of_a, of_b = (
            layer_systems(known, self.folds, heard, encoder, Choice("probed", layers))[0]
            for layers in (("b", "a", "a"), ("a",) * 3, ("b",) * 3)
        )
        assert np.array_equal(mixed.shares[:20], of_b.shares[:20])
        assert np.array_equal(mixed.shares[20:], of_a.shares[20:])
        assert (mixed.parameters, of_a.parameters) == (20 + 12, 10 + 12)
        assert mixed.system == "net probed layer, regression"
        assert of_a.system == "net probed a, regression"

    def test_in_words(self) -> None:
        assert Choice("salient", ("a", "b", "a")).words == "salient layer: a in 2 folds, b in 1 folds"


class TestVerb:
    def test_a_page_and_an_object(self, ravdess: Path, tmp_path: Path, capsys: Capture) -> None:
        out = tmp_path / "page.html"
        line = ["mitra", f"ravdess:{ravdess}", "--encoder", "none", "--folds", "3"]
        assert run([*line, "--html", str(out), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["comparison"]["clips"] == 48
        assert "Tables 1 and 2" in out.read_text()

    def test_tables_for_people(self, ravdess: Path, capsys: Capture) -> None:
        assert run(["mitra", f"ravdess:{ravdess}", "--encoder", "none", "--folds", "3"]) == 0
        text = capsys.readouterr().out
        assert "How well (Tables 1 and 2)" in text
        assert "class frequencies, no sound" in text

    def test_an_unknown_encoder_is_named(self, ravdess: Path, capsys: Capture) -> None:
        assert run(["mitra", f"ravdess:{ravdess}", "--encoder", "ear-trumpet"]) == 2
        assert "ear-trumpet" in capsys.readouterr().err


def test_layers_are_listened_to_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.foundation.encoder.PASS", 2)
    sounds = [to_float(np.full(800, level, np.int16)) for level in (10, 20, 30, 40, 50)]
    sizes: list[int] = []

    class Counting(Ears):
        def statistics(self, waves: list[np.ndarray], layers: Any) -> dict[str, np.ndarray]:
            sizes.append(len(waves))
            return {name: np.array([[wave.max()] for wave in waves]) for name in self.layer_names}

    counting: Any = Counting()
    found = module.hear_statistics(counting, sounds)
    assert sizes == [2, 2, 1]
    assert found["level"][:, 0] * 32768 == pytest.approx([10, 20, 30, 40, 50])
