from __future__ import annotations

from pathlib import Path

import pytest

from edgetpu_models.bench import bench, largest, main, median_s
from edgetpu_models.testing import small_network


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
    assert (found["file"], found["verb"], found["bytes"]) == ("small.tflite", "analyse", file.stat().st_size)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"nothing")
    assert main([str(tmp_path / "broken.tflite")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
