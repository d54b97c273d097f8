"""`undertone monitor`: what a device says on its port, how it is, what it hears."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from firmware_bridge.protocol.messages import Live
    from hil.client.client import DeviceClient

ROWS_PER_HEADING = 20


def watch(pieces: Iterator[bytes], form: str) -> dict[str, int]:
    """Show everything that comes, as it comes; return how many of what there were.

    Args:
        pieces: Bytes; an empty piece means that nothing came for a while.
        form: `text`, `json` or `raw`.
    """
    from tools.board.show import as_hex, as_json, as_line
    from tools.board.sniffer import Sniffer, What

    sniffer, started = Sniffer(), time.monotonic()
    counts = {what.value: 0 for what in What}
    show = as_json if form == "json" else as_line
    for data in pieces:
        at = time.monotonic() - started
        if form == "raw":
            if data:
                console.emit_now(as_hex(data, at))
            continue
        found = sniffer.push(data)
        if not data and sniffer.holds_text:
            found += sniffer.rest()
        for seen in found:
            counts[seen.what.value] += 1
            console.emit_now(show(seen, at))
    for seen in sniffer.rest():
        counts[seen.what.value] += 1
        console.emit_now(show(seen, time.monotonic() - started))
    return counts


def poll_stats(client: DeviceClient, every_s: float, seconds: float | None, as_json: bool) -> None:
    """Ask a device for its counters again and again; a line each."""
    from tools.board.figures import stats_heading, stats_row

    end = None if seconds is None else time.monotonic() + seconds
    row = 0
    while True:
        stats = client.stats()
        if as_json:
            console.emit_now(json.dumps(dict(stats.fields), sort_keys=True))
        else:
            if row % ROWS_PER_HEADING == 0:
                console.emit_now(stats_heading())
            console.emit_now(stats_row(stats))
        row += 1
        if end is not None and time.monotonic() + every_s > end:
            return
        time.sleep(every_s)


def show_crash(client: DeviceClient, elf: Path | None, as_json: bool) -> None:
    """Show what the device's last crash left, with the symbols of the program that crashed.

    Raises:
        InvalidSetting: There is no such program, or it is none.
    """
    from firmware_bridge.base.errors import InvalidSetting
    from firmware_bridge.ports.twin.elf import read_elf
    from firmware_bridge.protocol.messages import GetCrash
    from tools.board.crash import crash_lines, crash_record

    image = None
    if elf is not None:
        if not elf.is_file():
            raise InvalidSetting(
                f"there is no file {elf}", "name the ELF program that `undertone build` made"
            )
        image = read_elf(elf)
    client.hello()
    record = crash_record(client.ask(GetCrash()), image)
    console.emit_now(json.dumps(record, sort_keys=True) if as_json else "\n".join(crash_lines(record)))


def show_live(
    client: DeviceClient, bundle_dir: Path, every_s: float, seconds: float | None, as_json: bool
) -> None:
    """Have a device listen, and show the smoothed scores of each new window.

    Raises:
        DeviceRefused: The device has no microphone.
    """
    from firmware_bridge.base.errors import DeviceError
    from firmware_bridge.protocol import TABLE
    from firmware_bridge.protocol.messages import GetLive, Listen

    names, scale = known_labels(bundle_dir, client)
    end = None if seconds is None else time.monotonic() + seconds
    client.ask(Listen(TABLE.listen_modes["live"]))
    windows = 0
    try:
        while end is None or time.monotonic() < end:
            live = client.ask(GetLive())
            if live.windows != windows and len(live.smoothed):
                windows = live.windows
                show_window(live, names, scale, as_json)
            time.sleep(every_s)
    finally:
        with contextlib.suppress(DeviceError):
            client.ask(Listen(TABLE.listen_modes["off"]))


def known_labels(bundle_dir: Path, client: DeviceClient) -> tuple[list[str], float]:
    """Return the device's labels and the real value of one step of its fused scores.

    Where the bundle at hand is not the one on the device, labels are numbers and a step counts as 1/16.
    """
    from firmware_bridge.base.errors import BundleInvalid
    from firmware_bridge.base.progress import note
    from firmware_bridge.contract.bundle import load_bundle

    identity = client.hello()
    try:
        bundle = load_bundle(bundle_dir)
    except BundleInvalid as error:
        note(f"labels are shown as numbers: {error.what}")
    else:
        if bundle.id == identity.bundle:
            return list(bundle.manifest.labels), bundle.manifest.fusion.output_scale
        note(f"labels are shown as numbers: the device runs the bundle {identity.bundle[:12]}")
    return [f"label {index}" for index in range(identity.labels)], 1 / 16


def show_window(live: Live, names: list[str], scale: float, as_json: bool) -> None:
    """Show the smoothed scores of one window as bars, or as a line of JSON."""
    from tools.board.figures import bars, shares

    parts = shares(live.smoothed, scale)
    if as_json:
        found = {"windows": live.windows, "lost_samples": live.lost_samples}
        found |= {name: getattr(live, name).tolist() for name in ("acoustic", "keyword", "fused", "smoothed")}
        console.emit_now(
            json.dumps(found | {"shares": dict(zip(names, parts.round(4).tolist(), strict=True))})
        )
        return
    lost = f", {live.lost_samples} samples lost" if live.lost_samples else ""
    console.emit_now("\n".join([f"window {live.windows}{lost}", *bars(names, parts.tolist())]))


@click.command(help="Show what a device says: frames decoded, other text as it is. Ctrl-C ends it.")
@options.port()
@options.baud()
@click.option("--file", type=click.Path(path_type=Path), help="a recorded stream instead of a port")
@click.option("--stats", is_flag=True, help="ask for its counters again and again")
@click.option("--crash", is_flag=True, help="what its last crash left")
@click.option(
    "--elf", type=click.Path(path_type=Path), help="with --crash: the program that crashed, for its symbols"
)
@click.option("--live", is_flag=True, help="have it listen, and show the scores of each window")
@options.bundle("for the labels' names [build/bundle]")
@click.option("--every", default=0.5, show_default=True, help="seconds between two questions")
@click.option("--seconds", type=float, help="end after so many seconds")
@click.option("--raw", is_flag=True, help="bytes in hexadecimal, nothing decoded")
@options.as_json("one JSON object a line")
def command(
    port: str,
    baud: int,
    file: Path | None,
    stats: bool,
    crash: bool,
    elf: Path | None,
    live: bool,
    bundle_dir: Path,
    every: float,
    seconds: float | None,
    raw: bool,
    as_json: bool,
) -> None:
    """Watch a port, or ask a device how it is."""
    from firmware_bridge.base.errors import InvalidSetting
    from hil.client.client import DeviceClient
    from hil.link.link import SerialLink
    from tools.board.listen import read_file, read_port

    if sum((stats, crash, live, raw)) > 1 or (file is not None and (stats or crash or live)):
        raise InvalidSetting(
            "--stats, --crash, --live, --raw and --file do not go together", "choose one of them"
        )
    if baud == 1200:
        raise InvalidSetting(
            "1200 baud sends the board into its ROM loader", "use another rate, or `undertone flash`"
        )
    if file is not None and not file.is_file():
        raise InvalidSetting(f"there is no file {file}", "record one, or name a port: --port")
    try:
        if stats or crash or live:
            link = SerialLink(port, baud)
            try:
                if stats:
                    poll_stats(DeviceClient(link), every, seconds, as_json)
                elif crash:
                    show_crash(DeviceClient(link), elf, as_json)
                else:
                    show_live(DeviceClient(link), bundle_dir, every, seconds, as_json)
            finally:
                link.close()
            return
        pieces = read_file(file) if file else read_port(lambda: SerialLink(port, baud), seconds)
        watch(pieces, "raw" if raw else "json" if as_json else "text")
    except KeyboardInterrupt:
        console.log("")
