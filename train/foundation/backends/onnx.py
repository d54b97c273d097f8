"""Encoders in ONNX files, run by onnxruntime: whatever has outputs `hidden_0`, `hidden_1`, ... and perhaps `final`.

Two kinds of input are known: `mel` [clips, 80, frames] (Whisper's log-mel, made here from the waveform), and
the waveform itself, [clips, samples].
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Self

import numpy as np

from firmware_bridge.base.errors import ModelInvalid
from firmware_bridge.base.files import sha256_file
from train.foundation.cut import cut_file
from train.foundation.encoder import About, Encoder, Floats, Layer
from train.foundation.graph import load_graph, multiply_adds, open_session, parameters_of, strides
from train.foundation.logmel import HOP, log_mel

_OUTPUT = re.compile(r"hidden_\d+|final")
_LONGEST_MEL = 3000  # frames; Whisper has positions for 30 s


class OnnxEncoder(Encoder):
    """A network in an ONNX file.

    Args:
        path: The file.
        name: What to call it; `None` takes the file's name.
        licence: Licence of the weights.
        fixed: Initializers that are tables and not learnt.

    Raises:
        ModelInvalid: It is no ONNX file, or none with these inputs and outputs.
    """

    def __init__(
        self, path: Path, name: str | None = None, licence: str = "unknown", fixed: tuple[str, ...] = ()
    ) -> None:
        self.path, self._fixed = path, fixed
        model = load_graph(path)
        outputs = [each.name for each in model.graph.output if _OUTPUT.fullmatch(each.name)]
        given = {each.name for each in model.graph.initializer}
        inputs = [each for each in model.graph.input if each.name not in given]
        if not outputs or len(inputs) != 1:
            raise ModelInvalid(
                f"{path.name} has no outputs hidden_0, hidden_1, ... of one input",
                "export the encoder with every hidden state as an output of that name",
            )
        self._input = inputs[0].name
        self._hears_mel = len(inputs[0].type.tensor_type.shape.dim) == 3
        self._strides = strides(model, outputs[0])
        self.layers = tuple(
            Layer(output, _width(model, output), parameters_of(model, output, fixed)) for output in outputs
        )
        hop = HOP if self._hears_mel else 1
        samples_per_step = hop * int(np.prod([each.stride for each in self._strides]))
        shortest = 1
        for each in reversed(self._strides):
            shortest = each.back(shortest)
        self.about = About(
            name=name or path.stem,
            licence=licence,
            fingerprint=sha256_file(path),
            samples_per_step=samples_per_step,
            shortest=1 if self._hears_mel else shortest,
            longest=_LONGEST_MEL * HOP if self._hears_mel else None,
        )

    def steps(self, samples: int) -> int:
        """Return how many steps a clip of so many samples gives."""
        if self._hears_mel:
            return -(-samples // self.about.samples_per_step)
        for each in self._strides:
            samples = each.forth(samples)
        return samples

    def multiply_adds(self, layer: str, samples: int) -> int:
        """Return the multiply-adds of `layer` for a clip of so many samples, counted on the graph."""
        return self._costs(samples)[self.layer(layer).name]

    def cut(self, layer: str) -> Self:
        """Return the network without what comes after `layer`, by `onnx.utils.extract_model`."""
        names = self.layer_names[: self.layer_names.index(self.layer(layer).name) + 1]
        if names == self.layer_names:
            return self
        # Named after the whole network, so that results of both are told to be the same.
        shorter = type(self)(cut_file(self.path, names), self.about.name, self.about.licence, self._fixed)
        shorter.about = self.about
        return shorter

    def forward(self, batch: Floats, layers: tuple[str, ...]) -> dict[str, Floats]:
        """Return layer name to float32 [clips, steps, width]."""
        outputs = self._session.run(list(layers), {self._input: self._prepared(batch)})
        return dict(zip(layers, outputs, strict=True))

    def _prepared(self, batch: Floats) -> Floats:
        """Return what enters the network."""
        if not self._hears_mel:
            return batch
        # An even number of frames, so that every step has both of its own; the sound ends in zeros.
        missing = -batch.shape[1] % self.about.samples_per_step
        return log_mel(np.pad(batch, ((0, 0), (0, missing))))

    @functools.cached_property
    def _session(self) -> Any:
        return open_session(self.path)

    @functools.lru_cache(maxsize=8)  # noqa: B019 - encoders live as long as the program
    def _costs(self, samples: int) -> dict[str, int]:
        """Return every layer's multiply-adds."""
        silence = self._prepared(np.zeros((1, samples), np.float32))
        return multiply_adds(load_graph(self.path), self.layer_names, {self._input: silence})


def _width(model: Any, output: str) -> int:
    """Return the last dimension of an output, as the file states it."""
    dims = next(each for each in model.graph.output if each.name == output).type.tensor_type.shape.dim
    if len(dims) != 3 or not dims[-1].dim_value:
        raise ModelInvalid(
            f"output {output} is not [clips, steps, width] with a fixed width",
            "export hidden states of that shape",
        )
    return int(dims[-1].dim_value)
