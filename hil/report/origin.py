"""What a bundle was made from, as a report carries it and as a comparison reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware_bridge.contract.bundle import Manifest

# Everything of a manifest that somebody chose, and the data that it was made from.
CHOSEN = {"recipe", "frontend", "scaling", "window_ms", "hop_ms", "labels", "keywords", "corpus", "split"}


def origin_of(manifest: Manifest) -> dict[str, Any]:
    """Return recipe, front-end, windows, classes, corpora and split of a bundle, and the revision of the code.

    The nested keys are those of the manifest; `code` is the revision.
    """
    return manifest.model_dump(mode="json", include=CHOSEN) | {"code": manifest.git_revision}


def flat(data: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested settings by dotted key: `{"a": {"b": 1}}` is `{"a.b": 1}`. Lists stay whole, as empty tables do."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{above}.{key}" if above else key
        if isinstance(value, Mapping) and value:
            found |= flat(value, name)
        else:
            found[name] = value
    return found
