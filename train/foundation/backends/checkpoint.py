"""Official checkpoints of WavLM, HuBERT, wav2vec 2.0 and Whisper, through transformers and safetensors."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Self

import numpy as np

from firmware_bridge.base.errors import ModelInvalid, UnknownName
from train.foundation.backends.hooks import counted_multiply_adds, hidden_states
from train.foundation.encoder import About, Encoder, Floats, Layer
from train.foundation.graph import Stride
from train.foundation.hub import lacking_extra
from train.foundation.logmel import HOP, RATE, log_mel
from train.foundation.weights import CONFIG, fingerprint, read_json, weight_files

PREPROCESSOR = "preprocessor_config.json"
# Where each family keeps its layers' number in config.json.
FAMILIES = {
    "wavlm": "num_hidden_layers",
    "hubert": "num_hidden_layers",
    "wav2vec2": "num_hidden_layers",
    "whisper": "encoder_layers",
}
# Only training masks steps with it; some checkpoints leave it out.
_UNUSED = {"masked_spec_embed"}


class CheckpointEncoder(Encoder):
    """An official checkpoint.

    Args:
        folder: Holds config.json, preprocessor_config.json and the safetensors files.
        name: What to call it; `None` takes the folder's name.
        padded: Whisper only: hear every clip padded to 30 s, as it was trained; the clip's own steps are
            returned. They differ a lot from those of the clip alone, so never mix the two.
        deepest: Layer at which it is cut; `None` for the whole.

    Raises:
        EnvironmentLacking: A file or a library is missing.
        ModelInvalid: A pickle, a damaged file, or weights that are not all there.
        UnknownName: A family that is none of the four.
    """

    def __init__(
        self, folder: Path, name: str | None = None, padded: bool = False, deepest: str | None = None
    ) -> None:
        files = weight_files(folder)
        self._folder, self._settings = folder, read_json(folder / CONFIG)
        self.family = str(self._settings.get("model_type"))
        if self.family not in FAMILIES:
            raise UnknownName("family of checkpoints", self.family, FAMILIES)
        self._is_whisper, self._padded = self.family == "whisper", padded
        self._normalise = False if self._is_whisper else _normalises(folder)
        kept = None if deepest in (None, "final") else max(1, int(str(deepest).removeprefix("hidden_")))
        self._network = _load(folder, self.family, kept)
        if self._is_whisper:
            self._convolutions = [Stride(3, 2, 2)]
        else:
            shapes = zip(self._network.config.conv_kernel, self._network.config.conv_stride, strict=True)
            self._convolutions = [Stride(kernel, stride, 0) for kernel, stride in shapes]
        self.layers = _layers(self._network, deepest)
        config_files = [each for each in (folder / CONFIG, folder / PREPROCESSOR) if each.is_file()]
        self.about = About(
            name=name or folder.name,
            licence=str(self._settings.get("license", "as its source says")),
            fingerprint=fingerprint([*files, *config_files], f"{versions()} padded={padded}"),
            samples_per_step=int(np.prod([each.stride for each in self._convolutions]))
            * (HOP if self._is_whisper else 1),
            shortest=1 if self._is_whisper else self._shortest(),
            longest=self._network.config.max_source_positions * 2 * HOP if self._is_whisper else None,
        )

    def steps(self, samples: int) -> int:
        """Return how many steps a clip of so many samples gives."""
        if self._is_whisper:
            return -(-samples // self.about.samples_per_step)
        for each in self._convolutions:
            samples = each.forth(samples)
        return samples

    def multiply_adds(self, layer: str, samples: int) -> int:
        """Return the multiply-adds of `layer` for a clip of so many samples, counted by torch as it runs."""
        return self._costs(samples)[self.layer(layer).name]

    def cut(self, layer: str) -> Self:
        """Return the checkpoint loaded without the layers after `layer`."""
        shorter = type(self)(self._folder, self.about.name, self._padded, self.layer(layer).name)
        shorter.about = self.about
        return shorter

    def forward(self, batch: Floats, layers: tuple[str, ...]) -> dict[str, Floats]:
        """Return layer name to float32 [clips, steps, width]."""
        import torch

        with torch.inference_mode():
            found = hidden_states(self._network, torch.from_numpy(self._prepared(batch)), self.layer_names)
        steps = self.steps(batch.shape[1])
        return {name: found[name][:, :steps].numpy() for name in layers}

    def _prepared(self, batch: Floats) -> Floats:
        """Return what enters the network: log-mel, or the waveform, normalised where the checkpoint says so."""
        if self._is_whisper:
            longest = self.about.longest or 0
            missing = (longest if self._padded else -(-batch.shape[1] // 320) * 320) - batch.shape[1]
            return log_mel(np.pad(batch, ((0, 0), (0, missing))), self._network.config.num_mel_bins)
        if not self._normalise:
            return batch
        # As Wav2Vec2FeatureExtractor does, clip by clip.
        mean, variance = batch.mean(axis=1, keepdims=True), batch.var(axis=1, keepdims=True)
        return np.asarray((batch - mean) / np.sqrt(variance + 1e-7), np.float32)

    def _shortest(self) -> int:
        """Return the fewest samples that give one step."""
        needed = 1
        for each in reversed(self._convolutions):
            needed = each.back(needed)
        return needed

    @functools.lru_cache(maxsize=8)  # noqa: B019 - encoders live as long as the program
    def _costs(self, samples: int) -> dict[str, int]:
        """Return every layer's multiply-adds."""
        import torch

        silence = torch.from_numpy(self._prepared(np.zeros((1, samples), np.float32)))
        return counted_multiply_adds(self._network, silence, self.layer_names)


