"""The digest of the source that turns recordings into numbers: what `shard.py` rests on."""

from __future__ import annotations

import functools
import hashlib
import json

from firmware_bridge.base.closure import module_closure, source_hashes, versions_of

START = "train.foundation.extraction.shard"
LIBRARIES = ("numpy", "onnxruntime", "soxr", "soundfile")


@functools.cache
def code_digest() -> str:
    """Return a SHA-256 over the closure of `START` and the libraries below it: another one, perhaps other numbers."""
    hashes = source_hashes()
    files = {file: hashes[file] for file in sorted(module_closure(START))}
    return hashlib.sha256(json.dumps([files, versions_of(LIBRARIES)]).encode()).hexdigest()
