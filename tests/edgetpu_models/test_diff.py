"""What changed between two files."""

from __future__ import annotations

from edgetpu_models.diff import diff
from edgetpu_models.testing import Network, compiled, small_network


def _changes(a: bytes, b: bytes) -> dict[str, tuple[str, str]]:
    return {c.where: (c.before, c.after) for c in diff(a, b)}


def test_the_same_file_has_no_differences() -> None:
    assert diff(small_network(), small_network()) == []
    assert diff(compiled(), compiled()) == []


def test_other_weights_are_counted_per_constant() -> None:
    found = _changes(small_network(0), small_network(1))
    assert any(where.startswith("operation 0 CONV_2D constant") for where in found)
    assert "differ" in found["operation 0 CONV_2D constant 0"][1]


def test_programs_are_compared_by_their_figures() -> None:
    found = _changes(compiled(cached=4096, token=1), compiled(cached=8192, token=2))
    assert found["program.on_chip_bytes"] == ("4096", "8192")
    assert "program.token" in found
    assert "program.off_chip_bytes" not in found


def test_an_added_operation_and_another_output_are_shown() -> None:
    def build(twice: bool) -> bytes:
        net = Network()
        x = net.conv(net.input((1, 4, 4, 4)), 8)
        return net.finish(net.conv(x, 5) if twice else x)

    found = _changes(build(False), build(True))
    assert found["operation 1"][0] == "-"
    assert found["operation 1"][1].startswith("CONV_2D v3 -> INT8 [1, 4, 4, 5]")
    assert "[1, 4, 4, 8]" in found["outputs 0"][0]


def test_compiled_against_original_is_said_first() -> None:
    assert diff(small_network(), compiled())[0].where == "file.compiled"


def test_a_change_prints_as_json() -> None:
    assert set(diff(small_network(), compiled())[0].as_dict()) == {"where", "before", "after"}
