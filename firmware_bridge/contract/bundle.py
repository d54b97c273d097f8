"""The bundle: one directory (and its zip) that holds all that a device needs, with proof of what it is.

`manifest.json` names every other file with its SHA-256; the bundle's id is the SHA-256 of that manifest.
It is written whole or not at all, and refused when one byte differs.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    RootModel,
    ValidationError,
    field_serializer,
    model_validator,
)

from firmware_bridge.base.errors import BundleInvalid, InvalidSetting
from firmware_bridge.base.evidence import Quantity
from firmware_bridge.base.files import atomic_directory, atomic_path, sha256_file, write_json
from firmware_bridge.base.settings import Settings, explain
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.contract.windows import Windowing
from firmware_bridge.microfrontend import FrontendSpec, InputScaling

MANIFEST = "manifest.json"
T = TypeVar("T")


def compiled_name(stem: str) -> str:
    """Return the name of the file that the Edge TPU compiler makes of `STEM.tflite`."""
    return f"{stem}_edgetpu.tflite"


class ModelFile(Settings):
    """One int8 network of the bundle.

    Attributes:
        compiled: The file that was compiled for the Edge TPU, None where there is none (`false` in the manifest).
        compiled_evidence: `measured` where the compiler itself made that file, `derived` where a template did.
    """

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
    compiled: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+$")
    compiled_evidence: Literal["", "measured", "derived"] = ""

    @model_validator(mode="before")
    @classmethod
    def _name_the_compiled_file(cls, data: Any) -> Any:
        """Read `compiled` of older bundles, which say only whether there is such a file."""
        if isinstance(data, dict) and isinstance(data.get("compiled"), bool):
            name = compiled_name(Path(str(data.get("file"))).stem) if data["compiled"] else None
            return {**data, "compiled": name}
        return data

    @field_serializer("compiled")
    def _false_or_name(self, name: str | None) -> str | bool:
        return name or False


class SplitRecord(Settings):
    """Who was trained on, selected on and reported."""

    train: list[str]
    validation: list[str]
    test: list[str]
    hash: str


class Licence(Settings):
    """The terms of something that went into the bundle."""

    name: str
    kind: str
    licence: str
    attribution: str
    commercial: bool


class Recorded(RootModel[dict[str, JsonValue]]):
    """Settings of a room above, carried as they were written.

    A device needs none of them, and a bundle outlives its recipe's schema: so they are checked by whoever asks for
    them, not when the bundle is read.
    """

    model_config = ConfigDict(frozen=True)

    def read(self, parse: Callable[[dict[str, JsonValue]], T]) -> T:
        """Return what a room above makes of the settings, in that room's own type."""
        return parse(dict(self.root))


class Manifest(Settings):
    """What a bundle says of itself.

    Attributes:
        labels: Emotion classes, in the order of the acoustic and fused scores.
        keywords: Keyword classes, in the order of the keyword scores; the first is "no keyword".
        frontend: The front-end's settings.
        table_hash: SHA-256 of the front-end's tables.
        scaling: Features to int8.
        fusion: The late-fusion head.
        keyword_vote: A head of the same kind that reads the keyword scores alone: the keyword branch's own guess.
        recipe: What the networks were made from, as it was written; `Recorded.read` gives it its type.
        figures: Figures by name, each with its evidence.
        speech: Whether people or synthesisers spoke; `evidence` in the manifest, from before that word had one meaning.
        files: SHA-256 of every other file of the bundle by name.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    format: Literal[1] = 1
    name: str
    labels: list[str]
    keywords: list[str]
    window_ms: int
    hop_ms: int
    frontend: FrontendSpec
    table_hash: str
    scaling: InputScaling
    models: dict[str, ModelFile]
    fusion: FusionHead
    keyword_vote: FusionHead
    corpus: dict[str, str]
    split: SplitRecord
    recipe: Recorded
    figures: dict[str, Quantity]
    licences: list[Licence]
    speech: Literal["real", "synthetic"] = Field(alias="evidence")
    git_revision: str
    files: dict[str, str]

    @property
    def windowing(self) -> Windowing:
        """How a segment is cut into windows."""
        return Windowing(window_ms=self.window_ms, hop_ms=self.hop_ms)

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

    def compiled_path(self, model: ModelFile) -> Path | None:
        """Return where the compiled file of one of the networks lies, None where there is none."""
        return self.directory / model.compiled if model.compiled else None


def write_bundle(
    directory: Path, manifest: Manifest | Mapping[str, Any], files: Mapping[str, bytes]
) -> Bundle:
    """Write a bundle and its zip, whole or not at all.

    Args:
        directory: Where the bundle will lie; an older one there is replaced. The zip lies beside it.
        manifest: The manifest, or its fields; its `files` are filled in here.
        files: Every other file by name.

    Raises:
        BundleInvalid: The manifest does not fit the schema.
    """
    with atomic_directory(directory) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        hashes = {name: sha256_file(temporary / name) for name in sorted(files)}
        try:
            checked = Manifest.model_validate({**dict(manifest), "files": hashes})
        except ValidationError as error:
            told = explain(error, Manifest, "the manifest does not fit the schema")
            raise BundleInvalid(told.what, "report this as a bug") from error
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
    except (ValidationError, InvalidSetting, BundleInvalid, ValueError) as error:
        what = explain(error, Manifest, MANIFEST).what if isinstance(error, ValidationError) else str(error)
        raise BundleInvalid(f"the manifest of {directory} cannot be read: {what}", again) from error
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
        compiled = model.compiled is None or model.compiled in manifest.files
        if manifest.files.get(model.file) != model.sha256 or not compiled:
            raise BundleInvalid(f"bundle {directory} does not hold its network '{name}'", again)
    return Bundle(directory, manifest, sha256_file(directory / MANIFEST))
