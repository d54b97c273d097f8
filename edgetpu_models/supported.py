"""`docs/supported_operations.md`, made from the rules: what is checked is what is documented."""

from __future__ import annotations

from collections.abc import Iterator

from edgetpu_models.cost import partition  # noqa: F401  (it registers the rules)
from edgetpu_models.cost.parameters import RULES as PARAMETER_RULES
from edgetpu_models.phrases import PHRASES
from edgetpu_models.rules.base import RULES, Effect
from edgetpu_models.rules.support import SUPPORTED

_EFFECTS = {
    Effect.BREAKS: "The compiler gives up",
    Effect.CPU: "The operation, and what follows it, runs on the CPU",
    Effect.BORDER: "The operation stays on the CPU, nothing else is lost",
    Effect.CARE: "It is mapped, at a price",
}


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Operations that the Edge TPU takes"
    yield ""
    yield "Made by `make docs` from the rules in `edgetpu_models/rules`; do not edit."
    yield "*Seen* counts operations inside real compiled models; an operation that was never seen is only documented."
    yield ""
    yield "| operation | runtime | highest version | seen | official list | limits |"
    yield "|---|--:|--:|--:|---|---|"
    for name, s in sorted(SUPPORTED.items()):
        yield f"| {name} | {s.runtime} | {s.version} | {s.seen} | {'yes' if s.documented else 'no'} | {s.note} |"
    yield ""
    yield "## Rules of `undertone lint`"
    for effect in Effect:
        yield ""
        yield f"### {_EFFECTS[effect]}"
        yield ""
        yield "| rule | looks at | says | change | known from |"
        yield "|---|---|---|---|---|"
        for rule in (r for r in RULES.values() if r.effect is effect):
            ops = ", ".join(rule.ops) if 0 < len(rule.ops) < 8 else "all" if not rule.ops else "many"
            yield f"| `{rule.name}` | {ops} | {rule.text} | {rule.remedy} | {rule.ground.value} |"
    yield ""
    yield "## Parameter bytes of a layer"
    yield ""
    yield "| operation | rule | fitted on |"
    yield "|---|---|---|"
    for name, parameter_rule in PARAMETER_RULES.items():
        text = " ".join((parameter_rule.stored.__doc__ or "").split())
        yield f"| {name} | {text} | {parameter_rule.fitted_on} |"
    yield ""
    yield "## Phrases of the compiler"
    yield ""
    yield "| phrase | means | change |"
    yield "|---|---|---|"
    for phrase in PHRASES:
        yield f"| {phrase.text} | {phrase.meaning} | {phrase.remedy} |"
