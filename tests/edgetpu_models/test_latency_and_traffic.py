"""What is moved and how long it takes: by hand, and against what is published about this chip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgetpu_models.analyse import analyse
from edgetpu_models.cost import latency
from edgetpu_models.cost.latency import Traffic, instruction_bytes
from edgetpu_models.inspect import inspect
from edgetpu_models.testing import Network, small_network
from firmware_bridge.base.evidence import Evidence

BASE = Traffic(
    instruction_bytes=60_000,
    instructions_known=True,
    input_bytes=6_000,
    output_bytes=500,
    conv_stream_bytes=0,
    dense_stream_bytes=0,
    cycles=0,
    ops=1,
    cached_bytes=600_000,
)


def _ms(**changes: float) -> tuple[float, float, float]:
    found = latency.latency(replace(BASE, **changes))  # type: ignore[arg-type]
    assert found.interval is not None
    return found.interval[0], found.value, found.interval[1]


def test_the_parts_add_up() -> None:
    assert _ms()[1] == pytest.approx(66_500 / 30_000 + 7 * 0.17 + 0.005)
    assert _ms()[0] == pytest.approx(66_500 / 40_000 + 7 * 0.10)
    assert _ms()[2] == pytest.approx(66_500 / 15_000 + 7 * 0.25 + 0.02)


@pytest.mark.parametrize(
    ("changes", "likely"),
    [
        ({"input_bytes": 36_000}, 1.0),
        ({"output_bytes": 30_500}, 1.0),
        ({"dense_stream_bytes": 30_000}, 1.0),
        ({"conv_stream_bytes": 30_000}, 2.0),
        ({"cycles": 1_000_000}, 1.55),
        ({"ops": 101}, 0.5),
    ],
)
def test_each_part_costs_what_its_constant_says(changes: dict[str, float], likely: float) -> None:
    assert _ms(**changes)[1] - _ms()[1] == pytest.approx(likely)


def test_instructions_that_are_only_estimated_widen_the_interval() -> None:
    known, guessed = _ms(), _ms(instructions_known=False)
    assert guessed[1] == known[1]
    assert guessed[0] < known[0]
    assert guessed[2] > known[2]


def test_it_is_an_estimate_and_says_from_what() -> None:
    found = latency.latency(BASE)
    assert found.evidence is Evidence.ESTIMATED
    assert found.unit == "ms"
    assert "USB 2.0" in found.source


def test_a_change_of_network_sends_the_parameters_again() -> None:
    found = latency.reload(BASE)
    assert found.value == pytest.approx(20.0)
    assert found.interval == pytest.approx((15.0, 40.0))


def test_no_operation_no_instructions() -> None:
    assert instruction_bytes(0, 0, 0) == 0
    assert instruction_bytes(10, 4096, 1) == 521 + 14_980 + 250 + 19_735


def test_traffic_of_a_network() -> None:
    net = Network()
    x = net.conv(net.input((1, 6, 5, 3)), 5)  # 90 bytes in, up to 96
    y = net.conv(x, 6)
    found = analyse(net.finish(x, y)).networks[0].traffic
    assert found.input_bytes == 96
    assert found.output_bytes == 240 + 240  # channels padded to 8: 6*5*8 each
    assert found.ops == 2


def test_a_vector_is_padded_to_eight_bytes() -> None:
    net = Network()
    found = analyse(net.finish(net.dense(net.input((1, 16)), 149))).networks[0].traffic
    assert found.output_bytes == 152  # as in the voice model of the board's examples


def test_an_operation_on_the_cpu_moves_its_input_out() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    y = net.op("ABS", [x], (1, 4, 4, 4))
    found = analyse(net.finish(y)).networks[0].traffic
    assert found.output_bytes == 64


def test_published_times_are_in_the_interval() -> None:
    """A small model on this board took 2.3 ms; MobileNet V2 over USB 2.0 on a sister board 18.6 to 19.3 ms."""
    small = _ms(instruction_bytes=20_000, input_bytes=6_000, cycles=20_000)
    assert small[0] < 2.332 < small[2]
    mobilenet = _ms(
        instruction_bytes=129_632, input_bytes=150_528, output_bytes=1_008, cycles=638_880, ops=66
    )
    assert mobilenet[0] < 18.6 < 19.3 < mobilenet[2]


@pytest.mark.corpus
def test_transfers_of_real_programs(pairs: list) -> None:
    """Input and output bytes on the wire, exactly, wherever one program does it all."""
    exact = total = 0
    for pair in (p for p in pairs if p.original):
        truth = inspect(pair.compiled)
        found = analyse(pair.original).networks[0].traffic
        total += 1
        exact += (found.input_bytes, found.output_bytes) == (
            truth.transfer_in_bytes,
            truth.transfer_out_bytes,
        )
    assert exact / total > 0.85


@pytest.mark.corpus
def test_instruction_bytes_of_real_programs_are_within_their_range(pairs: list) -> None:
    inside = total = 0
    low, _, high = latency.INSTRUCTION_FACTOR
    for pair in (p for p in pairs if p.original):
        truth = int(pair.truth["instruction_bytes"])
        found = analyse(pair.original).networks[0].traffic.instruction_bytes
        total += 1
        inside += found * low <= truth <= found * high
    assert inside / total > 0.8


def test_two_small_networks_take_twice_the_time() -> None:
    one, two = analyse(small_network()), analyse([small_network(), small_network()])
    assert two.latency.value == pytest.approx(2 * one.latency.value)
    assert two.latency.interval is not None
    assert one.latency.interval is not None
    assert two.latency.interval[1] == pytest.approx(2 * one.latency.interval[1])
