"""The bundle: one directory (and its zip) that holds all that a device needs, with proof of what it is.

`manifest.json` names every other file with its SHA-256; the bundle's id is the SHA-256 of that manifest.
It is written whole or not at all, and refused when one byte differs.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from firmware_bridge.base.errors import BundleInvalid
from firmware_bridge.base.files import atomic_directory, atomic_path, sha256_file, write_json

MANIFEST = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelFile(_Part):
    """One int8 network of the bundle."""

    file: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    sha256: str
    bytes: int
    parameters: int
    input_shape: list[int]
    output_shape: list[int]
    input_scale: float
    input_zero_point: int
    output_scale: float
    output_zero_point: int
    compiled: bool = False
    compiled_evidence: Literal["", "measured", "derived"] = ""  # the compiler made it, or it was derived


class SplitRecord(_Part):
    """Who was trained on, selected on and reported."""

    train: list[str]
    validation: list[str]
    test: list[str]
    hash: str


class Licence(_Part):
    """The terms of something that went into the bundle."""

    name: str
    kind: str
    licence: str
    attribution: str
    commercial: bool


class Manifest(_Part):
    """What a bundle says of itself.

    Attributes:
        labels: Emotion classes, in the order of the acoustic and fused scores.
        keywords: Keyword classes, in the order of the keyword scores; the first is "no keyword".
        frontend: The front-end's settings (`FrontendSpec.to_dict`).
        table_hash: SHA-256 of the front-end's tables.
        scaling: Features to int8 (`InputScaling.to_dict`).
        fusion: The late-fusion head (`FusionHead.to_dict`).
        keyword_vote: A head of the same kind that reads the keyword scores alone: the keyword branch's own guess.
        figures: Evidence-tagged figures by name (`Quantity.as_dict`).
        files: SHA-256 of every other file of the bundle by name.
    """

    format: Literal[1] = 1
    name: str
    labels: list[str]
    keywords: list[str]
    window_ms: int
    hop_ms: int
    frontend: dict[str, Any]
    table_hash: str
    scaling: dict[str, Any]
    models: dict[str, ModelFile]
    fusion: dict[str, Any]
    keyword_vote: dict[str, Any]
    corpus: dict[str, str]
    split: SplitRecord
    recipe: dict[str, Any]
    figures: dict[str, Any]
    licences: list[Licence]
    evidence: Literal["real", "synthetic"]
    git_revision: str
    files: dict[str, str]

    @property
    def commercial(self) -> bool:
        """Whether the terms of everything inside allow commercial use."""
        return all(licence.commercial for licence in self.licences)


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read and found whole."""

    directory: Path
    manifest: Manifest
    id: str

    def path(self, model: ModelFile) -> Path:
        """Return where one of the bundle's networks lies."""
        return self.directory / model.file


def write_bundle(directory: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Bundle:
    """Write a bundle and its zip, whole or not at all.

    Args:
        directory: Where the bundle will lie; an older one there is replaced. The zip lies beside it.
        manifest: The manifest's fields, without `files`.
        files: Every other file by name.

    Raises:
        BundleInvalid: The manifest does not fit the schema.
    """
    with atomic_directory(directory) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        hashes = {name: sha256_file(temporary / name) for name in sorted(files)}
        try:
            checked = Manifest.model_validate({**manifest, "files": hashes})
        except ValidationError as error:
            raise BundleInvalid(
                f"the manifest does not fit the schema: {error}", "report this as a bug"
            ) from error
        write_json(temporary / MANIFEST, checked.model_dump(mode="json"))
    with atomic_path(directory.with_name(directory.name + ".zip")) as temporary:
        _zip(directory, temporary)
    return load_bundle(directory)


def _zip(directory: Path, target: Path) -> None:
    """Pack a bundle; the same files give the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(directory.iterdir()):
            entry = zipfile.ZipInfo(path.name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def load_bundle(directory: Path) -> Bundle:
    """Read a bundle and check every file against its hash.

    Args:
        directory: The bundle's directory.

    Raises:
        BundleInvalid: There is none, a file is missing, extra or differs, or the manifest cannot be read.
    """
    again = "build it again with `make edgetpu-model`, or copy the whole bundle once more"
    if not (directory / MANIFEST).is_file():
        raise BundleInvalid(
            f"no bundle at {directory}", "build one with `make edgetpu-model`, or name one: --bundle DIR"
        )
    try:
        manifest = Manifest.model_validate(json.loads((directory / MANIFEST).read_text(encoding="utf-8")))
    except (ValidationError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise BundleInvalid(f"the manifest of {directory} cannot be read: {first}", again) from error
    present = {path.name for path in directory.iterdir()} - {MANIFEST}
    if present != set(manifest.files):
        odd = sorted(present ^ set(manifest.files))
        raise BundleInvalid(f"bundle {directory} has missing or extra files: {', '.join(odd)}", again)
    for name, wanted in manifest.files.items():
        found = sha256_file(directory / name)
        if found != wanted:
            raise BundleInvalid(
                f"{name} in bundle {directory} is damaged: SHA-256 {found[:12]}, the manifest says {wanted[:12]}",
                again,
            )
    for name, model in manifest.models.items():
        if manifest.files.get(model.file) != model.sha256:
            raise BundleInvalid(f"bundle {directory} does not hold its network '{name}'", again)
    return Bundle(directory, manifest, sha256_file(directory / MANIFEST))
