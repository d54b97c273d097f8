"""`undertone folds`: cross-validate a recipe's acoustic branch over folds of unseen speakers, or by any protocol."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from tools import console, options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tools.pipeline.inputs import Inputs
    from tools.pipeline.stages import Stages
    from train.evaluation.leak import AdmittedLeak, SpeakerProof
    from train.protocols import Plan

SPEAKER_FOLDS = "speaker-folds"
CHANNELS = ("bench", "noisy", "harsh")


@dataclass(frozen=True, eq=False)
class Division:
    """A fold: int64 rows of the clips, what `score` asks for, and the hash of a plan, empty for `speaker-folds`."""

    rows: NDArray[np.int64]
    unseen: NDArray[np.int64]
    proof: SpeakerProof | AdmittedLeak
    plan: str


def divide(inputs: Inputs, held_out: tuple[str, ...], division: Division | None) -> Division:
    """Return which clips a fold trains on and scores: those of a division, or all but and only the held-out's."""
    if division:
        return division
    from train.evaluation.leak import require_disjoint

    unheard = np.isin(inputs.speakers, held_out)
    proof = require_disjoint(inputs.speakers[~unheard].tolist(), held_out)
    return Division(np.flatnonzero(~unheard), np.flatnonzero(unheard), proof, "")


