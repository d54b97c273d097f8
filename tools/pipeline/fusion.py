"""Both branches together: composed windows, the fusion head, and what fusion gains beside the best possible."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.files import write_json
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.microfrontend import MicroFrontend
from firmware_bridge.reference.simulated_tpu import Int8Network
from tools.pipeline.inputs import Inputs
from tools.pipeline.int8 import run_int8
from tools.pipeline.keyword import keyword_class
from tools.pipeline.stages import Stages
from train.composed import Draw, compose, draw
from train.fusion import bayes_fusion, best_temperature, fit_fusion, fit_words, integer_layer, shuffled
from train.views import compute_features

# What each part is made of: emotional speakers, keyword speakers, and how many times the recipe's draws.
# `teaching` teaches what the words say: the keyword network knows its emotional voices, but not its words.
PARTS = {
    "teaching": ("train", "validation", 1),
    "validation": ("validation", "validation", 3),
    "test": ("test", "test", 1),
}
# Parts whose voices the acoustic network does not know; it is asked about no others.
HEARD = ("validation", "test")


@dataclass(frozen=True)
class ComposedPart:
    """One part of the composed set, scored by both int8 networks.

    Attributes:
        truth: int64[windows], emotion class.
        keyword_class: int64[windows], the true one.
        speakers: Emotional speaker of each window.
        acoustic: int8[windows, labels].
        keyword: int8[windows, keywords].
    """

    truth: NDArray[np.int64]
    keyword_class: NDArray[np.int64]
    speakers: NDArray[np.str_]
    acoustic: NDArray[np.int8]
    keyword: NDArray[np.int8]

    @property
    def scores(self) -> NDArray[np.int8]:
        """int8[windows, labels + keywords], what the fusion head reads."""
        return np.concatenate([self.acoustic, self.keyword], axis=1)


def draws_of(inputs: Inputs, part: str) -> tuple[NDArray[np.int64], list[Any], list[Draw]]:
    """Return the emotional rows, the keyword clips and the draws of one part."""
    settings = inputs.recipe.composed
    voices, spoken, times = PARTS[part]
    rows = inputs.rows(voices)
    clips = inputs.word_split.take(spoken, inputs.keywords)
    table = settings.probabilities(inputs.labels)
    seed = inputs.recipe.seed * len(PARTS) + list(PARTS).index(part)
    return (
        rows,
        clips,
        draw(inputs.truth[rows], keyword_class(inputs, clips), table, settings.draws * times, seed),
    )


def composed_pcm(inputs: Inputs, part: str) -> tuple[list[NDArray[np.int16]], list[Draw], NDArray[np.int64]]:
    """Return the windows int16[window_samples] of one part, their draws, and the rows of the emotional clips."""
    from train.corpora.reading import read_clips

    rows, clips, drawn = draws_of(inputs, part)
    speech = read_clips([inputs.clips[row] for row in rows], f"reading {part} speech")
    spoken = read_clips(clips, f"reading {part} keywords")
    samples, settings = inputs.recipe.window.window_samples, inputs.recipe.composed

    def make(index: int) -> NDArray[np.int16]:
        one = drawn[index]
        rng = np.random.default_rng([inputs.recipe.seed, list(PARTS).index(part), index, 4])
        return compose(
            speech[one.emotion], spoken[one.clip] if one.keyword else None, samples, settings, rng
        ).pcm

    return [make(index) for index in range(len(drawn))], drawn, rows


def make_windows(inputs: Inputs, stages: Stages) -> Path:
    """Stage: int8 features, truth, words and speakers of all composed windows, one `.npz` per part."""
    parts = {
        "corpora": [inputs.digests["emotion"], inputs.digests["keyword"]],
        "splits": [inputs.split.hash, inputs.word_split.hash],
        "recipe": inputs.recipe.dump("window", "frontend", "composed", "seed"),
    }

    def make(folder: Path) -> None:
        for part in PARTS:
            windows, drawn, rows = composed_pcm(inputs, part)
            emotions = np.array([rows[one.emotion] for one in drawn])
            np.savez(
                folder / f"{part}.npz",
                features=compute_features(
                    len(windows),
                    windows.__getitem__,
                    MicroFrontend(inputs.frontend),
                    inputs.scaling,
                    f"composed {part}",
                ),
                truth=inputs.truth[emotions],
                keyword_class=np.array([one.keyword for one in drawn], np.int64),
                speakers=inputs.speakers[emotions],
            )

    return stages.run("composed-windows", parts, make)


def hear_windows(inputs: Inputs, stages: Stages, branch: str, network: Path, parts: tuple[str, ...]) -> Path:
    """Stage: the int8 scores of one branch's network on the composed windows of some parts, one `.npy` each."""
    windows = make_windows(inputs, stages)

    def make(folder: Path) -> None:
        for part in parts:
            with np.load(windows / f"{part}.npz", allow_pickle=False) as stored:
                features = stored["features"]
            scores = run_int8(network / f"{branch}.tflite", features, f"{branch}, composed {part}")
            np.save(folder / f"{part}.npy", scores)

    name = f"composed-{branch}" if len(parts) == len(PARTS) else f"composed-{branch}-{'-'.join(parts)}"
    return stages.run(name, {"windows": windows.name, "network": network.name, "parts": parts}, make)


