"""Late fusion: planted layers are found again, words that tell nothing gain nothing, Bayes is never beaten."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from train.fusion import (
    FloatFusion,
    balanced,
    bayes_fusion,
    best_temperature,
    fit_fusion,
    fit_words,
    shuffled,
)

TABLE = np.array([[0.7, 0.2, 0.05, 0.05], [0.1, 0.6, 0.2, 0.1], [0.1, 0.1, 0.7, 0.1]])
WEIGHT = 0.4


@dataclass(frozen=True)
class World:
    """Windows drawn from a known model: acoustic logits that are `1 / WEIGHT` too large, words from the table."""

    truth: np.ndarray
    words: np.ndarray
    logits: np.ndarray

    @property
    def posteriors(self) -> np.ndarray:
        """What a keyword network that is always right would say."""
        return np.eye(4)[self.words]


def make_world(count: int, seed: int) -> World:
    """p(c | sound) is softmax(WEIGHT * logits), exactly: the truth is drawn from it."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(0, 3, (count, 3))
    chances = np.exp(WEIGHT * logits)
    chances /= chances.sum(1, keepdims=True)
    truth = (dice.random((count, 1)) > chances.cumsum(1)).sum(1)
    words = (dice.random((count, 1)) > TABLE[truth].cumsum(1)).sum(1)
    return World(truth, words, logits)


@pytest.fixture(scope="module")
def heard() -> World:
    return make_world(20_000, 1)


@pytest.fixture(scope="module")
def unheard() -> World:
    return make_world(20_000, 2)


