"""What happens inside a transformers encoder: its layers' outputs, parameters and multiply-adds.

Hooks on the layers see the very tensors that transformers passes on, so nothing of the models is rewritten.
Only Whisper's first lines are: its class insists on 30 s, and a clip alone is shorter.
"""

from __future__ import annotations

from typing import Any


class _Enough(Exception):
    """The last layer that was asked for has spoken."""


def stack_of(network: Any) -> Any:
    """Return the module that holds `layers`: the encoder within WavLM and its kin, or Whisper's encoder itself."""
    return network if hasattr(network, "layers") else network.encoder


def closing_norm(network: Any) -> Any:
    """Return the norm after the last layer, or `None` where each layer ends in its own."""
    stack = stack_of(network)
    if hasattr(network, "embed_positions"):
        return stack.layer_norm
    return stack.layer_norm if network.config.do_stable_layer_norm else None


def parameter_counts(network: Any) -> list[int]:
    """Return the learnt numbers up to hidden_0, hidden_1, ...; fixed positions do not count."""
    stack, norm = stack_of(network), closing_norm(network)
    behind = {id(each) for layer in stack.layers for each in layer.parameters()}
    behind |= set() if norm is None else {id(each) for each in norm.parameters()}
    count = sum(
        each.numel()
        for name, each in network.named_parameters()
        if id(each) not in behind and not name.startswith(("embed_positions", "masked_spec_embed", "adapter"))
    )
    counts = [count]
    for layer in stack.layers:
        count += sum(each.numel() for each in layer.parameters())
        counts.append(count)
    return counts


def hidden_states(network: Any, inputs: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Run the network up to the last of `names` and return what the layers hand on.

    Args:
        network: The encoder.
        inputs: torch float32 [clips, samples], or [clips, bands, frames] for Whisper.
        names: `hidden_0`, ... and perhaps `final`, in order.

    Returns:
        Name to torch float32 [clips, steps, width].
    """
    layers, found, handles = stack_of(network).layers, {}, []

    def keep(name: str, value: Any) -> None:
        # A copy: the next layer may add to the tensor in place.
        found[name] = value.clone()
        if name == names[-1]:
            raise _Enough

    def entering(_: Any, given: tuple[Any, ...]) -> None:
        keep("hidden_0", given[0])

    def leaving(index: int) -> Any:
        def hook(_: Any, __: Any, output: Any) -> None:
            keep(f"hidden_{index}", output[0] if isinstance(output, tuple) else output)

        return hook

    handles.append(layers[0].register_forward_pre_hook(entering))
    handles += [layer.register_forward_hook(leaving(index + 1)) for index, layer in enumerate(layers)]
    try:
        last = _whisper(network, inputs) if hasattr(network, "embed_positions") else network(inputs)[0]
        found["final"] = last
    except _Enough:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return {name: found[name] for name in names}


def _whisper(network: Any, mel: Any) -> Any:
    """Run Whisper's encoder on any even number of frames, as its class does on 3000."""
    import torch

    gelu = torch.nn.functional.gelu
    steps = gelu(network.conv2(gelu(network.conv1(mel)))).permute(0, 2, 1)
    hidden = steps + network.embed_positions(torch.arange(steps.shape[1]))
    for layer in network.layers:
        output = layer(hidden, None)
        hidden = output[0] if isinstance(output, tuple) else output
    return network.layer_norm(hidden)


def counted_multiply_adds(network: Any, inputs: Any, names: tuple[str, ...]) -> dict[str, int]:
    """Return the multiply-adds up to each layer: convolutions and matrix products as torch meets them."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    costs = {}
    for position, name in enumerate(names):
        # The fused attention of a CPU is one operation that torch does not count; the plain one is products.
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            hidden_states(network, inputs, names[: position + 1])
        costs[name] = counter.get_total_flops() // 2  # torch counts a multiply-add as two
    return costs
