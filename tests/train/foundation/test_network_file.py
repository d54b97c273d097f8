"""Finding and downloading, without a network."""

from __future__ import annotations

import hashlib
import http.client
import io
import urllib.error
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import EnvironmentLacking, ModelInvalid
from tests.support.told import told
from train.foundation.network_file import NetworkFile, download_network, find_network

CONTENT = bytes(range(256)) * 512  # whole pieces of 64 KiB: a longer file ends in a piece of its own
FILE = NetworkFile(
    path="models/net.tflite",
    url="https://example.org/net.tflite",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    licence="Apache-2.0",
)


def put(folder: Path, data: bytes) -> Path:
    path = folder / FILE.path
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


def test_the_first_whole_copy_is_found(tmp_path: Path) -> None:
    put(tmp_path / "a", CONTENT[:-1])
    good = put(tmp_path / "b", CONTENT)
    with told() as notes:
        assert find_network(FILE, [tmp_path / "none", tmp_path / "a", tmp_path / "b"], tmp_path) == good
    assert len(notes) == 1
    assert "SHA-256 differs" in notes[0]


def test_data_folders_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = put(tmp_path / "listed", CONTENT)
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path / "listed"))
    assert find_network(FILE, downloads=tmp_path) == good
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path / "elsewhere"))
    assert find_network(FILE, downloads=tmp_path) is None


def test_download_lands_whole_and_is_found_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def opener(url: str) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(CONTENT)

    path = download_network(FILE, tmp_path / "downloads", opener)
    assert path.read_bytes() == CONTENT
    assert asked == [FILE.url]
    assert find_network(FILE, [], tmp_path / "downloads") == path


@pytest.mark.parametrize("sent", [CONTENT[:-1], CONTENT + b"x", b"<html>not found</html>"])
def test_a_wrong_download_leaves_nothing(tmp_path: Path, sent: Any) -> None:
    with pytest.raises(ModelInvalid, match="not the published file"):
        download_network(FILE, tmp_path, lambda url: io.BytesIO(sent))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "problem", [urllib.error.URLError("no route"), TimeoutError("slow"), http.client.IncompleteRead(b"")]
)
def test_offline_says_what_to_do(tmp_path: Path, problem: Any) -> None:
    def opener(url: str) -> io.BytesIO:
        raise problem

    with pytest.raises(EnvironmentLacking) as caught:
        download_network(FILE, tmp_path, opener)
    assert "data/models/net.tflite" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []
