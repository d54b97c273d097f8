"""Prints of recordings: what moves them, what does not, and pairs across a split of any size."""

from __future__ import annotations

import io

import numpy as np
import pytest

from firmware_bridge.base.errors import SpeakerLeak
from train.evaluation import duplicates
from train.evaluation.duplicates import (
    BANDS,
    SAME_ABOVE,
    SLICES,
    Prints,
    find_duplicates,
    require_no_duplicates,
    sound_print,
)

RATE = 16000


def speech(seed: int, seconds: float = 1.0) -> np.ndarray:
    """Return int16 samples of tones that swell and fade as the seed draws: no two seeds sound alike."""
    dice = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros(len(time))
    for _ in range(12):
        middle, width = dice.uniform(0.2, 0.8) * seconds, dice.uniform(0.02, 0.08) * seconds
        swell = np.exp(
            -(((time - middle) / width) ** 2)
        )  # like speech, it does not begin from one sample to the next
        sound += swell * np.sin(2 * np.pi * dice.uniform(150, 6000) * time) * dice.uniform(1000, 6000)
    return (sound + dice.normal(0, 20, len(time))).astype(np.int16)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(sound_print(one) @ sound_print(other))


class TestPrint:
    def test_it_is_a_unit_vector_of_fixed_size(self) -> None:
        for seconds in (0.1, 1.0, 7.3):
            found = sound_print(speech(1, seconds))
            assert found.shape == (SLICES * BANDS,)
            assert found.dtype == np.float32
            assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize("gain", [0.1, 0.5, 2.0])
    def test_level_does_not_move_it(self, gain: float) -> None:
        sound = speech(2)
        assert likeness(sound, (sound * gain).clip(-32768, 32767).astype(np.int16)) > SAME_ABOVE

    @pytest.mark.parametrize(("before", "after"), [(0.5, 0.0), (0.0, 1.0), (0.3, 0.3)])
    def test_silence_at_the_ends_does_not_move_it(self, before: float, after: float) -> None:
        sound = speech(3)
        padded = np.pad(sound, (int(before * RATE), int(after * RATE)))
        assert likeness(sound, padded) > SAME_ABOVE

    def test_another_recording_is_far_away(self) -> None:
        found = [likeness(speech(a), speech(b)) for a in range(6) for b in range(6, 12)]
        assert max(found) < SAME_ABOVE - 0.1

    def test_played_backwards_it_is_another_one(self) -> None:
        assert likeness(speech(4), speech(4)[::-1]) < SAME_ABOVE - 0.1

    def test_silence_is_zeros_and_like_nothing_not_even_silence(self) -> None:
        nothing = np.zeros(RATE, np.int16)
        assert not sound_print(nothing).any()
        assert likeness(nothing, nothing) == 0

    @pytest.mark.parametrize("samples", [1, 100, 511, 512, 513])
    def test_scraps_have_one_too(self, samples: int) -> None:
        found = sound_print(speech(5)[:samples] + np.int16(50))
        assert np.isfinite(found).all()


class TestPrints:
    def prints(self, *seeds: int) -> Prints:
        return Prints.of((f"clip{seed}", speech(seed)) for seed in seeds)

    def test_none_is_a_table_without_rows(self) -> None:
        empty = self.prints()
        assert empty.prints.shape == (0, SLICES * BANDS)
        assert find_duplicates(empty, self.prints(1)) == find_duplicates(self.prints(1), empty) == []
        assert Prints.from_bytes(empty.to_bytes()).names == ()

    def test_some_of_them(self) -> None:
        found = self.prints(1, 2, 3).take([True, False, True])
        assert found.names == ("clip1", "clip3")
        assert np.array_equal(found.prints[1], sound_print(speech(3)))

    def test_a_choice_of_another_length_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="iterator too short"):
            self.prints(1, 2, 3).take([True, False])

    def test_both_together(self) -> None:
        both = self.prints(1).together(self.prints(2, 3))
        assert both.names == ("clip1", "clip2", "clip3")
        assert both.prints.shape == (3, SLICES * BANDS)

    def test_eight_bits_a_value_tell_recordings_apart(self) -> None:
        stored = Prints.from_bytes(self.prints(1, 2, 3).to_bytes())
        assert stored.names == ("clip1", "clip2", "clip3")
        assert np.linalg.norm(stored.prints, axis=1) == pytest.approx(1, abs=1e-5)
        assert (np.sum(stored.prints * self.prints(1, 2, 3).prints, axis=1) > 0.999).all()

    def test_names_are_text_in_any_language(self) -> None:
        prints = Prints(("größe/日本.wav",), self.prints(1).prints)
        assert Prints.from_bytes(prints.to_bytes()).names == ("größe/日本.wav",)

    @pytest.mark.parametrize("shape", [(2, SLICES * BANDS), (1, 5)])
    def test_a_table_that_does_not_fit_its_names_is_refused(self, shape: tuple[int, int]) -> None:
        held = io.BytesIO()
        np.savez_compressed(held, names=np.array(["a"]), prints=np.zeros(shape, np.int8))
        with pytest.raises(ValueError, match="not prints"):
            Prints.from_bytes(held.getvalue())

    def test_objects_in_the_file_are_not_unpickled(self) -> None:
        held = io.BytesIO()
        np.savez_compressed(
            held, names=np.array([{"a": 1}], dtype=object), prints=np.zeros((1, 768), np.int8)
        )
        with pytest.raises(ValueError, match="allow_pickle"):
            Prints.from_bytes(held.getvalue())


class TestPairs:
    def prints(self, **seeds: int) -> Prints:
        return Prints.of((name, speech(seed)) for name, seed in seeds.items())

    def test_each_pair_is_found_with_its_names(self) -> None:
        pairs = find_duplicates(self.prints(a=1, b=2, c=3), self.prints(x=3, y=9, z=1))
        assert [(pair.heard, pair.held_out) for pair in pairs] == [("a", "z"), ("c", "x")]
        assert all(pair.likeness > 0.999 for pair in pairs)

    def test_blocks_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        heard, held_out = self.prints(a=1, b=2, c=3, d=4, e=1), self.prints(x=1, y=4)
        whole = find_duplicates(heard, held_out)
        monkeypatch.setattr(duplicates, "_BLOCK", 2)
        again = find_duplicates(heard, held_out)
        assert [(one.heard, one.held_out) for one in again] == [(one.heard, one.held_out) for one in whole]
        assert [(one.heard, one.held_out) for one in whole] == [("a", "x"), ("d", "y"), ("e", "x")]

    def test_the_bar_can_be_moved(self) -> None:
        heard, held_out = self.prints(a=1), self.prints(x=2)
        assert find_duplicates(heard, held_out) == []
        assert len(find_duplicates(heard, held_out, same_above=-1.0)) == 1

    def test_a_split_with_copies_is_refused_with_their_names(self) -> None:
        with pytest.raises(SpeakerLeak, match="1 recordings are on both sides of the split: a = x") as caught:
            require_no_duplicates(self.prints(a=1, b=2), self.prints(x=1))
        assert "remove the copies" in caught.value.remedy
        require_no_duplicates(self.prints(a=1, b=2), self.prints(x=3))

    def test_many_copies_are_counted_and_some_named(self) -> None:
        heard = Prints.of((f"h{n}", speech(n)) for n in range(8))
        held_out = Prints.of((f"t{n}", speech(n)) for n in range(8))
        with pytest.raises(SpeakerLeak) as caught:
            require_no_duplicates(heard, held_out)
        assert caught.value.what.startswith("8 recordings")
        assert caught.value.what.count(" = ") == 5
