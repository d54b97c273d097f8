"""The micro-frontend: audio to features, bit for bit as on the chip. See README.md."""

from firmware_bridge.microfrontend.frontend import FrontendStream, MicroFrontend
from firmware_bridge.microfrontend.presets import PRESETS, preset
from firmware_bridge.microfrontend.scaling import InputScaling
from firmware_bridge.microfrontend.spec import FrontendSpec, LogScale, NoiseReduction, Pcan

__all__ = [
    "PRESETS",
    "FrontendSpec",
    "FrontendStream",
    "InputScaling",
    "LogScale",
    "MicroFrontend",
    "NoiseReduction",
    "Pcan",
    "preset",
]
