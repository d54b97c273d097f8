"""Templates at hand: real compiles that later trainings of the same architecture are derived from.

A template is a folder with `original.tflite`, `compiled.tflite` and `template.json`; its name is the hash of the
network's architecture. Hashes of both files are kept, so that damage where no check of the file itself could see it
(instruction bits whose meaning nobody knows) is seen here.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgetpu_models.format.model import Model
from edgetpu_models.reweight.derive import Derived, accept, reweight
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, ReweightRefused
from firmware_bridge.base.files import atomic_directory, sha256_file, write_json

ROOT = Path(__file__).resolve().parents[2]


def default_store() -> Path:
    """Return the folder of templates: `UNDERTONE_TEMPLATES`, else `data/templates` in the checkout."""
    return Path(os.environ.get("UNDERTONE_TEMPLATES") or ROOT / "data" / "templates")


def architecture(model: Model) -> str:
    """Return 32 hexadecimal digits that depend on operations, settings, shapes and types, not on values or names."""
    graph = model.main
    used = {i for op in graph.operators for i in (*op.inputs, *op.outputs)}
    constants = {
        t.index: bytes(t.data or b"").hex()
        for t in graph.tensors
        if t.index in used and t.constant and not t.quantization.scales
    }
    facts = {
        "operators": [
            (op.op, op.version, op.inputs, op.outputs, sorted(op.options.items())) for op in graph.operators
        ],
        "tensors": [(t.type, t.shape, t.constant, len(t.quantization.scales)) for t in graph.tensors],
        "constants": sorted(constants.items()),
        "ends": (graph.inputs, graph.outputs),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Template:
    """One template.

    Attributes:
        architecture: Its hash.
        folder: Where it lies.
        original_sha256: Of its original, `compiled_sha256` of what the real compiler made of it.
        token: Its caching token; networks compiled together share one.
        recipe: Hash of the recipe's shape that the network came from, empty where that is not known.
        source: What it was added from.
    """

    architecture: str
    folder: Path
    original_sha256: str
    compiled_sha256: str
    token: str
    recipe: str
    source: str

    def as_dict(self) -> dict[str, Any]:
        """Return the template as JSON-ready data."""
        return asdict(self) | {"folder": str(self.folder)}


def add(original: Path, compiled: Path, recipe: str = "", store: Path | None = None) -> Template:
    """Take a pair into the store, if it proves itself.

    Raises:
        ModelInvalid: A file is damaged or of the wrong kind.
        ReweightRefused: It cannot be a template; says why.
    """
    study = accept(original, compiled)
    name = architecture(study.original)
    folder = (store or default_store()) / name
    facts = {
        "architecture": name,
        "original_sha256": sha256_file(original),
        "compiled_sha256": sha256_file(compiled),
        "token": f"{study.compiled.running.token:016x}",
        "recipe": recipe,
        "source": compiled.name,
    }
    with atomic_directory(folder) as new:
        (new / "original.tflite").write_bytes(original.read_bytes())
        (new / "compiled.tflite").write_bytes(compiled.read_bytes())
        write_json(new / "template.json", facts)
    return _read(folder)


def _read(folder: Path) -> Template:
    try:
        facts = json.loads((folder / "template.json").read_text())
        names = ("architecture", "original_sha256", "compiled_sha256", "token", "recipe", "source")
        return Template(folder=folder, **{name: str(facts[name]) for name in names})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidSetting(
            f"{folder} is no template: {error}", "add it again: `undertone template add`"
        ) from error


def listed(store: Path | None = None) -> list[Template]:
    """Return the templates at hand, by architecture."""
    folder = store or default_store()
    found = sorted(p.parent for p in folder.glob("*/template.json")) if folder.is_dir() else []
    return [_read(path) for path in found]


def derive(networks: list[Path], store: Path | None = None) -> list[Derived]:
    """Derive the compiled forms of networks, one template for each.

    Raises:
        ReweightRefused: No template fits, one was changed since it was added, or two were compiled together.
    """
    at_hand = {t.architecture: t for t in listed(store)}
    chosen = []
    for path in networks:
        name = architecture(verify_model(path))
        if name not in at_hand:
            raise ReweightRefused(
                f"no template fits {path.name} (architecture {name})",
                "run `undertone compile` once for this network, alone, where the Edge TPU compiler is (x86-64); "
                "then `undertone template add ORIGINAL COMPILED`",
            )
        chosen.append(at_hand[name])
    tokens = [t.token for t in chosen]
    if len(set(tokens)) < len(tokens):
        raise ReweightRefused(
            "the templates were compiled together (they share a caching token), and no real pair has shown what that "
            "changes",
            "compile each network alone: `undertone compile ONE`",
        )
    return [_derive(t, path) for t, path in zip(chosen, networks, strict=True)]


def _derive(template: Template, network: Path) -> Derived:
    original, compiled = template.folder / "original.tflite", template.folder / "compiled.tflite"
    if (sha256_file(original), sha256_file(compiled)) != (template.original_sha256, template.compiled_sha256):
        raise ReweightRefused(
            f"the template {template.architecture} was changed since it was added",
            "add it again from the real files",
        )
    return reweight(original, compiled, network)
