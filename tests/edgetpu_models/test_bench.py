from __future__ import annotations

from pathlib import Path

import pytest

from edgetpu_models.bench import CALLS, bench, bench_all, largest, median_s
from edgetpu_models.testing import compiled, small_network
from firmware_bridge.base.errors import InvalidSetting, ModelInvalid


def test_the_median_is_of_as_many_calls_as_asked_for() -> None:
    calls: list[int] = []
    assert median_s(lambda: calls.append(1), calls=5) >= 0
    assert len(calls) == 5


def test_a_folder_stands_for_its_largest_files(tmp_path: Path) -> None:
    for name, size in (("a", 3), ("b", 5), ("c_edgetpu", 2), ("d_edgetpu", 1)):
        (tmp_path / f"{name}.tflite").write_bytes(bytes(size))
    assert [file.stem for file in largest([tmp_path, tmp_path / "a.tflite"])] == ["b", "c_edgetpu", "a"]


def test_what_a_result_says(tmp_path: Path) -> None:
    file = tmp_path / "small.tflite"
    file.write_bytes(small_network())
    found = bench(file)
    assert (found.file, found.verb, found.bytes) == ("small.tflite", "analyse", file.stat().st_size)
    assert found.median_s >= 0
    assert found.as_dict() == {**vars(found), "calls": CALLS}


def test_a_compiled_file_is_inspected(tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(small_network())
    (tmp_path / "a_edgetpu.tflite").write_bytes(compiled())
    assert [one.verb for one in bench_all([tmp_path])] == ["analyse", "inspect"]


def test_what_cannot_be_timed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"holds no \.tflite"):
        bench_all([tmp_path])
    (tmp_path / "broken.tflite").write_bytes(b"nothing")
    with pytest.raises(ModelInvalid):
        bench_all([tmp_path / "broken.tflite"])
