"""What makes a pair a template, what may change in it, and on what the result rests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.program.formulas import expected, mean_taps
from edgetpu_models.program.stream import M, read_field
from edgetpu_models.provenance.check import Study, study
from edgetpu_models.reweight.derive import reweight
from edgetpu_models.reweight.fuzz import without_token
from edgetpu_models.reweight.records import rewrite_records
from edgetpu_models.reweight.template import fixed_zero_points, objections, reliance, settled
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ReweightRefused


def files(pair_folder: Path, original: str, compiled: str) -> tuple[bytes, bytes]:
    beside = pair_folder.parent / "models"
    source = next(pair_folder.glob(f"{original}*"), None) or beside / original
    return source.read_bytes(), next(pair_folder.glob(f"{compiled}*")).read_bytes()


LOOMING = ("62c09a14", "b3aed616")  # MUL, ADD, AVERAGE_POOL_2D over 32x32
GABOR = ("c7c483b1", "9fbdd9c8")  # DEPTHWISE, AVERAGE_POOL_2D
YAMNET = ("yamnet_spectra_in.tflite", "yamnet_spectra_in")  # MEAN over 6, LOGISTIC


def changed(original: bytes, change: Callable[[Any, Any], None]) -> bytes:
    opened = open_model(original)
    change(opened.subgraphs[0], verify_model(original).main)
    return pack(opened)


def zero_of(tensor: Any, value: int) -> None:
    tensor.quantization.zeroPoint = np.array([value], np.int64)


def test_a_good_pair_has_no_objection(pair_folder: Path) -> None:
    for names in (LOOMING, GABOR):
        assert list(objections(study(*files(pair_folder, *names)))) == []


def test_a_pair_that_is_not_proved_is_objected_to_first(pair_folder: Path) -> None:
    source, made = files(pair_folder, *GABOR)
    damaged = bytearray(made)
    pair = study(source, made)
    damaged[pair.placement.placed[0].span.start + 1] ^= 1
    (said,) = objections(study(source, bytes(damaged)))
    assert said.startswith("the template is not proved to be made from its original (not from this file: ")


@pytest.mark.parametrize(
    ("runtime", "old", "says"),
    [
        (14, False, ""),
        (12, False, ""),
        (10, True, ""),
        (13, False, "no pair of a build for runtime 13"),
        (12, True, "no pair of a build of 2019/20 for runtime 12"),
    ],
)
def test_builds_without_evidence_are_named(pair_folder: Path, runtime: int, old: bool, says: str) -> None:
    pair = study(*files(pair_folder, *GABOR))
    other = replace(pair, compiled=replace(pair.compiled, runtime=runtime, old_build=old))
    found = list(objections(other))
    assert (found == []) if not says else found[0].startswith(says)


def test_places_that_are_not_sure_are_objected_to(pair_folder: Path) -> None:
    pair = study(*files(pair_folder, *GABOR))
    doubtful = tuple(replace(p, sure=False) for p in pair.placement.placed)
    found = list(objections(replace(pair, placement=replace(pair.placement, placed=doubtful))))
    assert found == [
        f"the parameters of operation {p.layer.op} could lie in more than one place" for p in doubtful
    ]


def test_a_product_keeps_the_zero_points_of_its_factors(pair_folder: Path) -> None:
    """No two compiles show where else they stand; the refusal says what would show it, and what avoids it."""
    source, made = files(pair_folder, *LOOMING)
    pair = study(source, made)
    product = next(op for op in pair.graph.operators if op.op == "MUL")

    def move(graph: Any, _: Any) -> None:
        zero_of(graph.tensors[product.inputs[0]], 11)

    fresh = changed(source, move)
    found = [text for text in fixed_zero_points(pair, verify_model(fresh).main) if "(MUL)" in text]
    assert len(found) == 1
    assert "two compiles of one network with such a MUL would" in found[0]
    assert "factors behind RELU6 and LOGISTIC keep theirs" in found[0]
    with pytest.raises(
        ReweightRefused, match=rf"operation {product.index} \(MUL\): the zero points of its factors change"
    ):
        reweight(source, made, fresh)


def test_a_product_may_change_its_scales(pair_folder: Path) -> None:
    source, made = files(pair_folder, *LOOMING)

    def scale(graph: Any, model: Any) -> None:
        for op in model.operators:
            if op.op == "MUL":
                for t in (*op.inputs, *op.outputs):
                    quantization = graph.tensors[t].quantization
                    quantization.scale = (quantization.scale * np.float32(1.1)).astype(np.float32)

    fresh = changed(source, scale)
    found = reweight(source, made, fresh)
    assert "2 MUL: records of real files only" in found.rests_on
    pair = study(fresh, found.data)
    wanted = {i for i in pair.mapped if pair.graph.operators[i].op == "MUL"}
    assert {i for e in pair.matching.explained for i, tag in e.owners if tag == "multiplied"} == wanted
    assert without_token(reweight(fresh, found.data, source).data) == without_token(made)


def rescaled(op_kind: str) -> Callable[[Any, Any], None]:
    def change(graph: Any, model: Any) -> None:
        op = next(o for o in model.operators if o.op == op_kind)
        quantization = graph.tensors[op.outputs[0]].quantization
        quantization.scale = (quantization.scale * np.float32(1.2)).astype(np.float32)

    return change


def test_a_mean_over_a_power_of_two_may_change_its_scale(pair_folder: Path) -> None:
    source, made = files(pair_folder, *GABOR)
    pair = study(source, made)
    pool = next(op for op in pair.graph.operators if op.op == "AVERAGE_POOL_2D")
    taps = mean_taps(pool, pair.graph)
    assert taps & (taps - 1) == 0
    # Input and output of this file's pooling are quantised alike, so its whole way is closed; its records are not.
    other = verify_model(changed(source, rescaled("AVERAGE_POOL_2D"))).main
    streams = [bytearray(p.stream.of(made)) for p in pair.compiled.programs]
    rewrite_records(pair, other, streams)
    factor = next(e.requant.m for e in expected(other, other.operators[pool.index]))
    places = [e for e in pair.matching.explained if (pool.index, "averaged") in e.owners]
    assert places
    for place in places:
        assert read_field(streams[place.program], place.record.word, M) == factor != place.record.m


def test_a_mean_over_another_number_may_not(pair_folder: Path) -> None:
    source, made = files(pair_folder, *YAMNET)
    pair = study(source, made)
    mean = next(op for op in pair.graph.operators if op.op == "MEAN")
    assert mean_taps(mean, pair.graph) == 6
    assert not settled(pair.graph, mean, "averaged")
    with pytest.raises(
        ReweightRefused, match=r"\(MEAN\): its constants change, and the formula \(averaged\) is not settled"
    ):
        reweight(source, made, changed(source, rescaled("MEAN")))


def test_formulas_are_settled_by_tag_and_by_window() -> None:
    net = Network(0)
    x = net.input((1, 4, 8, 4))
    graph = verify_model(net.finish(net.mean(x))).main
    (mean,) = graph.operators
    assert settled(graph, mean, "averaged")
    assert settled(graph, mean, "averaged, unbounded")
    assert settled(graph, mean, "weighted")
    assert not settled(graph, mean, "largest, rescaled")
    odd = Network(0)
    graph = verify_model(odd.finish(odd.mean(odd.input((1, 3, 8, 4))))).main
    assert not settled(graph, graph.operators[0], "averaged")


def test_what_a_result_rests_on_is_counted(pair_folder: Path) -> None:
    pair: Study = study(*files(pair_folder, *YAMNET))
    assert reliance(pair, pair.graph) == (
        "1 LOGISTIC: records of real files only",
        "1 MEAN: records of real files only",
    )
    plain = study(*files(pair_folder, "a3db3175", "bde341b1"))
    assert reliance(plain, plain.graph) == ()
