"""The reference of the names that other people's programs may use, made from their docstrings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Page -> what it is about, and its modules: what a user of the library, and not of this checkout's tools, imports.
PAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "features": (
        "Features",
        (
            "firmware_bridge.microfrontend",
            "firmware_bridge.microfrontend.frontend",
            "firmware_bridge.microfrontend.spec",
            "firmware_bridge.microfrontend.scaling",
            "firmware_bridge.sound.audio",
        ),
    ),
    "contract": (
        "Bundle, image, fusion",
        (
            "firmware_bridge.contract.bundle",
            "firmware_bridge.contract.image",
            "firmware_bridge.contract.windows",
            "firmware_bridge.contract.fusion",
            "firmware_bridge.reference.device",
            "firmware_bridge.base.evidence",
            "firmware_bridge.base.errors",
            "firmware_bridge.base.events",
            "firmware_bridge.base.progress",
        ),
    ),
    "corpora": (
        "Corpora, protocols, scores",
        (
            "train.corpora.record",
            "train.corpora.registry",
            "train.protocols.registry",
            "train.evaluation.splits",
            "train.evaluation.leak",
            "train.evaluation.metrics",
            "train.evaluation.bootstrap",
            "train.evaluation.score",
        ),
    ),
    "foundation": (
        "Foundation models",
        ("train.foundation.encoder", "train.foundation.catalogue", "train.foundation.extraction.run"),
    ),
    "edgetpu": (
        "The Edge TPU",
        (
            "edgetpu_models.verify",
            "edgetpu_models.lint",
            "edgetpu_models.analyse",
            "edgetpu_models.inspect",
            "edgetpu_models.provenance.check",
            "edgetpu_models.reweight.derive",
        ),
    ),
    "hil": (
        "Hardware in the loop",
        (
            "hil.rig.run",
            "hil.rig.rerecord",
            "hil.devices.registry",
            "hil.devices.base",
            "hil.client.client",
            "hil.link.link",
            "hil.budgets",
            "hil.report.model",
            "hil.pytest_plugin",
        ),
    ),
}


def page(name: str) -> str:
    """Return a page as Markdown; Sphinx fills in the docstrings."""
    return "\n".join(_lines(*PAGES[name])) + "\n"


def _lines(title: str, modules: tuple[str, ...]) -> Iterator[str]:
    yield f"# {title}"
    for module in modules:
        yield ""
        yield f"## {module}"
        yield ""
        yield "```{eval-rst}"
        yield f".. automodule:: {module}"
        yield "   :members:"
        yield "   :member-order: bysource"
        yield "   :no-index:" if module.endswith("microfrontend") else "   :show-inheritance:"
        yield "```"
