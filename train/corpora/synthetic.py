"""Stand-in corpora for a machine without recordings: speech by espeak-ng, made once and kept.

`synthetic` has emotions as prosody settings, `synthetic_words` single words; speakers are voice variants.
They let the whole chain run and be tested. They say nothing about people, so all figures that come from them
are tagged `synthetic`. The valence, arousal and dominance values are the design of the settings, not ratings.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.base.files import atomic_directory, write_json
from firmware_bridge.base.paths import ROOT
from firmware_bridge.base.progress import tell, track
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, to_float, to_pcm16, write_wav
from train.corpora import espeak
from train.corpora.espeak import Utterance
from train.corpora.files import in_order
from train.corpora.record import Clip, Corpus
from train.corpora.registry import reader

VERSION = "1"
INDEX = "index.json"
LICENCE = "generated on this machine"
ATTRIBUTION = "synthesised locally with espeak-ng"


@dataclass(frozen=True)
class Voice:
    """A synthetic speaker: espeak-ng voice with variant, gender, and shifts that make it its own."""

    name: str
    voice: str
    gender: str
    pitch: int = 0
    rate_wpm: int = 0


@dataclass(frozen=True)
class Prosody:
    """How an emotion is spoken, relative to a voice, and where it lies (-1 to 1)."""

    rate_wpm: int
    pitch: int
    pitch_range: int
    volume: int
    valence: float
    arousal: float
    dominance: float


# Rate, pitch and range follow the directions that Murray and Arnott (1993) list for acted emotion.
EMOTIONS = {
    "neutral": Prosody(170, 45, 40, 54, 0.0, 0.0, 0.0),
    "calm": Prosody(140, 40, 25, 42, 0.4, -0.6, 0.1),
    "happy": Prosody(195, 62, 85, 68, 0.8, 0.5, 0.4),
    "sad": Prosody(120, 30, 12, 34, -0.6, -0.5, -0.5),
    "angry": Prosody(205, 50, 70, 95, -0.6, 0.7, 0.6),
    "fearful": Prosody(240, 75, 45, 50, -0.6, 0.6, -0.6),
    "disgust": Prosody(125, 22, 60, 64, -0.7, 0.1, 0.2),
    "surprised": Prosody(180, 85, 99, 76, 0.3, 0.7, -0.1),
}
SENTENCES = (
    "The train leaves at a quarter past nine.",
    "My sister painted the kitchen last week.",
    "There is a letter for you on the table.",
    "We walked along the river until it rained.",
    "He put the blue cup back on the shelf.",
    "The shop on the corner opens on Monday.",
)
KEYWORDS = ("bed", "cat", "happy")
OTHER_WORDS = ("house", "dog", "yes", "left", "seven", "marvin", "stop", "wow")

# No variant with a `breath` setting (f2, f3, f5, Alicia, whisper, …): their noise differs from process to process.
WOMEN = ("f1", "f4", "linda", "steph")
MEN = ("m1", "m2", "m3", "m7")
VOICES = tuple(
    Voice(f"{variant}-{place}", f"{accent}+{variant}", "female" if variant in WOMEN else "male", pitch, rate)
    for accent, place, pitch, rate in (("en-us", "us", 0, 0), ("en", "gb", 6, 8))
    for variant in (*WOMEN, *MEN)
)
EMOTION_VOICES = (*VOICES[:8], VOICES[8], VOICES[12])

Planned = tuple[Utterance, dict[str, Any]]


def plan_emotions() -> list[Planned]:
    """Return what `synthetic` says: 10 voices x 8 emotions x 6 sentences, with small seeded variations."""
    rng = np.random.default_rng(1)
    planned: list[Planned] = []
    for voice in EMOTION_VOICES:
        for emotion, how in EMOTIONS.items():
            for number, sentence in enumerate(SENTENCES):
                settings = {
                    "rate_wpm": how.rate_wpm + voice.rate_wpm + int(rng.integers(-12, 13)),
                    "pitch": how.pitch + voice.pitch + int(rng.integers(-6, 7)),
                    "pitch_range": how.pitch_range + int(rng.integers(-8, 9)),
                    "volume": how.volume + int(rng.integers(-7, 8)),
                }
                facts = {
                    "file": f"{voice.name}/{emotion}-{number}.wav",
                    "speaker": voice.name,
                    "gender": voice.gender,
                    "label": emotion,
                    "transcript": sentence,
                    "valence": how.valence,
                    "arousal": how.arousal,
                    "dominance": how.dominance,
                }
                planned.append((within_limits(sentence, voice, settings), facts))
    return planned


def plan_words() -> list[Planned]:
    """Return what `synthetic_words` says: 16 voices x (3 keywords x 8 + 8 other words x 3), varied by seed."""
    rng = np.random.default_rng(2)
    planned: list[Planned] = []
    for voice in VOICES:
        for word, takes in [(word, 8) for word in KEYWORDS] + [(word, 3) for word in OTHER_WORDS]:
            for take in range(takes):
                settings = {
                    "rate_wpm": int(rng.integers(110, 211)) + voice.rate_wpm,
                    "pitch": int(rng.integers(25, 76)) + voice.pitch,
                    "pitch_range": int(rng.integers(20, 81)),
                    "volume": int(rng.integers(40, 86)),
                }
                facts = {
                    "file": f"{word}/{voice.name}-{take}.wav",
                    "speaker": voice.name,
                    "gender": voice.gender,
                    "label": word,
                    "transcript": word,
                }
                planned.append((within_limits(word, voice, settings), facts))
    return planned


def within_limits(text: str, voice: Voice, settings: dict[str, int]) -> Utterance:
    """Return the utterance with its settings inside the ranges that espeak-ng takes."""
    return Utterance(
        text,
        voice.voice,
        rate_wpm=min(max(settings["rate_wpm"], 80), 450),
        pitch=min(max(settings["pitch"], 0), 99),
        pitch_range=min(max(settings["pitch_range"], 0), 99),
        volume=min(max(settings["volume"], 20), 200),
    )


@reader(
    "synthetic",
    task="emotion",
    summary="8 emotions as prosody settings, spoken by espeak-ng; stands in where there is no corpus",
    default=ROOT / "build" / "corpora" / f"synthetic-{VERSION}",
)
def load_emotions(root: Path) -> Corpus:
    """Read the synthetic emotions from `root`, after making them there if need be."""
    return read_plan("synthetic", root, tuple(EMOTIONS), plan_emotions())


@reader(
    "synthetic_words",
    task="keyword",
    summary="single words spoken by espeak-ng; stands in where there is no corpus",
    default=ROOT / "build" / "corpora" / f"synthetic-words-{VERSION}",
)
def load_words(root: Path) -> Corpus:
    """Read the synthetic words from `root`, after making them there if need be."""
    return read_plan("synthetic_words", root, (*KEYWORDS, *OTHER_WORDS), plan_words())


def read_plan(name: str, root: Path, labels: tuple[str, ...], planned: list[Planned]) -> Corpus:
    """Return the corpus of a plan, generated into `root` unless it is there already."""
    generate(name, root, planned)
    clips = [
        Clip(
            path=root / facts["file"],
            corpus=name,
            origin="synthetic",
            **{key: value for key, value in facts.items() if key not in ("file", "speaker")},
            speaker=f"{name}/{facts['speaker']}",
        )
        for _, facts in planned
    ]
    return Corpus(
        name=name,
        root=root,
        labels=labels,
        clips=in_order(clips),
        licence=LICENCE,
        attribution=ATTRIBUTION,
        commercial=True,
        origin="synthetic",
    )


def generate(name: str, root: Path, planned: list[Planned]) -> None:
    """Write the clips of a plan below `root` as WAV, all or none; nothing is done when they are there.

    Args:
        name: Corpus name, for messages.
        root: A folder of its own. One that holds anything else is refused, not overwritten.
        planned: What to say, and the facts of each clip with its `file` relative to `root`.

    Raises:
        CorpusInvalid: `root` holds something that was not made here.
        EnvironmentLacking: espeak-ng does not work.
    """
    recipe = json.dumps(
        [VERSION, [(asdict(utterance), facts) for utterance, facts in planned]], sort_keys=True
    )
    key = hashlib.sha256(recipe.encode()).hexdigest()
    with _alone(root):
        index = root / INDEX
        if index.is_file():
            if json.loads(index.read_bytes()).get("recipe") == key:
                return
        elif root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise CorpusInvalid(
                f"{root}: holds something else than the {name} corpus",
                f"give an empty or new folder as '{name}:PATH', or leave PATH out",
            )
        tell(f"making the {name} corpus: {len(planned)} clips of synthetic speech")
        spoken = espeak.speak([utterance for utterance, _ in planned])
        with atomic_directory(root) as fresh:
            pairs = zip(planned, spoken, strict=True)
            for (_, facts), samples in track(pairs, f"writing {name}", total=len(planned)):
                write_wav(fresh / facts["file"], _at_16k(samples))
            write_json(fresh / INDEX, {"corpus": name, "version": VERSION, "recipe": key})


def _at_16k(samples: np.ndarray[Any, np.dtype[np.int16]]) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Return espeak-ng's samples at the rate of the chain."""
    import soxr

    return to_pcm16(soxr.resample(to_float(samples), espeak.RATE_HZ, SAMPLE_RATE_HZ, quality="HQ"))


def _alone(root: Path) -> FileLock:
    """Return what keeps other processes from making the same corpus at the same time."""
    root.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(root.parent / f".{root.name}.lock")
