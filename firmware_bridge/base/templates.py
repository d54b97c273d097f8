"""Pages and cards from Jinja templates: one way to read them, in which nothing is missing silently."""

from __future__ import annotations

from pathlib import Path


def render(template: Path, escape: bool, **values: object) -> str:
    """Return a template filled in.

    Args:
        template: The file.
        escape: Whether what comes from outside is escaped for HTML.
        values: What the template may name; a name that is not here is an error, never an empty place.

    Raises:
        jinja2.UndefinedError: The template names something that was not given.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template(template.name).render(values)
