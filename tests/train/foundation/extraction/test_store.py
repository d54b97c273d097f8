"""The store of an extraction: what it gives, what it refuses, and that no changed byte passes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import AudioUnreadable, CheckFailed, EnvironmentLacking, UnknownName
from train.foundation.extraction import plan as planning
from train.foundation.extraction.run import extract
from train.foundation.extraction.shard import FACTS, _narrowed, is_whole, shard_folder
from train.foundation.extraction.store import INDEX, Store


@pytest.fixture
def store(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Store:
    """Two layers of twelve recordings in several shards."""
    monkeypatch.setattr(planning, "SHARD_SECONDS", 1.0)
    return extract(f"onnx:{wave_network}", recordings, ["hidden_0", "hidden_1"], tmp_path / "out").store


def first_shard(store: Store) -> Path:
    return shard_folder(store.out, sorted(store.index["shards"])[0])


class TestReading:
    def test_rows_of_a_clip_are_its_own(self, store: Store) -> None:
        """The clips of a shard lie one after another: lengths add up to the file, without a gap."""
        for key in store.index["shards"]:
            clips = [name for name, place in store.index["clips"].items() if place == key]
            facts = json.loads((shard_folder(store.out, key) / FACTS).read_text())["clips"]
            ends = sorted(tuple(facts[name]["rows"]["hidden_0"]) for name in clips)
            assert ends[0][0] == 0
            assert all(a[0] + a[1] == b[0] for a, b in pairwise(ends))
            held = np.load(shard_folder(store.out, key) / "hidden_0.npy", mmap_mode="r")
            assert sum(count for _, count in ends) == len(held)

    def test_a_longer_clip_has_more_rows(self, store: Store) -> None:
        lengths = {name: len(store.rows(name, "hidden_0")) for name in store.names}
        assert len(set(lengths.values())) > 1
        for name, rows in lengths.items():
            assert rows == len(store.rows(name, "hidden_1")), name

    def test_unknown_names_list_what_there_is(self, store: Store) -> None:
        with pytest.raises(UnknownName, match="layer of this extraction 'final'") as caught:
            store.rows(store.names[0], "final")
        assert caught.value.remedy == "use one of: hidden_0, hidden_1"
        with pytest.raises(UnknownName, match=r"clip of this extraction 'nobody\.wav'") as caught:
            store.rows("nobody.wav", "hidden_0")
        assert store.names[0] in caught.value.remedy

    def test_the_index_says_what_was_asked_for_and_of_whom(self, store: Store) -> None:
        assert store.index["request"]["keep"] == "sequences"
        assert store.index["request"]["dtype"] == "float16"
        assert store.index["widths"] == {"hidden_0": 3, "hidden_1": 3}
        assert store.index["encoder"]["fingerprint"] == store.index["request"]["fingerprint"]

    def test_the_fingerprint_is_of_everything(self, store: Store) -> None:
        before = store.fingerprint()
        assert before == Store(store.out).fingerprint()
        index = json.loads((store.out / INDEX).read_text())
        index["shards"][sorted(index["shards"])[0]] = "0" * 64
        (store.out / INDEX).write_text(json.dumps(index))
        assert store.fingerprint() != before


class TestDamage:
    def test_a_whole_store_is_verified(self, store: Store) -> None:
        store.verify()

    @pytest.mark.parametrize("name", ["hidden_0.npy", "hidden_1.npy", FACTS])
    def test_one_changed_byte_is_found(self, store: Store, name: str) -> None:
        file = first_shard(store) / name
        content = bytearray(file.read_bytes())
        content[-2] ^= 1
        file.write_bytes(content)
        with pytest.raises(CheckFailed, match="is damaged") as caught:
            store.verify()
        assert "made anew" in caught.value.remedy

    @pytest.mark.parametrize("name", ["hidden_1.npy", FACTS])
    def test_a_missing_file_is_found(self, store: Store, name: str) -> None:
        (first_shard(store) / name).unlink()
        assert not is_whole(first_shard(store))
        with pytest.raises(CheckFailed):
            store.verify()

    def test_a_shard_exchanged_for_another_whole_one_is_found(self, store: Store) -> None:
        """Each shard knows its own hashes; that it is the right one, the index knows."""
        one, other = (shard_folder(store.out, key) for key in sorted(store.index["shards"])[:2])
        for file in other.iterdir():
            (one / file.name).write_bytes(file.read_bytes())
        assert is_whole(one)
        with pytest.raises(CheckFailed):
            store.verify()

    @pytest.mark.parametrize(
        "facts", ["", "[]", "{}", '{"files": 3}', '{"files": {"gone.npy": "0"}}', "null"]
    )
    def test_facts_that_say_nothing_are_no_shard(self, store: Store, facts: str) -> None:
        (first_shard(store) / FACTS).write_text(facts)
        assert not is_whole(first_shard(store))

    @pytest.mark.parametrize("content", [None, "", "{"])
    def test_without_an_index_there_is_no_store(self, store: Store, content: str | None) -> None:
        (store.out / INDEX).unlink()
        if content is not None:
            (store.out / INDEX).write_text(content)
        with pytest.raises(EnvironmentLacking, match="no finished extraction there") as caught:
            Store(store.out)
        assert "goes on where it was stopped" in caught.value.remedy

    def test_an_array_of_objects_is_not_unpickled(self, store: Store) -> None:
        np.save(first_shard(store) / "hidden_0.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
        clip = next(name for name, key in store.index["clips"].items() if key == first_shard(store).name)
        with pytest.raises(ValueError, match="Python objects"):
            Store(store.out).rows(clip, "hidden_0")


class TestNarrowing:
    def test_what_fits_is_rounded_to_the_nearest(self) -> None:
        kept = _narrowed(np.array([[1.0, 0.1, -65504.0]], np.float32), "float16", "hidden_0")
        assert kept.dtype == np.float16
        assert kept[0, 0] == 1.0
        assert float(kept[0, 1]) == pytest.approx(0.1, abs=1e-4)

    @pytest.mark.parametrize("value", [70_000.0, -1e30])
    def test_what_would_become_infinite_is_refused(self, value: float) -> None:
        with pytest.raises(AudioUnreadable, match="hidden_3 holds values beyond float16") as caught:
            _narrowed(np.array([[value]], np.float32), "float16", "hidden_3")
        assert caught.value.remedy == "keep it as float32"

    def test_float32_keeps_every_bit(self) -> None:
        values = np.random.default_rng(0).normal(0, 1e6, (5, 3)).astype(np.float32)
        assert np.array_equal(_narrowed(values, "float32", "hidden_0"), values)
