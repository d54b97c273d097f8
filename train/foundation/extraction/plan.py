"""Which recordings go into which shard, and the key of each: the same plan from the same corpus, in any order.

A shard is computed by one worker from its own list of recordings and nothing else, so who computes it, when,
and in which order changes no byte. Its key is a hash of all that decides its content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from firmware_bridge.base.errors import AudioUnreadable, CorpusInvalid, InvalidSetting
from firmware_bridge.base.files import sha256_file
from firmware_bridge.base.progress import track
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ
from train.foundation.encoder import Encoder
from train.foundation.extraction.code import code_digest

Keep = Literal["sequences", "statistics"]
ITEM_BYTES = {"float16": 2, "float32": 4}
SHARD_BYTES = 64_000_000  # what a worker holds of its results before they are written
SHARD_SECONDS = 300.0


@dataclass(frozen=True)
class Recording:
    """A sound file to listen to.

    Attributes:
        name: Unique in the corpus, and the same on every machine.
        path: Where it lies; on a cluster, for every worker.
        sha256: Hash of its bytes.
        samples: Its length at 16 kHz as the file's header states it.
    """

    name: str
    path: str
    sha256: str
    samples: int


@dataclass(frozen=True)
class Request:
    """What is wanted of every recording.

    Attributes:
        encoder: As `open_encoder` takes it.
        fingerprint: Of the encoder, so that a worker with other weights is found out.
        layers: Which layers.
        keep: `sequences`, or `statistics`: mean and deviation over time.
        dtype: `float16` or `float32`; statistics are best kept as float32.
        first_seconds: Hear no more of a recording than its beginning; 0 hears all.
        code: Digest of the source, so that a worker with another version is found out.
    """

    encoder: str
    fingerprint: str
    layers: tuple[str, ...]
    keep: Keep
    dtype: str
    first_seconds: float
    code: str


@dataclass(frozen=True)
class Shard:
    """A few minutes of speech that one worker turns into one folder."""

    key: str
    recordings: tuple[Recording, ...]

    @property
    def seconds(self) -> float:
        """Length of its recordings, from their headers."""
        return sum(each.samples for each in self.recordings) / SAMPLE_RATE_HZ


def make_request(
    which: str,
    encoder: Encoder,
    layers: Iterable[str],
    keep: Keep = "sequences",
    dtype: str | None = None,
    first_seconds: float = 0.0,
) -> Request:
    """Return a request with everything in it that a worker compares.

    Raises:
        UnknownName: There is no such layer.
        InvalidSetting: An unknown `dtype`.
    """
    dtype = dtype or ("float16" if keep == "sequences" else "float32")
    if dtype not in ITEM_BYTES:
        raise InvalidSetting(f"results cannot be kept as {dtype}", f"use one of: {', '.join(ITEM_BYTES)}")
    wanted = {encoder.layer(name).name for name in layers}
    ordered = tuple(name for name in encoder.layer_names if name in wanted)
    if not ordered:
        raise InvalidSetting(
            "no layer was asked for", f"name some of {encoder.layer_names[0]} to {encoder.layer_names[-1]}"
        )
    return Request(which, encoder.about.fingerprint, ordered, keep, dtype, first_seconds, code_digest())


def find_recordings(files: Mapping[str, Path]) -> list[Recording]:
    """Return name and content of sound files: each is hashed, and its header is read.

    Args:
        files: Name to path.

    Raises:
        AudioUnreadable: A file cannot be opened as sound.
        CorpusInvalid: There is none.
    """
    import soundfile

    if not files:
        raise CorpusInvalid("no recordings to listen to", "name a corpus with sound")
    found = []
    for name, path in track(sorted(files.items()), "hashing recordings"):
        try:
            header = soundfile.info(path)
        except (soundfile.LibsndfileError, OSError) as problem:
            raise AudioUnreadable(
                f"{path}: no sound file ({problem})", "leave it out, or get it again"
            ) from problem
        samples = round(header.frames * SAMPLE_RATE_HZ / header.samplerate)
        found.append(Recording(name, str(path), sha256_file(path), samples))
    return found


def make_plan(request: Request, encoder: Encoder, recordings: Iterable[Recording]) -> list[Shard]:
    """Return the shards, shortest recordings first.

    Sorted by length, because recordings of one length share a pass; by name within one length.

    Raises:
        AudioUnreadable: A recording is longer than the network hears, or shorter.
    """
    heard = sorted(recordings, key=lambda each: (each.samples, each.name))
    limit = request.first_seconds * SAMPLE_RATE_HZ or float("inf")
    long = [each for each in heard if min(each.samples, limit) > (encoder.about.longest or float("inf"))]
    short = [each for each in heard if each.samples < encoder.about.shortest]
    for wrong, how in ((long, "long"), (short, "short")):
        if wrong:
            raise AudioUnreadable(
                f"{len(wrong)} of {len(heard)} recordings are too {how} for {encoder.about.name}, "
                f"for instance {wrong[0].name} ({wrong[0].samples / SAMPLE_RATE_HZ:.2f} s)",
                "hear their beginning only (first_seconds), or leave them out"
                if how == "long"
                else "leave them out",
            )
    rows = encoder.about.frame_rate if request.keep == "sequences" else 1.0
    width = sum(encoder.layer(name).width for name in request.layers)
    most = min(SHARD_SECONDS, SHARD_BYTES / (rows * width * ITEM_BYTES[request.dtype]))
    groups: list[list[Recording]] = []
    seconds = most
    for each in heard:
        length = min(each.samples, limit) / SAMPLE_RATE_HZ
        if seconds + length > most and (not groups or groups[-1]):
            groups.append([])
            seconds = 0.0
        groups[-1].append(each)
        seconds += length
    return [Shard(_key(request, group), tuple(group)) for group in groups]


def _key(request: Request, recordings: list[Recording]) -> str:
    """Return a hash of all that decides a shard's content; where the files lie does not."""
    facts = [asdict(request), [[each.name, each.sha256] for each in recordings]]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
