"""The microphone's registers; what it hears is a recording, at the pace of the machine's own clock."""

from __future__ import annotations

from firmware_bridge.ports.host.microphone import Microphone
from firmware_bridge.ports.twin.channels import Memory


class MicrophoneRegisters:
    """Registers of the microphone.

    Attributes:
        on: Whether it is switched on.

    Args:
        memory: Where samples go.
        microphone: What hears; none: none is fitted.
    """

    def __init__(self, memory: Memory, microphone: Microphone | None) -> None:
        self.on = False
        self._memory, self._microphone = memory, microphone
        self._address = self._taken = self._lost = 0

    def fitted(self) -> int:
        """Return 1 where there is one."""
        return int(self._microphone is not None)

    def power(self, on: int) -> None:
        """Switch it on or off."""
        self.on = bool(on) and self._microphone is not None
        if self._microphone is not None:
            self._microphone.power(self.on)

    def aim(self, address: int) -> None:
        """Set where samples shall go."""
        self._address = address

    def take(self, most: int) -> None:
        """Move the samples that were heard by now."""
        self._taken = 0
        if self._microphone is None:
            return
        samples, lost = self._microphone.take(most)
        self._memory.write(self._address, samples.astype("<i2").tobytes())
        self._taken = len(samples)
        self._lost += lost

    def taken(self) -> int:
        """Return how many samples the last `take` moved."""
        return self._taken

    def lost(self) -> int:
        """Return the samples lost since this was last asked."""
        lost, self._lost = self._lost, 0
        return lost
