"""Recipes: what is wrong is said with the keys or values that would be right."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.base.settings import valid_keys
from tools.pipeline.recipe import RECIPES, Recipe, load_recipe, parse_recipe, recipe_names

MINIMAL: dict[str, Any] = {"name": "a", "kind": "scratch", "composed": {"table": {}}}


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_that_ship_are_valid(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert set(recipe.composed.table) == {
        *("neutral", "calm", "happy", "sad"),
        *("angry", "fearful", "disgust", "surprised"),
    }


def test_trunk_and_scratch_ship() -> None:
    assert {"trunk", "scratch"} <= set(recipe_names())
    assert load_recipe("trunk").kind == "trunk"


def test_a_file_is_read_from_anywhere(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    copy.write_text((RECIPES / "scratch.toml").read_text().replace('name = "scratch"', 'name = "mine"'))
    assert load_recipe(str(copy)).name == "mine"


@pytest.mark.parametrize("name", ["trunc", "missing.toml", "../trunk"])
def test_an_unknown_recipe_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownName) as caught:
        load_recipe(name)
    assert name in caught.value.what
    assert "scratch, trunk" in caught.value.remedy


@pytest.mark.parametrize("content", [b"name = ", b"a = 1\na = 2\n", b"\xff\xfe"])
def test_a_file_that_is_not_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(InvalidSetting, match=r"bad.toml is not valid TOML"):
        load_recipe(str(tmp_path / "bad.toml"))


@pytest.mark.parametrize(
    ("data", "key", "valid"),
    [
        ({"sede": 1}, "sede", "seed"),
        ({"fit": {"epoch": 3}}, "fit.epoch", "epochs"),
        ({"keyword_fit": {"crops": {"rates": 1}}}, "keyword_fit.crops.rates", "rate"),
        ({"composed": {"table": {}, "word": []}}, "composed.word", "words"),
    ],
)
def test_an_unknown_key_lists_the_valid_ones(data: dict[str, Any], key: str, valid: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        parse_recipe(MINIMAL | data, "mine.toml")
    assert f"unknown key '{key}'" in caught.value.what
    assert valid in caught.value.remedy.removeprefix("valid keys there: ").split(", ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"fit": {"epochs": 0}}, "fit.epochs"),
        ({"window": {"window_ms": 5}}, "window.window_ms"),
        ({"split": {"test": 0}}, "split.test"),
        ({"split": {"validation": []}}, "split.validation"),
        ({"views": {"count": -1}}, "views.count"),
        ({"composed": {"table": {"sad": [50, 50]}}}, "the row of 'sad' must hold 4 percentages"),
        ({"composed": {"table": {"sad": [50, 50, 10, 0]}}}, "sum to 100"),
    ],
)
def test_a_value_out_of_range_names_its_place(data: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        parse_recipe(MINIMAL | data, "mine.toml")
    assert words in caught.value.what
    assert "mine.toml" in caught.value.what
    assert "\n" not in caught.value.what


def test_windows_must_begin_on_frames() -> None:
    """A device computes one stream of features; a window is a slice of it."""
    data = MINIMAL | {"frontend": {"preset": "student"}, "window": {"hop_ms": 250}}
    with pytest.raises(InvalidSetting, match="a hop of 250 ms is not a whole number of steps of 20 ms"):
        parse_recipe(data, "mine.toml")
    parse_recipe(data | {"frontend": {"preset": "yamnet"}}, "mine.toml")
    with pytest.raises(UnknownName, match="front-end preset"):
        parse_recipe(MINIMAL | {"frontend": {"preset": "yamnot"}}, "mine.toml")


@pytest.mark.parametrize("missing", ["name", "kind", "composed"])
def test_what_must_be_there(missing: str) -> None:
    data = {key: value for key, value in MINIMAL.items() if key != missing}
    with pytest.raises(InvalidSetting, match=missing):
        parse_recipe(data, "mine.toml")


def test_speakers_can_be_named_or_counted() -> None:
    assert parse_recipe(MINIMAL | {"split": {"test": ["a"], "validation": 3}}, "r").split.test == ("a",)


def test_valid_keys_follow_the_sections() -> None:
    assert valid_keys(Recipe) == sorted(Recipe.model_fields)
    assert "epochs" in valid_keys(Recipe, ["fit"])
    assert valid_keys(Recipe, ["composed", "table"]) == []


def test_a_dump_holds_the_sections_asked_for() -> None:
    recipe = parse_recipe(MINIMAL | {"seed": 4}, "r")
    assert recipe.dump("seed") == {"seed": 4}
    assert set(recipe.dump("window", "fit")) == {"window", "fit"}
    assert recipe.dump("fit") != parse_recipe(MINIMAL | {"fit": {"epochs": 3}}, "r").dump("fit")


def test_a_recipe_survives_a_bundle() -> None:
    recipe = load_recipe("trunk")
    assert parse_recipe(recipe.model_dump(mode="json"), "bundle") == recipe


def test_every_section_of_a_file_is_known() -> None:
    for name in recipe_names():
        data = tomllib.loads((RECIPES / f"{name}.toml").read_text())
        assert set(data) - {"extends"} <= set(Recipe.model_fields)


def test_every_section_forbids_unknown_keys() -> None:
    for name, field in Recipe.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            assert field.annotation.model_config.get("extra") == "forbid", name
            assert field.annotation.model_config.get("frozen"), name


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ({"kind": "tank"}, "scratch, trunk"),
        ({"augment": {"name": "shouting"}}, "everyday"),
        ({"keyword": {"name": "ear"}}, "dsresnet_se"),
        ({"fit": {"objective": "hope"}}, "cross_entropy"),
    ],
)
def test_a_part_that_is_not_there_is_answered_with_those_that_are(data: dict[str, Any], names: str) -> None:
    with pytest.raises(UnknownName) as told:
        parse_recipe({**MINIMAL, **data}, "test")
    for name in names.split(", "):
        assert name in str(told.value.remedy) + str(told.value)


@pytest.mark.parametrize(
    ("data", "part", "valid"),
    [
        ({"student": {"depth": 3}}, "student 'scratch'", "blocks"),
        ({"augment": {"echo": 3}}, "augmentation 'everyday'", "snr_db"),
        ({"keyword": {"heads": 3}}, "keyword network 'dsresnet_se'", "stem_stride"),
    ],
)
def test_a_key_that_the_chosen_part_does_not_take(data: dict[str, Any], part: str, valid: str) -> None:
    with pytest.raises(InvalidSetting, match=part) as told:
        parse_recipe({**MINIMAL, **data}, "test")
    assert valid in told.value.remedy


def test_what_a_part_was_told_is_in_the_dump() -> None:
    """Stage keys and the bundle rest on the dump: a part's own settings must not be lost in it."""
    recipe = parse_recipe({**MINIMAL, "keyword": {"kernel": 7}, "student": {"width": 40}}, "test")
    dumped = recipe.dump("keyword", "student", "teachers", "augment")
    assert dumped["keyword"]["kernel"] == 7
    assert dumped["student"]["width"] == 40
    assert dumped["augment"]["name"] == "everyday"
    assert dumped["teachers"][0]["feature"]["encoder"] == "whisper-tiny-en"
    assert parse_recipe(recipe.model_dump(mode="json"), "its own dump") == recipe


