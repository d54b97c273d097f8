"""Every rule fires on a network that breaks it, and stays silent on the good one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgetpu_models.cost.partition import violations
from edgetpu_models.format.model import Model
from edgetpu_models.format.reader import parse
from edgetpu_models.lint import lint, passes
from edgetpu_models.rules.base import RULES, Effect, Ground, rule
from edgetpu_models.testing import Network, small_network
from edgetpu_models.verify import readable

Broken = Callable[[Network], int]
BREAKERS: dict[str, Broken] = {}


def breaks(name: str) -> Callable[[Broken], Broken]:
    def register(build: Broken) -> Broken:
        assert name not in BREAKERS
        BREAKERS[name] = build
        return build

    return register


@breaks("float-border")
def _(net: Network) -> int:
    return net.op("QUANTIZE", [net.input((1, 4), "FLOAT32", scale=None)], (1, 4))


@breaks("data-type")
def _(net: Network) -> int:
    a = net.input((1, 4, 4, 4), "INT16")
    return net.op("ADD", [a, a], (1, 4, 4, 4), "INT16", version=2, options="AddOptions")


@breaks("bad-scale")
def _(net: Network) -> int:
    return net.conv(net.input((1, 4, 4, 4), scale=0.0), 4)


@breaks("no-scale")
def _(net: Network) -> int:
    return net.conv(net.input((1, 4, 4, 4), scale=None), 4)


@breaks("dynamic-shape")
def _(net: Network) -> int:
    return net.conv(net.input((1, 4, 4, 4), signature=[1, -1, 4, 4]), 4)


@breaks("dynamic-batch")
def _(net: Network) -> int:
    return net.conv(net.input((1, 4, 4, 4), signature=[-1, 4, 4, 4]), 4)


@breaks("batch")
def _(net: Network) -> int:
    a = net.input((2, 4, 4, 4))
    return net.op("ADD", [a, a], (2, 4, 4, 4), version=2, options="AddOptions")


@breaks("rank")
def _(net: Network) -> int:
    a = net.input((1, 3, 4, 4, 4))
    return net.op("ADD", [a, a], (1, 3, 4, 4, 4), version=2, options="AddOptions")


@breaks("empty")
def _(net: Network) -> int:
    a = net.input((1, 0, 4, 4))
    return net.op("ADD", [a, a], (1, 0, 4, 4), version=2, options="AddOptions")


@breaks("not-constant")
def _(net: Network) -> int:
    a, b = net.input((1, 8)), net.input((4, 8))
    return net.op("FULLY_CONNECTED", [a, b], (1, 4), version=4, options="FullyConnectedOptions")


@breaks("unknown-builtin")
def _(net: Network) -> int:
    return net.op("GELU", [net.input((1, 4, 4, 4))], (1, 4, 4, 4))


@breaks("unsupported-op")
def _(net: Network) -> int:
    a = net.input((1, 4, 4))
    return net.op("BATCH_MATMUL", [a, a], (1, 4, 4), options="BatchMatMulOptions")


@breaks("op-version")
def _(net: Network) -> int:
    return net.dense(net.input((1, 8)), 4, version=5)


@breaks("fused-activation")
def _(net: Network) -> int:
    settings = {"filterWidth": 2, "filterHeight": 2, "strideW": 2, "strideH": 2, "fusedActivationFunction": 1}
    data = net.input((1, 4, 4, 4))
    return net.op("MAX_POOL_2D", [data], (1, 2, 2, 4), options="Pool2DOptions", settings=settings)


@breaks("activation")
def _(net: Network) -> int:
    a = net.input((1, 4, 4, 4))
    return net.op("ADD", [a, a], (1, 4, 4, 4), options="AddOptions", settings={"fusedActivationFunction": 4})


@breaks("concat-constant")
def _(net: Network) -> int:
    a, b = net.input((1, 2, 2, 4)), net.tensor((1, 2, 2, 4), data=np.ones((1, 2, 2, 4)))
    return net.op("CONCATENATION", [a, b], (1, 2, 2, 8), options="ConcatenationOptions", settings={"axis": 3})


@breaks("dilation")
def _(net: Network) -> int:
    out = net.conv(net.input((1, 8, 8, 4)), 4, 3)
    net.graph.operators[0].builtinOptions.dilationWFactor = 2
    return out


@breaks("dense-format")
def _(net: Network) -> int:
    weights = net.tensor((4, 8), data=np.ones((4, 8)))
    data = net.input((1, 3, 8))
    return net.op("FULLY_CONNECTED", [data, weights], (1, 3, 4), version=4, options="FullyConnectedOptions")


@breaks("reduce-axis")
def _(net: Network) -> int:
    data = net.input((1, 4, 4, 6))
    return net.op("MEAN", [data, net.ints([3])], (1, 4, 4), version=2, options="ReducerOptions")


@breaks("batch-edit")
def _(net: Network) -> int:
    paddings = net.tensor((4, 2), "INT32", np.array([[0, 1], [0, 0], [0, 0], [0, 0]]), scale=None)
    return net.op("PAD", [net.input((1, 4, 4, 4)), paddings], (2, 4, 4, 4), options="PadOptions")


@breaks("prelu-alpha")
def _(net: Network) -> int:
    alpha = net.tensor((4, 4, 8), data=np.ones((4, 4, 8)))
    return net.op("PRELU", [net.input((1, 4, 4, 8)), alpha], (1, 4, 4, 8))


@breaks("resize-size")
def _(net: Network) -> int:
    inputs = [net.input((1, 1, 1, 8)), net.ints([33, 33])]
    return net.op("RESIZE_BILINEAR", inputs, (1, 33, 33, 8), version=3, options="ResizeBilinearOptions")


@breaks("softmax-rows")
def _(net: Network) -> int:
    return net.softmax(net.input((1, 5, 8)))


@breaks("softmax-length")
def _(net: Network) -> int:
    return net.softmax(net.input((1, 20_000)))


@breaks("strided-slice")
def _(net: Network) -> int:
    inputs = [net.input((1, 4, 4, 4)), *(net.ints([v] * 4) for v in (0, 4, 2))]
    return net.op("STRIDED_SLICE", inputs, (1, 2, 2, 2), options="StridedSliceOptions")


@breaks("transpose-rank")
def _(net: Network) -> int:
    inputs = [net.input((1, 1, 2, 3, 4)), net.ints([0, 1, 4, 3, 2])]
    return net.op("TRANSPOSE", inputs, (1, 1, 4, 3, 2), options="TransposeOptions")


@breaks("tile-from")
def _(net: Network) -> int:
    return net.op(
        "TILE", [net.input((1, 2, 2, 4)), net.ints([1, 2, 2, 1])], (1, 4, 4, 4), options="TileOptions"
    )


@breaks("flatten-gaps")
def _(net: Network) -> int:
    return net.reshape(net.conv(net.input((1, 6, 6, 4)), 114), (1, 6 * 6 * 114))


@breaks("softmax-flat")
def _(net: Network) -> int:
    x = net.softmax(net.input((1, 64)))
    return net.op("MUL", [x, x], (1, 64), version=2, options="MulOptions")


@breaks("wasted-lanes")
def _(net: Network) -> int:
    return net.dense(net.input((1, 9504)), 10)


@breaks("constant-operand")
def _(net: Network) -> int:
    scale = net.tensor((1, 1, 1, 8), data=np.ones((1, 1, 1, 8)))
    return net.op("MUL", [net.input((1, 4, 4, 8)), scale], (1, 4, 4, 8), version=2, options="MulOptions")


@breaks("mean-size")
def _(net: Network) -> int:
    return net.mean(net.input((1, 256, 128, 3)))


@breaks("mean-large")
def _(net: Network) -> int:
    return net.mean(net.input((1, 128, 128, 3)))


@breaks("broadcast")
def _(net: Network) -> int:
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    return net.op("MUL", [x, net.mean(x)], (1, 4, 4, 4), version=2, options="MulOptions")


@breaks("several-inputs")
def _(net: Network) -> int:
    inputs = [net.input((1, 4, 4, 4)), net.input((1, 4, 4, 4))]
    return net.op("ADD", inputs, (1, 4, 4, 4), version=2, options="AddOptions")


def _model(build: Broken) -> Model:
    net = Network()
    return readable(parse(memoryview(net.finish(build(net)))))


def test_every_rule_has_a_network_that_breaks_it() -> None:
    assert set(BREAKERS) == set(RULES)


@pytest.mark.parametrize("name", sorted(BREAKERS))
def test_the_rule_fires(name: str) -> None:
    model = _model(BREAKERS[name])
    fired = {v.rule.name: v.message for op in model.main.operators for v in violations(model.main, op)}
    assert name in fired
    assert fired[name]
    found = next(f for f in lint(model) if f.rule == name)
    assert found.remedy == RULES[name].remedy
    assert found.ground in {g.value for g in Ground}


def test_no_rule_fires_on_a_good_network() -> None:
    assert lint(small_network()) == []
    assert passes(lint(small_network()))


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_explains_itself(name: str) -> None:
    found = RULES[name]
    assert len(found.text) > 30
    assert found.text.endswith((".", ")"))
    assert found.remedy
    assert found.status


def test_a_name_can_be_used_once_only() -> None:
    with pytest.raises(ValueError, match="two rules named rank"):
        rule("rank", remedy="x")(lambda graph, op: None)


def test_dilation_does_not_count_where_the_kernel_is_one_wide() -> None:
    """Seen mapped: kernels of 3x1 with dilation 4 in y, as in a network over time."""
    net = Network()
    weights = net.tensor((8, 3, 1, 8), data=np.ones((8, 3, 1, 8)))
    bias = net.tensor((8,), "INT32", np.zeros(8))
    settings = {"strideW": 1, "strideH": 1, "dilationHFactor": 4, "dilationWFactor": 1}
    inputs = [net.input((1, 20, 1, 8)), weights, bias]
    out = net.op("CONV_2D", inputs, (1, 20, 1, 8), version=3, options="Conv2DOptions", settings=settings)
    assert lint(net.finish(out)) == []


def test_grave_findings_come_first() -> None:
    net = Network()
    x = net.op("GELU", [net.conv(net.input((1, 4, 4, 4), signature=[-1, 4, 4, 4]), 4)], (1, 4, 4, 4))
    effects = [f.effect for f in lint(net.finish(x))]
    assert effects == sorted(effects, key=list(Effect).index)
    assert effects[0] == "breaks"
    assert effects[-1] == "care"


def test_a_break_is_reported_once_with_all_that_it_strands() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    x = net.op("LEAKY_RELU", [x], (1, 4, 4, 4), options="LeakyReluOptions")
    for _ in range(5):
        x = net.conv(x, 4)
    found = lint(net.finish(x))
    stranded = [f for f in found if f.rule == "stranded"]
    assert len(stranded) == 1
    assert stranded[0].op_index == 1
    assert "5 operations behind it" in stranded[0].message
    assert not passes(found)


def test_the_float_border_is_harmless() -> None:
    net = Network()
    x = net.op("QUANTIZE", [net.input((1, 4, 4, 4), "FLOAT32", scale=None)], (1, 4, 4, 4))
    x = net.op("DEQUANTIZE", [net.conv(x, 4)], (1, 4, 4, 4), "FLOAT32", scale=None)
    found = lint(net.finish(x))
    assert [f.rule for f in found] == ["float-border", "float-border"]
    assert passes(found)


def test_a_finding_prints_as_json() -> None:
    net = Network()
    finding = lint(net.finish(BREAKERS["unknown-builtin"](net)))[0]
    assert finding.as_dict()["rule"] == "unknown-builtin"
    assert "LOGISTIC" in str(finding.as_dict()["message"])
