"""The hub: its cache first, a download only at a pinned commit, and a clear word where neither works."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from firmware_bridge.base.errors import EnvironmentLacking, InvalidSetting
from train.foundation.hub import find_snapshot, lacking_extra

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("wrong", ["wavlm", "a/b@main", "a/b@0123", "../x/y", "a/b c"])
def test_other_names_are_refused(wrong: str) -> None:
    with pytest.raises(InvalidSetting, match="names no checkpoint"):
        find_snapshot(wrong)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(EnvironmentLacking, match="huggingface_hub") as caught:
        find_snapshot(f"microsoft/wavlm-base@{COMMIT}")
    assert "[foundation]" in caught.value.remedy
    assert lacking_extra("torch").exit_status == 2


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache as the hub's client lays it out, with one snapshot."""
    pytest.importorskip("huggingface_hub", reason="the extra 'foundation' is not installed")
    place = tmp_path / "models--microsoft--wavlm-base"
    snapshot = place / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(COMMIT)
    return tmp_path


def test_what_is_in_the_cache_needs_no_network(cache: Path) -> None:
    for name in (f"microsoft/wavlm-base@{COMMIT}", "microsoft/wavlm-base"):
        assert (find_snapshot(name, cache) / "config.json").is_file()


def test_a_download_must_be_pinned(cache: Path) -> None:
    with pytest.raises(EnvironmentLacking, match="not in the hub's cache") as caught:
        find_snapshot("microsoft/wavlm-large", cache)
    assert "pin a commit" in caught.value.remedy


def test_what_is_downloaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked = []

    def download(repo: str, **settings: object) -> str:
        asked.append((repo, settings))
        if settings.get("local_files_only"):
            raise LocalEntryNotFoundError("not here")
        return str(cache)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert find_snapshot(f"facebook/hubert-base-ls960@{COMMIT}") == cache
    repo, settings = asked[1]
    assert (repo, settings["revision"]) == ("facebook/hubert-base-ls960", COMMIT)
    patterns = settings["allow_patterns"]
    assert isinstance(patterns, list)
    assert not [each for each in patterns if not each.endswith((".json", ".safetensors"))]


def test_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def download(repo: str, **settings: object) -> str:
        raise LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(EnvironmentLacking, match="could not be downloaded") as caught:
        find_snapshot(f"facebook/hubert-base-ls960@{COMMIT}")
    assert "checkpoint:FOLDER" in caught.value.remedy
