"""What teachers of sequences read: standardised steps, and which of them are no padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def real_steps(sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None) -> npt.NDArray[np.bool_]:
    """Return bool [clips, steps]: which steps are no padding. Every clip has at least one."""
    clips, longest = sequences.shape[:2]
    real = np.full(clips, longest) if steps is None else np.maximum(steps, 1)
    return np.asarray(np.arange(longest)[None] < real[:, None])


def measured(
    sequences: npt.NDArray[Any],
    steps: npt.NDArray[np.int64] | None,
    learn: npt.NDArray[np.bool_],
    least: float,
) -> tuple[Floats, Floats]:
    """Return mean and deviation over the real steps of the clips that are learnt, float32 [channels] each.

    Args:
        sequences: float [clips, steps, channels].
        steps: Steps of each clip that are no padding; `None` for all.
        learn: bool [clips].
        least: The smallest deviation: a channel that hardly moves must not be blown up.
    """
    heard = sequences[learn][real_steps(sequences, steps)[learn]].astype(np.float32)
    return heard.mean(axis=0), np.maximum(heard.std(axis=0), least)


def scaled(
    sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None, mean: Floats, deviation: Floats
) -> tuple[Floats, Floats]:
    """Return standardised sequences, 0 where they are padding, and the mask of their real steps, float32 both."""
    mask = real_steps(sequences, steps)
    values = (sequences.astype(np.float32) - mean) / deviation
    return values * mask[..., None], mask.astype(np.float32)
