"""The page: what must stand on it, what must not, and that a leak is on every figure."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.support import systems
from train.evaluation.bootstrap import Interval
from train.evaluation.leak import admit_leak
from train.mitra import pictures, tables
from train.mitra.comparison import Comparison, compare
from train.mitra.page import Page, render_page, write_page
from train.mitra.saliency import LayerTable, layers_by_target
from train.mitra.targets import TargetComparison, compare_targets
from train.mitra.trivial import TRIVIAL
from train.mitra.votes import Ballots, VoteFacts, vote_facts

ROW = systems.heard("ahs ahs ahs ahs ahs ahs", system="filterbank and pitch, regression", role="filterbank")
LEAK = (admit_leak(["ann", "bob"], ["ann", "bob"]),) * 2
VOTES = np.array([[0.8, 0.2, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.4, 0], [0.5, 0.5, 0], [0, 0, 1]], np.float32)


def comparison(leaks: bool = False) -> Comparison:
    known = systems.truth(proofs=LEAK) if leaks else systems.truth()
    last = systems.heard(system="net last, regression", role="last", parameters=4000)
    chosen = systems.heard(system="net second, regression", role="salient")
    noisy = replace(chosen, condition="5 dB", shares=systems.shares("ahs ahs ahs ahs ahs ahs"))
    return compare(known, [chosen, noisy, last, ROW], resamples=20)


def layers() -> LayerTable:
    rng = np.random.default_rng(0)
    means = {name: rng.normal(size=(6, 4)).astype(np.float32) for name in ("first", "second", "third")}
    return layers_by_target("net", systems.truth(), systems.heard().folds, means)


def targets() -> TargetComparison:
    known = systems.truth(targets=VOTES, raters=True)
    both = (systems.heard(shares=VOTES, system="votes"), systems.heard(system="consensus"))
    return compare_targets(known, *both, "nothing", resamples=20)


def votes() -> VoteFacts:
    counts = np.array([[4, 0, 0], [3, 1, 0], [2, 0, 2], [0, 0, 4]])
    ballots = Ballots(
        "four clips", "real", systems.LABELS, counts, np.array([0, 0, 1, 2]), ("x", "x", "y", "y")
    )
    return vote_facts(ballots, resamples=20)


def page(leaks: bool = False, **changes: object) -> Page:
    whole = Page(
        title="net on six clips",
        speech="synthetic",
        evidence="measured",
        comparison=comparison(leaks),
        layers=(layers(),),
        targets=(targets(),),
        votes=votes(),
        notes=("read me <first>",),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


class Outline(HTMLParser):
    """What a reader meets: headings, pictures, and what is fetched from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.fetched: list[str] = []
        self._heading = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("h2", "h3"):
            self._heading = True
            self.headings.append("")
        if tag == "img":
            self.pictures.append(given)
        if tag in ("script", "link", "iframe"):
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h2", "h3"):
            self._heading = False

    def handle_data(self, data: str) -> None:
        if self._heading:
            self.headings[-1] += data


@pytest.fixture(scope="module")
def text() -> str:
    return render_page(page())


def test_every_table_of_the_paper_has_its_section(text: str) -> None:
    found = Outline(text).headings
    for title in (
        "Tables 1 and 2",
        "Table 3",
        "Tables 5 and 7",
        "Table 6",
        "Noise",
        "First and second guesses",
    ):
        assert any(title in heading for heading in found), title
    for title in (
        "One against the other",
        "Saliency beside the probe",
        "Votes or consensus",
        "What the raters say",
    ):
        assert any(title in heading for heading in found), title


def test_it_needs_nothing_else(text: str) -> None:
    outline = Outline(text)
    assert not outline.fetched
    # 3 curves, 3 genders, 2 confusions for each of 3 systems, 3 of the layers, 2 of the votes.
    assert len(outline.pictures) == 3 + 3 + 6 + 3 + 2
    for picture in outline.pictures:
        head, data = str(picture["src"]).split(",", 1)
        assert head == "data:image/png;base64"
        assert base64.b64decode(data, validate=True)[:4] == b"\x89PNG"
        assert picture["alt"]
    assert not re.search(r"(src|href)=.https?:", text)


def test_it_says_what_the_figures_are(text: str) -> None:
    assert '<span class="tag">measured</span>' in text
    assert "SYNTHETIC speech" in text
    assert "6 clips of 2 speakers in 2 folds; nobody was heard in training who is scored" in text
    assert "SYNTHETIC" not in render_page(page(speech="real", layers=(), targets=(), votes=None))


def test_what_comes_from_outside_is_escaped(text: str) -> None:
    assert "read me &lt;first&gt;" in text
    assert "<first>" not in text


