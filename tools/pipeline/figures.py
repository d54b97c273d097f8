"""What was reached, on speakers that nothing was trained or selected on: every figure with its evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgetpu_models.analyse import Analysis, analyse
from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.base.files import write_json
from firmware_bridge.microfrontend import MicroFrontend
from firmware_bridge.reference.simulated_tpu import Int8Network
from quantize.parity import compare
from tools.pipeline.emotion import Student, make_views
from tools.pipeline.fusion import fusion_scores, load_part
from tools.pipeline.inputs import Inputs
from tools.pipeline.int8 import run_int8
from tools.pipeline.keyword import keyword_class
from tools.pipeline.stages import Stages
from train.evaluation.metrics import confusion, macro_f1, uar
from train.evaluation.score import Scorecard, score
from train.student.choice import Trial, choose, gain_of_teaching
from train.student.network import floored

Scores = NDArray[Any]


@dataclass(frozen=True)
class Made:
    """The stage folders that the figures rest on."""

    teacher: Path
    students: tuple[Student, ...]
    student: Student
    acoustic: Path
    keyword: Path
    composed: Path
    fusion: Path


def held_out_scores(inputs: Inputs, stages: Stages, acoustic: Path, name: str = "acoustic-scores") -> Path:
    """Stage: int8 scores of the acoustic network on the clean clips of validation and test speakers."""
    views = make_views(inputs, stages)
    rows = np.concatenate([inputs.rows("validation"), inputs.rows("test")])

    def make(folder: Path) -> None:
        features = np.load(views / "views.npy", mmap_mode="r")[0][rows]
        scores = run_int8(acoustic / "acoustic.tflite", features, "acoustic, unseen speakers")
        np.savez(folder / "scores.npz", rows=rows, scores=scores)

    parts = {"acoustic": acoustic.name, "views": views.name, "rows": [int(r) for r in rows]}
    return stages.run(name, parts, make)


def keyword_scores(inputs: Inputs, stages: Stages, keyword: Path) -> Path:
    """Stage: int8 scores of the keyword network on words of unheard speakers, each alone in a silent window."""
    clips = inputs.word_split.take("test", inputs.keywords)

    def make(folder: Path) -> None:
        from train.corpora.reading import read_clips
        from train.views import compute_features

        sound = read_clips(clips, "reading test keywords")
        windows = [inputs.recipe.window.cut(pcm)[0] for pcm in sound]
        features = compute_features(
            len(windows), windows.__getitem__, MicroFrontend(inputs.frontend), inputs.scaling, "test keywords"
        )
        np.save(
            folder / "scores.npy", run_int8(keyword / "keyword.tflite", features, "keyword, unseen speakers")
        )

    parts = {"keyword": keyword.name, "corpus": inputs.digests["keyword"], "split": inputs.word_split.hash}
    return stages.run("keyword-scores", parts, make)


def uar_of(inputs: Inputs, scores: Scores, rows: NDArray[np.int64]) -> float:
    """Return the UAR of scores [clips, labels] on some rows."""
    truth = inputs.truth[rows]
    return float(uar(confusion(truth, scores[rows].argmax(1), len(inputs.labels))))


def _reached(inputs: Inputs, students: tuple[Student, ...], part: str) -> dict[Trial, float]:
    """Return the UAR of every student on the speakers of one part."""
    rows = inputs.rows(part)
    return {Trial(s.taught, s.seed): uar_of(inputs, np.load(s.folder / "logits.npy"), rows) for s in students}


def choose_student(inputs: Inputs, students: tuple[Student, ...]) -> Student:
    """Return the student to deploy, chosen on validation speakers; see `train.student.choice`."""
    chosen = choose(_reached(inputs, students, "validation"))
    return next(student for student in students if Trial(student.taught, student.seed) == chosen)


def distillation(inputs: Inputs, students: tuple[Student, ...]) -> dict[str, Any]:
    """Return the gain of distillation by part, in points of UAR over paired seeds."""
    return {part: gain_of_teaching(_reached(inputs, students, part)) for part in ("validation", "test")}


def card(inputs: Inputs, truth: Scores, scores: Scores, speakers: Scores) -> Scorecard:
    """Return the scorecard of scores on test speakers."""
    genders = {clip.speaker: clip.gender for clip in inputs.clips}
    return score(
        truth,
        scores,
        [str(s) for s in speakers],
        inputs.labels,
        inputs.split.prove_test(),
        genders=[genders[str(s)] for s in speakers],
        train_counts=np.bincount(inputs.truth[inputs.rows("train")], minlength=len(inputs.labels)),
        speech=inputs.speech,
    )


def scorecards(inputs: Inputs, stages: Stages, made: Made) -> tuple[dict[str, Scorecard], dict[str, Any]]:
    """Return the scorecards of every output on test speakers, and what int8 costs."""
    rows = inputs.rows("test")
    truth, speakers = inputs.truth[rows], inputs.speakers[rows]
    with np.load(made.teacher / "probabilities.npz", allow_pickle=False) as stored:
        heard = stored["probabilities"][rows]
    logits = np.load(made.student.folder / "logits.npy")
    with np.load(held_out_scores(inputs, stages, made.acoustic) / "scores.npz", allow_pickle=False) as stored:
        held_rows, held = stored["rows"], stored["scores"]
    network = Int8Network(made.acoustic / "acoustic.tflite")
    parity = compare(floored(logits[held_rows]), held, network.output_scale, network.output_zero_point)
    cards = {
        "teacher": card(inputs, truth, heard, speakers),
        "student_float": card(inputs, truth, logits[rows], speakers),
        "student_int8": card(inputs, truth, held[np.isin(held_rows, rows)], speakers),
    }
    part = load_part(made.composed, "test")
    fused = fusion_scores(inputs, part, json.loads((made.fusion / "fusion.json").read_text()))
    for name in ("acoustic", "keyword", "fused", "control", "bayes"):
        cards[f"composed_{name}"] = card(inputs, part.truth, getattr(fused, name), part.speakers)
    return cards, parity.as_dict()


def keyword_accuracy(inputs: Inputs, stages: Stages, made: Made) -> dict[str, float]:
    """Return how often the keyword network names the word, alone and beside emotional speech."""
    clips = inputs.word_split.take("test", inputs.keywords)
    alone = np.load(keyword_scores(inputs, stages, made.keyword) / "scores.npy").argmax(1)
    truth = keyword_class(inputs, clips)
    part = load_part(made.composed, "test")
    classes = len(inputs.recipe.composed.classes)
    beside = part.keyword.argmax(1)
    return {
        "accuracy": float((alone == truth).mean()),
        "clips": len(truth),
        "macro_f1": float(macro_f1(confusion(truth, alone, classes))),
        "accuracy_composed": float((beside == part.keyword_class).mean()),
        "windows": len(beside),
    }


def table(
    inputs: Inputs,
    cards: dict[str, Scorecard],
    parity: dict[str, Any],
    keyword: dict[str, float],
    gain: dict[str, Any],
    analysis: Analysis,
    files: dict[str, bytes],
) -> dict[str, Quantity]:
    """Return the figures of the closing table, in its order."""
    speech = f"{inputs.speech} speech"
    test = f"{len(inputs.split.test)} unseen speakers, {speech}"
    found: dict[str, Quantity] = {}

    def add(
        name: str, value: float, unit: str, evidence: Evidence, n: int = 1, source: str = "", **more: Any
    ) -> None:
        found[name] = Quantity(round(value, 6), unit, evidence, n, source=source, **more)

    def percent(name: str, which: str, metric: str, evidence: Evidence) -> None:
        interval = getattr(cards[which], metric)
        ends = (round(100 * interval.low, 2), round(100 * interval.high, 2))
        add(name, 100 * interval.value, "%", evidence, cards[which].clips, test, interval=ends)

    for name in ("acoustic", "keyword"):
        network = analysis.networks[("acoustic", "keyword").index(name)]
        add(f"parameters_{name}", network.parameters, "", Evidence.MEASURED, source="counted in the .tflite")
        add(
            f"bytes_{name}",
            len(files[f"{name}.tflite"]),
            "bytes",
            Evidence.MEASURED,
            source="the .tflite file",
        )
    for which in ("teacher", "student_float", "student_int8"):
        percent(f"{which}_uar", which, "uar", Evidence.SIMULATED)
        percent(f"{which}_macro_f1", which, "macro_f1", Evidence.SIMULATED)
    agreement = 100 * parity["agreement"]
    add(
        "int8_agreement",
        agreement,
        "%",
        Evidence.SIMULATED,
        parity["clips"],
        f"same best class as float; {speech}",
    )
    for part, entry in gain.items():
        spread = entry["spread"]
        ends = (100 * (entry["gain"] - spread), 100 * (entry["gain"] + spread))
        source = f"UAR points, teacher on minus off, {part} speakers, +-1 sd over seeds, {speech}"
        add(
            f"distillation_gain_{part}",
            100 * entry["gain"],
            "points",
            Evidence.SIMULATED,
            entry["seeds"],
            source,
            interval=(round(ends[0], 2), round(ends[1], 2)),
        )
    unseen = f"unseen speakers, {inputs.keyword_corpus.origin} speech"
    add("keyword_accuracy", 100 * keyword["accuracy"], "%", Evidence.SIMULATED, int(keyword["clips"]), unseen)
    add(
        "keyword_accuracy_composed",
        100 * keyword["accuracy_composed"],
        "%",
        Evidence.SIMULATED,
        int(keyword["windows"]),
        f"beside emotional speech, {unseen}",
    )
    for name in ("acoustic", "keyword", "fused", "control", "bayes"):
        percent(f"composed_{name}_macro_f1", f"composed_{name}", "macro_f1", Evidence.SIMULATED)
        percent(f"composed_{name}_uar", f"composed_{name}", "uar", Evidence.SIMULATED)
    single = max(cards["composed_acoustic"].macro_f1.value, cards["composed_keyword"].macro_f1.value)
    for name in ("fused", "control", "bayes"):
        gained = cards[f"composed_{name}"].macro_f1.value - cards["composed_acoustic"].macro_f1.value
        add(
            f"gain_{name}",
            100 * gained,
            "points",
            Evidence.SIMULATED,
            cards["composed_fused"].clips,
            f"macro-F1 above the acoustic branch, {test}",
        )
    best = found["gain_bayes"].value
    share = 100 * found["gain_fused"].value / best if best > 0 else 0.0
    add(
        "gain_share_of_bayes",
        share,
        "%",
        Evidence.SIMULATED,
        cards["composed_fused"].clips,
        f"macro-F1, {test}",
    )
    add(
        "gain_over_better_branch",
        100 * (cards["composed_fused"].macro_f1.value - single),
        "points",
        Evidence.SIMULATED,
        cards["composed_fused"].clips,
        f"macro-F1, {test}",
    )
    for name in ("majority", "prior"):
        trivial = getattr(cards["student_int8"], name)
        add(f"{name}_uar", 100 * trivial["uar"], "%", Evidence.SIMULATED, cards["student_int8"].clips, test)
        add(
            f"{name}_macro_f1",
            100 * trivial["macro_f1"],
            "%",
            Evidence.SIMULATED,
            cards["student_int8"].clips,
            test,
        )
    rules = "layout rules fitted to real compiled models (edgetpu_models/README.md)"
    add("on_chip_bytes", analysis.on_chip_bytes, "bytes", Evidence.ESTIMATED, source=rules)
    add("off_chip_bytes", analysis.off_chip_bytes, "bytes", Evidence.ESTIMATED, source=rules)
    add("ops_off_tpu", analysis.ops_on_cpu, "", Evidence.ESTIMATED, source=rules)
    found["latency"] = analysis.latency
    return found


def ranking(teacher: Path) -> dict[str, Any] | None:
    """Return the foundation model's layers as ranked for the teacher, None where it has no foundation model."""
    path = teacher / "layers.json"
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.is_file() else None
    return found