def cards_of(inputs: Inputs, division: Division, scored: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return the scorecard of each system, JSON-ready, from its scores [unseen clips, labels]."""
    from train.evaluation.score import score

    truth, speakers = inputs.truth[division.unseen], [str(s) for s in inputs.speakers[division.unseen]]
    return {
        name: score(truth, values, speakers, inputs.labels, division.proof, speech=inputs.speech).as_dict()
        for name, values in scored.items()
    }


def shares_of(teacher: Path, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return what a teacher's stage says of some clips, float32[rows, labels]."""
    with np.load(teacher / "probabilities.npz", allow_pickle=False) as stored:
        found: NDArray[np.float32] = stored["probabilities"][rows]
    return found


def run_fold(
    inputs: Inputs,
    stages: Stages,
    index: int,
    held_out: tuple[str, ...],
    division: Division | None = None,
    taught: bool = False,
    channels: tuple[str, ...] = (),
) -> Path:
    """Stage: train on all but some speakers, convert to int8, and score them; `fold.json`.

    Nothing is selected on the held-out speakers: the number of epochs is fixed by the recipe, and teachers learn from,
    choose their layer by, and are stopped by, the same clips as the student.

    Args:
        inputs: What is trained on and scored.
        stages: Where results are kept.
        index: Number of the fold.
        held_out: Speakers that are scored.
        division: Which clips, where the speakers do not decide it.
        taught: Whether the student listens to the recipe's teachers.
        channels: Scored on the same clips re-recorded, too.
    """
    from firmware_bridge.base.files import write_json
    from tools.pipeline import emotion, int8, rerecorded, teachers

    division = divide(inputs, held_out, division)
    rows, unseen = division.rows, division.unseen
    name = f"fold-{index}{'-taught' if taught else ''}"
    teacher = teachers.make_teacher(inputs, stages, rows, rows[:0], f"-fold-{index}") if taught else None
    student = emotion.train_student(inputs, stages, f"{name}-student", rows, index, teacher)
    acoustic = int8.acoustic_int8(inputs, stages, student, rows, f"{name}-int8")
    views = emotion.make_views(inputs, stages)
    played = {
        channel: rerecorded.hear_rerecorded(inputs, stages, acoustic, unseen, channel, f"{name}-{channel}")
        for channel in channels
    }

    def make(folder: Path) -> None:
        from firmware_bridge.reference.simulated_tpu import Int8Network
        from quantize.parity import compare
        from train.student.network import floored

        features = np.load(views / "views.npy", mmap_mode="r")[0][unseen]
        scores = int8.run_int8(acoustic / "acoustic.tflite", features, f"fold {index}, int8")
        logits = np.load(student.folder / "logits.npy")[unseen]
        network = Int8Network(acoustic / "acoustic.tflite")
        parity = compare(floored(logits), scores, network.output_scale, network.output_zero_point)
        scored = {"float": logits, "int8": scores}
        scored |= {channel: np.load(one / "scores.npy") for channel, one in played.items()}
        if teacher:
            scored["teacher"] = shares_of(teacher, unseen)
        cards = cards_of(inputs, division, scored)
        write_json(folder / "fold.json", {"held_out": held_out, "parity": parity.as_dict(), **cards})

    parts: dict[str, Any] = {"acoustic": acoustic.name, "views": views.name, "held_out": held_out}
    parts["played"] = {channel: one.name for channel, one in played.items()}
    if teacher:
        parts["teacher"] = teacher.name
    if division.plan:
        parts["plan"] = division.plan
    return stages.run(name, parts, make)


def run_teachers(
    inputs: Inputs, stages: Stages, index: int, held_out: tuple[str, ...], division: Division | None = None
) -> Path:
    """Stage: the recipe's teachers trained on all but some speakers, and their scores on these; `fold.json`.

    The arguments are those of `run_fold`.
    """
    from firmware_bridge.base.files import write_json
    from tools.pipeline import teachers

    division = divide(inputs, held_out, division)
    teacher = teachers.make_teacher(
        inputs, stages, division.rows, division.rows[:0], f"-alone-{index}", inner=False
    )

    def make(folder: Path) -> None:
        cards = cards_of(inputs, division, {"teacher": shares_of(teacher, division.unseen)})
        write_json(folder / "fold.json", {"held_out": held_out, **cards})

    parts: dict[str, Any] = {"teacher": teacher.name, "held_out": held_out}
    if division.plan:
        parts["plan"] = division.plan
    return stages.run(f"fold-{index}-teachers", parts, make)


def summarise_teachers(folds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return mean and spread over folds of what the teachers alone reach."""
    return {"clips": sum(fold["teacher"]["clips"] for fold in folds)} | means_of(
        folds, ["teacher"], trivial="teacher"
    )


def means_of(folds: list[dict[str, Any]], systems: Sequence[str], trivial: str) -> dict[str, Any]:
    """Return the spread of UAR and macro-F1 of systems, and the mean of the trivial predictors beside one of them."""
    found: dict[str, Any] = {}
    for name in systems:
        for metric in ("uar", "macro_f1"):
            found[f"{name}_{metric}"] = spread_of([fold[name][metric]["value"] for fold in folds])
    for kind in ("majority", "prior"):
        found[f"{kind}_uar"] = float(np.mean([fold[trivial][kind]["uar"] for fold in folds]))
    return found


def spread_of(values: list[float]) -> dict[str, Any]:
    """Return mean and standard deviation over folds, and the values."""
    return {"mean": float(np.mean(values)), "sd": float(np.std(values)), "folds": values}


def spread_text(one: dict[str, Any]) -> str:
    """Return a spread over folds in percent."""
    return f"{100 * one['mean']:.1f} ± {100 * one['sd']:.1f}"


def show_teachers(
    summary: dict[str, Any], folds: list[dict[str, Any]], speech: str, warning: str = ""
) -> None:
    """Print what the teachers alone reach, fold by fold; a warning before each table and line."""
    mark = f"{warning}: " if warning else ""
    metrics = ("uar", "macro_f1")
    rows = [
        (
            str(index),
            " ".join(name.rpartition("/")[2] for name in fold["held_out"]),
            *(f"{100 * fold['teacher'][metric]['value']:.1f}" for metric in metrics),
        )
        for index, fold in enumerate(folds)
    ]
    means = [summary[f"teacher_{metric}"] for metric in metrics]
    rows.append(("mean", "", *map(spread_text, means)))
    title = f"{mark}The teachers alone, % ({speech} speech)"
    console.emit_table(title, ("fold", "speakers left out", "UAR", "macro-F1"), rows)
    majority, prior = (100 * summary[f"{kind}_uar"] for kind in ("majority", "prior"))
    console.emit_text(f"{mark}Trivial: majority {majority:.1f}, prior {prior:.1f}.")


def summarise(folds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return mean and spread over folds, and the overall agreement of int8 with float."""
    clips = [fold["parity"]["clips"] for fold in folds]
    agreeing = sum(fold["parity"]["agreement"] * n for fold, n in zip(folds, clips, strict=True))
    found: dict[str, Any] = {
        "clips": sum(clips),
        "int8_agreement": agreeing / sum(clips),
        "evidence": "simulated",
    }
    others = [name for name in folds[0] if name not in {"held_out", "parity", "float", "int8"}]
    found |= means_of(folds, ("float", "int8", *others), trivial="int8")
    own: dict[str, list[float]] = defaultdict(list)
    for fold in folds:
        for name, uar in fold["int8"]["per_speaker"].items():
            own[name].append(uar)
    # Some protocols test a speaker in several folds.
    found["per_speaker"] = {name: float(np.mean(values)) for name, values in own.items()}
    best = [fold["int8"]["n_best_uar"] for fold in folds]
    found["n_best_uar"] = {n: float(np.mean([one[n] for one in best])) for n in best[0]}
    return found


def plan_folds(
    inputs: Inputs, protocol: str, count: int
) -> tuple[Plan, list[tuple[tuple[str, ...], Division]]]:
    """Return the plan of a protocol over the emotional clips, and the held-out speakers and rows of its folds.

    Raises:
        UnknownName, CorpusInvalid, SpeakerLeak: As `train.protocols.plan`.
    """
    from train.protocols import Options, plan

    corpus = replace(inputs.emotion_corpus, clips=inputs.clips)
    made = plan(protocol, [corpus], Options(folds=count, seed=inputs.recipe.seed))
    place = {id(clip): row for row, clip in enumerate(inputs.clips)}
    row_of = np.array([place[id(clip)] for clip in made.clips])
    return made, [
        (
            made.speakers(one.test),
            Division(row_of[one.train], row_of[one.test], made.proof(one), made.hash),
        )
        for one in made.folds
    ]


def show(summary: dict[str, Any], folds: list[dict[str, Any]], speech: str, warning: str = "") -> None:
    """Print the folds, the mean with its spread, and each speaker's own score; a warning before each."""
    mark = f"{warning}: " if warning else ""
    rows: list[tuple[str, ...]] = [
        (
            str(index),
            " ".join(name.rpartition("/")[2] for name in fold["held_out"]),
            f"{100 * fold['float']['uar']['value']:.1f}",
            f"{100 * fold['int8']['uar']['value']:.1f}",
            f"{100 * fold['int8']['macro_f1']['value']:.1f}",
            f"{100 * fold['parity']['agreement']:.1f}",
        )
        for index, fold in enumerate(folds)
    ]
    mean = [spread_text(summary[name]) for name in ("float_uar", "int8_uar", "int8_macro_f1")]
    rows.append(("mean", "", *mean, f"{100 * summary['int8_agreement']:.1f}"))
    columns = ("fold", "speakers left out", "float UAR", "int8 UAR", "int8 F1", "int8 = float")
    whose = "Folds" if warning else "Folds of unseen speakers"
    console.emit_table(f"{mark}{whose}, % (simulated, {speech} speech)", columns, rows)
    guesses = ", ".join(f"{n}-best {100 * v:.1f}" for n, v in summary["n_best_uar"].items())
    majority, prior = (100 * summary[f"{kind}_uar"] for kind in ("majority", "prior"))
    for channel in [name for name in CHANNELS if f"{name}_uar" in summary]:
        heard = summary[f"{channel}_uar"]
        lost = 100 * (summary["int8_uar"]["mean"] - heard["mean"])
        each = " ".join(f"{100 * v:.0f}" for v in heard["folds"])
        console.emit_text(
            f"{mark}Re-recorded, {channel}: int8 UAR {spread_text(heard)} ({each}), "
            f"{lost:.1f} points below clean"
        )
    if "teacher_uar" in summary:
        heard = summary["teacher_uar"]
        each = " ".join(f"{100 * v:.0f}" for v in heard["folds"])
        console.emit_text(f"{mark}Its teachers, UAR: {spread_text(heard)} ({each})")
    console.emit_text(f"{mark}Trivial: majority {majority:.1f}, prior {prior:.1f}. {guesses}.")
    each = ", ".join(
        f"{name.rpartition('/')[2]} {100 * v:.0f}" for name, v in sorted(summary["per_speaker"].items())
    )
    console.emit_text(f"{mark}UAR of each speaker: {each}")


@click.command(
    help="Cross-validate a recipe's acoustic branch: each fold's speakers are unheard in training."
)
@options.recipe()
@options.corpus("the recipe's emotion corpus by default")
@click.option("--folds", "count", default=6, show_default=True, help="number of folds")
@click.option(
    "--protocol",
    default=SPEAKER_FOLDS,
    show_default=True,
    help="who is held out, by name (`undertone corpus` lists what fits a corpus)",
)
@click.option(
    "--taught", is_flag=True, help="let the students listen to the recipe's teachers, and score these too"
)
@click.option("--rerecorded", is_flag=True, help=f"score re-recorded clips too: {', '.join(CHANNELS)}")
@click.option("--teachers", is_flag=True, help="score the recipe's teachers alone, without students")
@options.at_once()
@options.as_json()
def command(
    recipe_name: str,
    corpus: str | None,
    count: int,
    protocol: str,
    taught: bool,
    rerecorded: bool,
    teachers: bool,
    threads: int | None,
    in_process: bool,
    as_json: bool,
) -> None:
    """Cross-validate a recipe."""
    from tools.pipeline.emotion import training_data
    from tools.pipeline.inputs import effective_recipe, gather
    from tools.pipeline.legs import Legs
    from tools.pipeline.soundness import check_sound, require_unheard
    from tools.pipeline.stages import Stages
    from train.evaluation.splits import leave_speakers_out

    recipe = effective_recipe(recipe_name)
    if corpus:
        recipe = recipe.model_copy(update={"emotion_corpus": corpus})
    inputs, stages = gather(recipe), Stages()
    warning = ""
    divided: list[tuple[tuple[str, ...], Division | None]]
    if protocol == SPEAKER_FOLDS:
        divided = [(split.test, None) for split in leave_speakers_out(inputs.clips, count)]
    else:
        made, planned = plan_folds(inputs, protocol, count)
        warning, divided = made.warning, [*planned]
    sound = check_sound(inputs, stages)
    if not warning:
        require_unheard(inputs, sound, [held_out for held_out, _ in divided])
    if not teachers:
        # What all folds read is made once, with all cores.
        training_data(inputs, stages)
    channels = CHANNELS if rerecorded else ()
    # `check_sound` has read the corpora, so that no process need do so again.
    with Legs(stages, inputs, options.processes(threads, in_process)) as legs:
        if teachers:
            started = [legs.start(run_teachers, index, *one) for index, one in enumerate(divided)]
        else:
            started = [
                legs.start(run_fold, index, *one, taught, channels) for index, one in enumerate(divided)
            ]
        folders = [leg.result() for leg in started]
    folds = [json.loads((folder / "fold.json").read_text()) for folder in folders]
    summary = summarise_teachers(folds) if teachers else summarise(folds)
    summary |= {"protocol": protocol, "warning": warning, "taught": taught}
    if as_json:
        console.emit_json({"summary": summary, "folds": folds, "speech": inputs.speech})
    elif teachers:
        show_teachers(summary, folds, inputs.speech, warning)
    else:
        show(summary, folds, inputs.speech, warning)
