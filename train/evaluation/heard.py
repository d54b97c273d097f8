"""What systems made of the clips of a corpus, every clip by a network that had not heard its speaker.

One `Truth` for the corpus, one `Heard` for each system and condition. All tables of `train.mitra` are made from these
two, so a system of any kind is compared by filling in a `Heard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak
from train.evaluation.leak import AdmittedLeak, ProofOfFolds, SpeakerProof

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Role = Literal["salient", "probed", "last", "filterbank", "other"]

CLEAN = "clean"
DIMENSIONS = ("valence", "arousal", "dominance")


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of the clips that systems are compared on.

    Attributes:
        corpus: Its name.
        speech: `real` or `synthetic` speech.
        labels: Class names in the order of the columns.
        truth: int64 [clips], the class of each.
        targets: float32 [clips, classes], the raters' distribution; one-hot where there are no raters.
        dimensions: float32 [clips, 3], valence, arousal and dominance, or None.
        speakers: Who speaks in each clip.
        genders: `female`, `male` or None for each clip.
        proofs: For each fold, that its speakers were unheard, or the admission that they were not.
        raters: Whether `targets` come from several people a clip.

    Raises:
        CorpusInvalid: The parts do not fit together.
    """

    corpus: str
    speech: Literal["real", "synthetic"]
    labels: tuple[str, ...]
    truth: Integers
    targets: Floats
    dimensions: Floats | None
    speakers: tuple[str, ...]
    genders: tuple[str | None, ...]
    proofs: tuple[SpeakerProof | AdmittedLeak, ...]
    raters: bool = False

    def __post_init__(self) -> None:
        clips, classes = len(self.truth), len(self.labels)
        shapes = {
            "speakers": (len(self.speakers),) == (clips,),
            "genders": (len(self.genders),) == (clips,),
            "targets": self.targets.shape == (clips, classes),
            "dimensions": self.dimensions is None or self.dimensions.shape == (clips, len(DIMENSIONS)),
        }
        if clips == 0 or (wrong := [name for name, fits in shapes.items() if not fits]):
            what = (
                f"{', '.join(wrong)} do not fit {clips} clips of {classes} classes" if clips else "no clips"
            )
            raise CorpusInvalid(f"{self.corpus}: {what}", "give every clip its label, speaker and target")
        if self.truth.min() < 0 or self.truth.max() >= classes:
            raise CorpusInvalid(
                f"{self.corpus}: a class outside 0 to {classes - 1}", "use the labels' places"
            )
        if not self.proofs:
            raise SpeakerLeak("no score without a proof", "call require_disjoint for each fold")

    @property
    def clips(self) -> int:
        """How many clips there are."""
        return len(self.truth)

    @property
    def proof(self) -> ProofOfFolds:
        """The proofs of all folds as one."""
        return ProofOfFolds(self.proofs)

    @property
    def warning(self) -> str:
        """`LEAKS SPEAKERS` where a fold has no proof, else nothing."""
        return self.proof.warning


@dataclass(frozen=True, eq=False)
class Heard:
    """What one system made of every clip, out of fold.

    Attributes:
        system: What it is, for instance `whisper-tiny-en hidden_2, regression`.
        condition: `clean`, `15 dB`, `5 dB`: what was played to it.
        shares: float32 [clips, classes], the share of each class; the highest is its guess.
        dimensions: float32 [clips, 3], valence, arousal and dominance, where the corpus has them.
        folds: int64 [clips], the fold in which each clip was unseen: place of the proof in `Truth.proofs`.
        parameters: Of all that must run, up to the layer, head included.
        multiply_adds: Of all that must run, per second of speech; 0 where it was not counted.
        role: Which layer it hears, or what else it is: `salient` and `probed` were chosen by saliency and by a
            probe, `last` is the whole network, `filterbank` the comparison that needs no network below it.
        network: What `salient`, `probed` and `last` have in common, for instance `whisper-tiny-en`.

    Raises:
        InvalidSetting: The parts do not fit together, a value is not finite, or the role is unknown.
    """

    system: str
    condition: str
    shares: Floats
    dimensions: Floats | None
    folds: Integers
    parameters: int
    multiply_adds: int
    role: Role
    network: str = ""

    def __post_init__(self) -> None:
        clips = len(self.shares)
        tables = [self.shares] + ([] if self.dimensions is None else [self.dimensions])
        if self.shares.ndim != 2 or {len(self.folds), *map(len, tables)} != {clips}:
            raise InvalidSetting(
                f"{self.system}: tables of different lengths", "give every clip one row in each"
            )
        if not all(np.isfinite(table).all() for table in tables):
            raise InvalidSetting(
                f"{self.system}: values that are not finite", "look at its training: it diverged"
            )
        if self.role not in get_args(Role):
            raise InvalidSetting(f"{self.system}: role '{self.role}'", f"one of {', '.join(get_args(Role))}")

    @property
    def name(self) -> str:
        """System and condition in one; the condition is left out where it is clean."""
        return self.system if self.condition == CLEAN else f"{self.system}, {self.condition}"


def require_same_clips(truth: Truth, systems: Sequence[Heard]) -> None:
    """Check that systems were heard on the clips of `truth`, each clip where its speaker was unheard.

    Raises:
        InvalidSetting: No system, two of one name and condition, or tables of other shapes.
        SpeakerLeak: A clip's fold has no proof, or one that does not cover its speaker.
    """
    names = [one.name for one in systems]
    if not systems or len(set(names)) < len(names):
        raise InvalidSetting(
            f"{len(names)} systems, {len(set(names))} names", "name each system once a condition"
        )
    speakers = np.array(truth.speakers)
    for one in systems:
        if one.shares.shape != truth.targets.shape:
            raise InvalidSetting(
                f"{one.name}: shares of shape {one.shares.shape} for targets of {truth.targets.shape}",
                "score all systems on the same clips and classes",
            )
        if one.folds.min() < 0 or one.folds.max() >= len(truth.proofs):
            raise SpeakerLeak(f"{one.name}: a fold without a proof", "give one proof a fold")
        for fold in np.unique(one.folds):
            truth.proofs[fold].cover(set(speakers[one.folds == fold].tolist()))
