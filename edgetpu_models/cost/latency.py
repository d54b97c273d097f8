"""How long one inference takes on the Dev Board Micro: an estimate, with how sure it is.

The chip hangs on USB 2.0 inside the board. Each inference sends the instructions, the input and the streamed
parameters, and reads the output; then the chip computes. No public timing of this board names its model's
sizes, so every constant carries a range, and the interval is what the ranges allow together. The slow end was set
so that the one timing with known sizes over USB 2.0 (MobileNet V2 on a sister board, 18.6 to 19.3 ms) is inside.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from firmware_bridge.base.evidence import Evidence, Quantity

Range = tuple[float, float, float]  # low, likely, high

USB_BYTES_PER_MS: Range = (40_000.0, 30_000.0, 15_000.0)  # fast end first: it makes the low end of the time
TRANSFERS = 7  # header and data of instructions, input and output, and the event
TRANSFER_MS: Range = (0.10, 0.17, 0.25)  # a semaphore, a bounce buffer copy and a USB frame each
MS_PER_MEGACYCLE: Range = (0.72, 1.55, 1.78)  # 0.72 to 0.81 at full clock, fitted; the board runs at half
OP_MS: Range = (0.0, 0.005, 0.02)  # what the cycle count leaves out: depthwise, element-wise, synchronisation
CONV_STREAM_FACTOR: Range = (1.0, 2.0, 3.6)  # streamed convolution weights are sent again for each pass
INSTRUCTION_FACTOR: Range = (0.45, 1.0, 2.6)  # spread of the instruction size model over 63 programs

SOURCE = (
    "instructions + input + output + streamed parameters over USB 2.0 at 15-40 MB/s, 7 transfers of 0.10-0.25 ms, "
    "0.72-1.78 ms per million estimated cycles (co padded to 64); see edgetpu_models/cost/latency.py"
)


@dataclass(frozen=True)
class Traffic:
    """What one inference moves and computes.

    Attributes:
        instruction_bytes: Sent each time.
        instructions_known: Whether they were read from a compiled file rather than estimated.
        input_bytes: Sent each time, padded.
        output_bytes: Read each time, padded.
        conv_stream_bytes: Streamed convolution parameters.
        dense_stream_bytes: Streamed parameters of dense layers and tables.
        cycles: Estimated cycles, outputs padded to 64.
        ops: Operations on the Edge TPU.
        cached_bytes: Parameters that a change of network would load again.
    """

    instruction_bytes: int
    instructions_known: bool
    input_bytes: int
    output_bytes: int
    conv_stream_bytes: int
    dense_stream_bytes: int
    cycles: int
    ops: int
    cached_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON-ready data."""
        return asdict(self)


def instruction_bytes(ops: int, tile_bytes: int, softmaxes: int) -> int:
    """Estimate the instruction size.

    Fitted on 63 distinct programs (relative least squares): 521 + 1,498 per operation + 19,735 per SOFTMAX
    + 250 per 4 KB of maps in a tile. Median error 43 %, worst a factor of 4.7.

    Args:
        ops: Mapped operations.
        tile_bytes: Output bytes per tile, summed over operations.
        softmaxes: How many of them are SOFTMAX.
    """
    return round(521 + 1498 * ops + 250 * tile_bytes / 4096 + 19_735 * softmaxes) if ops else 0


def _milliseconds(traffic: Traffic, end: int) -> float:
    factor = 1.0 if traffic.instructions_known else INSTRUCTION_FACTOR[end]
    sent = traffic.instruction_bytes * factor + traffic.input_bytes + traffic.output_bytes
    sent += traffic.conv_stream_bytes * CONV_STREAM_FACTOR[end] + traffic.dense_stream_bytes
    usb = sent / USB_BYTES_PER_MS[end] + TRANSFERS * TRANSFER_MS[end]
    return usb + traffic.cycles / 1e6 * MS_PER_MEGACYCLE[end] + traffic.ops * OP_MS[end]


def latency(traffic: Traffic) -> Quantity:
    """Return the time of one inference with its parameters already on the chip."""
    low, likely, high = (_milliseconds(traffic, end) if traffic.ops else 0.0 for end in range(3))
    return Quantity(likely, "ms", Evidence.ESTIMATED, n=1, interval=(low, high), source=SOURCE)


def reload(traffic: Traffic) -> Quantity:
    """Return what a change to a network with another caching token adds: its parameters are sent again."""
    low, likely, high = (traffic.cached_bytes / rate for rate in USB_BYTES_PER_MS)
    return Quantity(
        likely, "ms", Evidence.ESTIMATED, n=1, interval=(low, high), source="cached bytes / USB rate"
    )
