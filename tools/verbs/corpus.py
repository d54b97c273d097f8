"""`undertone corpus`: whether a corpus is whole, what it holds, and what each protocol would make of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools import console, options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.corpora.record import Corpus
    from train.corpora.soundness import Finding

MARKS = {"damage": "DAMAGE", "warning": "warning", "fact": "ok"}
MOST_SHOWN = 20


def inspect(which: str, with_sound: bool) -> tuple[Corpus, dict[str, Any]]:
    """Return a corpus as it would be used, and all that is to be said about it.

    Raises:
        CorpusMissing, CorpusInvalid, UnknownName: It cannot be read at all.
    """
    from train.corpora.facts import describe
    from train.corpora.record import checked
    from train.corpora.registry import choose, sliced
    from train.corpora.soundness import completeness, hear, presence

    choice = choose(which)
    whole = choice.reader.load(choice.root)
    corpus = checked(sliced(whole, choice))
    published = choice.reader.published
    findings: list[Finding] = [*completeness(whole, published), *presence(whole, published)]
    data = describe(corpus) | {
        "asked": which,
        "slices": list(choice.slices),
        "classes_of": choice.reader.classes,
    }
    data |= {"whole_clips": len(whole.clips), "seconds": None, "fingerprint": None}
    audible = [clip for clip in corpus.clips if clip.has_audio]
    if with_sound and audible:
        heard = hear(audible, corpus.name)
        findings += heard.findings
        data["seconds"] = _lengths(heard.seconds)
        data["fingerprint"] = corpus.fingerprint()
    data["findings"] = [vars(finding) for finding in findings]
    data["sound"] = not any(finding.level == "damage" for finding in findings)
    return corpus, data


def _lengths(seconds: Sequence[float]) -> dict[str, float] | None:
    """Return the sum and the spread of clips' lengths in seconds."""
    import numpy as np

    if not seconds:
        return None
    return {
        "total": float(np.sum(seconds)),
        "shortest": float(np.min(seconds)),
        "median": float(np.median(seconds)),
        "longest": float(np.max(seconds)),
    }


def protocols_for(corpora: Sequence[Corpus]) -> list[dict[str, Any]]:
    """Return what each protocol would use of some corpora, or why it cannot."""
    from firmware_bridge.base.errors import UndertoneError
    from train.protocols import PROTOCOLS, plan

    found = []
    for name, protocol in PROTOCOLS.items():
        if (protocol.corpora > 1) != (len(corpora) > 1):
            continue
        entry: dict[str, Any] = {"name": name, "summary": protocol.summary, "leaks_speakers": protocol.leaks}
        try:
            found.append(entry | {"usable": True, **plan(name, corpora, warn=False).as_dict()})
        except UndertoneError as error:
            found.append(entry | {"usable": False, "why": error.what, "remedy": error.remedy})
    return found


@click.command(name="corpus")
@click.argument("corpora", nargs=-1, required=True, metavar="NAME[/SLICE][:PATH]...")
@click.option(
    "--sound/--no-sound", "with_sound", default=True, help="read every recording (default), or labels only"
)
@click.option("--complete", is_flag=True, help="a part of what was published fails the check")
@click.option(
    "--cut", "cut_to", type=click.Path(path_type=Path), help="write the clips as files of their own"
)
@options.as_json()
def command(
    corpora: tuple[str, ...], with_sound: bool, complete: bool, cut_to: Path | None, as_json: bool
) -> int:
    """Check corpora: counts, hashes, broken and copied recordings; say what they hold and what protocols use.

    With several corpora the protocols that go across corpora are shown. Exit status 1 where something is damaged.
    """
    from train.corpora.table import cut

    looked = [inspect(which, with_sound) for which in corpora]
    plans = [protocols_for([corpus]) for corpus, _ in looked]
    across = protocols_for([corpus for corpus, _ in looked]) if len(looked) > 1 else []
    for (_, data), planned in zip(looked, plans, strict=True):
        data["protocols"] = planned
        if complete:
            data["sound"] = data["sound"] and not any(f["level"] == "warning" for f in data["findings"])
    if as_json:
        console.emit_json({"corpora": [data for _, data in looked], "across": across})
    else:
        for _, data in looked:
            show(data)
        if across:
            show_protocols("Protocols across these corpora", across)
    if cut_to is not None:
        for corpus, _ in looked:
            cut(corpus, corpus.with_audio(), cut_to if len(looked) == 1 else cut_to / corpus.name)
    return 0 if all(data["sound"] for _, data in looked) else 1


