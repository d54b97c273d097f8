"""How long a whole build takes from nothing, stage by stage."""

from __future__ import annotations

import platform
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_bridge.base.cores import usable_cores
from firmware_bridge.base.paths import BUILD

if TYPE_CHECKING:
    from tools.pipeline.stages import Stages


@dataclass(frozen=True)
class Build:
    """A build from nothing.

    Attributes:
        machine: Where.
        seconds: By the clock.
        stages: What was made, with the seconds of each; their results are gone.
    """

    machine: str
    seconds: float
    stages: Stages

    def as_dict(self) -> dict[str, Any]:
        """Return the build as JSON-ready data."""
        spent = {name: asdict(each) for name, each in self.stages.spent.items()}
        return {"machine": self.machine, "seconds": self.seconds, "stages": spent}


def build_anew(recipe: str, processes: int | None) -> Build:
    """Make every stage of a recipe in a folder that is removed afterwards; no bundle changes.

    Args:
        recipe: Its name, or a file.
        processes: How many make stages at once; None for this one alone.

    Raises:
        UndertoneError: What a build raises.
    """
    from tools.pipeline.inputs import effective_recipe, gather
    from tools.pipeline.stages import Stages
    from tools.verbs.build_model import make_everything

    BUILD.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="bench-") as folder:
        stages = Stages(Path(folder))
        make_everything(gather(effective_recipe(recipe)), stages, processes)
    machine = f"{platform.machine()}, {usable_cores()} cores, {processes or 'no'} processes beside this one"
    return Build(machine, time.monotonic() - started, stages)