def likelihood(logits: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean log-likelihood in nats."""
    logits = logits - logits.max(1, keepdims=True)
    return float((logits[np.arange(len(truth)), truth] - np.log(np.exp(logits).sum(1))).mean())


def accuracy(logits: np.ndarray, truth: np.ndarray) -> float:
    return float((logits.argmax(1) == truth).mean())


def fitted(world: World, penalty: float = 1e-6) -> FloatFusion:
    """What the pipeline does, on one set of windows."""
    said = fit_words(world.posteriors, world.truth, 3, penalty)
    return fit_fusion(world.logits, world.posteriors, world.truth, said)


def thinned(world: World) -> World:
    """Keep every window of class 0 and a tenth of the others: the classes are no longer equally common."""
    kept = (world.truth == 0) | (np.arange(len(world.truth)) % 10 == 0)
    return World(world.truth[kept], world.words[kept], world.logits[kept])


def test_a_layer_by_hand() -> None:
    layer = FloatFusion(2.0, np.array([[1.0, 0.0], [0.0, 3.0]]))
    assert layer.logits(np.array([[1.0, 2.0]]), np.array([[0.25, 0.75]])).tolist() == [[2.25, 6.25]]


def test_every_class_has_the_same_share() -> None:
    found = balanced(np.array([0, 0, 0, 2]), 4)
    assert found == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


@pytest.mark.parametrize("rare", [False, True])
def test_words_are_learnt_as_the_table_says_even_where_classes_are_rare(heard: World, rare: bool) -> None:
    """log P(word | c), up to a constant per word."""
    world = thinned(heard) if rare else heard
    found = fit_words(world.posteriors, world.truth, 3, penalty=1e-6)
    wanted = np.log(TABLE) - np.log(TABLE).mean(0)
    assert np.abs(found - found.mean(0) - wanted).max() < (0.25 if rare else 0.12)


def test_no_small_step_makes_the_words_better(heard: World) -> None:
    penalty, truth, posteriors = 0.01, heard.truth[:300], heard.posteriors[:300]
    share = balanced(truth, 3)

    def value(weights: np.ndarray) -> float:
        logits = posteriors @ weights.T
        picked = logits[np.arange(300), truth] - np.log(np.exp(logits).sum(1))
        return float(picked @ share) - penalty * float((weights**2).sum()) / 2

    best = fit_words(posteriors, truth, 3, penalty)
    for place in np.ndindex(best.shape):
        for step in (-0.05, 0.05):
            moved = best.copy()
            moved[place] += step
            assert value(moved) < value(best)


def test_the_penalty_holds_the_words_back(heard: World) -> None:
    free, held = (fit_words(heard.posteriors, heard.truth, 3, penalty) for penalty in (1e-6, 10.0))
    assert np.abs(held).max() < 0.1 * np.abs(free).max()


def test_the_planted_bayes_layer_is_found_again(heard: World) -> None:
    layer = fitted(heard)
    assert layer.acoustic == pytest.approx(WEIGHT, abs=0.02)
    wanted = np.log(TABLE) - np.log(TABLE).mean(0)
    assert np.abs(layer.keyword - layer.keyword.mean(0) - wanted).max() < 0.15


def test_a_branch_that_is_twice_too_sure_is_halved(heard: World) -> None:
    said = fit_words(heard.posteriors, heard.truth, 3, 1e-6)
    one, two = (fit_fusion(heard.logits * k, heard.posteriors, heard.truth, said * k) for k in (1.0, 2.0))
    assert two.acoustic == pytest.approx(one.acoustic / 2, rel=0.02)
    assert two.keyword == pytest.approx(one.keyword, rel=0.02)


def test_fusion_gains_nearly_all_that_bayes_gains(heard: World, unheard: World) -> None:
    bayes = bayes_fusion(unheard.logits, unheard.words, TABLE, WEIGHT)
    fused = fitted(heard, 1e-3).logits(unheard.logits, unheard.posteriors)
    alone, ours, best = (accuracy(scores, unheard.truth) for scores in (unheard.logits, fused, bayes))
    assert best > alone + 0.1
    assert ours > alone + 0.95 * (best - alone)


def test_words_that_tell_nothing_gain_nothing(heard: World, unheard: World) -> None:
    layer = fitted(World(heard.truth, heard.words[shuffled(heard.words, 3)], heard.logits))
    other = unheard.posteriors[shuffled(unheard.words, 4)]
    fused = layer.logits(unheard.logits, other)
    assert abs(accuracy(fused, unheard.truth) - accuracy(unheard.logits, unheard.truth)) < 0.005
    assert np.abs(layer.keyword - layer.keyword.mean(0)).max() < 0.1


def test_a_head_for_true_words_loses_with_shuffled_ones(heard: World, unheard: World) -> None:
    """The control of the pipeline: the same head, keyword scores of other windows."""
    mixed = fitted(heard).logits(unheard.logits, unheard.posteriors[shuffled(unheard.words, 5)])
    assert accuracy(mixed, unheard.truth) < accuracy(unheard.logits, unheard.truth)


def test_the_keyword_branch_alone_follows_the_table(heard: World) -> None:
    """Its posterior is P(word | c) / sum over classes, where every class counts the same."""
    scores = np.exp(np.eye(4) @ fit_words(heard.posteriors, heard.truth, 3, 1e-6).T)
    assert scores / scores.sum(1, keepdims=True) == pytest.approx((TABLE / TABLE.sum(0)).T, abs=0.02)


def test_a_silent_acoustic_branch_is_not_turned_over(heard: World) -> None:
    """Logits that say the opposite get the least weight, never a negative one."""
    said = fit_words(heard.posteriors, heard.truth, 3)
    assert fit_fusion(-heard.logits, heard.posteriors, heard.truth, said).acoustic == pytest.approx(0.01)


@pytest.mark.parametrize("scale", [0.1, 1.0, 7.0])
def test_the_planted_temperature_is_found(heard: World, scale: float) -> None:
    assert best_temperature(heard.logits * scale, heard.truth) == pytest.approx(WEIGHT / scale, rel=0.05)


def test_bayes_is_never_beaten_in_likelihood(heard: World, unheard: World) -> None:
    weight = best_temperature(unheard.logits, unheard.truth)
    best = likelihood(bayes_fusion(unheard.logits, unheard.words, TABLE, weight), unheard.truth)
    dice = np.random.default_rng(6)
    rivals = [fitted(heard, penalty) for penalty in (1e-6, 1e-2, 1.0)]
    for _ in range(30):
        base = rivals[0]
        noise = dice.normal(0, 0.3, base.keyword.shape)
        rivals.append(FloatFusion(base.acoustic * dice.uniform(0.7, 1.4), base.keyword + noise))
    scores = [likelihood(one.logits(unheard.logits, unheard.posteriors), unheard.truth) for one in rivals]
    # A fitted layer may win by chance: twelve free values on 20,000 windows are worth 12 / 40,000 nats.
    assert max(scores) <= best + 12 / 40_000
    assert best > likelihood(weight * unheard.logits, unheard.truth) + 0.1


def test_bayes_by_hand_and_words_that_cannot_be() -> None:
    """log 1/2 twice, then a word that only the first class says: the second is as good as impossible."""
    table = np.array([[0.5, 0.5], [1.0, 0.0]])
    found = bayes_fusion(np.zeros((2, 2)), np.array([0, 1]), table, 1.0)
    assert found[0] == pytest.approx([np.log(0.5), 0.0])
    assert found[1] == pytest.approx([np.log(0.5), np.log(1e-12)])


def test_the_integer_head_guesses_as_the_float_layer_does(heard: World) -> None:
    layer = fitted(heard)
    scales, zeros = (0.12, 1 / 256), (3, -128)
    acoustic = np.clip(np.rint(heard.logits / scales[0]) + zeros[0], -128, 127).astype(np.int8)
    keyword = np.clip(np.rint(heard.posteriors / scales[1]) + zeros[1], -128, 127).astype(np.int8)
    real = [(q.astype(float) - z) * s for q, s, z in zip((acoustic, keyword), scales, zeros, strict=True)]
    head = layer.to_integers(*real, scales, zeros)
    fused = head.apply(np.concatenate([acoustic, keyword], axis=1)) * head.output_scale
    exact = layer.logits(*real)
    offset = (exact.max() + exact.min()) / 2  # the head's range is centred: int8 is used to both ends
    assert np.abs(fused - (exact - offset)).max() < 0.55 * head.output_scale
    ends = head.apply(np.concatenate([acoustic, keyword], axis=1))
    assert (ends.min(), ends.max()) == (-127, 127)
    assert accuracy(fused, exact.argmax(1)) > 0.97


def test_an_empty_layer_becomes_a_head_that_says_nothing() -> None:
    layer = FloatFusion(0.0, np.zeros((3, 2)))
    head = layer.to_integers(np.ones((4, 3)), np.ones((4, 2)), (0.1, 0.1), (0, 0))
    assert not head.apply(np.full(5, 99, np.int8)).any()


def test_shuffling_is_a_permutation_by_seed() -> None:
    words = np.arange(50)
    assert sorted(shuffled(words, 1)) == list(range(50))
    assert np.array_equal(shuffled(words, 1), shuffled(words, 1))
    assert not np.array_equal(shuffled(words, 1), shuffled(words, 2))