class TestExtending:
    @pytest.fixture
    def shipped(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder of recipes: `base`, and two that extend each other."""
        folder = tmp_path / "recipes"
        folder.mkdir()
        (folder / "base.toml").write_text(
            'name = "base"\nkind = "scratch"\nseed = 3\n[fit]\nepochs = 9\nbatch = 32\n[composed.table]\n'
            '[[teachers]]\nfeature = { name = "micro_frontend" }\nmodel = {}\n'
        )
        (folder / "egg.toml").write_text('extends = "hen"\n')
        (folder / "hen.toml").write_text('extends = "egg"\n')
        monkeypatch.setattr("tools.pipeline.recipe.RECIPES", folder)
        return folder

    def test_what_is_not_named_stays(self, shipped: Path, tmp_path: Path) -> None:
        own = tmp_path / "own.toml"
        own.write_text('extends = "base"\nname = "own"\n[fit]\nepochs = 4\n')
        recipe = load_recipe(str(own))
        assert (recipe.name, recipe.seed) == ("own", 3)
        assert (recipe.fit.epochs, recipe.fit.batch) == (4, 32)

    def test_a_list_is_replaced(self, shipped: Path, tmp_path: Path) -> None:
        own = tmp_path / "own.toml"
        own.write_text(
            'extends = "base"\n[[teachers]]\nfeature = { name = "filterbank_pitch" }\nmodel = { name = "tc_gru" }\n'
        )
        (teacher,) = load_recipe(str(own)).dump("teachers")["teachers"]
        assert (teacher["feature"]["name"], teacher["model"]["name"]) == ("filterbank_pitch", "tc_gru")

    def test_a_circle_ends(self, shipped: Path) -> None:
        with pytest.raises(InvalidSetting, match="extends itself"):
            load_recipe("egg")

    def test_only_what_ships_can_be_extended(self, shipped: Path, tmp_path: Path) -> None:
        own = tmp_path / "own.toml"
        own.write_text('extends = "../elsewhere"\n')
        with pytest.raises(UnknownName, match="elsewhere") as told:
            load_recipe(str(own))
        assert "base" in f"{told.value} {told.value.remedy}"


def test_the_keen_recipe_changes_its_teachers_alone() -> None:
    keen, trunk = load_recipe("keen").model_dump(), load_recipe("trunk").model_dump()
    assert {key for key in keen if keen[key] != trunk[key]} == {"name", "teachers"}
