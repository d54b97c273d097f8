"""What a front-end computes: the settings object, its validation and its preset-free defaults."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import ValidationError, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.settings import Settings, explain

TablePrecision = Literal["double", "float", "mixed"]

FILTERBANK_BITS = 12  # fractional bits of a mel weight
MAX_WINDOW_SAMPLES = 4096


def require(valid: bool, field: str, value: object, range_text: str, why: str = "") -> None:
    """Refuse a setting outside its range.

    Args:
        valid: Whether the value is good.
        field: Name of the setting, as the user wrote it.
        value: What it was set to.
        range_text: The valid range, in words.
        why: Where the range comes from, if that is not plain.

    Raises:
        InvalidSetting: If `valid` is false; names the field, its value and the range.
    """
    if not valid:
        reason = f" ({why})" if why else ""
        raise InvalidSetting(f"{field} = {value!r} is not valid{reason}", f"set {field} to {range_text}")


class FrontendSettings(Settings):
    """Base of the front-end's settings: as they are built in code too, their errors name the field."""

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise explain(error, cls, cls.__name__) from error


class NoiseReduction(FrontendSettings):
    """Per-channel noise floor: a leaky average that is subtracted from the signal.

    Attributes:
        smoothing_bits: How far the signal is shifted up before averaging.
        even_smoothing: Weight of the new frame in even channels.
        odd_smoothing: Weight of the new frame in odd channels.
        min_signal_remaining: Fraction of the signal that always stays; 1.0 leaves the signal as it is
            (bit for bit the same as no noise reduction) and still feeds PCAN with a noise estimate.
    """

    smoothing_bits: int = 10
    even_smoothing: float = 0.025
    odd_smoothing: float = 0.06
    min_signal_remaining: float = 0.05

    @model_validator(mode="after")
    def _check(self) -> Self:
        require(
            0 <= self.smoothing_bits <= 16, "noise_reduction.smoothing_bits", self.smoothing_bits, "0..16"
        )
        for name in ("even_smoothing", "odd_smoothing", "min_signal_remaining"):
            value = getattr(self, name)
            require(0.0 <= value <= 1.0, f"noise_reduction.{name}", value, "0.0..1.0")
        return self


class Pcan(FrontendSettings):
    """Per-channel amplitude normalisation (Wang et al., "Trainable frontend", arXiv 1607.05666, fixed form).

    Attributes:
        strength: Exponent of the noise estimate in the gain.
        offset: Added to the noise estimate; tames the gain in silence.
        gain_bits: Fractional bits of the gain table.
    """

    strength: float = 0.95
    offset: float = 80.0
    gain_bits: int = 21

    @model_validator(mode="after")
    def _check(self) -> Self:
        require(0.0 <= self.strength <= 1.0, "pcan.strength", self.strength, "0.0..1.0")
        require(1.0 <= self.offset <= 1e6, "pcan.offset", self.offset, "1.0..1e6")
        require(0 <= self.gain_bits <= 31, "pcan.gain_bits", self.gain_bits, "0..31")
        return self


class LogScale(FrontendSettings):
    """Natural logarithm with `shift` fractional bits."""

    shift: int = 6

    @model_validator(mode="after")
    def _check(self) -> Self:
        require(0 <= self.shift <= 11, "log.shift", self.shift, "0..11", "32-bit arithmetic")
        return self


class DcNotch(FrontendSettings):
    """Removes DC from the audio: H(z) = (1 - 1/z) / (1 - coefficient/z), as in MLTK."""

    coefficient: float = 0.95

    @model_validator(mode="after")
    def _check(self) -> Self:
        require(0.0 <= self.coefficient < 1.0, "dc_notch.coefficient", self.coefficient, "0.0 to below 1.0")
        return self


class ActivityDetection(FrontendSettings):
    """Notices a sudden rise in loudness, as in MLTK: two leaky averages of the amplitude, fast over slow.

    The detector is armed when fast / slow falls below `arm_threshold`, and trips when it then rises above
    `trip_threshold`.

    Attributes:
        alpha_a: How much of its past the fast average keeps.
        alpha_b: How much of its past the slow average keeps.
        arm_threshold: Ratio that arms.
        trip_threshold: Ratio that trips.
    """

    alpha_a: float = 0.5
    alpha_b: float = 0.8
    arm_threshold: float = 0.75
    trip_threshold: float = 0.8

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("alpha_a", "alpha_b"):
            require(0.0 <= getattr(self, name) <= 1.0, f"activity.{name}", getattr(self, name), "0.0..1.0")
        for name in ("arm_threshold", "trip_threshold"):
            value = getattr(self, name)
            require(0.0 <= value < 8.0, f"activity.{name}", value, "0.0 to below 8.0", "Q12 in 16 bits")
        return self


