"""The device's spectrogram, YAMNet's layers, and functional sets as features."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking, InvalidSetting
from firmware_bridge.base.parts import Parts
from firmware_bridge.microfrontend import MicroFrontend, preset
from train.features import FEATURES, Speech, opensmile_sets
from train.features.micro_frontend import MicroFrontendSettings, hear_front_end
from train.features.opensmile_sets import CompareSettings, EgemapsSettings
from train.features.registry import padded
from train.features.yamnet_layer import sequence_steps

MakeSpeech = Callable[..., Speech]


def test_the_devices_spectrogram_in_nats(make_speech: MakeSpeech) -> None:
    speech = make_speech()
    heard = hear_front_end(speech, MicroFrontendSettings(preset="student", average=2))
    frames = MicroFrontend(preset("student")).process(speech.pcm[1]).astype(np.float32) / 64
    assert heard.steps[1] == len(frames) // 2
    np.testing.assert_allclose(heard.sequences[1, 0], frames[:2].mean(0), rtol=1e-6)


def test_padding_is_zeros_behind_the_longest() -> None:
    table, steps = padded([np.ones((1, 2)), np.full((3, 2), 2.0)])
    assert steps.tolist() == [1, 3]
    assert table.tolist() == [[[1, 1], [0, 0], [0, 0]], [[2, 2], [2, 2], [2, 2]]]


@pytest.mark.parametrize(("frames", "steps"), [(1, 1), (10, 1), (11, 2), (50, 5), (100, 10), (0, 1)])
def test_steps_that_are_speech_are_rounded_up(frames: int, steps: int) -> None:
    assert sequence_steps(np.array([frames]), 10, 100).tolist() == [steps]


class TestOpensmile:
    @pytest.fixture
    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
        """A module in the place of opensmile whose functionals are known; what was asked for."""
        asked: list[tuple[str, int]] = []

        class Smile:
            def __init__(self, feature_set: str, feature_level: str) -> None:
                assert feature_level == "functionals"
                self.feature_set = feature_set

            def process_signal(self, signal: np.ndarray, rate: int) -> SimpleNamespace:
                asked.append((self.feature_set, rate))
                values = np.array([[len(signal), np.nan, np.inf]])
                return SimpleNamespace(to_numpy=lambda kind: values.astype(kind))

        module = ModuleType("opensmile")
        module.Smile = Smile  # type: ignore[attr-defined]
        module.FeatureSet = SimpleNamespace(eGeMAPSv02="eGeMAPSv02", ComParE_2016="ComParE_2016")  # type: ignore[attr-defined]
        module.FeatureLevel = SimpleNamespace(Functionals="functionals")  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "opensmile", module)
        return asked

    @pytest.mark.parametrize(
        ("name", "settings", "feature_set"),
        [("egemaps", EgemapsSettings(), "eGeMAPSv02"), ("compare", CompareSettings(), "ComParE_2016")],
    )
    def test_one_step_of_functionals_and_nothing_that_is_not_finite(
        self, name: str, settings: object, feature_set: str, stand_in: list[object], make_speech: MakeSpeech
    ) -> None:
        speech = make_speech()
        heard = FEATURES.find(name).hear(speech, settings)
        assert heard.sequences[:, 0].tolist() == [[len(pcm), 0, 0] for pcm in speech.pcm]
        assert heard.steps.tolist() == [1] * 4
        assert stand_in == [(feature_set, 16_000)] * 4

    def test_without_it_the_extra_is_named(
        self, monkeypatch: pytest.MonkeyPatch, make_speech: MakeSpeech
    ) -> None:
        monkeypatch.setitem(sys.modules, "opensmile", None)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        assert "[opensmile]" in opensmile_sets.lacks(EgemapsSettings())
        with pytest.raises(EnvironmentLacking) as told:
            opensmile_sets.functionals(make_speech(), "eGeMAPSv02")
        assert "[opensmile]" in told.value.remedy


def test_two_parts_of_one_name_are_refused() -> None:
    parts: Parts[int] = Parts("number")
    parts.add("one", 1)
    with pytest.raises(InvalidSetting, match="two number parts are called 'one'"):
        parts.add("one", 2)
