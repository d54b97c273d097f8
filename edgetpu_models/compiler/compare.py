"""Prediction against reality: what `analyse` said beside what the compiler did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgetpu_models.analyse import analyse
from edgetpu_models.cost.parameters import Compiler
from edgetpu_models.inspect import Inspection


def comparison(originals: Sequence[Path | bytes], inspections: Sequence[Inspection]) -> list[dict[str, Any]]:
    """Return one entry per network and figure: `network`, `figure`, `predicted`, `real`, `error_percent`.

    Args:
        originals: The networks, in the order in which they were compiled.
        inspections: What the compiled files hold; the prediction follows the build that wrote them.
    """
    rows = []
    predicted_by = inspections[0].build if inspections else Compiler.CURRENT
    for network, real in zip(analyse(list(originals), predicted_by).networks, inspections, strict=True):
        figures = {
            "on_chip_bytes": (network.on_chip_bytes, real.on_chip_bytes),
            "off_chip_bytes": (network.off_chip_bytes, real.off_chip_bytes),
            "instruction_bytes": (network.traffic.instruction_bytes, real.instruction_bytes),
            "ops_on_cpu": (sum(r.target == "cpu" for r in network.rows), sum(real.ops_on_cpu.values())),
            "activation_bytes_per_tile": (
                max((r.activation_bytes for r in network.rows), default=0),
                real.narrow_memory_per_tile_bytes,
            ),
        }
        for figure, (predicted, found) in figures.items():
            error = 0.0 if predicted == found else 100.0 * (predicted - found) / found if found else None
            rows.append(
                {
                    "network": network.name,
                    "figure": figure,
                    "predicted": predicted,
                    "real": found,
                    "error_percent": None if error is None else round(error, 2),
                }
            )
    return rows
