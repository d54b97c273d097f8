"""Any lint code, status phrase or error in plain words, with what to change."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass

from edgetpu_models.cost import partition  # noqa: F401  (it registers the rules)
from edgetpu_models.phrases import PHRASES
from edgetpu_models.rules.base import RULES, Rule
from edgetpu_models.rules.support import SUPPORTED
from firmware_bridge.base import errors
from firmware_bridge.base.errors import UndertoneError, UnknownName


@dataclass(frozen=True)
class Explanation:
    """What is known about a code or a phrase.

    Attributes:
        name: The code or phrase.
        kind: `rule`, `phrase`, `error` or `operation`.
        meaning: What it means.
        remedy: What to change.
        ground: How far it is known; empty where it is a definition.
        related: Rules that lead to this phrase, or that look at this operation.
    """

    name: str
    kind: str
    meaning: str
    remedy: str
    ground: str = ""
    related: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the explanation as JSON-ready data."""
        return asdict(self) | {"related": list(self.related)}


def explain(text: str) -> Explanation:
    """Explain a lint code, an operation, an error class, or a line of the compiler's log.

    Raises:
        UnknownName: Nothing like it is known; lists the nearest names.
    """
    wanted = " ".join(text.split())
    if wanted in RULES:
        return _rule(RULES[wanted])
    if wanted.upper() in SUPPORTED:
        return _operation(wanted.upper())
    known = getattr(errors, wanted, None)
    if isinstance(known, type) and issubclass(known, UndertoneError):
        return Explanation(
            wanted, "error", " ".join((known.__doc__ or "").split()), "see the message's remedy"
        )
    found = _phrase(wanted)
    if found is not None:
        return found
    names = [*RULES, *SUPPORTED, *(p.text for p in PHRASES)]
    near = difflib.get_close_matches(wanted, names, n=5, cutoff=0.3) or list(RULES)
    raise UnknownName("code or phrase", text, near)


def _rule(rule: Rule) -> Explanation:
    return Explanation(rule.name, "rule", rule.text, rule.remedy, rule.ground.value, rule.ops)


def _operation(name: str) -> Explanation:
    known = SUPPORTED[name]
    seen = (
        f"seen mapped {known.seen} times, up to version {known.version}"
        if known.seen
        else "never seen mapped"
    )
    listed = "in the official list" if known.documented else "not in the official list"
    note = f" Limits: {known.note}." if known.note else ""
    meaning = f"{name}: {listed}, {seen}; needs Edge TPU runtime {known.runtime} or newer.{note}"
    related = tuple(r.name for r in RULES.values() if name in r.ops)
    return Explanation(name, "operation", meaning, "keep within the limits", related=related)


def _phrase(wanted: str) -> Explanation | None:
    low = wanted.casefold()
    for phrase in PHRASES:
        text = phrase.text.casefold()
        if text in low or (len(low) >= 8 and low in text):
            related = tuple(r.name for r in RULES.values() if r.status == phrase.text)
            return Explanation(phrase.text, "phrase", phrase.meaning, phrase.remedy, related=related)
    return None