class FrontendSpec(FrontendSettings):
    """Everything that decides the features, and nothing else.

    Attributes:
        sample_rate_hz: Samples per second of the audio.
        window_ms: Length of a frame in ms.
        step_ms: Distance between frames in ms.
        channels: Number of mel channels.
        lower_hz: Lower edge of the first channel in Hz.
        upper_hz: Upper edge of the last channel in Hz.
        noise_reduction: Noise floor subtraction, or None.
        pcan: Gain normalisation (needs `noise_reduction`, whose noise estimate it reads), or None.
        log: Logarithm, or None for linear amplitudes.
        dc_notch: DC removal before the window, or None.
        activity: Activity detection beside the features (it does not change them), or None.
        tables: Precision in which the tables are computed: `double` is TensorFlow's op and the library
            that the board's SDK pins, `float` is current upstream, `mixed` is MLTK.

    Raises:
        InvalidSetting: If a setting is unknown or outside its range; names it and the range.
    """

    sample_rate_hz: int = 16000
    window_ms: int = 30
    step_ms: int = 20
    channels: int = 40
    lower_hz: float = 125.0
    upper_hz: float = 7500.0
    noise_reduction: NoiseReduction | None = NoiseReduction()
    pcan: Pcan | None = Pcan()
    log: LogScale | None = LogScale()
    dc_notch: DcNotch | None = None
    activity: ActivityDetection | None = None
    tables: TablePrecision = "double"

    @model_validator(mode="after")
    def _check(self) -> Self:
        rate, nyquist = self.sample_rate_hz, self.sample_rate_hz / 2
        require(1000 <= rate <= 192000, "sample_rate_hz", rate, "1000..192000")
        longest = MAX_WINDOW_SAMPLES * 1000 // rate
        window_ok = self.window_ms >= 1 and 32 <= self.window_samples <= MAX_WINDOW_SAMPLES
        window_range = f"{-(-32 * 1000 // rate)}..{longest}"
        require(window_ok, "window_ms", self.window_ms, window_range, "the FFT takes 32 to 4096 samples")
        step_ok = 1 <= self.step_samples <= self.window_samples
        require(step_ok, "step_ms", self.step_ms, f"1..{self.window_ms}", "at most the window")
        require(
            0.0 <= self.lower_hz < nyquist, "lower_hz", self.lower_hz, f"0.0 up to below {nyquist}", "Nyquist"
        )
        upper_range = f"above {self.lower_hz} and below {nyquist}"
        require(self.lower_hz < self.upper_hz < nyquist, "upper_hz", self.upper_hz, upper_range, "Nyquist")
        require(1 <= self.channels <= 256, "channels", self.channels, "1..256")
        self._check_pcan()
        self._check_resolution()
        return self

    def _check_pcan(self) -> None:
        if self.pcan is None:
            return
        if self.noise_reduction is None:
            raise InvalidSetting(
                "pcan needs noise_reduction: its gain follows the noise estimate",
                "set noise_reduction=NoiseReduction(min_signal_remaining=1.0), or pcan=None",
            )
        correction = self.correction_bits
        bits = self.noise_reduction.smoothing_bits
        require(bits >= correction, "noise_reduction.smoothing_bits", bits, f"{correction}..16 with pcan")
        gain = self.pcan.gain_bits
        require(gain >= correction + 12, "pcan.gain_bits", gain, f"{correction + 12}..31 for this FFT")

    def _check_resolution(self) -> None:
        from firmware_bridge.microfrontend.mel import mel_segments

        segments = mel_segments(self)
        if segments.ends[-1] > self.fft_size // 2:
            require(False, "upper_hz", self.upper_hz, "a lower value", "the last band would pass Nyquist")
        widths = [int(w) for w in segments.widths()]
        dead = [c for c in range(self.channels) if widths[c] == 0 and widths[c + 1] == 0]
        why = f"{len(dead)} channels, the first number {dead[0] if dead else 0}, lie between two FFT bins"
        require(not dead, "channels", self.channels, "fewer, or lengthen window_ms", why)

    @property
    def window_samples(self) -> int:
        """Samples in a frame."""
        return self.window_ms * self.sample_rate_hz // 1000

    @property
    def step_samples(self) -> int:
        """Samples between the starts of two frames."""
        return self.step_ms * self.sample_rate_hz // 1000

    @property
    def fft_size(self) -> int:
        """Length of the FFT: the next power of two that holds a frame."""
        return 1 << (self.window_samples - 1).bit_length()

    @property
    def correction_bits(self) -> int:
        """Bits by which amplitudes are short of the input's scale: log2(FFT) less half the weight's bits."""
        return self.fft_size.bit_length() - 1 - FILTERBANK_BITS // 2

    @property
    def table_hash(self) -> str:
        """SHA-256 of the computed tables: equal hashes compute equal features."""
        from firmware_bridge.microfrontend.tables import make_tables

        return make_tables(self).sha256()

    def frames(self, samples: int) -> int:
        """Return how many frames `samples` samples give (the first needs a full window)."""
        return (
            0 if samples < self.window_samples else (samples - self.window_samples) // self.step_samples + 1
        )
