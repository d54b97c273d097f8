"""Samples from a device's microphone, with every sample that got lost on the way accounted for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import DeviceError, DeviceSilent
from firmware_bridge.base.progress import track
from firmware_bridge.protocol import TABLE
from firmware_bridge.protocol.messages import GetCapture, Listen
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ
from hil.client.client import DeviceClient

OFF, CAPTURE = (TABLE.listen_modes[name] for name in ("off", "capture"))
_STEPS_PER_S = 10
# A device that listens has new samples every few milliseconds.
_PAUSE_S, _SILENT_S = 0.02, 3.0
_FULL_SCALE = 32768.0
_QUIETEST_DB = -120.0


@dataclass(frozen=True)
class Recording:
    """What a microphone heard.

    Attributes:
        pcm: int16[n] at 16 kHz. Samples that the device had dropped before they were fetched are zeros
            here, so that what follows keeps its place.
        gaps: (first sample, samples) of those zeros.
        lost_samples: All that the device calls lost; those that its port lost have no place in `pcm`.
    """

    pcm: NDArray[np.int16]
    gaps: tuple[tuple[int, int], ...]
    lost_samples: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.pcm) / SAMPLE_RATE_HZ

    @property
    def peak_dbfs(self) -> float:
        """Its loudest sample against full scale, at least -120 dB."""
        return _decibel(float(np.abs(self.pcm.astype(np.int32)).max(initial=0)))

    @property
    def rms_dbfs(self) -> float:
        """Its mean level against full scale, at least -120 dB."""
        if not len(self.pcm):
            return _QUIETEST_DB
        return _decibel(float(np.sqrt(np.mean(np.square(self.pcm.astype(np.float64))))))

    @property
    def clipped(self) -> int:
        """How many samples are at either end of the scale."""
        return int(np.count_nonzero((self.pcm == 32767) | (self.pcm == -32768)))


def _decibel(value: float) -> float:
    return max(_QUIETEST_DB, 20 * float(np.log10(max(value, 1e-9) / _FULL_SCALE)))


class _Taker:
    """Fetches what the device holds, and notes what it holds no longer."""

    def __init__(self, client: DeviceClient) -> None:
        self._client = client
        self.parts: list[NDArray[np.int16]] = []
        self.gaps: list[tuple[int, int]] = []
        self.count = self.lost = 0

    def take(self) -> int:
        """Ask for the next samples; return how many came."""
        reply = self._client.ask(GetCapture(self.count))
        missing = reply.offset - self.count
        if missing < 0:
            raise DeviceError(
                f"the device sends sample {reply.offset} again, {self.count} was due",
                "flash its firmware again",
            )
        if missing:
            self.gaps.append((self.count, missing))
            self.parts.append(np.zeros(missing, np.int16))
        self.parts.append(reply.pcm)
        self.count += missing + len(reply.pcm)
        self.lost = reply.lost_samples
        return len(reply.pcm)


def record(client: DeviceClient, seconds: float, clock: Callable[[], float] = time.monotonic) -> Recording:
    """Record from a device's microphone.

    An interrupt from the keyboard ends the recording; what came until then is returned.

    Args:
        client: The device.
        seconds: Length of the recording.
        clock: Monotonic seconds.

    Raises:
        DeviceRefused: It has no microphone.
        DeviceSilent: It listens, but no samples come.
    """
    wanted = round(seconds * SAMPLE_RATE_HZ)
    # Off first: a device that listens already would go on where it is.
    client.ask(Listen(OFF))
    client.ask(Listen(CAPTURE))
    taker = _Taker(client)
    try:
        for step in track(range(max(1, round(seconds * _STEPS_PER_S))), "recording"):
            _fill(taker, min(wanted, (step + 1) * SAMPLE_RATE_HZ // _STEPS_PER_S), clock)
        _fill(taker, wanted, clock)
    except KeyboardInterrupt:
        wanted = min(wanted, taker.count)
    finally:
        client.ask(Listen(OFF))
    pcm = np.concatenate([np.zeros(0, np.int16), *taker.parts])[:wanted]
    gaps = [(at, min(count, wanted - at)) for at, count in taker.gaps if at < wanted]
    return Recording(pcm, tuple(gaps), taker.lost)


def _fill(taker: _Taker, count: int, clock: Callable[[], float]) -> None:
    """Fetch until so many samples are there."""
    patience = clock() + _SILENT_S
    while taker.count < count:
        if taker.take():
            patience = clock() + _SILENT_S
        elif clock() > patience:
            raise DeviceSilent(
                f"the microphone gave nothing for {_SILENT_S:.0f} s", "reset the device and try again"
            )
        else:
            time.sleep(_PAUSE_S)
