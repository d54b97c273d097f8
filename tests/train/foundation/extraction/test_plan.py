"""The plan: the same from the same recordings, and a key that anything of weight changes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from firmware_bridge.base.closure import module_closure
from firmware_bridge.base.errors import AudioUnreadable, CorpusInvalid, InvalidSetting, UnknownName
from train.foundation.backends.onnx import OnnxEncoder
from train.foundation.extraction import plan as planning
from train.foundation.extraction.code import START, code_digest
from train.foundation.extraction.plan import Recording, Request, find_recordings, make_plan, make_request


@pytest.fixture
def encoder(wave_network: Path) -> OnnxEncoder:
    return OnnxEncoder(wave_network)


@pytest.fixture
def request_(encoder: OnnxEncoder) -> Request:
    return make_request("onnx:small.onnx", encoder, ["hidden_1", "hidden_0"])


def sound(name: str, seconds: float) -> Recording:
    return Recording(name, f"/data/{name}", name * 8, round(seconds * 16000))


def test_a_request_is_in_order_and_complete(request_: Request, encoder: OnnxEncoder) -> None:
    assert request_.layers == ("hidden_0", "hidden_1")
    assert (request_.keep, request_.dtype) == ("sequences", "float16")
    assert request_.fingerprint == encoder.about.fingerprint
    assert make_request("x", encoder, ["final"], keep="statistics").dtype == "float32"
    with pytest.raises(UnknownName):
        make_request("x", encoder, ["hidden_9"])
    with pytest.raises(InvalidSetting, match="no layer"):
        make_request("x", encoder, [])
    with pytest.raises(InvalidSetting, match="float8"):
        make_request("x", encoder, ["final"], dtype="float8")


def test_recordings_are_known_by_content(recordings: dict[str, Path]) -> None:
    found = find_recordings(recordings)
    assert [each.name for each in found] == sorted(recordings)
    assert {each.samples for each in found} == {3200, 6400, 9600}  # 8 kHz counts as 16
    assert len({each.sha256 for each in found}) == 12
    with pytest.raises(CorpusInvalid):
        find_recordings({})


def test_a_file_without_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"nothing")
    with pytest.raises(AudioUnreadable, match=r"x.wav: no sound file"):
        find_recordings({"x": tmp_path / "x.wav"})


def test_the_order_of_the_corpus_changes_nothing(request_: Request, encoder: OnnxEncoder) -> None:
    every = [sound(name, seconds) for name, seconds in zip("cabd", (2, 1, 1, 3), strict=True)]
    first = make_plan(request_, encoder, every)
    assert make_plan(request_, encoder, every[::-1]) == first
    assert [each.name for shard in first for each in shard.recordings] == ["a", "b", "c", "d"]


def test_shards_are_filled_to_their_limit(
    request_: Request, encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SHARD_SECONDS", 4.0)
    every = [sound(name, seconds) for name, seconds in zip("abcde", (1, 2, 2, 5, 6), strict=True)]
    found = make_plan(request_, encoder, every)
    assert [[each.name for each in shard.recordings] for shard in found] == [["a", "b"], ["c"], ["d"], ["e"]]
    assert [shard.seconds for shard in found] == [3, 2, 5, 6]
    # Two layers of 3 values, 8000 steps a second, 2 bytes each: 96 kB for a second.
    monkeypatch.setattr(planning, "SHARD_BYTES", 96_000 * 3)
    assert [len(shard.recordings) for shard in make_plan(request_, encoder, every)] == [2, 1, 1, 1]
    statistics = dataclasses.replace(request_, keep="statistics")
    monkeypatch.setattr(planning, "SHARD_SECONDS", 100.0)
    assert len(make_plan(statistics, encoder, every)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"layers": ("hidden_0",)},
        {"dtype": "float32"},
        {"keep": "statistics"},
        {"fingerprint": "1" * 64},
        {"first_seconds": 1.0},
        {"code": "2" * 64},
    ],
)
def test_whatever_matters_changes_the_key(
    request_: Request, encoder: OnnxEncoder, change: dict[str, object]
) -> None:
    first = make_plan(request_, encoder, [sound("a", 1)])[0].key
    assert make_plan(dataclasses.replace(request_, **change), encoder, [sound("a", 1)])[0].key != first


def test_where_a_file_lies_does_not_matter_but_its_content_does(
    request_: Request, encoder: OnnxEncoder
) -> None:
    one = sound("a", 1)
    first = make_plan(request_, encoder, [one])[0].key
    moved, changed = dataclasses.replace(one, path="/other/a"), dataclasses.replace(one, sha256="0" * 64)
    assert make_plan(request_, encoder, [moved])[0].key == first
    assert make_plan(request_, encoder, [changed])[0].key != first


def test_recordings_that_cannot_be_heard_are_counted(request_: Request, encoder: OnnxEncoder) -> None:
    with pytest.raises(AudioUnreadable, match=r"1 of 2 recordings are too short .* b \(0.00 s\)"):
        make_plan(request_, encoder, [sound("a", 1), sound("b", 0.0001)])
    encoder.about = dataclasses.replace(encoder.about, longest=16000)
    with pytest.raises(AudioUnreadable, match="1 of 2 recordings are too long") as caught:
        make_plan(request_, encoder, [sound("a", 1), sound("b", 2)])
    assert "first_seconds" in caught.value.remedy
    only_start = dataclasses.replace(request_, first_seconds=1.0)
    assert len(make_plan(only_start, encoder, [sound("a", 1), sound("b", 2)])) == 1


def test_the_code_is_found_by_its_imports() -> None:
    names = {file.rsplit("/", 1)[1] for file in module_closure(START)}
    assert {"shard.py", "logmel.py", "graph.py", "audio.py", "frontend.py", "hooks.py"} <= names
    assert not {"sweep.py", "probe.py", "cluster.py", "run.py", "store.py"} & names
    assert len(code_digest()) == 64