def show(data: dict[str, Any]) -> None:
    """Print one corpus for people."""
    console.emit_table(f"{data['asked']}: {data['folder']}", ("corpus", data["name"]), _facts(data))
    counts = [(name, count) for name, count in data["classes"].items()]
    if data["without_class"]:
        counts.append(("(no agreement)", data["without_class"]))
    console.emit_table("Classes", ("class", "clips"), counts[: 4 * MOST_SHOWN])
    if len(counts) > 4 * MOST_SHOWN:
        console.emit_text(f"and {len(counts) - 4 * MOST_SHOWN} more classes (--json has all)")
    worst = sorted(data["findings"], key=lambda one: list(MARKS).index(one["level"]))
    console.emit_table(
        "Found", ("level", "what"), [(MARKS[f["level"]], _told(f)) for f in worst[:MOST_SHOWN]]
    )
    if len(worst) > MOST_SHOWN:
        console.emit_text(f"and {len(worst) - MOST_SHOWN} more (--json has all)")
    show_protocols("Protocols", data["protocols"])


def _told(finding: dict[str, str]) -> str:
    """Return a finding with its remedy."""
    return finding["what"] + (f"; {finding['remedy']}" if finding["remedy"] else "")


def _facts(data: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines of the first table."""
    people = "not named" if data["speakers"] is None else f"{data['speakers']} ({data['speaker_unit']}s)"
    if data["genders"]:
        people += ", clips: " + _pairs(data["genders"])
    rows = [
        ("clips", f"{data['clips']}, {data['with_sound']} with sound" + _of_whole(data)),
        ("speakers", people),
        ("licence", data["licence"] + ("" if data["commercial"] else " (no commercial use)")),
    ]
    if data["release"]:
        rows.insert(0, ("release", data["release"]))
    if spread := data["clips_per_speaker"]:
        rows.append(
            ("per speaker", f"{spread['least']} to {spread['most']} clips, median {spread['median']:g}")
        )
    if length := data["seconds"]:
        spread_s = f"{length['shortest']:.1f} to {length['longest']:.1f} s, median {length['median']:.1f}"
        rows.append(("length", f"{length['total'] / 3600:.2f} h; {spread_s}"))
    if votes := data["votes"]:
        raters = votes["raters"]
        who = f"{raters['least']} to {raters['most']} raters, median {raters['median']:g}; " if raters else ""
        wins = "" if votes["label_wins"] is None else f", label wins {100 * votes['label_wins']:.0f} %"
        rows.append(
            ("votes", f"{votes['clips']} clips; {who}top share {100 * votes['agreement']:.0f} %{wins}")
        )
    for name, rated in data["attributes"].items():
        if rated:
            span = f"{rated['low']:+.2f} to {rated['high']:+.2f}, mean {rated['mean']:+.2f}"
            rows.append((name, f"{rated['clips']} clips, {span}"))
    for key in ("sessions", "styles", "parts"):
        if data[key]:
            rows.append((key, _pairs(data[key])))
    if data["with_words"]:
        scripts = f", {data['scripts']} scripts" if data["scripts"] else ""
        rows.append(("words", f"known for {data['with_words']} clips{scripts}"))
    if data["fingerprint"]:
        rows.append(("sha256", data["fingerprint"][:16]))
    return rows


def _of_whole(data: dict[str, Any]) -> str:
    """Return how much of the whole corpus a slice is."""
    return "" if data["clips"] == data["whole_clips"] else f" (slice of {data['whole_clips']})"


def _pairs(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def show_protocols(title: str, protocols: list[dict[str, Any]]) -> None:
    """Print what each protocol would use."""
    rows = []
    for one in protocols:
        name = f"{one['name']} (LEAKS SPEAKERS)" if one["leaks_speakers"] else one["name"]
        rows.append((name, _use(one) if one["usable"] else f"no: {one['why']}"))
    console.emit_table(title, ("protocol", "would use"), rows)


def _use(one: dict[str, Any]) -> str:
    """Return a plan in one line."""
    folds = one["folds"]
    spans = {part: sorted(fold[part] for fold in folds) for part in ("train", "validation", "test")}
    counts = [f"{part} {_span(values)}" for part, values in spans.items() if values[-1]]
    lost = "".join(f"; {count} left out: {reason}" for reason, count in one["left_out"].items())
    many = "1 fold" if len(folds) == 1 else f"{len(folds)} folds"
    return f"{many}; {', '.join(counts)}{lost}"


def _span(values: Sequence[int]) -> str:
    return str(values[0]) if values[0] == values[-1] else f"{values[0]}-{values[-1]}"
