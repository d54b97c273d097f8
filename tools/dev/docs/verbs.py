"""The reference of verbs and options, made from the click commands that answer `--help`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import click

from tools.cli import VERBS, main_group
from tools.dev.docs.markdown import table

INTRODUCTION = """
# Verbs and options

Made from the commands themselves by `make docs`.

`undertone [--events FILE] VERB …`. Exit status: 0 good, 1 a check failed, 2 the input or the environment is wrong.
`--json` prints one object on stdout; progress, notes and errors go to stderr. `--help` after a verb says the same as
this page.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every verb with its command, those inside a group after it (`template add`)."""
    context = click.Context(main_group, info_name="undertone")
    for verb, _, _ in VERBS:
        command = main_group.get_command(context, verb)
        assert command is not None
        yield verb, command
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                yield f"{verb} {name}", inner


def _lines() -> Iterator[str]:
    yield INTRODUCTION.strip()
    yield ""
    yield from _parameters(main_group)
    for name, command in commands():
        context = click.Context(command, info_name=f"undertone {name}")
        usage = command.collect_usage_pieces(context)
        yield ""
        yield f"{'###' if ' ' in name else '##'} {name}"
        yield ""
        yield "```"
        yield " ".join([f"undertone {name}", *usage])
        yield "```"
        yield ""
        yield inspect.cleandoc(command.help or "").replace("\b\n", "")
        yield ""
        yield from _parameters(command)


def _parameters(command: click.Command) -> Iterator[str]:
    """Yield a table of a command's options; none where it has no more than `--help`."""
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        yield from table(("option", "takes", "default", "is"), map(_option, options))


def _option(option: click.Option) -> tuple[str, str, str, str]:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    takes = "" if option.is_flag else _type(option.type)
    return names, takes, _default(option), (option.help or "").strip()


def _type(kind: Any) -> str:
    if isinstance(kind, click.Choice):
        return ", ".join(str(choice) for choice in kind.choices)
    if isinstance(kind, click.IntRange | click.FloatRange):
        return f"{kind.name}, {kind._describe_range()}"
    return str(kind.name)


def _default(option: click.Option) -> str:
    """Return a default that a user may rely on: one that the help shows."""
    if option.is_flag or not option.show_default or option.default is None:
        return ""
    return str(option.default)
