"""The factors of an addition whose inputs have different scales: k1 and k2 beside its records.

An input is multiplied by its k (16 bits) before both are added. In real files (21 additions of 3 files) each k stands
in words that hold nothing but it and bit 87: at word w from bit 88, at w + 6 from bit 104, and once more 18 words on.
Zero points stand in the record only: between two additions of one shape nothing else differs but addresses.
Which factor comes first is the template's choice and stays.
"""

from __future__ import annotations

from edgetpu_models.format.model import SubGraph
from edgetpu_models.program.stream import WORD, read_bits, write_bits
from edgetpu_models.provenance.check import Study
from edgetpu_models.reweight.same import ratio
from firmware_bridge.base.errors import ReweightRefused

_MARK, _FIRST, _SECOND, _WIDTH = 87, 88, 104, 16
# (words from the first, bit) of the copies of one factor.
_COPIES = ((0, _FIRST), (6, _SECOND), (18, _FIRST), (24, _SECOND))
_BEFORE = 256  # the factors stand at most so many words before the addition's first record


def factor_words(stream: bytes | bytearray, factor: int) -> list[int]:
    """Return the words at which the copies of a factor begin."""
    return [
        w
        for w in range(len(stream) // 16 - _COPIES[-1][0])
        if read_bits(stream, w * WORD + _FIRST, _WIDTH) == factor
        and all(_only(stream, w + words, at, factor) for words, at in _COPIES)
    ]


def _only(stream: bytes | bytearray, word: int, at: int, factor: int) -> bool:
    return read_bits(stream, word * WORD, WORD) == factor << at | 1 << _MARK


def rewrite_additions(pair: Study, other: SubGraph, stream: bytearray) -> None:
    """Write the new factors of every addition into the running program's stream, in place.

    Raises:
        ReweightRefused: A ratio changes and the factors' words are not where they were seen, or could be another
            addition's.
    """
    before = bytes(stream)
    for index in pair.mapped:
        op = pair.graph.operators[index]
        if op.op != "ADD" or len(pair.graph.activations(op)) != 2:
            continue
        old, new = ratio(pair.graph, op), ratio(other, other.operators[index])
        if old == new:
            continue
        start = min(
            (e.record.word for e in pair.matching.explained if (index, "added") in e.owners), default=0
        )
        for was, becomes in zip(old, new, strict=True):
            places = [w for w in factor_words(before, was) if start - _BEFORE <= w < start]
            if len(places) != 1 or old[0] == old[1]:
                raise ReweightRefused(
                    f"operation {index} (ADD): the ratio of its scales changes, and its factor {was} stands in "
                    f"{len(places)} places where one was expected",
                    "compile this network with the real compiler",
                )
            for words, at in _COPIES:
                write_bits(stream, (places[0] + words) * WORD + at, _WIDTH, becomes)
