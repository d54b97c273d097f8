"""Where operations run: made-up graphs with known answers, and every real pair."""

from __future__ import annotations

from collections import Counter

import pytest

from edgetpu_models.cost.partition import place
from edgetpu_models.format.model import Model
from edgetpu_models.rules.base import MAPPED, SECOND_SUBGRAPH
from edgetpu_models.testing import Network, compiled
from edgetpu_models.verify import verify_model


def _targets(net: Network, *outputs: int) -> list[str]:
    return [p.target for p in place(verify_model(net.finish(*outputs)).main)]


def _same(net: Network, name: str, x: int, **settings: object) -> int:
    return net.op(name, [x], tuple(net.graph.tensors[x].shape), **settings)  # type: ignore[arg-type]


def test_all_of_a_good_chain_is_mapped() -> None:
    net = Network()
    assert _targets(net, net.conv(net.conv(net.input((1, 4, 4, 4)), 4), 4)) == ["edgetpu", "edgetpu"]


def test_what_follows_a_break_stays_on_the_cpu_and_says_which_break() -> None:
    net = Network()
    x = _same(net, "ABS", net.conv(net.input((1, 4, 4, 4)), 4))
    placed = place(verify_model(net.finish(net.conv(net.conv(x, 4), 4))).main)
    assert [p.target for p in placed] == ["edgetpu", "cpu", "cpu", "cpu"]
    assert [p.stranded_by for p in placed] == [None, None, 1, 1]
    assert placed[3].status == SECOND_SUBGRAPH
    assert placed[0].status == MAPPED


def test_a_break_at_the_start_costs_only_itself() -> None:
    net = Network()
    x = _same(net, "ABS", net.input((1, 4, 4, 4)))
    assert _targets(net, net.conv(net.conv(x, 4), 4)) == ["cpu", "edgetpu", "edgetpu"]


def test_a_branch_beside_the_break_stays() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    broken = _same(net, "ABS", x)
    beside = net.conv(x, 4)
    joined = net.op("ADD", [broken, beside], (1, 4, 4, 4), version=2, options="AddOptions")
    assert _targets(net, joined) == ["edgetpu", "cpu", "edgetpu", "cpu"]


def test_the_first_part_wins_even_when_it_is_the_smaller() -> None:
    net = Network()
    x = net.op("QUANTIZE", [net.input((1, 4, 4, 4), "UINT8")], (1, 4, 4, 4))
    x = _same(net, "ABS", x)
    for _ in range(6):
        x = net.conv(x, 4)
    assert _targets(net, x).count("edgetpu") == 1


def test_evidence_tells_seen_from_documented() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    placed = place(verify_model(net.finish(_same(net, "RELU6", x))).main)
    assert [p.ground.value for p in placed] == ["seen mapped", "document"]


def test_a_doubt_lowers_the_evidence_and_leaves_the_target() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    gated = net.op("MUL", [x, net.mean(x)], (1, 4, 4, 4), version=2, options="MulOptions")
    same = net.op("MUL", [gated, x], (1, 4, 4, 4), version=2, options="MulOptions")
    placed = place(verify_model(net.finish(same)).main)
    assert [p.ground.value for p in placed] == ["seen mapped", "seen mapped", "document", "seen mapped"]
    assert all(p.on_tpu for p in placed)
    assert "broadcast: [1, 4, 4, 4] and [1, 1, 1, 4]" in placed[2].reason


def test_a_compiled_operation_counts_as_mapped() -> None:
    assert [p.target for p in place(verify_model(compiled()).main)] == ["edgetpu"]


def _left_on_cpu(original: Model, made: Model) -> set[int]:
    """Operations of the original that the compiled file still has, matched by their output's name."""
    kept = Counter((op.op, made.main.outs(op)[0].name) for op in made.main.operators)
    found = set()
    for op in original.main.operators:
        key = (op.op, original.main.outs(op)[0].name)
        if kept[key]:
            kept[key] -= 1
            found.add(op.index)
    return found


@pytest.mark.corpus
def test_no_operation_of_a_real_pair_is_wrongly_placed(pairs: list) -> None:
    decided = 0
    for pair in pairs:
        if pair.original is None:
            continue
        original = verify_model(pair.original)
        expected = _left_on_cpu(original, verify_model(pair.compiled))
        found = {p.op.index for p in place(original.main) if not p.on_tpu}
        assert found == expected, pair.compiled.name
        decided += len(original.main.operators)
    assert decided > 400
