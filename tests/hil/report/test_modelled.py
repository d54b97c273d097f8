"""Scores under the chip's arithmetic, as the report shows them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.report.modelled import modelled_rows
from hil.rig.observations import NO_KEYWORD
from tests.support.observations import observations
from train.evaluation.metrics import macro_f1


def test_a_row_per_output_with_macro_f1_and_its_ends() -> None:
    one = observations()
    assert not isinstance(one.modelled, str)
    one.modelled.chip["fused"][1, 0] = [-50, 50, -50]
    rows = {row.output: row for row in modelled_rows(one)}
    fused = rows["fused"]
    assert (fused.clips, fused.other_winners, fused.worst_lsb) == (6, (0, 1), 100)
    assert fused.macro_f1 == 1.0
    # By hand: of classes 0, 1, 2 (two clips each) one of class 0 is taken for class 1.
    confusion = [[1, 1, 0], [0, 2, 0], [0, 0, 2]]
    import numpy as np

    assert fused.macro_f1_chip == (pytest.approx(float(macro_f1(np.array(confusion))), abs=1e-4), 1.0)
    assert rows["acoustic"].other_winners == (0, 0)
    assert fused.as_dict()["evidence"] == "modelled"


def test_no_score_where_a_speaker_leaked_or_no_clip_asks_for_a_keyword() -> None:
    leaked = observations(heard=("speaker0",))
    assert [row.macro_f1 for row in modelled_rows(leaked)] == [None, None, None]
    quiet = observations()
    quiet = replace(quiet, keyword_truth=quiet.keyword_truth * 0 + NO_KEYWORD)
    rows = {row.output: row for row in modelled_rows(quiet)}
    assert rows["keyword"].macro_f1 is None
    assert rows["keyword"].other_winners == (0, 0)
    assert rows["acoustic"].macro_f1 is not None


def test_no_rows_where_the_arithmetic_was_not_run() -> None:
    assert modelled_rows(observations(modelled="not known")) == []
