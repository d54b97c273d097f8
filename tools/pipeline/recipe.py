"""Recipes: one TOML file says all that decides what is built."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, model_validator

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.base.parts import PartSettings, read_settings, section
from firmware_bridge.base.paths import RECIPES
from firmware_bridge.base.settings import Settings, explain
from firmware_bridge.contract.bundle import Manifest
from firmware_bridge.contract.windows import Windowing
from firmware_bridge.microfrontend import preset
from quantize.convert import CalibrationSettings
from train.augment import AUGMENTS, AugmentSettings
from train.composed import ComposedSettings
from train.features import FEATURES
from train.features.encoder import EncoderSettings
from train.keyword import KEYWORD_NETWORKS
from train.keyword.fit import KeywordFitSettings
from train.keyword.network import KeywordSettings
from train.keyword.windows import KeywordWindowSettings
from train.student import STUDENTS
from train.student.fit import FitSettings
from train.student.network import StudentSettings
from train.teacher import TEACHERS
from train.teacher.regression import RegressionSettings


class FrontendChoice(Settings):
    """Which front-end, and how features become int8."""

    preset: str = "yamnet"
    scaling: Literal["range", "fixed"] = "range"
    low: int = Field(default=0, ge=0)
    high: int = Field(default=670, le=65535)


Speakers = Annotated[int, Field(ge=1)] | Annotated[tuple[str, ...], Field(min_length=1)]


class SplitChoice(Settings):
    """How many speakers are kept for reporting and for choosing, or their names."""

    test: Speakers = 4
    validation: Speakers = 2


class ViewChoice(Settings):
    """How many varied views of each clip."""

    count: int = Field(default=8, ge=0, le=50)


class FoundationChoice(Settings):
    """The foundation model on the chip, and where it is cut."""

    network: Literal["yamnet", "none"] = "yamnet"
    trunk_layer: int = Field(default=13, ge=1, le=27)


class TeacherChoice(Settings):
    """One teacher: what it hears, and what it is.

    Attributes:
        feature: A part of `train/features`, chosen by its `name`, with its settings.
        model: A part of `train/teacher`, chosen by its `name`, with its settings.
        inner_folds: What the student hears of a training clip comes from a teacher that has not learnt it: so many are
            trained, each without some of the training speakers. 0: one teacher, which has learnt them all.
    """

    feature: Annotated[SerializeAsAny[PartSettings], BeforeValidator(section(FEATURES, "encoder"))]
    model: Annotated[SerializeAsAny[PartSettings], BeforeValidator(section(TEACHERS, "regression"))]
    inner_folds: int = Field(default=0, ge=0, le=20)


# What listens where a recipe names no teacher: layer by a probe, neighbours beside it, out of fold.
DEFAULT_TEACHER = TeacherChoice(
    feature=EncoderSettings(statistics=True, neighbours=1), model=RegressionSettings(), inner_folds=5
)


class DistilChoice(Settings):
    """How distillation is tried."""

    seeds: int = Field(default=2, ge=1, le=10)
    weight: float = Field(default=0.3, ge=0, le=1)
    temperature: float = Field(default=2.0, gt=0)


class Recipe(Settings):
    """A whole recipe; see `edgetpu_models/recipes/trunk.toml` for what each part means."""

    name: str
    kind: str
    seed: int = 0
    emotion_corpus: str = "ravdess"
    keyword_corpus: str = "speech_commands"
    window: Windowing = Windowing()
    frontend: FrontendChoice = FrontendChoice()
    split: SplitChoice = SplitChoice()
    views: ViewChoice = ViewChoice()
    augment: Annotated[SerializeAsAny[PartSettings], BeforeValidator(section(AUGMENTS, "everyday"))] = (
        AugmentSettings()
    )
    foundation: FoundationChoice = FoundationChoice()
    teachers: tuple[TeacherChoice, ...] = Field(default=(DEFAULT_TEACHER,), min_length=1)
    student: SerializeAsAny[Settings] = StudentSettings()
    fit: FitSettings = FitSettings()
    distil: DistilChoice = DistilChoice()
    keyword: Annotated[
        SerializeAsAny[PartSettings], BeforeValidator(section(KEYWORD_NETWORKS, "dsresnet_se"))
    ] = KeywordSettings()
    keyword_windows: KeywordWindowSettings = KeywordWindowSettings()
    keyword_fit: KeywordFitSettings = KeywordFitSettings()
    keyword_augment: AugmentSettings = AugmentSettings(
        noise_share=0.5, snr_db=(5.0, 25.0), room_share=0.2, time_masks=1, time_mask=10, channel_masks=1
    )
    calibration: CalibrationSettings = CalibrationSettings()
    composed: ComposedSettings

    @model_validator(mode="before")
    @classmethod
    def _read_student(cls, data: Any) -> Any:
        """Let the student that `kind` names read its own settings."""
        if not isinstance(data, Mapping) or not isinstance(data.get("kind"), str):
            return data
        given = data.get("student", {})
        if not isinstance(given, Mapping):
            return data
        return {**data, "student": read_settings(STUDENTS, data["kind"], given)}

    def dump(self, *sections: str) -> dict[str, Any]:
        """Return some sections as JSON-ready data, for stage keys."""
        return self.model_dump(mode="json", include=set(sections))


def recipe_names() -> list[str]:
    """Return the recipes that ship with the project."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """Read a recipe.

    Args:
        name: The name of one that ships with the project, or the path of a `.toml` file.

    Raises:
        UnknownName: There is no such recipe.
        InvalidSetting: An unknown key (the valid ones are listed) or a value outside its range.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        raise UnknownName("recipe", name, recipe_names())
    return parse_recipe(_read(path), path.name)


def _read(path: Path, extended_by: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a recipe's data; under `extends` it names one that it only changes.

    Sections are merged key by key; a list, such as the teachers, is replaced as a whole.

    Raises:
        UnknownName: It extends a recipe that does not ship with the project.
        InvalidSetting: It is no TOML, or extends itself, by way of others too.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"{path.name} is not valid TOML: {error}", "mend the line it names") from error
    base = data.pop("extends", None)
    if base is None:
        return data
    if base not in recipe_names():
        raise UnknownName("recipe to extend", str(base), recipe_names())
    if base in extended_by:
        raise InvalidSetting(f"{path.name}: '{base}' extends itself", "extend a recipe that extends nothing")
    found = _read(RECIPES / f"{base}.toml", (*extended_by, base))
    for key, value in data.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = {**found[key], **value} if both else value
    return found


def parse_recipe(data: Mapping[str, Any], source: str) -> Recipe:
    """Check a recipe's data.

    Raises:
        InvalidSetting: As `load_recipe`, or windows that do not begin on the front-end's frames.
        UnknownName: There is no such front-end.
    """
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        raise explain(error, Recipe, source, "mend the value; the recipes' comments help") from error
    # Said now, not by the device after an hour of training.
    recipe.window.frames_of(preset(recipe.frontend.preset))
    return recipe


def recipe_of(manifest: Manifest) -> Recipe:
    """Return the recipe that a bundle was built from.

    Raises:
        InvalidSetting: It was written for another version of this project.
    """
    return manifest.recipe.read(lambda data: parse_recipe(data, "the bundle's recipe"))
