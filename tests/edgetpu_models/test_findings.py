"""Lint as a list: its order, its verdict, and what it says about a chain that breaks."""

from __future__ import annotations

import numpy as np
import pytest

from edgetpu_models.diff import diff
from edgetpu_models.explain import explain
from edgetpu_models.lint import Finding, lint, passes
from edgetpu_models.rules.base import Effect
from edgetpu_models.testing import Network, compiled, small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid, UnknownName


def _finding(effect: str) -> Finding:
    return Finding(0, "ADD", "rule", "says", "do", "document", effect)


def _broken(breaks: int, behind: int) -> bytes:
    """A convolution, then `breaks` operations that the chip has not, each followed by `behind` that it has."""
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    for _ in range(breaks):
        x = net.op("FLOOR", [x], (1, 4, 4, 4))
        for _ in range(behind):
            x = net.conv(x, 4)
    return net.finish(x)


@pytest.mark.parametrize(
    ("effects", "good"),
    [([], True), (["care", "border"], True), (["care", "cpu"], False), (["breaks"], False)],
)
def test_only_what_breaks_or_leaves_the_chip_fails(effects: list[str], good: bool) -> None:
    assert passes([_finding(effect) for effect in effects]) is good


def test_findings_stand_by_gravity_and_then_in_execution_order() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    x = net.op("FLOOR", [x], (1, 4, 4, 4))
    x = net.op("RELU", [x], (1, 4, 4, 4), scale=0.0)
    found = lint(net.finish(net.op("DEQUANTIZE", [x], (1, 4, 4, 4), "FLOAT32", scale=None)))
    order = [(list(Effect).index(Effect(f.effect)), f.op_index) for f in found]
    assert order == sorted(order)
    assert len({f.effect for f in found}) > 1


@pytest.mark.parametrize(("breaks", "behind", "expected"), [(1, 0, []), (1, 3, [(1, 3)]), (2, 2, [(1, 4)])])
def test_a_break_is_told_once_with_how_many_it_strands(
    breaks: int, behind: int, expected: list[tuple[int, int]]
) -> None:
    found = [f for f in lint(_broken(breaks, behind)) if f.rule == "stranded"]
    assert [f.op_index for f in found] == [index for index, _ in expected]
    for finding, (_, count) in zip(found, expected, strict=True):
        assert f"and {count} operations behind it" in finding.message
        assert (finding.op, finding.effect, finding.ground) == ("FLOOR", "cpu", "seen mapped")


def test_a_model_that_is_read_already_is_judged_the_same_and_a_damaged_file_is_refused() -> None:
    data = _broken(1, 1)
    assert lint(verify_model(data)) == lint(data)
    with pytest.raises(ModelInvalid) as caught:
        lint(data[: len(data) // 2])
    assert caught.value.remedy


@pytest.mark.parametrize("written", ["conv_2d", "  CONV_2D\n", "Conv_2D"])
def test_operations_are_explained_however_they_are_written(written: str) -> None:
    found = explain(written)
    assert (found.name, found.kind) == ("CONV_2D", "operation")
    assert "seen mapped" in found.meaning


def test_a_part_of_a_phrase_is_enough_when_it_is_long_and_never_when_it_is_short() -> None:
    assert explain("internal COMPILER").name == "Internal compiler error. Aborting!"
    with pytest.raises(UnknownName):
        explain("not")


def test_names_of_other_things_in_the_module_of_errors_are_no_errors() -> None:
    assert explain("ModelInvalid").kind == "error"
    for name in ("annotations", "__doc__", "Iterable"):
        with pytest.raises(UnknownName):
            explain(name)


def _places(a: bytes, b: bytes) -> dict[str, tuple[str, str]]:
    return {change.where: (change.before, change.after) for change in diff(a, b)}


def _one(outputs: int = 4, relu: bool = False, kind: str = "INT8", zero_point: int = 0) -> bytes:
    net = Network()
    data = net.input((1, 4, 4, 4), kind, zero_point=zero_point)
    return net.finish(net.conv(data, outputs, relu=relu))


def test_one_changed_setting_is_one_difference() -> None:
    found = _places(_one(), _one(relu=True))
    assert list(found) == ["operation 0"]
    before, after = found["operation 0"]
    assert before.replace("activation=NONE", "activation=RELU") == after


def test_an_input_tells_its_type_and_its_zero_point() -> None:
    found = _places(_one(), _one(zero_point=-7))
    assert found == {
        "inputs 0": (
            "INT8 [1, 4, 4, 4] scale 0.05 zero point 0",
            "INT8 [1, 4, 4, 4] scale 0.05 zero point -7",
        )
    }


def test_constants_of_another_shape_are_told_by_the_operation_alone() -> None:
    found = _places(_one(4), _one(5))
    assert not any("constant" in where for where in found)
    assert "[1, 4, 4, 5]" in found["operation 0"][1]


def test_differing_elements_are_counted_exactly() -> None:
    def build(*values: int) -> bytes:
        net = Network()
        table = net.tensor((1, 1, 1, 4), data=np.array(values))
        return net.finish(net.op("MUL", [net.input((1, 2, 2, 4)), table], (1, 2, 2, 4), options="MulOptions"))

    found = _places(build(1, 2, 3, 4), build(1, 9, 3, -4))
    assert found == {"operation 0 MUL constant 0": ("4 elements", "2 differ")}


def test_a_removed_output_and_a_damaged_side() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    both = net.finish(x, net.conv(x, 8))
    assert _places(both, net.finish(x))["outputs 1"][1] == "-"
    for pair in ((both, both[:100]), (b"", both)):
        with pytest.raises(ModelInvalid):
            diff(*pair)


def test_a_compiled_file_is_compared_with_its_kind_only() -> None:
    found = _places(compiled(), small_network())
    assert found["file.compiled"] == ("True", "False")
    assert not any(where.startswith(("program", "inside")) for where in found)
