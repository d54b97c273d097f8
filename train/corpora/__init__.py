"""Corpora: one record type, one file per corpus, found by name.

Importing this package imports every module in it, and each reader registers itself;
`load_corpus("ravdess")` is the way in.
"""

from firmware_bridge.base.parts import import_all
from train.corpora.record import Clip, Corpus, Origin
from train.corpora.registry import READERS, data_folders, find_data, find_reader, load_corpus
from train.evaluation.leak import UNKNOWN_SPEAKER

import_all(__name__, __path__)

__all__ = [
    "READERS",
    "UNKNOWN_SPEAKER",
    "Clip",
    "Corpus",
    "Origin",
    "data_folders",
    "find_data",
    "find_reader",
    "load_corpus",
]
