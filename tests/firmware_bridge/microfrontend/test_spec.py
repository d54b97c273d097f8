from __future__ import annotations

import math

import pytest

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.microfrontend import PRESETS, FrontendSpec, LogScale, NoiseReduction, Pcan, preset
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch


def test_presets_have_the_shapes_of_the_boards_applications() -> None:
    assert preset("yamnet").frames(5 * 16000) == 498
    assert preset("yamnet").frames(15600) == 96
    assert preset("voice").frames(32000) == 198
    assert preset("micro_speech").frames(16000) == 49
    assert [PRESETS[name].channels for name in ("default", "yamnet", "voice", "micro_speech")] == [
        40,
        64,
        32,
        40,
    ]
    assert preset("yamnet").fft_size == 512


def test_an_unknown_preset_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownName, match="yam") as caught:
        preset("yam")
    assert "micro_speech" in caught.value.remedy


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("sample_rate_hz", {"sample_rate_hz": 10}),
        ("window_ms", {"window_ms": 0}),
        ("window_ms", {"window_ms": 1}),
        ("window_ms", {"window_ms": 257}),
        ("step_ms", {"step_ms": 0}),
        ("step_ms", {"step_ms": 31}),
        ("lower_hz", {"lower_hz": -1.0}),
        ("lower_hz", {"lower_hz": math.nan}),
        ("upper_hz", {"upper_hz": 8000.0}),
        ("upper_hz", {"upper_hz": 100.0}),
        ("upper_hz", {"upper_hz": 7999.99999, "lower_hz": 7000.0, "channels": 1}),
        ("channels", {"channels": 0}),
        ("channels", {"channels": 257}),
        ("channels", {"channels": 160}),
        ("pcan.gain_bits", {"pcan": Pcan(gain_bits=14)}),
        ("noise_reduction.smoothing_bits", {"noise_reduction": NoiseReduction(smoothing_bits=2)}),
        ("window_ms", {"window_ms": "long"}),
        ("tables", {"tables": "half"}),
    ],
)
def test_a_bad_setting_is_named_with_its_range(field: str, settings: dict[str, object]) -> None:
    with pytest.raises(InvalidSetting) as caught:
        FrontendSpec.model_validate(settings)
    assert field in caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (NoiseReduction, {"smoothing_bits": 17}),
        (NoiseReduction, {"even_smoothing": 1.5}),
        (NoiseReduction, {"odd_smoothing": math.nan}),
        (Pcan, {"strength": 2.0}),
        (Pcan, {"offset": 0.0}),
        (Pcan, {"gain_bits": 32}),
        (LogScale, {"shift": 12}),
        (DcNotch, {"coefficient": 1.0}),
        (ActivityDetection, {"alpha_a": 1.1}),
        (ActivityDetection, {"arm_threshold": 8.0}),
    ],
)
def test_a_bad_stage_setting_is_named(kind: type, settings: dict[str, float]) -> None:
    with pytest.raises(InvalidSetting) as caught:
        kind(**settings)
    assert next(iter(settings)) in caught.value.what


def test_the_message_for_too_many_channels_says_what_to_do() -> None:
    with pytest.raises(InvalidSetting) as caught:
        FrontendSpec(channels=160)
    assert "between two FFT bins" in caught.value.what
    assert "fewer" in caught.value.remedy


def test_pcan_without_noise_reduction_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidSetting, match="pcan needs noise_reduction") as caught:
        FrontendSpec(noise_reduction=None)
    assert "min_signal_remaining=1.0" in caught.value.remedy


def test_an_unknown_key_lists_the_valid_ones() -> None:
    with pytest.raises(InvalidSetting, match="window_size") as caught:
        FrontendSpec.model_validate({"window_size": 30})
    assert "window_ms" in caught.value.remedy


def test_a_spec_survives_its_dict_and_hashes() -> None:
    for spec in PRESETS.values():
        again = FrontendSpec.model_validate(spec.model_dump(mode="json"))
        assert again == spec
        assert hash(again) == hash(spec)
        assert again.table_hash == spec.table_hash
    with pytest.raises(InvalidSetting):
        PRESETS["yamnet"].__class__.model_validate({"channels": None})


def test_frames_counts_only_whole_windows() -> None:
    spec = FrontendSpec()
    assert [spec.frames(n) for n in (0, 479, 480, 799, 800)] == [0, 0, 1, 1, 2]


def test_the_table_hash_follows_the_features_and_nothing_else() -> None:
    default = FrontendSpec()
    assert len(default.table_hash) == 64
    assert FrontendSpec(tables="float").table_hash != default.table_hash
    assert FrontendSpec(log=LogScale(shift=5)).table_hash != default.table_hash
    assert FrontendSpec(dc_notch=DcNotch()).table_hash != default.table_hash
    assert FrontendSpec(lower_hz=126.0).table_hash != default.table_hash
