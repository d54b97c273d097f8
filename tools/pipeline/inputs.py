"""What a build starts from: recipe, corpora, who is trained on, selected on and reported."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing, EnvironmentLacking
from firmware_bridge.base.progress import note
from firmware_bridge.microfrontend import FrontendSpec, InputScaling, preset
from tools.pipeline.recipe import Recipe, load_recipe
from train.corpora import load_corpus
from train.corpora.noise import load_noises, load_rooms
from train.corpora.record import Clip, Corpus
from train.corpora.speech_commands import official_part
from train.evaluation.splits import Split, speaker_split
from train.foundation.network_file import find_network, obtain_network
from train.foundation.yamnet import YAMNET_FILE
from train.student import STUDENTS
from train.views import Surroundings

STAND_INS = {"ravdess": "synthetic", "speech_commands": "synthetic_words"}
# Speakers of a keyword corpus without an official split: shares for reporting and for fitting the fusion.
WORD_TEST, WORD_VALIDATION = 0.25, 0.15


@dataclass(frozen=True)
class Inputs:
    """Everything that a build starts from.

    Attributes:
        recipe: The recipe in force.
        emotion_corpus: Who speaks with which emotion.
        keyword_corpus: Who speaks which word.
        keywords: Its clips of the recipe's words.
        others: Clips of other words, heard in training as "no keyword".
        split: Speakers of the emotion corpus.
        word_split: Speakers of the keyword corpus.
    """

    recipe: Recipe
    emotion_corpus: Corpus
    keyword_corpus: Corpus
    keywords: tuple[Clip, ...]
    others: tuple[Clip, ...]
    split: Split
    word_split: Split

    @property
    def labels(self) -> tuple[str, ...]:
        """Emotion classes in output order."""
        return self.emotion_corpus.labels

    @property
    def speech(self) -> str:
        """`synthetic` as soon as one voice is synthetic."""
        return "real" if {self.emotion_corpus.origin, self.keyword_corpus.origin} == {"real"} else "synthetic"

    @cached_property
    def clips(self) -> tuple[Clip, ...]:
        """All emotional clips with sound, in corpus order."""
        return self.emotion_corpus.with_audio()

    @cached_property
    def speakers(self) -> NDArray[np.str_]:
        """Speaker of each emotional clip."""
        return np.array([clip.speaker for clip in self.clips])

    @cached_property
    def targets(self) -> NDArray[np.float32]:
        """float32[clips, labels], rater distributions where there are any."""
        return np.stack([clip.distribution(self.labels) for clip in self.clips])

    @cached_property
    def truth(self) -> NDArray[np.int64]:
        """int64[clips], the class that each clip is scored against."""
        named = [self.labels.index(c.label) if c.label in self.labels else -1 for c in self.clips]
        return np.where(np.array(named) >= 0, named, self.targets.argmax(1)).astype(np.int64)

    def rows(self, part: str) -> NDArray[np.int64]:
        """Return the indices of the clips of one part of the split."""
        return np.flatnonzero(np.isin(self.speakers, self.split.as_dict()[part]))

    @cached_property
    def frontend(self) -> FrontendSpec:
        """The front-end that both networks share."""
        return preset(self.recipe.frontend.preset)

    @cached_property
    def scaling(self) -> InputScaling:
        """Features to int8."""
        choice = self.recipe.frontend
        if choice.scaling == "fixed":
            return InputScaling.fixed_between(choice.low, choice.high)
        return InputScaling(kind="range")

    @cached_property
    def surroundings(self) -> Surroundings:
        """Noises and rooms that training may hear."""
        noises, rooms = load_noises("train"), load_rooms("train")
        return Surroundings(tuple(n.pcm for n in noises), tuple(r.impulse for r in rooms))

    def prepared(self) -> Inputs:
        """Read the corpora now, and return these inputs: copies for other processes need not read them again."""
        _ = self.digests  # taking them reads everything
        return self

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of what the stages read: sound, labels and order of both corpora, noises and rooms."""
        spoken = [[c.name, c.label, c.speaker] for c in (*self.keywords, *self.others)]
        emotion = [[c.name, c.speaker, c.gender, c.valence, c.arousal, c.dominance] for c in self.clips]
        return {
            "emotion": sha256_of(
                self.fingerprints[self.emotion_corpus.name], self.labels, emotion, self.truth, self.targets
            ),
            "keyword": sha256_of(self.fingerprints[self.keyword_corpus.name], spoken),
            "surroundings": sha256_of(*self.surroundings.noises, "rooms", *self.surroundings.rooms),
        }

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of each corpus's files."""
        return {corpus.name: corpus.fingerprint() for corpus in (self.emotion_corpus, self.keyword_corpus)}


