"""`undertone corpus`: facts, findings, protocols; exit 1 where something is damaged, 2 where nothing can be read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.miniatures import Miniatures
from tools.cli import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def mini(tmp_path: Path) -> Miniatures:
    return Miniatures(tmp_path)


def one(out: str) -> dict[str, Any]:
    (found,) = json.loads(out)["corpora"]
    return dict(found)


def test_a_corpus_as_json(mini: Any, capsys: Capture) -> None:
    root = mini.iemocap()
    assert run(["corpus", f"iemocap/improvised:{root}", "--json"]) == 0
    found = one(capsys.readouterr().out)
    assert (found["clips"], found["whole_clips"], found["speakers"]) == (30, 80, 10)
    assert found["classes"] == {"angry": 5, "happy": 10, "neutral": 10, "sad": 5}
    assert found["seconds"]["total"] == pytest.approx(7.5)
    assert len(found["fingerprint"]) == 64
    levels = {finding["level"] for finding in found["findings"]}
    assert levels == {"warning"}, "80 of 10039 clips is a part, not damage"
    plans = {entry["name"]: entry for entry in found["protocols"]}
    sessions = plans["leave-one-session-out"]
    assert [fold["test"] for fold in sessions["folds"]] == [6] * 5
    assert sessions["folds"][0]["test_speakers"] == ["iemocap/Ses01F", "iemocap/Ses01M"]
    assert plans["official"]["usable"] is False
    assert "no official division" in plans["official"]["why"]
    assert plans["random-clips"]["leaks_speakers"] is True
    assert plans["random-clips"]["claim"].startswith("LEAKS SPEAKERS")
    assert "leave-one-corpus-out" not in plans


def test_people_get_tables_that_mark_leaks(mini: Any, capsys: Capture) -> None:
    assert run(["corpus", f"msp_podcast:{mini.msp_podcast()}"]) == 0
    told = capsys.readouterr().out
    assert "random-clips (LEAKS SPEAKERS)" in told
    assert "train 15" in told, "the clip of an unknown speaker is left out"
    assert "1 left out: unknown speaker" in told
    assert "32 clips; 3 to 3 raters" in told
    assert "sha256" in told


@pytest.mark.parametrize("complete", [False, True])
def test_a_part_fails_only_where_completeness_is_asked_for(
    mini: Any, capsys: Capture, complete: bool
) -> None:
    options = ["--complete"] if complete else []
    assert run(["corpus", f"savee:{mini.savee()}", "--json", *options]) == int(complete)
    found = one(capsys.readouterr().out)
    assert found["sound"] is not complete
    assert [f["what"] for f in found["findings"]] == [
        "28 of 480 published clips (S. Haq, P. J. B. Jackson, AVSP 2009)"
    ]


def test_damage_fails_the_check_and_is_named(mini: Any, capsys: Capture) -> None:
    root = mini.emodb()
    broken = root / "wav" / "03a01Wa.wav"
    broken.write_bytes(broken.read_bytes()[:1000])
    shutil.copy(root / "wav" / "03a01Fa.wav", root / "wav" / "08a02Fa.wav")
    assert run(["corpus", f"emodb:{root}"]) == 1
    told = capsys.readouterr().out
    assert "truncated" in told
    assert "03a01Fa.wav (emodb/03) and 08a02Fa.wav (emodb/08) are the same recording" in told
    assert told.index("DAMAGE") < told.index("warning"), "the worst comes first"
    assert run(["corpus", f"emodb:{root}", "--no-sound"]) == 0, "labels alone are whole"


def test_what_cannot_be_read_is_an_input_error_with_a_remedy(mini: Any, capsys: Capture) -> None:
    root = mini.nemo()
    (root / "data.tsv").unlink()
    assert run(["corpus", f"nemo:{root}", "--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"] == "CorpusMissing"
    assert "remedy" in captured.err
    assert run(["corpus", "nobody"]) == 2
    assert "iemocap" in capsys.readouterr().err


def test_several_corpora_show_what_goes_across(mini: Any, capsys: Capture) -> None:
    places = [f"emodb/four:{mini.emodb()}", f"savee/four:{mini.savee()}"]
    assert run(["corpus", *places, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    across = {entry["name"]: entry for entry in found["across"]}
    assert [fold["name"] for fold in across["leave-one-corpus-out"]["folds"]] == ["emodb", "savee"]
    assert len(found["corpora"]) == 2


def test_clips_are_cut_into_files(mini: Any, capsys: Capture, tmp_path: Path) -> None:
    root = mini.cmu_mosei()
    assert run(["corpus", f"cmu_mosei/emotional:{root}", "--cut", str(tmp_path / "cut"), "--json"]) == 0
    assert one(capsys.readouterr().out)["speaker_unit"] == "video"
    assert run(["corpus", f"table:{tmp_path / 'cut'}", "--json"]) == 0
    assert one(capsys.readouterr().out)["clips"] == 7
