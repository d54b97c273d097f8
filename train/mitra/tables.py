"""The comparison as tables of text, for the page and for a terminal. Who hears nothing stands in every one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from train.evaluation.bootstrap import Interval
from train.evaluation.heard import CLEAN, DIMENSIONS
from train.mitra.comparison import Comparison
from train.mitra.paired import Pair
from train.mitra.saliency import LayerTable
from train.mitra.targets import TargetComparison
from train.mitra.votes import VoteFacts

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """A title, column headings, rows of text, and a line below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def percent(value: float | None) -> str:
    """Return a ratio in percent."""
    return NOTHING if value is None else f"{100 * value:.1f}"


def span(one: Interval) -> str:
    """Return a ratio in percent with its interval."""
    return f"{100 * one.value:.1f} [{100 * one.low:.1f}..{100 * one.high:.1f}]"


def signed(one: Interval) -> str:
    """Return a difference in points with its interval."""
    return f"{100 * one.value:+.1f} [{100 * one.low:+.1f}..{100 * one.high:+.1f}]"


def chance(p: float | None) -> str:
    """Return a p-value; one too small to write out as a bound."""
    return NOTHING if p is None else "< 0.0001" if p < 1e-4 else f"{p:.4f}"


def plain(one: Interval | None) -> str:
    """Return a concordance with its interval."""
    if one is None:
        return NOTHING
    # A zero without a sign: rounding leaves -0.0 where nothing is left.
    value, low, high = (round(each, 2) + 0.0 for each in (one.value, one.low, one.high))
    return f"{value:.2f} [{low:.2f}..{high:.2f}]"


def score_table(found: Comparison) -> Table:
    """Tables 1 and 2: CCC, UAR and macro-F1 of every system in clean speech."""
    rated = any(one.ccc for one in found.scores)
    rows = tuple(
        (
            one.system,
            span(one.card.uar),
            span(one.card.macro_f1),
            *((plain(one.ccc.get(name)) for name in DIMENSIONS) if rated else ()),
            plain(one.share_ccc),
        )
        for one in found.scores
        if one.condition == CLEAN
    )
    ratings = tuple(f"{name} CCC" for name in DIMENSIONS) if rated else ()
    missing = "" if rated else f" {found.corpus} has no ratings of valence, arousal and dominance."
    return Table(
        "How well (Tables 1 and 2)",
        ("system", "UAR, %", "macro-F1, %", *ratings, "share CCC"),
        rows,
        "Intervals: 95 %, over speakers. Share CCC: concordance of a class's share with the "
        + ("raters' share" if found.raters else "label, 0 or 1")
        + f", mean over classes.{missing}",
    )


def guess_table(found: Comparison) -> Table:
    """Table 3: UAR and paUAR when one, two or three guesses are allowed."""
    rows = []
    for one in found.scores:
        if one.condition != CLEAN:
            continue
        people = found.people[one.name]
        uar = (percent(one.card.n_best_uar[n]) for n in ("1", "2", "3"))
        above = (percent(people.pa_uar[n][x]) for x in ("50", "75") for n in ("1", "2", "3"))
        rows.append((one.system, *uar, *above))
    columns = tuple(f"{what} {n}-best" for what in ("UAR", "paUAR-50", "paUAR-75") for n in (1, 2, 3))
    return Table(
        "One, two or three guesses (Table 3)",
        ("system", *columns),
        tuple(rows),
        "%. paUAR-X: share of the speakers whose own UAR exceeds X %.",
    )


def speaker_table(found: Comparison) -> Table:
    """Table 4: does a speaker's UAR go with how uneven his emotions are?"""
    rows = tuple(
        (name, NOTHING, NOTHING)
        if table.correlation is None
        else (name, f"{table.correlation:+.2f}", chance(table.correlation_p))
        for name, table in found.people.items()
    )
    return Table(
        "Speakers against their emotions",
        ("system", "rank correlation of unevenness with UAR", "p"),
        rows,
        "Spearman's. – where all speakers show the emotions alike, or all are heard alike.",
    )


def people_table(found: Comparison) -> Table:
    """Every speaker: clips, unevenness, and own UAR under each system."""
    systems = list(found.people.items())
    rows = tuple(
        (
            name,
            str(person.clips),
            f"{person.unevenness:.2f}",
            *(percent(table.people[name].uar["1"]) for _, table in systems),
        )
        for name, person in systems[0][1].people.items()
    )
    return Table(
        "Every speaker", ("speaker", "clips", "unevenness", *(name for name, _ in systems)), rows, "UAR, %."
    )


