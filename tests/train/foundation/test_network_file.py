"""Finding and downloading, from a server on this machine."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

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


class Server:
    """A web server on this machine that sends `content`, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.content: bytes = CONTENT
        self.promised: int | None = None
        self.status = 200
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.send_response(outer.status)
                length = len(outer.content) if outer.promised is None else outer.promised
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(outer.content)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.file = replace(FILE, url=f"http://127.0.0.1:{self.http.server_port}/net.tflite")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


def test_download_lands_whole_and_is_found_again(tmp_path: Path, server: Server) -> None:
    path = download_network(server.file, tmp_path / "downloads")
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == ["net.tflite"]
    assert server.asked == ["/net.tflite"]
    assert find_network(FILE, [], tmp_path / "downloads") == path


def test_a_damaged_copy_is_replaced(tmp_path: Path, server: Server) -> None:
    (tmp_path / "net.tflite").write_bytes(CONTENT[:-1])
    assert download_network(server.file, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("sent", [CONTENT[:-1], CONTENT + b"x", b"<html>not found</html>"])
def test_a_wrong_download_leaves_nothing(tmp_path: Path, server: Server, sent: bytes) -> None:
    server.content = sent
    with pytest.raises(ModelInvalid, match="not the published file") as caught:
        download_network(server.file, tmp_path)
    assert "data/models/net.tflite" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("trouble", ["gone", "cut off", "nobody there"])
def test_offline_says_what_to_do(tmp_path: Path, server: Server, trouble: str) -> None:
    file = server.file
    if trouble == "gone":
        server.status = 404
    elif trouble == "cut off":
        server.promised = len(CONTENT) + 1
    else:
        with socket.create_server(("127.0.0.1", 0)) as free:
            file = replace(FILE, url=f"http://127.0.0.1:{free.getsockname()[1]}/net.tflite")
    with pytest.raises(EnvironmentLacking) as caught:
        download_network(file, tmp_path)
    assert "data/models/net.tflite" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []
