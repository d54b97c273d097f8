"""The parameter caching token of a derived file carries a mark, so that nobody takes it for the compiler's."""

from __future__ import annotations

MARK = int.from_bytes(b"UTD", "big") << 40  # the three highest bytes; the rest is a hash


def is_derived(token: int) -> bool:
    """Whether a caching token is one of ours; the compiler's are random, one in 16 million looks so by chance."""
    return token >> 40 == MARK >> 40
