"""The pages of `docs/` that are made from the code, and kept in the checkout to be read without a build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from edgetpu_models import supported
from firmware_bridge.base.paths import DOCS
from hil.report import schema
from tools.dev.docs import image, wire

MADE: Mapping[Path, Callable[[], str]] = {
    DOCS / "wire.md": wire.page,
    DOCS / "image.md": image.page,
    DOCS / "supported_operations.md": supported.page,
    DOCS / "report.schema.json": schema.schema_page,
}