def gender_table(found: Comparison) -> Table:
    """Table 6: women against men."""
    rows = []
    for name, table in found.genders.items():
        women, men = table.groups["female"], table.groups["male"]
        rows.append(
            (
                name,
                span(women.uar),
                span(men.uar),
                signed(table.difference),
                chance(table.p),
                *(percent(group.pa_uar[x]) for x in ("50", "75") for group in (women, men)),
            )
        )
    first = next(iter(found.genders.values()), None)
    how_many = (
        f"{first.groups['female'].speakers} women, {first.groups['male'].speakers} men. " if first else ""
    )
    return Table(
        "Women and men (Table 6)",
        (
            *("system", "UAR women, %", "UAR men, %", "women - men", "p"),
            *("paUAR-50 women", "paUAR-50 men", "paUAR-75 women", "paUAR-75 men"),
        ),
        tuple(rows),
        how_many + "p: Mann and Whitney's test on the speakers' own UARs.",
    )


def class_table(found: Comparison, system: str) -> Table:
    """What each class is taken for, by one system."""
    rows = tuple(
        (
            label,
            str(one.clips),
            f"{one.taken_for} ({percent(one.taken_for_share)} %)" if one.taken_for else NOTHING,
            one.second or NOTHING,
            percent(one.second_right),
        )
        for label, one in found.guesses[system].classes.items()
    )
    nothing = percent(1 / max(len(found.labels) - 1, 1))
    return Table(
        system,
        ("class", "clips", "most often taken for", "commonest second guess", "if wrong, second is right, %"),
        rows,
        f"A blind second guess is right in {nothing} %.",
    )


def noise_table(found: Comparison) -> Table:
    """Table 1's noise columns: UAR in every condition, and what is lost."""
    rows = []
    clean = {one.system: one for one in found.scores if one.condition == CLEAN}
    scores = {one.name: one for one in found.scores}
    for loss in found.losses:
        one = scores[f"{loss.system}, {loss.condition}"]
        ccc = " ".join(f"{one.ccc[name].value:.2f}" for name in DIMENSIONS) if one.ccc else NOTHING
        before = clean[loss.system]
        rows.append(
            (loss.system, loss.condition, span(before.card.uar), span(one.card.uar), signed(loss.uar), ccc)
        )
    return Table(
        "Noise",
        ("system", "noise", "UAR clean, %", "UAR in noise, %", "change, points", "CCC V A D in noise"),
        tuple(rows),
        f"Trained in clean speech as each system was. Who hears nothing: {percent(found.trivial.card.uar.value)} %.",
    )


def layer_table(found: Comparison) -> Table:
    """Tables 5 and 7: a chosen layer against the last one, and what the cut saves."""
    rows = []
    for one in found.layers:
        relative = " ".join(f"{percent(value)}" for value in one.relative_ccc.values()) or NOTHING
        rows.append(
            (
                one.pair.first,
                one.role,
                signed(one.pair.difference),
                chance(one.pair.p),
                f"{percent(one.relative_uar)}",
                relative,
                percent(one.parameters_saved),
                percent(one.compute_saved),
            )
        )
    return Table(
        "A chosen layer against the last (Tables 5 and 7)",
        (
            *(
                "system",
                "chosen as",
                "UAR - last layer's, points",
                "p",
                "relative, %",
                "CCC V A D, relative, %",
            ),
            *("parameters saved, %", "compute saved, %"),
        ),
        tuple(rows),
        f"Same network, head and condition. Who hears nothing: UAR {percent(found.trivial.card.uar.value)} %.",
    )


def pair_table(found: Comparison) -> Table:
    """Every system against every other, over speakers."""
    return Table(
        "One against the other",
        ("first", "second", "UAR first - second, points", "better for", "worse for", "p", "p (Holm)"),
        tuple(_pair(pair) for pair in found.pairs),
        f"Sign-flip test on the {found.speakers} speakers' own UARs; Holm: corrected for {len(found.pairs)} pairs. "
        "It speaks of these trained networks: another training may differ.",
    )


def cost_table(found: Comparison) -> Table:
    """What has to run for each system."""
    rows = tuple(
        (
            one.system,
            one.role,
            f"{one.parameters:,}",
            f"{one.multiply_adds:,}" if one.multiply_adds else NOTHING,
            percent(one.card.uar.value),
        )
        for one in found.scores
        if one.condition == CLEAN
    )
    columns = ("system", "role", "parameters", "multiply-adds a second", "UAR, %")
    return Table("What must run", columns, rows, f"{NOTHING}: not counted.")