def make_figures(inputs: Inputs, stages: Stages, made: Made) -> Path:
    """Stage: all figures and scorecards, `figures.json` and `scorecards.json`."""
    parts = {
        "made": [
            path.name
            for path in (
                made.teacher,
                made.student.folder,
                made.acoustic,
                made.keyword,
                made.composed,
                made.fusion,
            )
        ],
        "students": [student.folder.name for student in made.students],
        "splits": [inputs.split.hash, inputs.word_split.hash],
    }

    def make(folder: Path) -> None:
        files = {
            "acoustic.tflite": (made.acoustic / "acoustic.tflite").read_bytes(),
            "keyword.tflite": (made.keyword / "keyword.tflite").read_bytes(),
        }
        cards, parity = scorecards(inputs, stages, made)
        gain = distillation(inputs, made.students)
        keyword = keyword_accuracy(inputs, stages, made)
        analysis = analyse(list(files.values()))
        found = table(inputs, cards, parity, keyword, gain, analysis, files)
        write_json(folder / "figures.json", {name: figure.as_dict() for name, figure in found.items()})
        write_json(
            folder / "scorecards.json",
            {
                "cards": {name: one.as_dict() for name, one in cards.items()},
                "parity": parity,
                "keyword": keyword,
                "distillation": gain,
                "analysis": analysis.as_dict(),
                "layers": ranking(made.teacher),
            },
        )

    return stages.run("figures", parts, make)
