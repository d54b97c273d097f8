"""Verdicts on real pairs, on pairs that are known to be wrong, and on planted changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgetpu_models.provenance.check import Verdict, check, provenance_of, study
from edgetpu_models.provenance.plant import caught, plants
from edgetpu_models.testing import compiled, small_network
from firmware_bridge.base.errors import ModelInvalid, UndertoneError

# Nothing contradicts, and something is not understood: no weights, an LSTM, five records of a build of 2019.
CONSISTENT = ("8e3eaee8_split_concat", "5fe5759e_keras_lstm", "e1964d0f_deeplabv3")


def test_every_real_pair_is_proved_but_for_three_that_are_named(pairs: list) -> None:
    proved = 0
    for pair in pairs:
        if pair.original is None:
            continue
        found = check(pair.original, pair.compiled)
        wanted = Verdict.CONSISTENT if pair.compiled.name.startswith(CONSISTENT) else Verdict.PROVED
        assert found.verdict is wanted, (pair.compiled.name, found.reason)
        assert found.exact_layers == found.weighted_layers
        assert (found.reason == "") == (wanted is Verdict.PROVED)
        proved += wanted is Verdict.PROVED
    assert proved >= 23


def test_another_conversion_of_the_same_network_is_told_apart(data_root: Path) -> None:
    folder = data_root / "edgetpu_pairs"
    original = folder / "8bab2416_mobilenet_v1_0.5_160_quant.tflite"
    other = folder / "3531e222_mobilenet_v1_0.5_160_quant_edgetpu.tflite"
    if not original.is_file():
        pytest.skip("no compiled models at hand")
    found = check(original, other)
    assert found.verdict is Verdict.NOT
    assert "a weight of channel 18 is 20, the original gives 21" in " ".join(found.contradictions)


def test_each_of_seven_networks_is_told_from_the_others(data_root: Path) -> None:
    folder = data_root / "edgetpu_same_architecture"
    originals = sorted(p for p in folder.glob("*.tflite") if "_edgetpu" not in p.name)
    if not originals:
        pytest.skip("no compiled models at hand")
    for a in originals:
        for b in originals:
            found = check(a, b.with_name(f"{b.stem}_edgetpu.tflite"))
            assert (found.verdict is Verdict.PROVED) == (a == b), (a.name, b.name)


@pytest.mark.parametrize("number", [0, 4, 9, 14, 22, 26])
def test_planted_changes_are_caught_and_the_layer_is_named(pairs: list, number: Any) -> None:
    usable = [p for p in pairs if p.original]
    pair = usable[number % len(usable)]
    original = pair.original.read_bytes()
    known = study(original, pair.compiled.read_bytes())
    if provenance_of(known).verdict is not Verdict.PROVED:
        pytest.skip("not a proved pair")
    for plant in plants(known, 12, number):
        assert caught(known, original, plant) == (True, True), plant.kind


def test_a_truncated_blob_is_caught(pairs: list) -> None:
    pair = next(p for p in pairs if p.original and "dense_256" in p.compiled.name)
    original, data = pair.original.read_bytes(), bytearray(pair.compiled.read_bytes())
    span = study(original, bytes(data)).compiled.programs[-1].parameters
    data[span.start - 4 : span.start] = (span.size // 2).to_bytes(4, "little")  # the blob's length
    found = check(original, bytes(data))
    assert found.verdict is Verdict.NOT
    assert "FULLY_CONNECTED" in found.reason


def test_wrong_kinds_of_files_are_refused() -> None:
    with pytest.raises(ModelInvalid, match="0 Edge TPU operations"):
        check(small_network(), small_network())
    with pytest.raises(ModelInvalid, match="compiled already"):
        check(compiled(), compiled())


def test_an_empty_program_is_not_made_from_a_network() -> None:
    found = check(small_network(), compiled())
    assert found.verdict is Verdict.NOT
    assert found.exact_layers == 0


def test_every_length_of_a_cut_file_is_answered(pairs: list) -> None:
    pair = next(p for p in pairs if p.original and "dense_256" in p.compiled.name)
    original, data = pair.original.read_bytes(), pair.compiled.read_bytes()
    for length in range(0, len(data), 4999):
        with pytest.raises(UndertoneError):
            check(original, data[:length])
