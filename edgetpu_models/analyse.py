"""What the compiler would do with a network, and what that costs, without the compiler.

`analyse` reads one network, or several that will be compiled together and share the chip's memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from edgetpu_models.cost import activations, advice
from edgetpu_models.cost.cycles import cycles
from edgetpu_models.cost.latency import Traffic, instruction_bytes, latency, reload
from edgetpu_models.cost.layout import up
from edgetpu_models.cost.macs import macs
from edgetpu_models.cost.parameters import Compiler, stored
from edgetpu_models.cost.partition import Placement, place
from edgetpu_models.cost.row import NetworkCost, Row
from edgetpu_models.cost.sram import TILE_LIMIT, TILES, ParameterMemory
from edgetpu_models.format.model import Model, SubGraph, Tensor
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.evidence import Evidence, Quantity

Source = Path | str | bytes | memoryview | Model


@dataclass(frozen=True)
class Analysis:
    """What the Edge TPU makes of one or several networks that are compiled together.

    Attributes:
        networks: One entry per network, in the order given.
        compiler: The build whose storage rules were used.
        memory: The tiles' fill after all networks.
        by_compiler: Parameter bytes in the compiled files, by the build that would write them.
    """

    networks: tuple[NetworkCost, ...]
    compiler: Compiler
    memory: tuple[int, ...]
    by_compiler: dict[str, int]

    @cached_property
    def rows(self) -> list[Row]:
        """Every operation of every network."""
        return [row for network in self.networks for row in network.rows]

    @property
    def ops(self) -> list[dict[str, Any]]:
        """Every operation as JSON-ready data, with `name`, `target`, `reason` and `evidence`."""
        return [row.as_dict() for row in self.rows]

    @property
    def on_chip_bytes(self) -> int:
        """Parameter bytes that stay on the chip."""
        return sum(r.parameter_bytes for r in self.rows if r.on_chip)

    @property
    def off_chip_bytes(self) -> int:
        """Parameter bytes that are sent again on each inference."""
        return sum(r.parameter_bytes for r in self.rows if not r.on_chip)

    @property
    def ops_on_cpu(self) -> int:
        """Operations that are not on the Edge TPU."""
        return sum(r.target == "cpu" for r in self.rows)

    @property
    def parameters(self) -> int:
        """Weights and biases of all networks, as a count."""
        return sum(n.parameters for n in self.networks)

    @property
    def cycles(self) -> int:
        """The compiler's cycle estimate, all networks."""
        return sum(r.cycles for r in self.rows)

    @property
    def activation_bytes_per_tile(self) -> int:
        """Largest need of any operation."""
        return max((r.activation_bytes for r in self.rows), default=0)

    @property
    def latency(self) -> Quantity:
        """Time of running every network once, parameters on the chip."""
        each = [n.latency for n in self.networks]
        low, high = (sum(q.interval[end] for q in each if q.interval) for end in range(2))
        total = sum(q.value for q in each)
        return Quantity(total, "ms", Evidence.ESTIMATED, len(each), (low, high), each[0].source)

    @property
    def fits(self) -> bool:
        """Whether every layer stays on the chip and no operation on the CPU (the float border aside).

        Constants of element-wise operations are streamed in any case and do not count.
        """
        stray = any(r.target == "cpu" and r.effect != "border" for r in self.rows)
        return all(r.on_chip or not r.cacheable for r in self.rows) and not stray

    @property
    def advice(self) -> list[str]:
        """The smallest edits that would make it fit; empty where it does."""
        return advice.edits(self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready data; keys keep their meaning between versions."""
        return {
            "ops": self.ops,
            "on_chip_bytes": self.on_chip_bytes,
            "off_chip_bytes": self.off_chip_bytes,
            "free_bytes": TILES * TILE_LIMIT - sum(self.memory),
            "tile_bytes": list(self.memory),
            "ops_on_cpu": self.ops_on_cpu,
            "parameters": self.parameters,
            "cycles": self.cycles,
            "activation_bytes_per_tile": self.activation_bytes_per_tile,
            "latency_ms": self.latency.as_dict(),
            "fits": self.fits,
            "advice": self.advice,
            "compiler": self.compiler.value,
            "parameter_bytes_by_compiler": self.by_compiler,
            "networks": [n.as_dict() for n in self.networks],
        }


def analyse(models: Source | Sequence[Source], compiler: Compiler | str = Compiler.CURRENT) -> Analysis:
    """Predict what the Edge TPU compiler makes of networks.

    Args:
        models: One `.tflite` (path, bytes or parsed), or several that are compiled together in this order.
        compiler: The build whose storage rules are used.

    Raises:
        ModelInvalid: A file is damaged.
        InvalidSetting: No model, or an unknown compiler.
    """
    listed = [models] if isinstance(models, Path | str | bytes | memoryview | Model) else list(models)
    if not listed:
        raise InvalidSetting("no model to analyse", "give at least one int8 .tflite file")
    if compiler not in list(Compiler):
        raise InvalidSetting(f"unknown compiler {compiler}", f"use one of: {', '.join(Compiler)}")
    memory = ParameterMemory()
    models_read = [source if isinstance(source, Model) else verify_model(source) for source in listed]
    placed = [place(model.main) for model in models_read]
    networks = tuple(
        _network(i, _name(i, listed[i]), models_read[i], placed[i], Compiler(compiler), memory)
        for i in range(len(listed))
    )
    by_compiler = {
        build.value: sum(
            stored(model.main, p.op, build).file_bytes
            for model, placements in zip(models_read, placed, strict=True)
            for p in placements
            if p.on_tpu
        )
        for build in Compiler
    }
    return Analysis(networks, Compiler(compiler), tuple(memory.fill), by_compiler)


def _name(number: int, source: Source) -> str:
    return Path(source).name if isinstance(source, Path | str) else f"network {number}"


def _network(
    number: int,
    name: str,
    model: Model,
    placements: Sequence[Placement],
    compiler: Compiler,
    memory: ParameterMemory,
) -> NetworkCost:
    graph = model.main
    per_tile = activations.profile(graph, placements)
    rows = tuple(_row(number, graph, p, per_tile[p.op.index], compiler, memory) for p in placements)
    traffic = _traffic(graph, placements, rows)
    return NetworkCost(name, model.size, model.parameters, rows, traffic, latency(traffic), reload(traffic))


def _row(
    number: int, graph: SubGraph, p: Placement, tile: int, compiler: Compiler, memory: ParameterMemory
) -> Row:
    op, out = p.op, graph.outs(p.op)[0]
    need = stored(graph, op, compiler) if p.on_tpu else None
    first = p.violations[0].rule if p.violations and not p.on_tpu else None
    return Row(
        network=number,
        index=op.index,
        name=op.op,
        output=out.name,
        shape=out.shape,
        version=op.version,
        target=p.target,
        reason=p.reason,
        status=p.status,
        ground=p.ground.value,
        effect=first.effect.value if first else "",
        macs=macs(graph, op),
        cycles=cycles(graph, op) if p.on_tpu else 0,
        wide_cycles=cycles(graph, op, 64) if p.on_tpu else 0,
        parameter_bytes=need.file_bytes if need else 0,
        outputs=need.outputs if need else 0,
        lane_bytes=need.lane_bytes if need else 0,
        block=need.block if need else 0,
        on_chip=memory.place(need) if need else True,
        cacheable=need.cacheable if need else True,
        activation_bytes=tile,
    )


def _padded(tensor: Tensor) -> int:
    """Return an output's bytes on the wire: channels of a map padded to 4, the whole to 8."""
    y, x, z = ((1, 1, 1, *tensor.shape))[-3:]
    return up(y * x * (up(z, 4) if y * x > 1 else z), 8)


def _traffic(graph: SubGraph, placements: Sequence[Placement], rows: Sequence[Row]) -> Traffic:
    mapped = [p.op for p in placements if p.on_tpu]
    made = {t for op in mapped for t in op.outputs}
    indices = {op.index for op in mapped}
    needed = {
        t for op in mapped for t in op.inputs if t >= 0 and t not in made and not graph.tensors[t].constant
    }
    given = {
        t for t in made if t in graph.outputs or any(c not in indices for c in graph.consumers.get(t, ()))
    }
    tile = sum(activations.tile_bytes(t) for op in mapped for t in graph.outs(op))
    streamed = [r for r in rows if not r.on_chip]
    return Traffic(
        instruction_bytes=instruction_bytes(len(mapped), tile, sum(op.op == "SOFTMAX" for op in mapped)),
        instructions_known=False,
        input_bytes=sum(up(graph.tensors[t].elements, 8) for t in needed),
        output_bytes=sum(_padded(graph.tensors[t]) for t in given),
        conv_stream_bytes=sum(r.parameter_bytes for r in streamed if "CONV" in r.name),
        dense_stream_bytes=sum(r.parameter_bytes for r in streamed if "CONV" not in r.name),
        cycles=sum(r.wide_cycles for r in rows),
        ops=len(mapped),
        cached_bytes=sum(r.parameter_bytes for r in rows if r.on_chip),
    )
