"""Trains a TC-GRU teacher, keeps it, and lets it speak."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import InvalidSetting, ModelInvalid
from firmware_bridge.base.files import atomic_path
from train.teacher.network import build_tc_gru
from train.teacher.scaling import scaled
from train.teacher.settings import TeacherSettings

Floats = npt.NDArray[np.float32]
_FORMAT = 1
_PREDICT_BATCH = 128


@dataclass
class Teacher:
    """A trained TC-GRU with the scaling of its input.

    Attributes:
        network: The Keras network of `build_tc_gru`.
        mean: float32 [channels], subtracted from the sequence.
        deviation: float32 [channels], by which it is then divided.
        classes: Size of the categorical head.
        dimensions: Size of the dimensional head, 0 for none.
        settings: How it was trained.
        history: Training and validation loss of every pass, and the pass that was kept.
    """

    network: Any
    mean: Floats
    deviation: Floats
    classes: int
    dimensions: int
    settings: TeacherSettings
    history: dict[str, Any] = field(default_factory=dict)

    def predict(self, sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None = None) -> Floats:
        """Return the probability of each class, float32 [clips, classes].

        Args:
            sequences: float [clips, steps, channels], as in training.
            steps: Steps of each clip that are no padding; `None` for all.
        """
        from scipy.special import softmax

        return np.asarray(softmax(self._run(sequences, steps)["logits"], axis=1), np.float32)

    def predict_dimensions(
        self, sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None = None
    ) -> Floats:
        """Return the dimensional estimates, float32 [clips, dimensions].

        Raises:
            InvalidSetting: The teacher was trained without dimensional labels.
        """
        if not self.dimensions:
            raise InvalidSetting(
                "this teacher has no dimensional head",
                "train it on a corpus with valence, arousal or dominance",
            )
        return self._run(sequences, steps)["dimensions"]

    def save(self, path: Path) -> None:
        """Write the teacher to one `.npz` file, without pickle."""
        about = {
            "format": _FORMAT,
            "classes": self.classes,
            "dimensions": self.dimensions,
            "settings": self.settings.model_dump(),
            "history": self.history,
        }
        weights = {f"weight{number}": w for number, w in enumerate(self.network.get_weights())}
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(
                stream, about=np.array(json.dumps(about)), mean=self.mean, deviation=self.deviation, **weights
            )

    @classmethod
    def load(cls, path: Path) -> Teacher:
        """Return the teacher that `save` wrote.

        Raises:
            ModelInvalid: The file is damaged or is no teacher.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            about = json.loads(str(arrays["about"]))
            if about["format"] != _FORMAT:
                raise ValueError(f"format {about['format']}")
            settings = TeacherSettings(**about["settings"])
            network = build_tc_gru(settings, len(arrays["mean"]), about["classes"], about["dimensions"])
            network.set_weights([arrays[f"weight{n}"] for n in range(len(arrays) - 3)])
        except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as problem:
            raise ModelInvalid(
                f"{path.name} is no teacher ({problem})", "train the teacher again"
            ) from problem
        return cls(
            network=network,
            mean=arrays["mean"],
            deviation=arrays["deviation"],
            classes=about["classes"],
            dimensions=about["dimensions"],
            settings=settings,
            history=about["history"],
        )

    def inputs(
        self, sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None = None
    ) -> dict[str, Floats]:
        """Return what the network reads: the scaled sequence and the mask of its real steps.

        Raises:
            InvalidSetting: The sequences have another number of channels than those of the training.
        """
        if sequences.ndim != 3 or sequences.shape[2] != len(self.mean):
            raise InvalidSetting(
                f"this teacher reads [clips, steps, {len(self.mean)}], not {list(sequences.shape)}",
                "give it the layer that it was trained on",
            )
        sequence, mask = scaled(sequences, steps, self.mean, self.deviation)
        return {"sequence": sequence, "mask": mask}

    def _run(self, sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None) -> dict[str, Floats]:
        pieces = []
        for start in range(0, len(sequences), _PREDICT_BATCH):
            block = slice(start, start + _PREDICT_BATCH)
            fed = self.inputs(sequences[block], None if steps is None else steps[block])
            pieces.append(self.network(fed, training=False))
        return {name: np.concatenate([np.asarray(piece[name]) for piece in pieces]) for name in pieces[0]}
