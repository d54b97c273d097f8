"""Saliency for each target by itself, beside a probe, on layers that are made to carry one thing each."""

from __future__ import annotations

import json

import numpy as np
import pytest

from train.evaluation.heard import Truth
from train.evaluation.leak import require_disjoint
from train.foundation.saliency import draw_sample, layer_saliency, saliency_by_target
from train.mitra.saliency import TOGETHER, layers_by_target, named_targets

CLIPS = 120
FOLDS = np.arange(CLIPS) % 4


def world(constant: bool = False) -> tuple[Truth, dict[str, np.ndarray]]:
    """Two classes and three ratings; one layer carries the class, one arousal, one nothing."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, CLIPS)
    ratings = rng.normal(size=(CLIPS, 3)).astype(np.float32)
    if constant:
        ratings[:, 0] = 0.5
    people = np.array([f"p{fold}" for fold in FOLDS])
    known = Truth(
        corpus="made up",
        speech="synthetic",
        labels=("low", "high"),
        truth=classes,
        targets=np.eye(2, dtype=np.float32)[classes],
        dimensions=ratings,
        speakers=tuple(people.tolist()),
        genders=(None,) * CLIPS,
        proofs=tuple(require_disjoint(people[f != FOLDS].tolist(), [f"p{f}"]) for f in range(4)),
    )
    noise = rng.normal(size=(3, CLIPS, 6))
    layers = {
        "class": noise[0] + 2 * classes[:, None],
        "arousal": noise[1] + 2 * ratings[:, 1:2],
        "nothing": noise[2],
    }
    return known, {name: table.astype(np.float32) for name, table in layers.items()}


def test_every_target_finds_the_layer_that_carries_it() -> None:
    known, layers = world()
    found = layers_by_target("net", known, FOLDS, layers)
    assert list(found.targets) == ["low", "high", "valence", "arousal", "dominance", TOGETHER]
    for target, layer in (("low", "class"), ("high", "class"), ("arousal", "arousal")):
        assert found.targets[target].salient == found.targets[target].probed == layer
    assert found.layers[int(np.argmax(found.uar))] == "class"
    assert found.targets["arousal"].probe[1] > 0.8
    assert abs(found.targets["valence"].probe[2]) < 0.3
    assert found.constant == ()
    json.dumps(found.as_dict(), allow_nan=False)


def test_together_is_the_mean_and_what_layer_saliency_says() -> None:
    known, layers = world()
    found = layers_by_target("net", known, FOLDS, layers)
    _, columns = named_targets(known)
    for place, table in enumerate(layers.values()):
        together = layer_saliency(table, columns)
        assert found.targets[TOGETHER].saliency[place] == pytest.approx(together.total, rel=1e-5)
        assert found.targets[TOGETHER].correlation[place] == pytest.approx(together.correlation, rel=1e-5)
        alone = layer_saliency(table, columns[:, 3:4])
        assert found.targets["arousal"].saliency[place] == pytest.approx(alone.total, rel=1e-5)


def test_a_target_that_never_varies_is_left_out_and_named() -> None:
    known, layers = world(constant=True)
    found = layers_by_target("net", known, FOLDS, layers)
    assert found.constant == ("valence",)
    assert "valence" not in found.targets
    assert saliency_by_target(layers["class"], named_targets(known)[1])[2] is None


def test_equations_by_hand() -> None:
    """h1 = y, h2 = -y, h3 without either: w = 1, 1, 0; gamma = 1/2 (1), 1/2 (1), 0; S = (1.5 + 1.5 + 0) / 3."""
    y = np.array([1, 1, -1, -1], np.float32)
    h = np.stack([y, -y, np.array([1, -1, 1, -1], np.float32)], axis=1)
    (one,) = saliency_by_target(h, y[:, None])
    assert one is not None
    assert (one.total, one.correlation) == (pytest.approx(1.0), pytest.approx(2 / 3))


def test_the_sample_is_drawn_without_repetition_and_by_seed() -> None:
    drawn = draw_sample(1000, 100, seed=1)
    assert len(set(drawn.tolist())) == 100
    assert (np.diff(drawn) > 0).all()
    assert (
        drawn.tolist() == draw_sample(1000, 100, seed=1).tolist() != draw_sample(1000, 100, seed=2).tolist()
    )
    assert draw_sample(5, 100).tolist() == [0, 1, 2, 3, 4]


def test_saliency_sees_the_sample_and_the_probe_sees_all() -> None:
    known, layers = world()
    whole, part = (layers_by_target("net", known, FOLDS, layers, size=size) for size in (CLIPS, 40))
    assert (part.sample, part.clips) == (40, CLIPS)
    assert part.targets["arousal"].probe == whole.targets["arousal"].probe
    assert part.targets["arousal"].saliency != whole.targets["arousal"].saliency
