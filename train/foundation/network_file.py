"""Finds a published network on this machine, or brings it from its public repository, checked by hash."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from firmware_bridge.base.errors import EnvironmentLacking, ModelInvalid
from firmware_bridge.base.files import atomic_path, sha256_file
from firmware_bridge.base.paths import ROOT
from firmware_bridge.base.progress import note, track
from train.corpora.registry import data_folders

DOWNLOADS = ROOT / "build" / "downloads"
CONNECT_TIMEOUT_S = 15.0
_CHUNK_BYTES = 64 * 1024

Opener = Callable[[str], IO[bytes]]


@dataclass(frozen=True)
class NetworkFile:
    """A file that somebody published.

    Attributes:
        path: Where it lies below a data folder (`models/x.tflite`).
        url: Where it can be had, pinned to one commit.
        sha256: Hash of its bytes, 64 hexadecimal digits.
        size: Its size in bytes.
        licence: Its licence.
    """

    path: str
    url: str
    sha256: str
    size: int
    licence: str


def find_network(
    file: NetworkFile, folders: list[Path] | None = None, downloads: Path = DOWNLOADS
) -> Path | None:
    """Return a whole, unaltered copy of `file` on this machine, or `None`.

    Args:
        file: What is wanted.
        folders: Data folders to look in; `None` for the usual ones.
        downloads: Where earlier downloads lie.

    Returns:
        The path of the first copy with the right hash. A copy with another hash is passed over, and said.
    """
    candidates = [folder / file.path for folder in (data_folders() if folders is None else folders)]
    for candidate in [*candidates, downloads / Path(file.path).name]:
        if not candidate.is_file():
            continue
        if sha256_file(candidate) == file.sha256:
            return candidate
        note(f"{candidate} is not the published file (its SHA-256 differs): passed over")
    return None


def _open_url(url: str) -> IO[bytes]:
    stream: IO[bytes] = urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_S)
    return stream


def download_network(file: NetworkFile, downloads: Path = DOWNLOADS, opener: Opener = _open_url) -> Path:
    """Download `file`, check its hash, and put it in place whole.

    Raises:
        EnvironmentLacking: The network could not be reached.
        ModelInvalid: What arrived is not the published file.
    """
    target = downloads / Path(file.path).name
    with atomic_path(target) as temporary:
        try:
            with opener(file.url) as stream, temporary.open("wb") as out:
                pieces = -(-file.size // _CHUNK_BYTES)
                for _ in track(range(pieces), f"downloading {target.name}", pieces):
                    out.write(stream.read(_CHUNK_BYTES))
                out.write(stream.read(_CHUNK_BYTES))  # a longer file must not pass for the right one
        except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as problem:
            raise EnvironmentLacking(
                f"{target.name} is not on this machine and could not be downloaded ({problem})",
                f"connect to the internet, or put the file at data/{file.path} (from {file.url})",
            ) from problem
        if (found := sha256_file(temporary)) != file.sha256:
            raise ModelInvalid(
                f"what {file.url} sent is not the published file (SHA-256 {found[:12]}..., "
                f"expected {file.sha256[:12]}...)",
                f"get the file by hand and put it at data/{file.path}",
            )
    return target


def obtain_network(file: NetworkFile) -> Path:
    """Return a checked copy of `file`, downloaded where there is none.

    Raises:
        EnvironmentLacking: It is not here and cannot be downloaded.
        ModelInvalid: The download is not the published file.
    """
    return find_network(file) or download_network(file)
