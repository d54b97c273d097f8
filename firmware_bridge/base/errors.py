"""Errors that teach: what happened, why, what to do. One class per situation.

Every room raises subclasses of `UndertoneError`; the command line prints them on one line
with the remedy below and leaves with `exit_status` (1 a check failed, 2 wrong input or environment).
"""

from __future__ import annotations

from collections.abc import Iterable


class UndertoneError(Exception):
    """A situation that the user can understand and mend.

    Args:
        what: What happened, in one line.
        remedy: What the user can do about it.
        see: Where to read more (a README of this project), or nothing.
    """

    exit_status = 2

    def __init__(self, what: str, remedy: str = "", see: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.see = see

    def as_dict(self) -> dict[str, str]:
        """Return the error as `--json` prints it."""
        return {
            "error": type(self).__name__,
            "what": self.what,
            "remedy": self.remedy,
            "see": self.see,
        }


class UnknownName(UndertoneError):
    """A name that is not one of the valid ones; lists them."""

    def __init__(self, kind: str, name: str, valid: Iterable[str]) -> None:
        names = ", ".join(sorted(valid))
        super().__init__(f"unknown {kind} '{name}'", f"use one of: {names}")


class InvalidSetting(UndertoneError):
    """A setting with a value outside its range, or a key that nobody knows."""


class AudioUnreadable(UndertoneError):
    """A sound file that cannot be used: truncated, empty, not audio, NaN samples."""


class CorpusMissing(UndertoneError):
    """No folder, or an empty one, where a corpus was expected."""


class CorpusInvalid(UndertoneError):
    """A corpus that was found but cannot be used: unknown label, one speaker, an empty class."""


class SpeakerLeak(UndertoneError):
    """A speaker on both sides of a split. No score is printed for such a split."""


class ModelInvalid(UndertoneError):
    """A `.tflite` file that is damaged or is not what its user takes it for."""


class CompilerFailed(UndertoneError):
    """The real Edge TPU compiler ran, and made nothing usable."""


class ReweightRefused(UndertoneError):
    """A compiled file cannot be derived from a template without a guess."""


class BundleInvalid(UndertoneError):
    """A bundle that is incomplete, damaged, or made for something else."""


class DeviceError(UndertoneError):
    """The device under test could not be reached, or answered with an error."""


class DeviceSilent(DeviceError):
    """The device did not answer before the deadline."""


class EnvironmentLacking(UndertoneError):
    """Something outside the project is needed and missing."""


class CheckFailed(UndertoneError):
    """A promise was measured and is broken."""

    exit_status = 1
