"""Front-ends described by an MLTK settings file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeVar

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.microfrontend.scaling import InputScaling
from firmware_bridge.microfrontend.spec import (
    ActivityDetection,
    DcNotch,
    FrontendSettings,
    FrontendSpec,
    LogScale,
    NoiseReduction,
    Pcan,
)

Stage = TypeVar("Stage", bound=FrontendSettings)

# MLTK's defaults, for settings that a file leaves out.
DEFAULTS: dict[str, Any] = {
    "sample_rate_hz": 16000,
    "window_size_ms": 25,
    "window_step_ms": 10,
    "filterbank_n_channels": 32,
    "filterbank_upper_band_limit": 7500.0,
    "filterbank_lower_band_limit": 125.0,
    "noise_reduction_enable": False,
    "noise_reduction_smoothing_bits": 10,
    "noise_reduction_even_smoothing": 0.025,
    "noise_reduction_odd_smoothing": 0.06,
    "noise_reduction_min_signal_remaining": 0.05,
    "pcan_enable": False,
    "pcan_strength": 0.95,
    "pcan_offset": 80.0,
    "pcan_gain_bits": 21,
    "log_scale_enable": True,
    "log_scale_shift": 6,
    "activity_detection_enable": False,
    "activity_detection_alpha_a": 0.5,
    "activity_detection_alpha_b": 0.8,
    "activity_detection_arm_threshold": 0.75,
    "activity_detection_trip_threshold": 0.8,
    "dc_notch_filter_enable": False,
    "dc_notch_filter_coefficient": 0.95,
    "quantize_dynamic_scale_enable": False,
    "quantize_dynamic_scale_range_db": 40.0,
}
# Settings that decide nothing here: the clip's length follows from the clip, the FFT's from the window.
IGNORED = frozenset({"sample_length_ms", "fft_length"})
_LINE = re.compile(r"^\s*(?:fe\.)?(\w+)\s*[:=]\s*(.+?)\s*$")


def read_settings(path: Path) -> dict[str, Any]:
    """Return the front-end settings in a file: JSON, or lines `fe.name: value` as `mltk summarize` prints.

    Raises:
        InvalidSetting: If the file cannot be read or holds no front-end setting.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(
            f"{path} cannot be read: {error}", "give a JSON or text file of MLTK settings"
        ) from error
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = {m[1]: _value(m[2]) for m in map(_LINE.match, text.splitlines()) if m and "fe." in m[0]}
    if not isinstance(found, dict) or not found:
        raise InvalidSetting(
            f"{path} holds no MLTK front-end settings",
            "each is a line such as 'fe.window_size_ms: 30', or JSON",
        )
    return {str(key).removeprefix("fe."): value for key, value in found.items()}


def _value(text: str) -> Any:
    """Return a printed value as a bool, a number, or the text itself."""
    lowered = text.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def from_mltk(settings: dict[str, Any]) -> FrontendSpec:
    """Return the front-end of MLTK settings (names with or without `fe.`), with tables as MLTK computes them.

    Raises:
        InvalidSetting: If a setting is unknown or outside its range.
    """
    given = {str(key).removeprefix("fe."): value for key, value in settings.items()}
    unknown = sorted(set(given) - set(DEFAULTS) - IGNORED)
    if unknown:
        raise InvalidSetting(f"unknown MLTK setting '{unknown[0]}'", f"valid settings: {', '.join(DEFAULTS)}")
    s = DEFAULTS | given

    def part(prefix: str, kind: type[Stage]) -> Stage | None:
        if not s[f"{prefix}_enable"]:
            return None
        return kind(**{name: s[f"{prefix}_{name}"] for name in kind.model_fields})

    return FrontendSpec(
        sample_rate_hz=s["sample_rate_hz"],
        window_ms=s["window_size_ms"],
        step_ms=s["window_step_ms"],
        channels=s["filterbank_n_channels"],
        lower_hz=s["filterbank_lower_band_limit"],
        upper_hz=s["filterbank_upper_band_limit"],
        noise_reduction=part("noise_reduction", NoiseReduction),
        pcan=part("pcan", Pcan),
        log=part("log_scale", LogScale),
        dc_notch=part("dc_notch_filter", DcNotch),
        activity=part("activity_detection", ActivityDetection),
        tables="mixed",
    )


def to_mltk(spec: FrontendSpec) -> dict[str, Any]:
    """Return the MLTK settings of a spec, the reverse of `from_mltk` (tables aside)."""
    noise, pcan = spec.noise_reduction or NoiseReduction(), spec.pcan or Pcan()
    activity, notch = spec.activity or ActivityDetection(), spec.dc_notch or DcNotch()
    return DEFAULTS | {
        "sample_rate_hz": spec.sample_rate_hz,
        "window_size_ms": spec.window_ms,
        "window_step_ms": spec.step_ms,
        "filterbank_n_channels": spec.channels,
        "filterbank_lower_band_limit": spec.lower_hz,
        "filterbank_upper_band_limit": spec.upper_hz,
        "noise_reduction_enable": spec.noise_reduction is not None,
        **{f"noise_reduction_{name}": value for name, value in noise.model_dump().items()},
        "pcan_enable": spec.pcan is not None,
        **{f"pcan_{name}": value for name, value in pcan.model_dump().items()},
        "log_scale_enable": spec.log is not None,
        "log_scale_shift": (spec.log or LogScale()).shift,
        "activity_detection_enable": spec.activity is not None,
        **{f"activity_detection_{name}": value for name, value in activity.model_dump().items()},
        "dc_notch_filter_enable": spec.dc_notch is not None,
        "dc_notch_filter_coefficient": notch.coefficient,
    }


def scaling_from_mltk(settings: dict[str, Any]) -> InputScaling:
    """Return the int8 scaling of MLTK settings: dynamic where it is enabled, else the fixed 666 units."""
    s = DEFAULTS | {str(key).removeprefix("fe."): value for key, value in settings.items()}
    if s["quantize_dynamic_scale_enable"]:
        return InputScaling.dynamic(s["quantize_dynamic_scale_range_db"], s["log_scale_shift"])
    return InputScaling(kind="span", span=666)