def target_table(found: TargetComparison) -> Table:
    """Votes against consensus, scored in both ways."""
    rows = [
        (
            f"trained on {name}",
            span(one.card.uar),
            span(one.card.macro_f1),
            plain(one.share_ccc),
            plain(one.divergence),
        )
        for name, one in found.scores.items()
    ]
    card = found.scores["votes"].card
    rows.append(
        (
            "votes - consensus, paired",
            signed(found.uar.difference) + f", p {chance(found.uar.p)}",
            NOTHING,
            plain(found.share_ccc),
            plain(found.divergence),
        )
    )
    for name, trivial in (("always the commonest class", card.majority), ("guessing by priors", card.prior)):
        rows.append((name, percent(trivial["uar"]), percent(trivial["macro_f1"]), "0", NOTHING))
    return Table(
        f"Votes or consensus: {found.corpus}, {found.inputs}",
        (
            "targets",
            "UAR by consensus, %",
            "macro-F1, %",
            "share CCC by votes",
            "divergence from votes, nats",
        ),
        tuple(rows),
        f"Raters were not of one mind on {found.split_clips} of {found.clips} clips. Each kind has the penalty "
        "that suits it. Divergence: less is better.",
    )


def vote_table(found: VoteFacts) -> Table:
    """What the votes say, and the ceilings they set."""
    least, middle, most = found.raters
    rows = [
        ("clips, speakers", f"{found.clips:,}, {found.speakers}"),
        ("raters a clip: fewest, median, most", f"{least}, {middle:g}, {most}"),
        ("raters who name the commonest class", f"{percent(found.agreement)} %"),
        ("votes that a consensus throws away", f"{percent(1 - found.agreement)} %"),
        ("clips on which all are of one mind", f"{percent(found.unanimous)} %"),
        ("clips without a consensus (tied)", f"{percent(found.tied)} %"),
        ("mean entropy of a clip's votes, 0 to 1", f"{found.entropy:.2f}"),
        ("Fleiss' kappa", f"{found.kappa:.2f}"),
    ]
    if found.intended_uar is not None:
        rows.append(
            (
                "ceiling: perfect knowledge of the raters, UAR by what was intended",
                f"{span(found.intended_uar)} %",
            )
        )
        rows.append(("always the commonest intended class", f"{percent(found.intended_majority)} %"))
    rows += [
        ("one rater against the commonest class of the others, UAR", f"{span(found.one_rater_uar)} %"),
        ("ceiling: perfect knowledge of the consensus, share CCC by votes", f"{found.consensus_ccc:.2f}"),
        ("half of the raters against the other half, share CCC", f"{found.half_ccc:.2f}"),
        ("always the mean distribution, share CCC", "0.00"),
    ]
    return Table(
        f"What the raters say: {found.corpus}", ("", ""), tuple(rows), "Intervals: 95 %, over speakers."
    )


def saliency_table(found: LayerTable) -> Table:
    """Which layer saliency and probe choose for each target."""
    rows = [
        (
            name,
            curve.salient,
            curve.probed,
            NOTHING if curve.rank_correlation is None else f"{curve.rank_correlation:+.2f}",
        )
        for name, curve in found.targets.items()
    ]
    best = found.layers[max(range(len(found.uar)), key=found.uar.__getitem__)]
    together = found.targets["together"].salient
    agreement = NOTHING if found.uar_rank_correlation is None else f"{found.uar_rank_correlation:+.2f}"
    rows.append(("classes, by UAR", together, best, agreement))
    constant = f" Left out, because they never vary: {', '.join(found.constant)}." if found.constant else ""
    return Table(
        f"Saliency beside the probe: {found.network}",
        ("target", "most salient layer", "best layer by the probe", "rank correlation over layers"),
        tuple(rows),
        f"Saliency: equations 1 to 3 on {found.sample} drawn utterances. UAR of the layers, %: "
        + ", ".join(f"{layer} {percent(uar)}" for layer, uar in zip(found.layers, found.uar, strict=True))
        + f". A guess without sound has CCC 0.{constant}",
    )


def comparison_tables(found: Comparison) -> Mapping[str, Table]:
    """Return the tables of a comparison by what they are about; those without rows say so by having none."""
    return {
        "scores": score_table(found),
        "guesses": guess_table(found),
        "speakers": speaker_table(found),
        "people": people_table(found),
        "genders": gender_table(found),
        "noise": noise_table(found),
        "layers": layer_table(found),
        "pairs": pair_table(found),
        "costs": cost_table(found),
    }


def _pair(pair: Pair) -> tuple[str, ...]:
    return (
        pair.first,
        pair.second,
        signed(pair.difference),
        f"{pair.better_for} of {pair.speakers}",
        f"{pair.worse_for} of {pair.speakers}",
        chance(pair.p),
        chance(pair.p_holm),
    )