def sha256_of(*values: Any) -> str:
    """Return the SHA-256 over arrays (type, shape and bytes) and JSON-ready values, in their order."""
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype.str} {value.shape}".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(json.dumps(value).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def has_foundation(recipe: Recipe) -> bool:
    """Tell whether the recipe's foundation model is at hand or can be fetched."""
    return recipe.foundation.network != "none" and yamnet_at_hand()


@functools.cache
def yamnet_at_hand() -> bool:
    """Look for YAMNet's file, try to fetch it where it is missing, and say so where that fails; once a process."""
    if find_network(YAMNET_FILE) is not None:
        return True
    try:
        obtain_network(YAMNET_FILE)
    except EnvironmentLacking as error:
        note(f"no foundation model: {error.what}")
        return False
    return True


def effective_recipe(name: str) -> Recipe:
    """Return the recipe, or `scratch` in its place when it needs a foundation model that cannot be had; say so."""
    recipe = load_recipe(name)
    if STUDENTS.find(recipe.kind).reads == "trunk" and not has_foundation(recipe):
        note(f"the recipe 'scratch' stands in for '{recipe.name}': its trunk is part of that model")
        recipe = load_recipe("scratch")
    return recipe


def resolve_corpus(which: str) -> Corpus:
    """Load a corpus; a default one that is not at hand is replaced by synthetic speech, and the user is told."""
    try:
        return load_corpus(which)
    except CorpusMissing as error:
        if which not in STAND_INS:
            raise
        note(f"{error.what}")
        note(
            f"synthetic speech stands in for {which}: every figure is about synthetic voices, not about people"
        )
        return load_corpus(STAND_INS[which])


def split_words(corpus: Corpus, keywords: tuple[Clip, ...], seed: int) -> Split:
    """Return the keyword speakers' split: the corpus's official one where it has one."""
    if corpus.name == "speech_commands":
        held_out = sorted({c.speaker for c in keywords if official_part(c.speaker) != "training"})
        return speaker_split(keywords, test=held_out, validation=WORD_VALIDATION, seed=seed)
    return speaker_split(keywords, test=WORD_TEST, validation=WORD_VALIDATION, seed=seed)


def require_words(recipe: Recipe, corpus: Corpus, clips: Sequence[Clip], whose: str = "") -> None:
    """Check that there are clips of every keyword.

    Raises:
        CorpusInvalid: A word of the recipe has none.
    """
    missing = sorted(set(recipe.composed.words) - {clip.label for clip in clips})
    if missing:
        raise CorpusInvalid(
            f"corpus {corpus.name} has no clips{whose} of the word {', '.join(missing)}",
            f"its words: {', '.join(corpus.labels)}; choose among them under [composed], or add speakers",
        )


def gather(recipe: Recipe) -> Inputs:
    """Load corpora and draw the splits of a recipe.

    Raises:
        CorpusMissing: A corpus that was named with care is not there.
        CorpusInvalid: A corpus cannot be used, or lacks one of the recipe's words.
    """
    emotion, words = resolve_corpus(recipe.emotion_corpus), resolve_corpus(recipe.keyword_corpus)
    keywords = tuple(c for c in words.with_audio() if c.label in recipe.composed.words)
    recipe.composed.probabilities(emotion.labels)
    split = speaker_split(
        emotion.with_audio(), test=recipe.split.test, validation=recipe.split.validation, seed=recipe.seed
    )
    require_words(recipe, words, keywords)
    word_split = split_words(words, keywords, recipe.seed)
    for part in ("train", "validation", "test"):
        require_words(recipe, words, word_split.take(part, keywords), f" of its {part} speakers")
    heard = set(word_split.train)
    others = tuple(
        c for c in words.with_audio() if c.label not in recipe.composed.words and c.speaker in heard
    )
    return Inputs(recipe, emotion, words, keywords, others, split, word_split)
