"""What an extraction left on disk: every clip's layers, memory-mapped, with a hash for every file.

OUT/index.json                      request, encoder, layers, and in which shard each clip is
OUT/shards/KEY/shard.json           hashes of the shard's files; first row and rows of each clip
OUT/shards/KEY/hidden_2.npy         [rows, width], all clips of the shard one after another
"""

from __future__ import annotations

import functools
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import CheckFailed, EnvironmentLacking, UnknownName
from firmware_bridge.base.files import sha256_file, write_json
from train.foundation.encoder import Encoder
from train.foundation.extraction.plan import Request, Shard
from train.foundation.extraction.shard import FACTS, is_whole, shard_folder

INDEX = "index.json"


def finish(out: Path, request: Request, encoder: Encoder, plan: list[Shard]) -> Store:
    """Write the index over shards that are all there, clear away what a killed run left, and open the store."""
    clips = {each.name: shard.key for shard in plan for each in shard.recordings}
    shards = {shard.key: sha256_file(shard_folder(out, shard.key) / FACTS) for shard in plan}
    about, kept = asdict(encoder.about), {name: encoder.layer(name).width for name in request.layers}
    write_json(
        out / INDEX,
        {"request": asdict(request), "encoder": about, "widths": kept, "shards": shards, "clips": clips},
    )
    for folder in (out / "shards").iterdir():
        if folder.name.strip(".").partition(".")[0] not in shards or folder.suffix == ".part":
            shutil.rmtree(folder, ignore_errors=True)
    return Store(out)


class Store:
    """Results of an extraction.

    Args:
        out: The folder.

    Raises:
        EnvironmentLacking: No finished extraction is there.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        try:
            self.index: dict[str, Any] = json.loads((out / INDEX).read_text())
        except (OSError, ValueError) as problem:
            raise EnvironmentLacking(
                f"{out}: no finished extraction there",
                "run undertone extract, it goes on where it was stopped",
            ) from problem

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers that were kept, from input to output."""
        return tuple(self.index["request"]["layers"])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the clips, sorted."""
        return tuple(sorted(self.index["clips"]))

    def fingerprint(self) -> str:
        """Return the SHA-256 of the index, which holds that of every shard."""
        return sha256_file(self.out / INDEX)

    def rows(self, clip: str, layer: str) -> npt.NDArray[Any]:
        """Return a clip's layer without reading more than that from disk.

        Returns:
            [steps, width]; of statistics [1, 2 * width]. A read-only view of the file.

        Raises:
            UnknownName: No such clip or layer.
        """
        if layer not in self.layers:
            raise UnknownName("layer of this extraction", layer, self.layers)
        if clip not in self.index["clips"]:
            raise UnknownName("clip of this extraction", clip, self.names[:20])
        key = self.index["clips"][clip]
        start, count = self._facts(key)["clips"][clip]["rows"][layer]
        return self._mapped(key, layer)[start : start + count]

    def table(self, layer: str, names: tuple[str, ...] | None = None) -> npt.NDArray[np.float32]:
        """Return statistics of many clips, float32 [clips, 2 * width], in the order of `names`."""
        found = [self.rows(name, layer)[0] for name in (self.names if names is None else names)]
        return np.asarray(np.stack(found), np.float32)

    def verify(self) -> None:
        """Compare every file with its hash.

        Raises:
            CheckFailed: A shard is missing or has changed.
        """
        for key, digest in self.index["shards"].items():
            folder = shard_folder(self.out, key)
            if not is_whole(folder) or sha256_file(folder / FACTS) != digest:
                raise CheckFailed(
                    f"shard {key} in {self.out} is damaged", "run undertone extract again: it is made anew"
                )

    @functools.lru_cache(maxsize=64)  # noqa: B019 - a store lives as long as its reader
    def _facts(self, key: str) -> dict[str, Any]:
        """Return a shard's facts."""
        facts: dict[str, Any] = json.loads((shard_folder(self.out, key) / FACTS).read_text())
        return facts

    @functools.lru_cache(maxsize=64)  # noqa: B019 - and no more than 64 files are open at a time
    def _mapped(self, key: str, layer: str) -> npt.NDArray[Any]:
        """Return a shard's layer, mapped into memory."""
        mapped: npt.NDArray[Any] = np.load(
            shard_folder(self.out, key) / f"{layer}.npy", mmap_mode="r", allow_pickle=False
        )
        return mapped
