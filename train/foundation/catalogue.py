"""The encoders that are known by name, and how any other is named.

| text | is |
|---|---|
| `whisper-tiny-en`, `whisper-base`, `moonshine-tiny`, `yamnet` | a published file, checked by hash |
| `onnx:FILE` | an ONNX file with outputs hidden_0, hidden_1, ... |
| `checkpoint:FOLDER` | an official checkpoint (WavLM, HuBERT, wav2vec 2.0, Whisper) in a folder |
| `hub:OWNER/NAME@COMMIT` | the same from the hub's cache on this machine, or downloaded at that commit |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking, UnknownName
from train.foundation.encoder import Encoder
from train.foundation.network_file import NetworkFile, find_network


@dataclass(frozen=True)
class OnnxEntry:
    """A published ONNX encoder: its file, the original's name, and which of its tables are not learnt."""

    file: NetworkFile
    original: str
    fixed: tuple[str, ...]


def _entry(stem: str, sha256: str, size: int, original: str, fixed: tuple[str, ...]) -> OnnxEntry:
    return OnnxEntry(NetworkFile(f"models/{stem}-encoder.onnx", "", sha256, size, "MIT"), original, fixed)


ONNX: dict[str, OnnxEntry] = {
    "whisper-tiny-en": _entry(
        "whisper-tiny-en",
        "650a3942dff234004543a7448b6181aac56739588a15892344723e779513cb05",
        16_432_305,
        "openai/whisper-tiny.en",
        ("position",),
    ),
    "whisper-base": _entry(
        "whisper-base",
        "6d9c125b3fdf0394abea711cb0d33cd964648951f399d507ff8ae5489dbfe943",
        41_203_609,
        "openai/whisper-base",
        ("position",),
    ),
    "moonshine-tiny": _entry(
        "moonshine-tiny",
        "9832fb92ca2060333838e63766690a7340edfefdb0d5232342049a0c101207c6",
        12_842_443,
        "UsefulSensors/moonshine-tiny",
        ("rotary_frequency", "rotate_pairs"),
    ),
}


def _known(name: str) -> Encoder:
    from train.foundation.backends.onnx import OnnxEncoder

    entry = ONNX[name]
    path = find_network(entry.file)
    if path is None:
        raise EnvironmentLacking(
            f"{name} is not on this machine",
            f"put {Path(entry.file.path).name} into data/models (its hash is in train/foundation/catalogue.py), "
            "or use 'yamnet', which can be downloaded",
        )
    return OnnxEncoder(path, name, entry.file.licence, entry.fixed)


def _yamnet() -> Encoder:
    from train.foundation.backends.yamnet import YamNetEncoder

    return YamNetEncoder()


def _onnx_file(place: str) -> Encoder:
    from train.foundation.backends.onnx import OnnxEncoder

    path = Path(place).expanduser()
    if not path.is_file():
        raise EnvironmentLacking(f"{path}: no such file", "check the path after 'onnx:'")
    return OnnxEncoder(path)


def _checkpoint(place: str) -> Encoder:
    from train.foundation.backends.checkpoint import CheckpointEncoder

    return CheckpointEncoder(Path(place).expanduser())


def _hub(place: str) -> Encoder:
    from train.foundation.backends.checkpoint import CheckpointEncoder
    from train.foundation.hub import find_snapshot

    return CheckpointEncoder(find_snapshot(place), name=place)


# What stands before the colon -> who opens it.
KINDS: dict[str, Callable[[str], Encoder]] = {"onnx": _onnx_file, "checkpoint": _checkpoint, "hub": _hub}


def encoder_names() -> list[str]:
    """Return the names that `open_encoder` knows without a path."""
    return [*ONNX, "yamnet"]


def open_encoder(which: str) -> Encoder:
    """Return a foundation model.

    Args:
        which: A name or `KIND:PLACE`, see the table above.

    Raises:
        UnknownName: No such name or kind.
        EnvironmentLacking: It is not on this machine, or a library for it is not.
        ModelInvalid: It is there, but damaged, of an unknown kind, or a pickle.
    """
    kind, colon, place = which.partition(":")
    if colon and kind in KINDS:
        return KINDS[kind](place)
    if which == "yamnet":
        return _yamnet()
    if which in ONNX:
        return _known(which)
    raise UnknownName("foundation model", which, [*encoder_names(), *(f"{each}:..." for each in KINDS)])
