"""Published values of three real encoders, reproduced through our own log-mel and loaders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.sound.audio import read_audio
from train.foundation.catalogue import open_encoder
from train.foundation.encoder import Encoder

CLIPS = ("Actor_01/03-01-01-01-01-01-01", "Actor_12/03-01-05-02-02-02-12")
# Encoder -> steps of both clips, steps per second, and for each layer: parameters up to here; mean, deviation and
# the first three values of clip A; mean and deviation of clip B. From the document that came with the files.
PUBLISHED = {
    "whisper-tiny-en": (
        (166, 192),
        50.0,
        """
        hidden_0 535296  0.43997 0.75909 -0.03905 0.42609 0.14036 0.44352 0.74930
        hidden_1 2309376 0.53411 0.39973 -0.29421 1.05866 0.57130 0.53650 0.39023
        hidden_2 4083456 0.53252 0.40857 -0.23743 0.40762 0.98148 0.53667 0.40312
        hidden_3 5857536 0.51738 0.68961 -0.85473 0.01161 1.25299 0.52369 0.67450
        hidden_4 7631616 0.52819 1.51331 -0.33963 0.67142 3.11158 0.53411 1.53458
        final    7632384 0.00477 1.19453 -1.08515 -0.29164 1.18744 0.00808 1.21576
        """,
    ),
    "whisper-base": (
        (166, 192),
        50.0,
        """
        hidden_0 910336   0.40334 0.76858 -0.16242 -0.09739 -0.05825 0.41114 0.75872
        hidden_1 4062208  0.51255 0.35582 -0.03792 0.35061 0.64994 0.52036 0.35298
        hidden_2 7214080  0.51839 0.38037 -0.23039 0.27111 0.45466 0.52404 0.36699
        hidden_3 10365952 0.52123 0.45343 -1.00337 0.88542 -0.02315 0.52647 0.44225
        hidden_4 13517824 0.51314 2.28930 -1.74902 1.94134 -0.16514 0.51767 2.12908
        hidden_5 16669696 0.52694 2.59341 -0.52835 0.42881 0.26619 0.53237 2.43609
        hidden_6 19821568 0.52950 3.14993 -1.97629 0.18373 0.11634 0.53523 2.99959
        final    19822592 -0.01653 1.34683 -1.81809 -0.49111 -0.43988 -0.02050 1.34831
        """,
    ),
    "moonshine-tiny": (
        (136, 158),
        41.6667,
        """
        hidden_0 1696896 0.76700 1.53437 1.24159 1.09470 0.81185 0.78776 1.67140
        hidden_1 2694240 0.68348 3.87272 1.63010 0.35682 0.28688 0.70363 3.78556
        hidden_2 3691584 0.63885 6.93794 0.78332 1.47854 -3.78387 0.68176 6.76786
        hidden_3 4688928 0.62200 12.13867 7.06029 0.07992 -2.79242 0.63656 11.61972
        hidden_4 5686272 0.64712 14.46156 0.46761 -5.23819 -5.09636 0.62670 14.08610
        hidden_5 6683616 0.56159 21.56114 2.41040 -12.50011 -3.40866 0.56905 20.95465
        hidden_6 7680960 0.58044 70.52226 -4.51429 -26.59061 -11.61698 0.57466 72.95592
        final    7681248 0.01238 0.52705 -0.05386 -0.33482 -0.15809 0.01134 0.52881
        """,
    ),
}


def opened(name: str) -> Encoder:
    try:
        return open_encoder(name)
    except EnvironmentLacking:
        pytest.skip(f"no copy of {name} at hand (UNDERTONE_DATA)")


@pytest.mark.corpus
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_values(name: str, data_root: Path) -> None:
    encoder = opened(name)
    steps, rate, table = PUBLISHED[name]
    waves = [read_audio(data_root / "ravdess" / "audio" / f"{clip}.flac").pcm for clip in CLIPS]
    a, b = encoder.encode(waves)
    assert encoder.about.frame_rate == pytest.approx(rate, abs=1e-3)
    assert tuple(encoder.steps(len(wave)) for wave in waves) == steps
    rows = [line.split() for line in table.split("\n") if line.strip()]
    assert encoder.layer_names == tuple(row[0] for row in rows)
    for layer, parameters, *numbers in rows:
        assert encoder.parameters_up_to(layer) == int(parameters)
        found = (a[layer].mean(), a[layer].std(), *a[layer][0, :3], b[layer].mean(), b[layer].std())
        assert found == pytest.approx([float(number) for number in numbers], rel=1e-3, abs=1e-4), layer
        assert (len(a[layer]), len(b[layer])) == steps


@pytest.mark.corpus
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_cut_is_bit_equal(name: str, data_root: Path) -> None:
    encoder = opened(name)
    wave = read_audio(data_root / "ravdess" / "audio" / f"{CLIPS[0]}.flac").pcm[:16000]
    whole = encoder.encode([wave])[0]
    for layer in encoder.layer_names[:-1]:
        alone = encoder.cut(layer)
        assert alone.layer_names == encoder.layer_names[: len(alone.layers)]
        assert np.array_equal(alone.encode([wave], [layer])[0][layer], whole[layer]), layer


@pytest.mark.corpus
@pytest.mark.parametrize("name", PUBLISHED)
def test_batches_change_no_bit(name: str, data_root: Path) -> None:
    encoder = opened(name)
    waves = list(np.random.default_rng(0).normal(0, 0.1, (3, 9600)).astype(np.float32))
    together = encoder.encode(waves)
    for wave, expected in zip(waves, together, strict=True):
        alone = encoder.encode([wave])[0]
        assert all(np.array_equal(alone[layer], expected[layer]) for layer in encoder.layer_names)


@pytest.mark.corpus
def test_the_costs_of_whisper_worked_out_by_hand(data_root: Path) -> None:
    """Five seconds: 500 frames, 250 steps; two convolutions of 3 taps, then layers of width 384, feed-forward 1536."""
    encoder = opened("whisper-tiny-en")
    front = 500 * 384 * 80 * 3 + 250 * 384 * 384 * 3
    layer = 250 * (4 * 384 * 384 + 2 * 384 * 1536) + 2 * 250 * 250 * 384
    assert encoder.multiply_adds("hidden_0", 80000) == front
    assert encoder.multiply_adds("hidden_2", 80000) == front + 2 * layer
    assert encoder.multiply_adds("final", 80000) == front + 4 * layer
