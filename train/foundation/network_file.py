"""Finds a published network on this machine, or brings it from its public repository, checked by hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking, ModelInvalid
from firmware_bridge.base.files import sha256_file
from firmware_bridge.base.paths import BUILD
from firmware_bridge.base.progress import note
from train.corpora.registry import data_folders

DOWNLOADS = BUILD / "downloads"
CONNECT_TIMEOUT_S = 15.0


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


def download_network(file: NetworkFile, downloads: Path = DOWNLOADS) -> Path:
    """Download `file`, check its hash, and put it in place whole.

    Raises:
        EnvironmentLacking: The network could not be reached.
        ModelInvalid: What arrived is not the published file.
    """
    import pooch
    from requests.exceptions import RequestException

    name = Path(file.path).name
    note(f"downloading {name} ({file.size / 1e6:.1f} MB) from {file.url}")
    bring = pooch.HTTPDownloader(timeout=CONNECT_TIMEOUT_S)
    try:
        found = pooch.retrieve(file.url, f"sha256:{file.sha256}", name, downloads, downloader=bring)
    except RequestException as problem:
        raise EnvironmentLacking(
            f"{name} is not on this machine and could not be downloaded ({problem})",
            f"connect to the internet, or put the file at data/{file.path} (from {file.url})",
        ) from problem
    except ValueError as problem:  # so pooch says that the hash is another
        raise ModelInvalid(
            f"what {file.url} sent is not the published file: {problem}",
            f"get the file by hand and put it at data/{file.path}",
        ) from problem
    return Path(found)


def obtain_network(file: NetworkFile) -> Path:
    """Return a checked copy of `file`, downloaded where there is none.

    Raises:
        EnvironmentLacking: It is not here and cannot be downloaded.
        ModelInvalid: The download is not the published file.
    """
    return find_network(file) or download_network(file)
