"""What a good run of the rig saw: four speakers, three classes, two words, figures that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.chip.regions import Part, Region
from hil.chip.arithmetic import Modelled
from hil.rig.observations import Chip, ModelFacts, Observations

ESTIMATED = Evidence.ESTIMATED


def region(name: str, used: int) -> Region:
    return Region(
        name,
        1_000_000,
        (Part("all", used),),
        on_chip=name != "SDRAM",
        evidence=ESTIMATED,
        source=f"map of {name}",
    )


def scores_for(classes: np.ndarray, width: int) -> np.ndarray:
    scores = np.full((len(classes), width), -50, np.int8)
    scores[np.arange(len(classes)), classes] = 50
    return scores


TRUTH = np.tile(np.arange(3), 8)
HEARD_AS = np.where(np.arange(24) % 4 == 0, (TRUTH + 1) % 3, TRUTH)  # a quarter wrong
VOTED = np.where(np.arange(24) % 2 == 0, (TRUTH + 1) % 3, TRUTH)  # half wrong


def modelled() -> Modelled:
    """Six of the clips under two alternatives; in the second, the fused winner of the first clip is another one."""
    clips = np.arange(0, 24, 4)
    outputs = {"acoustic": scores_for(HEARD_AS, 3), "keyword": scores_for(np.arange(24) % 2, 2)}
    reference = {name: scores[clips] for name, scores in (outputs | {"fused": scores_for(TRUTH, 3)}).items()}
    return Modelled(clips, ("one", "two"), reference, {n: np.stack([s, s]) for n, s in reference.items()})


def observations(**changes: Any) -> Observations:
    """Return a run that keeps every promise; `changes` replace fields."""
    n = len(TRUTH)
    seen = Observations(
        names=tuple(f"s{i}" for i in range(n)),
        speakers=tuple(f"speaker{i % 4}" for i in range(n)),
        labels=("a", "b", "c"),
        keywords=("none", "yes"),
        truth=TRUTH,
        keyword_truth=np.arange(n) % 2,
        acoustic=scores_for(HEARD_AS, 3),
        keyword=scores_for(np.arange(n) % 2, 2),
        fused=scores_for(TRUTH, 3),
        vote=scores_for(VOTED, 3),
        features_lsb=np.zeros(n, np.int64),
        features_compared=1000,
        scores_lsb=np.zeros(n, np.int64),
        audio_s=np.full(n, 2.0),
        wall_s=np.full(n, 0.1),
        stage_us={},
        device_ram_bytes=50_000_000,
        evidence=Evidence.SIMULATED,
        keeps_time=False,
        heard=("other1", "other2"),
        speech="real",
        models=(ModelFacts("acoustic", 900_000, False), ModelFacts("keyword", 300_000, True)),
        fusion_bytes=100,
        chip=Chip(
            ops_off_tpu=0,
            cached_bytes=1_000_000,
            streamed_bytes=0,
            stages_ms={
                "features": Quantity(0.1, "ms", Evidence.MEASURED, interval=(0.1, 0.2)),
                "network": Quantity(10.0, "ms", Evidence.MEASURED, interval=(8.0, 13.0)),
            },
            regions=(region("ITCM", 200), region("DTCM", 30), region("OCRAM", 4), region("SDRAM", 1_500_000)),
            source="rules",
        ),
        figures={"int8_agreement": Quantity(99.2, "%", Evidence.SIMULATED)},
        modelled=modelled(),
    )
    return replace(seen, **changes)
