"""Named front-ends: those of the board's stock applications, and ours."""

from __future__ import annotations

from types import MappingProxyType

from firmware_bridge.base.errors import UnknownName
from firmware_bridge.microfrontend.spec import FrontendSpec

# The stock YAMNet and voice settings run noise reduction with min_signal_remaining = 1.0: it changes nothing.
_YAMNET = FrontendSpec(window_ms=25, step_ms=10, channels=64, noise_reduction=None, pcan=None)
_VOICE = _YAMNET.model_copy(update={"channels": 32, "lower_hz": 60.0, "upper_hz": 3800.0})

# PCAN removes level, which costs an emotion network five points; noise reduction gains as much.
_STUDENT = FrontendSpec(pcan=None)

PRESETS = MappingProxyType(
    {
        "default": FrontendSpec(),
        "yamnet": _YAMNET,
        "voice": _VOICE,
        "micro_speech": FrontendSpec(),
        "student": _STUDENT,
    }
)


def preset(name: str) -> FrontendSpec:
    """Return a named front-end.

    Args:
        name: `default`, `micro_speech` (30/20 ms, 40 channels, noise reduction and PCAN), `yamnet`
            (25/10 ms, 64 channels, 125-7500 Hz) `voice` (25/10 ms, 32 channels, 60-3800 Hz) or `student`
            (30/20 ms, 40 channels, noise reduction without PCAN: the `scratch` recipe).

    Raises:
        UnknownName: If there is no such preset; lists the valid names.
    """
    if name not in PRESETS:
        raise UnknownName("front-end preset", name, PRESETS)
    return PRESETS[name]
