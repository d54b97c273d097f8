"""Checkpoints from the hub: from its cache on this machine, or downloaded at a pinned commit."""

from __future__ import annotations

import re
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking, InvalidSetting
from firmware_bridge.base.progress import note

_NAMED = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<commit>[0-9a-f]{40}))?")
# What is fetched: never a pickle, never code.
_WANTED = ["config.json", "preprocessor_config.json", "*.safetensors", "model.safetensors.index.json"]


def find_snapshot(which: str, cache: Path | None = None) -> Path:
    """Return the folder of a checkpoint.

    Args:
        which: `OWNER/NAME@COMMIT`, the commit in 40 hexadecimal digits. Without one only the cache is
            asked, for what its own `main` points at: a download must be pinned, as `main` moves.
        cache: The hub's cache; `None` for the usual one (HF_HOME).

    Raises:
        InvalidSetting: It is not named like that.
        EnvironmentLacking: It is not in the cache and cannot be downloaded, or the library is missing.
    """
    named = _NAMED.fullmatch(which)
    if named is None:
        raise InvalidSetting(
            f"'{which}' names no checkpoint", "write OWNER/NAME@COMMIT, the commit in 40 hexadecimal digits"
        )
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as problem:
        raise lacking_extra("huggingface_hub") from problem
    repo, commit = named["repo"], named["commit"]
    try:
        return Path(snapshot_download(repo, revision=commit, cache_dir=cache, local_files_only=True))
    except LocalEntryNotFoundError as problem:
        if commit is None:
            raise EnvironmentLacking(
                f"{repo} is not in the hub's cache on this machine",
                "pin a commit, and it is downloaded: hub:OWNER/NAME@COMMIT",
            ) from problem
    note(f"downloading {repo} at {commit[:12]}")
    try:
        return Path(snapshot_download(repo, revision=commit, cache_dir=cache, allow_patterns=_WANTED))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as problem:
        raise EnvironmentLacking(
            f"{repo}@{commit[:12]} is not on this machine and could not be downloaded",
            "connect to the internet, or copy the folder here and use checkpoint:FOLDER",
        ) from problem


def lacking_extra(library: str) -> EnvironmentLacking:
    """Return the error for a missing library of the extra `foundation`."""
    return EnvironmentLacking(
        f"official checkpoints need the library {library}, which is not installed",
        "install the extra: .venv/bin/python -m pip install -e '.[foundation]' (torch: the CPU build will do)",
    )
