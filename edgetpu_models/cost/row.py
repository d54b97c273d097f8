"""One operation's and one network's part of an analysis."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edgetpu_models.cost.latency import Traffic
from firmware_bridge.base.evidence import Quantity


@dataclass(frozen=True)
class Row:
    """One operation.

    Attributes:
        network: Which network it belongs to.
        index: Its place in the execution order.
        name: `CONV_2D`, …
        output: Name of its first output tensor.
        shape: That tensor's shape.
        version: Operation version.
        target: `edgetpu` or `cpu`.
        reason: Why.
        status: What the compiler's log would say.
        ground: `seen mapped`, `document`, `inferred` or `unknown`.
        effect: For one on the CPU: `cpu`, `border` or `breaks`; empty where it is only stranded.
        macs: Multiply-accumulates.
        cycles: The compiler's estimate.
        wide_cycles: The same with outputs padded to 64, which latency was fitted with.
        parameter_bytes: Bytes in the compiled file.
        outputs: Output channels of its parameters.
        lane_bytes: Parameter bytes of one output channel.
        block: Output channels that stay together in a tile.
        on_chip: Whether they stay on the chip; true where there are none.
        cacheable: Whether they could; constants of element-wise operations never do.
        activation_bytes: Bytes per tile while it runs.
    """

    network: int
    index: int
    name: str
    output: str
    shape: tuple[int, ...]
    version: int
    target: str
    reason: str
    status: str
    ground: str
    effect: str
    macs: int
    cycles: int
    wide_cycles: int
    parameter_bytes: int
    outputs: int
    lane_bytes: int
    block: int
    on_chip: bool
    cacheable: bool
    activation_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON-ready data; there `ground` has the public name `evidence`."""
        data = asdict(self)
        return data | {"shape": list(self.shape), "evidence": data.pop("ground")}


@dataclass(frozen=True)
class NetworkCost:
    """One network.

    Attributes:
        name: File name.
        size_bytes: Bytes of the `.tflite`.
        parameters: Weights and biases, as a count.
        rows: Its operations.
        traffic: What one inference moves.
        latency: Time of one inference.
        reload: What a change from another caching token adds.
    """

    name: str
    size_bytes: int
    parameters: int
    rows: tuple[Row, ...]
    traffic: Traffic
    latency: Quantity
    reload: Quantity

    @property
    def on_chip_bytes(self) -> int:
        """Parameter bytes that stay on the chip."""
        return sum(r.parameter_bytes for r in self.rows if r.on_chip)

    @property
    def off_chip_bytes(self) -> int:
        """Parameter bytes that are streamed."""
        return sum(r.parameter_bytes for r in self.rows if not r.on_chip)

    def as_dict(self) -> dict[str, Any]:
        """Return the network as JSON-ready data, without its operations."""
        return {
            "name": self.name,
            "size_bytes": self.size_bytes,
            "parameters": self.parameters,
            "on_chip_bytes": self.on_chip_bytes,
            "off_chip_bytes": self.off_chip_bytes,
            "ops_on_cpu": sum(r.target == "cpu" for r in self.rows),
            "traffic": self.traffic.as_dict(),
            "latency_ms": self.latency.as_dict(),
            "reload_ms": self.reload.as_dict(),
        }