def versions() -> str:
    """Return the libraries that compute, with their versions."""
    from importlib.metadata import version

    return " ".join(f"{library}={version(library)}" for library in ("torch", "transformers"))


def _load(folder: Path, family: str, kept: int | None) -> Any:
    """Return the encoder of a checkpoint, its first `kept` layers only.

    Raises:
        EnvironmentLacking: transformers, torch or safetensors is missing.
        ModelInvalid: Not all weights are in the files; transformers would make them up.
    """
    try:
        import torch
        import transformers
    except ImportError as problem:
        raise lacking_extra(problem.name or "transformers") from problem
    torch.set_num_threads(1)  # clips are shared out over the cores
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    fewer = {} if kept is None else {FAMILIES[family]: kept}
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, **fewer)
    model, report = transformers.AutoModel.from_pretrained(
        folder,
        config=config,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        dtype=torch.float32,
        output_loading_info=True,
    )
    absent = sorted(key for key in report["missing_keys"] if key.rpartition(".")[2] not in _UNUSED)
    mismatched = sorted(str(key) for key in report.get("mismatched_keys", ()))
    encoder = model.get_encoder() if family == "whisper" else model
    if family == "whisper":
        absent = [key for key in absent if "decoder" not in key]
    if absent or mismatched:
        shown = ", ".join([*absent, *mismatched][:3])
        raise ModelInvalid(
            f"{folder.name} lacks {len(absent) + len(mismatched)} tensors of a {family} ({shown}, ...)",
            "get the checkpoint again, or one of the encoder's own family",
        )
    return encoder.eval()


def _normalises(folder: Path) -> bool:
    """Tell whether the checkpoint wants each clip at mean 0 and deviation 1."""
    if not (folder / PREPROCESSOR).is_file():
        raise ModelInvalid(
            f"{folder.name} has no {PREPROCESSOR}: whether its sound is normalised is not known",
            "get the file from where the weights came from",
        )
    settings = read_json(folder / PREPROCESSOR)
    if settings.get("sampling_rate", RATE) != RATE or "do_normalize" not in settings:
        raise ModelInvalid(
            f"{PREPROCESSOR} of {folder.name} says no 'do_normalize', or another rate than {RATE} Hz",
            "use a checkpoint for speech at 16 kHz",
        )
    return bool(settings["do_normalize"])


def _layers(network: Any, deepest: str | None) -> tuple[Layer, ...]:
    """Return the layers of an encoder with their widths and parameters."""
    from train.foundation.backends.hooks import closing_norm, parameter_counts

    counts = parameter_counts(network)
    width = int(network.config.hidden_size)
    names = [f"hidden_{index}" for index in range(len(counts))]
    found = [Layer(name, width, count) for name, count in zip(names, counts, strict=True)]
    norm = closing_norm(network)
    if norm is not None and deepest in (None, "final"):
        found.append(Layer("final", width, counts[-1] + sum(each.numel() for each in norm.parameters())))
    if deepest is not None:
        names_found = [layer.name for layer in found]
        found = found[: names_found.index(deepest) + 1]
    return tuple(found)
