from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.base.errors import AudioUnreadable
from firmware_bridge.microfrontend import PRESETS, MicroFrontend

FRONTEND = MicroFrontend(PRESETS["default"])
PCM = (np.arange(4000) * 37 % 2000 - 1000).astype(np.int16)


def test_empty_and_short_clips_have_no_frames() -> None:
    for clip in (np.zeros(0, np.int16), [], PCM[:479]):
        features = FRONTEND.process(clip)
        assert features.shape == (0, 40)
        assert features.dtype == np.uint16


@pytest.mark.parametrize(
    "same",
    [
        PCM.astype(">i2"),
        np.repeat(PCM, 2)[::2],
        PCM[::-1].copy()[::-1],
        np.stack([PCM, PCM], axis=1)[:, 0],
        np.frombuffer(b"\0" + PCM.tobytes(), dtype=np.int16, offset=1),
    ],
    ids=["byte-swapped", "strided", "reversed", "column", "unaligned"],
)
def test_any_layout_of_int16_gives_the_same_features(same: np.ndarray) -> None:
    assert np.array_equal(FRONTEND.process(same), FRONTEND.process(PCM))


def test_a_read_only_array_is_taken() -> None:
    frozen = PCM.copy()
    frozen.setflags(write=False)
    assert np.array_equal(FRONTEND.process(frozen), FRONTEND.process(PCM))


@pytest.mark.parametrize(
    ("bad", "hint"),
    [
        (PCM.astype(np.float32) / 32768, "32767"),
        (PCM.astype(np.float64), "32767"),
        (np.array([0.0, np.nan]), "drop the clip"),
        (np.array([np.inf]), "drop the clip"),
        (PCM.astype(np.int32), ">> 16"),
        (PCM.astype(np.uint16), ">> 16"),
        (PCM.astype(bool), ">> 16"),
        (np.stack([PCM, PCM], axis=1), "mean"),
        (np.int16(3), "channel"),
    ],
)
def test_what_is_not_int16_is_refused_with_the_conversion(bad: object, hint: str) -> None:
    for call in (FRONTEND.process, FRONTEND.stream().push, lambda x: FRONTEND.process_batch([x])):
        with pytest.raises(AudioUnreadable) as caught:
            call(bad)
        assert hint in caught.value.what + caught.value.remedy