def test_who_hears_nothing_stands_beside_every_score() -> None:
    for name, table in tables.comparison_tables(comparison()).items():
        where = table.note + " ".join(" ".join(row) for row in (table.columns, *table.rows))
        if name not in ("pairs",):
            assert TRIVIAL in where or "hears nothing" in where, name
    assert "A blind second guess is right in 50.0 %" in tables.class_table(comparison(), ROW.name).note


def test_figures_of_the_tables() -> None:
    found = tables.comparison_tables(comparison())
    assert found["scores"].rows[0][:2] == ("net second, regression", "66.7 [33.3..100.0]")
    assert found["scores"].rows[-1][0] == TRIVIAL
    assert found["scores"].rows[-1][1].startswith("33.3")
    (noise,) = found["noise"].rows
    assert noise[:2] == ("net second, regression", "5 dB")
    assert noise[4].startswith("-33.3")
    (layer,) = found["layers"].rows
    assert (layer[1], layer[6], layer[7]) == ("salient", "75.0", "0.0")
    assert found["guesses"].rows[0][1:] == (
        "66.7",
        "83.3",
        "100.0",
        "50.0",
        "100.0",
        "100.0",
        "50.0",
        "50.0",
        "100.0",
    )
    assert found["genders"].note.startswith("1 women, 1 men")


def test_a_leak_stands_on_every_figure() -> None:
    leaking = page(leaks=True)
    text = render_page(leaking)
    outline = Outline(text)
    assert leaking.warning == "LEAKS SPEAKERS"
    assert 'class="leak">LEAKS SPEAKERS' in text
    assert all("LEAKS SPEAKERS" in heading for heading in outline.headings if "(Table" in heading)
    assert all(str(picture["alt"]).startswith("LEAKS SPEAKERS") for picture in outline.pictures)
    assert "nobody was heard" not in text
    assert leaking.as_dict()["warning"] == "LEAKS SPEAKERS"


def test_a_leak_is_in_the_pictures_themselves() -> None:
    curves = {"ears": tuple(np.linspace(1, 0, 21))}
    assert pictures.speaker_curves(curves, "x", "LEAKS SPEAKERS") != pictures.speaker_curves(curves, "x")
    shown = pictures.confusion([[1, 0], [0, 1]], ("a", "b"), "x", "LEAKS SPEAKERS")
    assert shown != pictures.confusion([[1, 0], [0, 1]], ("a", "b"), "x")


def test_without_a_leak_there_is_no_warning(text: str) -> None:
    assert "LEAKS" not in text


def test_parts_that_are_not_there_have_no_section() -> None:
    text = render_page(Page("labels", "real", "measured", votes=votes()))
    assert Outline(text).headings == ["What the raters say: four clips"]
    assert "hears nothing" not in text


def test_it_can_be_read_on_a_phone_and_on_paper(text: str) -> None:
    assert 'name="viewport"' in text
    assert "@media print" in text
    # On a phone each cell names its column.
    assert '<td data-column="UAR, %">66.7' in text


def test_the_json_is_whole_and_plain() -> None:
    found = json.loads(json.dumps(page().as_dict(), allow_nan=False))
    assert set(found) == {
        "title",
        "speech",
        "evidence",
        "warning",
        "notes",
        "comparison",
        "layers",
        "targets",
        "votes",
    }
    assert found["layers"][0]["layers"] == ["first", "second", "third"]
    assert found["targets"][0]["split_clips"] == 3
    assert found["votes"]["tied"] == 0.25


def test_the_file_is_the_page(tmp_path: Path) -> None:
    write_page(page(votes=None), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == render_page(page(votes=None))


def test_small_p_values_are_bounds() -> None:
    assert [tables.chance(p) for p in (None, 0.03, 1e-6)] == ["–", "0.0300", "< 0.0001"]


def test_a_zero_has_no_sign() -> None:
    assert tables.plain(Interval(-0.001, -0.004, 0.004, 0.95, 3)) == "0.00 [0.00..0.00]"
    assert tables.plain(Interval(-0.25, -0.5, 0.0, 0.95, 3)) == "-0.25 [-0.50..0.00]"


class TestPictures:
    def test_the_same_bytes_for_the_same_layers(self) -> None:
        assert pictures.saliency_by_layer(layers()) == pictures.saliency_by_layer(layers())

    def test_ranks_count_from_the_highest(self) -> None:
        assert pictures._ranks((0.1, 0.5, 0.3)).tolist() == [3, 1, 2]
        assert pictures._ranks((0.5, 0.5)).tolist() == [1.5, 1.5]

    def test_other_votes_are_another_picture(self) -> None:
        labels = ("a", "b")
        assert pictures.heard_as([[1, 0], [0, 1]], labels) != pictures.heard_as([[0.5, 0.5], [0, 1]], labels)