def score_composed(inputs: Inputs, stages: Stages, acoustic: Path, keyword: Path) -> Path:
    """Stage: int8 scores of both networks on the composed windows, one `.npz` per part."""
    windows = make_windows(inputs, stages)
    hearing = hear_windows(inputs, stages, "keyword", keyword, tuple(PARTS))
    heard = {part: hear_windows(inputs, stages, "acoustic", acoustic, (part,)) for part in HEARD}
    classes = len(inputs.labels)

    def make(folder: Path) -> None:
        for part in PARTS:
            with np.load(windows / f"{part}.npz", allow_pickle=False) as stored:
                known = {name: stored[name] for name in ("truth", "keyword_class", "speakers")}
            silent = np.zeros((len(known["truth"]), classes), np.int8)
            np.savez(
                folder / f"{part}.npz",
                acoustic=np.load(heard[part] / f"{part}.npy") if part in heard else silent,
                keyword=np.load(hearing / f"{part}.npy"),
                **known,
            )

    made_of = {
        "windows": windows.name,
        "keyword": hearing.name,
        "acoustic": {p: f.name for p, f in heard.items()},
    }
    return stages.run("composed", made_of, make)


def load_part(folder: Path, part: str) -> ComposedPart:
    """Read one part that `score_composed` wrote."""
    with np.load(folder / f"{part}.npz", allow_pickle=False) as stored:
        return ComposedPart(**{name: stored[name] for name in stored.files})


def real(scores: NDArray[np.int8], scale: float, zero_point: int) -> NDArray[np.float64]:
    """Return int8 scores as real values."""
    return (scores.astype(np.float64) - zero_point) * scale


def make_fusion(inputs: Inputs, stages: Stages, acoustic: Path, keyword: Path, composed: Path) -> Path:
    """Stage: the fusion head and the keyword branch's own guess, fitted on validation speakers; `fusion.json`."""

    def make(folder: Path) -> None:
        networks = Int8Network(acoustic / "acoustic.tflite"), Int8Network(keyword / "keyword.tflite")
        scales = (networks[0].output_scale, networks[1].output_scale)
        zeros = (networks[0].output_zero_point, networks[1].output_zero_point)
        part = load_part(composed, "validation")
        logits, posteriors = real(part.acoustic, scales[0], zeros[0]), real(part.keyword, scales[1], zeros[1])
        taught = load_part(composed, "teaching")
        heard, classes = real(taught.keyword, scales[1], zeros[1]), len(inputs.labels)
        word_layer = fit_words(heard, taught.truth, classes)
        # The control learns from keywords that were dealt out at random, and meets such ones in the test.
        order = shuffled(part.keyword_class, inputs.recipe.seed)
        noise = fit_words(heard[shuffled(taught.keyword_class, inputs.recipe.seed)], taught.truth, classes)
        layers = {
            "fusion": fit_fusion(logits, posteriors, part.truth, word_layer),
            "control": fit_fusion(logits, posteriors[order], part.truth, noise),
        }
        heads = {name: layer.to_integers(logits, posteriors, scales, zeros) for name, layer in layers.items()}
        columns = len(inputs.recipe.composed.classes)
        heads["keyword_vote"] = integer_layer(
            word_layer,
            posteriors @ word_layer.T,
            np.full(columns, scales[1]),
            np.full(columns, zeros[1], np.int32),
        )
        write_json(
            folder / "fusion.json",
            {
                **{name: head.model_dump() for name, head in heads.items()},
                "temperature": best_temperature(logits, part.truth),
                "acoustic_scale": scales[0],
                "acoustic_zero_point": zeros[0],
            },
        )

    return stages.run("fusion", {"composed": composed.name}, make)


@dataclass(frozen=True)
class FusionScores:
    """Scores [windows, labels] of every way to guess the emotion of a composed window."""

    acoustic: NDArray[Any]
    keyword: NDArray[Any]
    fused: NDArray[Any]
    control: NDArray[Any]
    bayes: NDArray[Any]


def fusion_scores(inputs: Inputs, part: ComposedPart, fusion: dict[str, Any]) -> FusionScores:
    """Apply every way of guessing to one part.

    The control permutes the keyword scores among the windows, in fitting and here, so that they tell nothing.
    `bayes` knows the true word and the table: no fusion of these acoustic scores can be expected to do better.
    """
    head, vote, control = (
        FusionHead.model_validate(fusion[name]) for name in ("fusion", "keyword_vote", "control")
    )
    order = shuffled(part.keyword_class, inputs.recipe.seed)
    mixed = np.concatenate([part.acoustic, part.keyword[order]], axis=1)
    logits = real(part.acoustic, fusion["acoustic_scale"], fusion["acoustic_zero_point"])
    table = inputs.recipe.composed.probabilities(inputs.labels)
    return FusionScores(
        acoustic=part.acoustic,
        keyword=vote.apply(part.keyword),
        fused=head.apply(part.scores),
        control=control.apply(mixed),
        bayes=bayes_fusion(logits, part.keyword_class, table, fusion["temperature"]),
    )
