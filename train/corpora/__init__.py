"""Corpora: one record type, one file per corpus, found by name.

Importing this package registers every reader; `load_corpus("ravdess")` is the way in.
"""

from train.corpora import (
    crema_d,
    ravdess,
    speech_commands,
    spoken_digits,
    synthetic,
    urdu,
    wake_words,
)
from train.corpora.record import Clip, Corpus, Origin
from train.corpora.registry import READERS, data_folders, find_data, find_reader, load_corpus
from train.evaluation.leak import UNKNOWN_SPEAKER

__all__ = [
    "READERS",
    "UNKNOWN_SPEAKER",
    "Clip",
    "Corpus",
    "Origin",
    "crema_d",
    "data_folders",
    "find_data",
    "find_reader",
    "load_corpus",
    "ravdess",
    "speech_commands",
    "spoken_digits",
    "synthetic",
    "urdu",
    "wake_words",
]
