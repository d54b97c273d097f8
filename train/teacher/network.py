"""The TC-GRU of Mitra et al., arXiv 2503.22711: temporal convolution, two GRU layers, an embedding, heads."""

from __future__ import annotations

from typing import Any

from train.teacher.settings import TeacherSettings


def build_tc_gru(settings: TeacherSettings, channels: int, classes: int, dimensions: int) -> Any:
    """Return an untrained TC-GRU.

    The embedding reads the mean of the second GRU's outputs over the steps that are no padding.

    Args:
        settings: Its sizes.
        channels: Channels of the input sequence.
        classes: Size of the categorical head.
        dimensions: Size of the dimensional head (valence, arousal, dominance), 0 for none.

    Returns:
        A `keras.Model` from {"sequence": float32 [batch, steps, channels], "mask": float32 [batch, steps]}
        to {"logits": [batch, classes]} and, with dimensions, {"dimensions": [batch, dimensions]}.
    """
    import keras

    sequence = keras.Input((None, channels), name="sequence")
    mask = keras.Input((None,), name="mask")
    x = keras.layers.GaussianNoise(settings.noise, name="input_noise")(sequence)
    x = keras.layers.SpatialDropout1D(settings.dropout, name="input_dropout")(x)
    x = keras.layers.Conv1D(
        settings.filters, settings.kernel, padding="same", activation="relu", name="temporal"
    )(x)
    for number in (1, 2):
        x = keras.layers.GRU(settings.units, return_sequences=True, name=f"gru{number}")(x)
    weight = keras.layers.Reshape((-1, 1), name="mask_column")(mask)
    total = keras.layers.Dot(axes=1, name="masked_sum")([x, weight])
    steps = keras.layers.Dot(axes=1, name="steps")([weight, weight])
    x = keras.layers.Flatten(name="mean")(total / steps)
    x = keras.layers.Dense(settings.embedding, activation="relu", name="embedding")(x)
    x = keras.layers.Dropout(settings.dropout, name="embedding_dropout")(x)
    heads = {"logits": keras.layers.Dense(classes, name="logits")(x)}
    if dimensions:
        heads["dimensions"] = keras.layers.Dense(dimensions, name="dimensions")(x)
    return keras.Model({"sequence": sequence, "mask": mask}, heads, name="tc_gru")
