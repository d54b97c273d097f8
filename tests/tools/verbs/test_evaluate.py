"""`undertone evaluate`: who may be scored, what is printed, and that the figures are the device's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.device import ReferenceDevice
from firmware_bridge.sound.audio import read_audio
from tools.cli import run
from train.evaluation.on_corpus import among, choose, evaluate, own_corpus

Capture = pytest.CaptureFixture[str]


def score(bundle: Bundle, ravdess: Path, *more: str) -> list[str]:
    return ["evaluate", "--bundle", str(bundle.directory), "--corpus", f"ravdess:{ravdess}", *more]


def test_the_json_has_everything(tiny_bundle: Bundle, ravdess: Path, capsys: Capture) -> None:
    assert run(score(tiny_bundle, ravdess, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {
        *("bundle", "corpus", "speakers", "clips", "left_out"),
        *("evidence", "speech", "scores_sha256", "outputs"),
    }
    assert found["bundle"] == tiny_bundle.id
    assert found["speakers"] == ["ravdess/04", "ravdess/05", "ravdess/06"]
    assert found["clips"] == 9
    assert found["evidence"] == "simulated"
    assert found["left_out"] == dict.fromkeys(["disgust", "fearful", "neutral", "sad", "surprised"], 3)
    assert set(found["outputs"]) == {"acoustic", "keyword", "fused"}
    for card in found["outputs"].values():
        assert {"uar", "macro_f1", "per_class", "confusion", "n_best_uar", "per_speaker"} <= set(card)
        assert np.array(card["confusion"]).sum() == 9
        assert 0 <= card["uar"]["low"] <= card["uar"]["value"] <= card["uar"]["high"] <= 1
        assert set(card["per_speaker"]) == set(found["speakers"])


def test_the_scores_are_those_of_the_device(tiny_bundle: Bundle, ravdess: Path) -> None:
    chosen = choose(tiny_bundle, f"ravdess:{ravdess}")
    found = evaluate(tiny_bundle, chosen)
    device = ReferenceDevice(tiny_bundle)
    matrix = np.zeros((3, 3), int)
    for clip, truth in zip(chosen.clips, chosen.truth, strict=True):
        said = device.score_segment(read_audio(clip.path).pcm).fused.argmax()
        matrix[truth, said] += 1
    assert found.cards["fused"].confusion == matrix.tolist()
    assert [tiny_bundle.manifest.labels[t] for t in chosen.truth] == [clip.label for clip in chosen.clips]


def test_the_same_call_gives_the_same_hash(tiny_bundle: Bundle, ravdess: Path) -> None:
    hashes = {
        evaluate(tiny_bundle, choose(tiny_bundle, f"ravdess:{ravdess}")).scores_sha256 for _ in range(2)
    }
    assert len(hashes) == 1


def test_the_keyword_output_is_the_vote_on_the_keyword_scores(tiny_bundle: Bundle, ravdess: Path) -> None:
    chosen = choose(tiny_bundle, f"ravdess:{ravdess}")
    found = evaluate(tiny_bundle, chosen)
    device, vote = ReferenceDevice(tiny_bundle), tiny_bundle.manifest.keyword_vote
    own: dict[str, list[bool]] = {}
    for clip, truth in zip(chosen.clips, chosen.truth, strict=True):
        said = vote.apply(device.score_segment(read_audio(clip.path).pcm).keyword).argmax()
        own.setdefault(clip.speaker, []).append(bool(said == truth))
    assert found.cards["keyword"].per_speaker == {name: np.mean(hits) for name, hits in own.items()}
    assert len(set(found.cards["keyword"].per_speaker.values())) > 1


@pytest.mark.parametrize(
    ("named", "scored"),
    [("04", ["ravdess/04"]), ("ravdess/05", ["ravdess/05"]), ("04, 06", ["ravdess/04", "ravdess/06"])],
)
def test_speakers_can_be_named(
    tiny_bundle: Bundle, ravdess: Path, capsys: Capture, named: str, scored: list[str]
) -> None:
    assert run(score(tiny_bundle, ravdess, "--speakers", named, "--json")) == 0
    assert json.loads(capsys.readouterr().out)["speakers"] == scored


@pytest.mark.parametrize("heard", ["01", "ravdess/02", "03", "04,01"])
def test_a_heard_speaker_is_refused(tiny_bundle: Bundle, ravdess: Path, capsys: Capture, heard: str) -> None:
    assert run(score(tiny_bundle, ravdess, "--speakers", heard, "--json")) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["error"] == "SpeakerLeak"
    assert "trained or selected on" in told.err
    assert "score only ravdess/04, ravdess/05, ravdess/06" in told.err


def test_a_corpus_of_heard_speakers_only_is_refused(
    tiny_bundle: Bundle, tmp_path: Path, make_ravdess: Callable[..., Path]
) -> None:
    root = make_ravdess(tmp_path / "heard", actors=(1, 2, 3))
    with pytest.raises(SpeakerLeak, match="every speaker"):
        choose(tiny_bundle, f"ravdess:{root}")


def test_an_unknown_speaker_lists_the_known_ones(tiny_bundle: Bundle, ravdess: Path) -> None:
    with pytest.raises(CorpusInvalid, match="no speaker '99'") as caught:
        choose(tiny_bundle, f"ravdess:{ravdess}", ["99"])
    assert "ravdess/04" in caught.value.remedy


def test_no_class_in_common_lists_both(
    make_bundle: Callable[..., Bundle], ravdess: Path, make_words: Callable[..., Path], tmp_path: Path
) -> None:
    words = make_words(tmp_path / "words")
    with pytest.raises(CorpusInvalid, match="no class in common") as caught:
        choose(make_bundle(), f"speech_commands:{words}")
    assert "angry" in caught.value.remedy
    assert "bed" in caught.value.remedy


def test_priors_come_from_training_speakers(
    tiny_bundle: Bundle, tmp_path: Path, make_ravdess: Callable[..., Path]
) -> None:
    root = make_ravdess(tmp_path / "r", actors=(1, 3, 4, 5))
    make_ravdess(root, actors=(1,), emotions=("calm",), takes=4)
    counts = choose(tiny_bundle, f"ravdess:{root}").train_counts
    assert counts is not None
    assert counts.tolist() == [1, 4, 1]


def test_without_training_speakers_there_are_no_priors(
    tiny_bundle: Bundle, tmp_path: Path, make_ravdess: Callable[..., Path]
) -> None:
    root = make_ravdess(tmp_path / "r", actors=(4, 5))
    assert choose(tiny_bundle, f"ravdess:{root}").train_counts is None


def test_a_limit_spreads_over_all_speakers(tiny_bundle: Bundle, ravdess: Path) -> None:
    chosen = choose(tiny_bundle, f"ravdess:{ravdess}", limit=3)
    assert len(chosen.clips) == 3
    assert chosen.speakers == ("ravdess/04", "ravdess/05", "ravdess/06")


def test_the_default_corpus_is_the_bundles_own(
    tiny_bundle: Bundle,
    make_bundle: Callable[..., Bundle],
    ravdess: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert own_corpus(tiny_bundle) == "ravdess"
    monkeypatch.setenv("UNDERTONE_DATA", str(ravdess.parent))
    assert choose(tiny_bundle).corpus.root == ravdess
    with pytest.raises(InvalidSetting, match="which corpus"):
        own_corpus(make_bundle(corpus={"somewhere": "a" * 64}))


def test_people_get_tables_and_a_picture(
    tiny_bundle: Bundle, ravdess: Path, tmp_path: Path, capsys: Capture
) -> None:
    picture = tmp_path / "confusion.png"
    assert run(score(tiny_bundle, ravdess, "--plot", str(picture))) == 0
    told = capsys.readouterr().out
    for words in (
        "always the commonest class",
        "2-best UAR",
        "Confusion, fused",
        "ravdess/06",
        "(simulated)",
    ):
        assert words in told
    assert "Left out: 3 clips labelled 'sad'" in told
    assert "SYNTHETIC" not in told
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["manifest.json", "acoustic.tflite", "keyword.tflite"])
def test_one_flipped_byte_is_refused(
    tiny_bundle: Bundle, ravdess: Path, tmp_path: Path, capsys: Capture, name: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bundle.directory, copy)
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    assert run(["evaluate", "--bundle", str(copy), "--corpus", f"ravdess:{ravdess}", "--json"]) in (2,)
    told = capsys.readouterr()
    assert json.loads(told.out)["error"] == "BundleInvalid"
    assert "build it again" in told.err


def test_a_missing_bundle_says_how_to_build_one(tmp_path: Path, capsys: Capture) -> None:
    assert run(["evaluate", "--bundle", str(tmp_path)]) == 2
    assert "make edgetpu-model" in capsys.readouterr().err


def test_classes_that_the_corpus_lacks_cannot_win() -> None:
    scores = np.array([[100, -128, 20], [-5, 127, -6]], np.int8)
    found = among(scores, ("calm", "angry", "sad"), ("angry", "sad"))
    assert found.argmax(1).tolist() == [2, 1]
    assert found[:, 1:].tolist() == scores[:, 1:].tolist(), "the others keep their scores"
    assert among(scores, ("calm", "angry", "sad"), ("calm", "angry", "sad")).argmax(1).tolist() == [0, 1]
