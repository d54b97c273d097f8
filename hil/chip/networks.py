"""What the Edge TPU holds and does for a bundle: read from compiled files, or predicted where there are none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgetpu_models.analyse import Analysis, analyse
from edgetpu_models.cost.latency import Traffic, latency
from edgetpu_models.inspect import Inspection, inspect
from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.contract.bundle import Bundle, ModelFile

BRANCHES = ("acoustic", "keyword")
PREDICTED = "rules read off real compiled models (`undertone analyse`)"
READ = "the compiled files themselves (`undertone inspect`)"
DERIVED = "files derived from templates, which no compiler made and no chip has run (`undertone inspect`)"


@dataclass(frozen=True)
class ChipNetworks:
    """Both networks on the Edge TPU, which they share.

    Attributes:
        ops_off_tpu: Operations that are left to the Cortex-M7.
        cached_bytes: Parameters that stay in the Edge TPU's memory.
        streamed_bytes: Parameters that travel on every inference.
        file_bytes: Bytes of each file that lies on the board, by branch.
        latency_ms: Time of one inference of each; always an estimate.
        evidence: What all but the times are worth: a fact of the compiled files, or predicted.
        source: Where it comes from.
    """

    ops_off_tpu: int
    cached_bytes: int
    streamed_bytes: int
    file_bytes: dict[str, int]
    latency_ms: dict[str, Quantity]
    evidence: Evidence
    source: str


def describe_networks(bundle: Bundle) -> ChipNetworks:
    """Return what the Edge TPU holds and does for a bundle.

    Networks count as compiled where both are: one alone would not share the Edge TPU's memory as said.

    Args:
        bundle: Its networks are read together, as they share the Edge TPU's memory.

    Raises:
        ModelInvalid: A file is damaged.
    """
    models = [bundle.manifest.models[name] for name in BRANCHES]
    originals = [bundle.path(model) for model in models]
    predicted = analyse(list(originals))
    made = [path for model in models if (path := bundle.compiled_path(model)) is not None]
    if len(made) < len(models):
        return _predicted(models, predicted)
    read = [inspect(path, original) for path, original in zip(made, originals, strict=True)]
    times = [
        latency(compiled_traffic(network.traffic, seen))
        for network, seen in zip(predicted.networks, read, strict=True)
    ]
    derived = any(seen.made_by == "derived" for seen in read)
    return ChipNetworks(
        ops_off_tpu=sum(sum(seen.ops_on_cpu.values()) for seen in read),
        cached_bytes=sum(seen.on_chip_bytes for seen in read),
        streamed_bytes=sum(seen.off_chip_bytes for seen in read),
        file_bytes={name: seen.size_bytes for name, seen in zip(BRANCHES, read, strict=True)},
        latency_ms=dict(zip(BRANCHES, times, strict=True)),
        evidence=Evidence.DERIVED if derived else Evidence.MEASURED,
        source=DERIVED if derived else READ,
    )


def _predicted(models: list[ModelFile], predicted: Analysis) -> ChipNetworks:
    return ChipNetworks(
        ops_off_tpu=int(predicted.ops_on_cpu),
        cached_bytes=int(predicted.on_chip_bytes),
        streamed_bytes=int(predicted.off_chip_bytes),
        file_bytes={name: model.bytes for name, model in zip(BRANCHES, models, strict=True)},
        latency_ms={name: net.latency for name, net in zip(BRANCHES, predicted.networks, strict=True)},
        evidence=Evidence.ESTIMATED,
        source=PREDICTED,
    )


def compiled_traffic(predicted: Traffic, seen: Inspection) -> Traffic:
    """Return what one inference moves, with everything that a compiled file tells in place of its prediction.

    How much of the streamed parameters belongs to convolutions, which send them again for each pass, the file
    does not tell: they are shared out as predicted, or all count as convolutions' where none were predicted.

    Args:
        predicted: Of the original.
        seen: The compiled file.
    """
    streamed = predicted.conv_stream_bytes + predicted.dense_stream_bytes
    share = predicted.conv_stream_bytes / streamed if streamed else 1.0
    conv = round(seen.off_chip_bytes * share)
    return replace(
        predicted,
        instruction_bytes=seen.instruction_bytes,
        instructions_known=True,
        input_bytes=seen.transfer_in_bytes,
        output_bytes=seen.transfer_out_bytes,
        conv_stream_bytes=conv,
        dense_stream_bytes=seen.off_chip_bytes - conv,
        cached_bytes=seen.on_chip_bytes,
    )
