"""The `undertone` command: finds the verb's file, runs it, and turns errors into messages.

A verb is a module of this folder with a click command named `command`. Modules are imported only
when their verb is called, so that `undertone --help` answers at once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from firmware_bridge.base.errors import InvalidSetting, UndertoneError
from firmware_bridge.base.events import JsonLines, listening
from tools import console
from tools.quiet import quiet_tensorflow

EVENTS_VARIABLE = "UNDERTONE_EVENTS"
# Heading, and under it verb, module in this folder, one line of help: what `undertone --help` shows.
SECTIONS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "From a corpus to a bundle",
        (
            ("build-model", "build_model", "corpus to int8 networks, Edge TPU analysis and bundle"),
            ("folds", "folds", "cross-validate a recipe over folds of unseen speakers"),
            ("evaluate", "evaluate", "score a bundle on a corpus, speaker by speaker"),
            ("compare", "compare", "two bundles or two runs: what differs, and whether it is worse"),
            ("mitra", "mitra", "every table of Mitra et al. for a corpus: layers, filterbank, noise, votes"),
            ("corpus", "corpus", "whether a corpus is whole, what it holds, what a protocol would use"),
            ("encoders", "encoders", "foundation models: layers, their cost, what a cut saves"),
            ("extract", "extract", "layers of a foundation model over a corpus, on any number of cores"),
            ("features", "features", "spectrogram of a sound file, as the chip computes it"),
        ),
    ),
    (
        "Models and the Edge TPU",
        (
            ("lint", "lint", "what will break or leave the Edge TPU in an int8 model"),
            ("analyse", "analyse", "what the Edge TPU compiler would do with int8 models"),
            ("compile", "compile", "run the real Edge TPU compiler, where there is one"),
            ("inspect", "inspect", "X-ray of a compiled model"),
            ("provenance", "provenance", "is a compiled model really made from this original"),
            ("reweight", "reweight", "compiled form of a retrained network, from one real compile"),
            ("template", "template", "real compiles that later trainings are derived from"),
            ("explain", "explain", "a status phrase or lint code in plain words"),
            ("bisect", "bisect", "first layer where two executors of a model disagree"),
            ("agree", "agree", "how far the chip's arithmetic may be from the CPU's"),
        ),
    ),
    (
        "Devices and firmware",
        (
            ("hil", "hil", "stream speech through a device and check the budgets"),
            ("replay", "replay", "judge a recorded run again, without a device"),
            ("build", "build", "firmware for host, twin or board, and its memories"),
            ("flash", "flash", "write firmware and bundle to a board, and prove that it runs them"),
            ("update", "update", "another bundle for a device that runs"),
            ("monitor", "monitor", "what a device says on its port, how it is, what it hears"),
            ("record", "record", "what a device's microphone hears, as a sound file"),
            ("rerecord", "rerecord", "play a corpus through rooms, noise and a loudspeaker"),
            ("sources", "sources", "C files made for a bundle, for a build without Python"),
            ("chip", "chip", "memory and instructions of a firmware, as they are committed"),
        ),
    ),
    (
        "This machine",
        (
            ("list", "list_things", "corpora, recipes, parts, presets, bundles and devices at hand"),
            ("doctor", "doctor", "what this machine has and lacks, each with its fix"),
        ),
    ),
    (
        "For those who change Undertone",
        (
            ("alignment", "alignment", "every implementation of the front-end against ours, in LSB"),
            ("fuzz", "fuzz", "damaged inputs against core, models, reweight and provenance"),
            ("endure", "endure", "power cuts, TPU faults and bad lines by the thousand"),
            ("bench", "bench", "how fast front-end, build, twin and the rest are here"),
        ),
    ),
)
VERBS = tuple(line for _, section in SECTIONS for line in section)


class VerbGroup(click.Group):
    """A click group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        return [verb for verb, _, _ in VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a verb and return its command, or None."""
        for verb, module, _ in VERBS:
            if verb == cmd_name:
                found: click.Command = importlib.import_module(f"tools.verbs.{module}").command
                return found
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the tables of verbs without importing any of them."""
        for heading, section in SECTIONS:
            with formatter.section(heading):
                formatter.write_dl([(verb, line) for verb, _, line in section])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; an unknown one is answered with the valid ones."""
        verbs = [verb for verb, _, _ in VERBS]
        if args and not args[0].startswith("-") and args[0] not in verbs:
            raise click.UsageError(f"no verb '{args[0]}'; the verbs are: {', '.join(verbs)}")
        return super().resolve_command(ctx, args)


def _say_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print release and revision; asked for, because git is slower than `--help` may be."""
    if wanted:
        from firmware_bridge.base.version import full_version

        console.emit_text(f"undertone {full_version()}")
        ctx.exit()


@click.group(cls=VerbGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="release and revision",
)
@click.option(
    "--events",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=EVENTS_VARIABLE,
    help=f"append what happens to FILE, a JSON object a line [{EVENTS_VARIABLE}]",
)
@click.pass_context
def main_group(ctx: click.Context, events: Path | None) -> None:
    """Speech emotion, from a corpus to a Coral Dev Board Micro, with proof that it works there.

    Exit status: 0 good, 1 a check failed, 2 the input or the environment is wrong.
    """
    if events is not None:
        ctx.with_resource(write_events(events))


@contextmanager
def write_events(path: Path) -> Iterator[None]:
    """Append every event to a file while the block lasts.

    Raises:
        InvalidSetting: The file cannot be written.
    """
    try:
        writer = JsonLines(path)
    except OSError as error:
        raise InvalidSetting(
            f"events cannot be written to {path}: {error.strerror}", "name another file"
        ) from error
    with listening(writer):
        yield


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit status."""
    with console.showing():
        return _run(arguments, "--json" in arguments)


def _run(arguments: list[str], as_json: bool) -> int:
    quiet_tensorflow()
    try:
        result: Any = main_group.main(args=arguments or ["--help"], standalone_mode=False)
    except UndertoneError as error:
        return console.fail(error, as_json)
    except click.ClickException as error:
        return console.fail(UndertoneError(error.format_message(), "see `undertone VERB --help`"), as_json)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        console.log("undertone: stopped; what was finished is kept, and the next call goes on from there")
        return 130
    except BrokenPipeError:
        return 0
    return result if isinstance(result, int) else 0


def main() -> None:
    """Entry point of the `undertone` command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
