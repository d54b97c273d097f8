"""The compiler's own phrases, in plain words with what to change. What a rule says lives beside the rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """One phrase.

    Attributes:
        text: How the compiler or the runtime writes it.
        meaning: What it means.
        remedy: What to change.
    """

    text: str
    meaning: str
    remedy: str


PHRASES: tuple[Phrase, ...] = (
    Phrase("Mapped to Edge TPU", "The operation runs on the Edge TPU.", "Nothing to do."),
    Phrase(
        "More than one subgraph is not supported",
        "The operation could be mapped, but one before it runs on the CPU; the compiler makes one program per "
        "model and keeps the first, not the largest, part.",
        "`undertone lint` names the operation that breaks the chain: replace it or move it to the end.",
    ),
    Phrase(
        "Operation is working on an unsupported data type",
        "An input or output is neither int8 nor uint8. A DEQUANTIZE at the end always says this; it is harmless.",
        "Convert with full-integer quantisation, inputs and outputs too.",
    ),
    Phrase(
        "Operation is otherwise supported, but not mapped due to some unspecified limitation",
        "The kind of operation is fine, its settings or sizes are not. A QUANTIZE from float at the start always "
        "says this; it is harmless.",
        "`undertone lint` prints the limits that are known for it; try smaller maps.",
    ),
    Phrase(
        "Operation not supported",
        "The Edge TPU has no such operation.",
        "Build it from those in docs/supported_operations.md.",
    ),
    Phrase(
        "Operation version not supported",
        "The converter wrote a newer version of the operation than the compiler knows (about TensorFlow 2.7).",
        "Avoid the feature that raised the version: Dense on a 3-D tensor becomes a 1x1 convolution.",
    ),
    Phrase(
        "Tensor has unsupported rank (up to 3 innermost dimensions mapped)",
        "Only y, x and z may differ from 1.",
        "Fold other dimensions into these three; keep the batch at 1.",
    ),
    Phrase(
        "Filter, bias, or other param is not constant at compile-time",
        "Weights, axes or sizes are computed instead of stored: the product of two activations, for instance.",
        "Use gates (LOGISTIC and MUL) instead of attention products; freeze the model before converting.",
    ),
    Phrase(
        "Internal compiler error. Aborting!",
        "The compiler gave up without a reason. Scales of 0, very large activations and some graphs do this; it "
        "sometimes passes on a second try.",
        "`undertone lint` first; then halve the network (`--intermediate_tensors`) to find the operation.",
    ),
    Phrase(
        "Compilation failed due to large activation tensors in model",
        "One map is larger than the chip's activation memory even in pieces.",
        "`undertone analyse` shows bytes per tile; make the first layers stride 2 or the input smaller.",
    ),
    Phrase(
        "Model failed in Tflite interpreter",
        "The compiler's own TFLite cannot load the model: open shapes, unknown operations, damage.",
        "`undertone lint` names the tensor or operation; fix all dimensions.",
    ),
    Phrase(
        "Encountered unresolved custom op",
        "The model holds an operation that is no TFLite builtin.",
        "Convert without allow_custom_ops, and replace the operation.",
    ),
    Phrase(
        "Op builtin_code out of range",
        "The model holds a builtin that is newer than the compiler (GELU is the first).",
        "Replace it: RELU, or LOGISTIC and MUL.",
    ),
    Phrase(
        "Didn't find op for builtin opcode",
        "The converter wrote a newer version of a builtin than the compiler knows.",
        "Convert with an older TensorFlow, or avoid the feature that raised the version.",
    ),
    Phrase(
        "Compilation child process failed to complete within timeout period",
        "The compiler needed longer than its timer (180 s unless told otherwise).",
        "Raise it with `undertone compile --timeout`; a network of this size should take seconds.",
    ),
    Phrase(
        "stranded",
        "The operation runs on the CPU, and operations behind it that could be mapped stay there too, because "
        "the compiler makes one program only.",
        "Replace it, or move it behind the last mapped operation.",
    ),
)
