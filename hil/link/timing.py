"""How long to wait: a fixed part, the bytes on the wire, and the device's own work."""

from __future__ import annotations

from pydantic import Field

from firmware_bridge.base.settings import Settings


class Timing(Settings):
    """Named waiting times of a client.

    Attributes:
        reply_s: For an answer that needs no computing.
        window_s: For scoring one window. Reference kernels on a busy laptop are far slower than the chip.
        features_s: For the features of one window.
        attempts: How often a request is sent before the device counts as silent.
        restarts: How often a segment is sent again from its start.
        margin: Factor on the time that the bytes take at the line's rate.
    """

    reply_s: float = Field(default=1.0, gt=0)
    window_s: float = Field(default=10.0, gt=0)
    features_s: float = Field(default=5.0, gt=0)
    attempts: int = Field(default=5, ge=1)
    restarts: int = Field(default=3, ge=1)
    margin: float = Field(default=3.0, ge=1)

    def wire_s(self, count: int, bytes_per_second: float) -> float:
        """Return the seconds to allow for `count` bytes on the wire."""
        return self.margin * count / bytes_per_second

    def call_s(self, count: int, bytes_per_second: float, work_s: float) -> float:
        """Return the hard limit of a whole call that moves `count` bytes and costs the device `work_s`.

        Every attempt of every step may be used up once; after this the call ends with `DeviceSilent`.
        """
        return self.attempts * (4 * self.reply_s + work_s) + self.restarts * self.wire_s(
            count, bytes_per_second
        )
