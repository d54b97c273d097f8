from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.microfrontend import PRESETS, FrontendSpec, InputScaling
from firmware_bridge.microfrontend.mltk import DEFAULTS, from_mltk, read_settings, scaling_from_mltk, to_mltk
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch

SUMMARY = """Model summary
    name: keyword_spotting
    fe.sample_rate_hz: 8000
    fe.fft_length: 256
    fe.sample_length_ms: 1000
    fe.window_size_ms: 32
    fe.window_step_ms: 16
    fe.filterbank_n_channels: 32
    fe.filterbank_upper_band_limit: 3800.0
    fe.noise_reduction_enable: True
    fe.noise_reduction_min_signal_remaining: 0.4000000059604645
    fe.dc_notch_filter_enable: True
    fe.activity_detection_enable: False
    fe.quantize_dynamic_scale_enable: True
    latency_ms: 200
"""


def test_a_printed_summary_is_read(tmp_path: Path) -> None:
    file = tmp_path / "summary.txt"
    file.write_text(SUMMARY)
    settings = read_settings(file)
    spec = from_mltk(settings)
    assert (spec.sample_rate_hz, spec.window_ms, spec.step_ms, spec.channels) == (8000, 32, 16, 32)
    assert spec.fft_size == 256
    assert spec.noise_reduction is not None
    assert spec.noise_reduction.min_signal_remaining == pytest.approx(0.4)
    assert spec.dc_notch == DcNotch(coefficient=0.95)
    assert spec.pcan is None
    assert spec.activity is None
    assert spec.tables == "mixed"
    assert scaling_from_mltk(settings) == InputScaling(kind="dynamic", span=294)


def test_json_is_read_with_and_without_the_prefix(tmp_path: Path) -> None:
    for prefix in ("", "fe."):
        file = tmp_path / f"{prefix}x.json"
        file.write_text(json.dumps({f"{prefix}window_size_ms": 30, f"{prefix}log_scale_enable": False}))
        spec = from_mltk(read_settings(file))
        assert spec.window_ms == 30
        assert spec.log is None


@pytest.mark.parametrize(
    "spec",
    [
        *(spec for spec in PRESETS.values()),
        FrontendSpec(dc_notch=DcNotch(coefficient=0.5), activity=ActivityDetection(alpha_b=0.9)),
    ],
)
def test_there_and_back(spec: FrontendSpec) -> None:
    mixed = spec.model_copy(update={"tables": "mixed"})
    assert from_mltk(to_mltk(spec)) == mixed


def test_the_defaults_are_a_valid_front_end() -> None:
    assert from_mltk({}).channels == DEFAULTS["filterbank_n_channels"]
    assert scaling_from_mltk({}) == InputScaling(kind="span", span=666)


@pytest.mark.parametrize("content", ["", "{}", "[1]", "nothing to see", "3"])
def test_a_file_without_settings_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "x"
    file.write_text(content)
    with pytest.raises(InvalidSetting, match="no MLTK front-end settings"):
        read_settings(file)


def test_unreadable_files_and_unknown_settings(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read_settings(tmp_path / "missing")
    with pytest.raises(InvalidSetting, match="window_length_ms") as caught:
        from_mltk({"fe.window_length_ms": 3})
    assert "window_size_ms" in caught.value.remedy
    with pytest.raises(InvalidSetting, match="window_ms"):
        from_mltk({"window_size_ms": "long"})
