"""One shard: computed from its recordings, written whole, checked by hash."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import AudioUnreadable, EnvironmentLacking
from firmware_bridge.base.files import atomic_directory, sha256_file, write_json
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, read_audio
from train.foundation.catalogue import open_encoder
from train.foundation.encoder import Encoder, equal_lengths, mean_and_deviation
from train.foundation.extraction.code import code_digest
from train.foundation.extraction.plan import Request, Shard

FACTS = "shard.json"


def shard_folder(out: Path, key: str) -> Path:
    """Return where a shard lies."""
    return out / "shards" / key


def is_whole(folder: Path) -> bool:
    """Tell whether a shard is there with every byte that it was written with."""
    try:
        facts = json.loads((folder / FACTS).read_text())
        return all(sha256_file(folder / name) == digest for name, digest in facts["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # not there, or cut off: it is computed again


def compute_shard(request: Request, shard: Shard, out: Path) -> str:
    """Compute a shard if it is not there, and return its key. This is what a worker does.

    Raises:
        EnvironmentLacking: This machine has other weights or another version of the project.
        AudioUnreadable: A recording is damaged, or not the one that was planned for.
    """
    folder = shard_folder(out, shard.key)
    if is_whole(folder):
        return shard.key
    encoder = opened(request.encoder, request.layers[-1])
    if (encoder.about.fingerprint, code_digest()) != (request.fingerprint, request.code):
        raise EnvironmentLacking(
            "this worker has other weights or another version of the project than who planned the work",
            "bring every machine to the same checkout and the same data folder",
        )
    waves = [_heard(each.path, each.sha256, request.first_seconds) for each in shard.recordings]
    with atomic_directory(folder) as temporary:
        rows = _write_layers(encoder, request, waves, temporary)
        files = {f"{layer}.npy": sha256_file(temporary / f"{layer}.npy") for layer in request.layers}
        clips = {
            recording.name: {"sha256": recording.sha256, "samples": len(wave), "rows": each}
            for recording, wave, each in zip(shard.recordings, waves, rows, strict=True)
        }
        write_json(temporary / FACTS, {"key": shard.key, "files": files, "clips": clips})
    return shard.key


@functools.lru_cache(maxsize=2)
def opened(which: str, deepest: str) -> Encoder:
    """Return an encoder, cut after its deepest layer; kept open for the next shard."""
    return open_encoder(which).cut(deepest)


def _heard(path: str, sha256: str, first_seconds: float) -> npt.NDArray[np.int16]:
    """Return the samples of a recording that is still the one that was planned for."""
    if sha256_file(Path(path)) != sha256:
        raise AudioUnreadable(f"{path} has changed since the work was planned", "start the extraction again")
    pcm = read_audio(Path(path)).pcm
    return pcm[: round(first_seconds * SAMPLE_RATE_HZ)] if first_seconds else pcm


def _write_layers(
    encoder: Encoder, request: Request, waves: list[npt.NDArray[np.int16]], folder: Path
) -> list[dict[str, list[int]]]:
    """Write `LAYER.npy`, [rows, values], and return for each clip: layer to its first row and their number."""
    parts: dict[str, list[Any]] = {layer: [] for layer in request.layers}
    filled = dict.fromkeys(request.layers, 0)
    rows: list[dict[str, list[int]]] = [{} for _ in waves]
    for group in equal_lengths([len(wave) for wave in waves]):
        for index, found in zip(
            group, encoder.encode([waves[i] for i in group], request.layers), strict=True
        ):
            for layer in request.layers:
                values = (
                    found[layer] if request.keep == "sequences" else mean_and_deviation(found[layer])[None]
                )
                parts[layer].append(_narrowed(values, request.dtype, layer))
                rows[index][layer] = [filled[layer], len(values)]
                filled[layer] += len(values)
    for layer in request.layers:
        np.save(folder / f"{layer}.npy", np.concatenate(parts.pop(layer)), allow_pickle=False)
    return rows


def _narrowed(values: npt.NDArray[np.float32], dtype: str, layer: str) -> npt.NDArray[Any]:
    """Return values as they are kept; one that float16 cannot hold must not become infinite unseen."""
    with np.errstate(over="ignore"):
        kept = values.astype(dtype)
    if not np.isfinite(kept).all():
        raise AudioUnreadable(
            f"{layer} holds values beyond {dtype} (to {np.abs(values).max():.0f})", "keep it as float32"
        )
    return kept
