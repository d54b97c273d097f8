"""What the chip does per second of audio, and after a window's last sample: instructions on the emulated M7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.base.toolchain import m7_compilers
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.networks import SimulatedNetworks
from firmware_bridge.ports.twin.device import Twin
from firmware_bridge.protocol import Message
from tests.support.scoring.bench import crc, messages_of, requests, segment_requests
from tests.support.scoring.setups import SETUPS, MadeUpNetwork, Setup, bundle_of

SECONDS = 6
WINDOWS_MS = (1000, 5000)
LIKE = SETUPS["yamnet, five seconds"]
PCM = np.random.default_rng(7).normal(0, 3000, SECONDS * 16_000).astype(np.int16)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def score(
    bundle: Bundle, tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch
) -> Callable[[Setup], Message]:
    """Return a function that has a twin score `PCM`, in chunks that end where the windows do."""
    pytest.importorskip("unicorn")
    if not m7_compilers():
        pytest.skip("no compiler for the Cortex-M7 here")

    def network(model: bytes) -> MadeUpNetwork:
        made = MadeUpNetwork(0, LIKE.labels) if b"acoustic" in model else MadeUpNetwork(1, LIKE.keywords)
        made.input_shape = (1, inputs[0])
        return made

    inputs = [0]
    monkeypatch_module.setattr(
        "firmware_bridge.ports.twin.mailbox.SimulatedNetworks", lambda: SimulatedNetworks(network)
    )

    def run(setup: Setup) -> Message:
        own = bundle_of(setup, bundle, tmp_path_factory.mktemp("work") / "bundle")
        inputs[0] = own.manifest.models["acoustic"].input_shape[1]
        twin = Twin.from_bundle(own.directory)
        twin.boot()
        sent = [
            *segment_requests(PCM, range(16_000, len(PCM), 16_000)),
            ("end", {"segment": 1, "checksum": crc(PCM)}),
        ]
        result = messages_of(b"".join(twin.receive(requests(one, first=i)) for i, one in enumerate(sent)))[-1]
        assert result.name == "result", result
        return result

    return run


@pytest.fixture(scope="module")
def monkeypatch_module() -> pytest.MonkeyPatch:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def results(score: Callable[[Setup], Message]) -> dict[int, Message]:
    return {window: score(replace(LIKE, window_ms=window)) for window in WINDOWS_MS}


def test_features_cost_the_same_however_long_the_window_is(results: dict[int, Message]) -> None:
    """To the instruction, but for the few that keep the books of a window."""
    costs = [result.features_cycles for result in results.values()]
    assert max(costs) - min(costs) < 1e-4 * max(costs), costs
    assert [result.windows for result in results.values()] == [6, 2]


def test_what_is_left_to_do_after_the_last_sample_does_not_grow_with_the_window(
    results: dict[int, Message],
) -> None:
    """A chunk brings three frames; scaling is the only stage that reads the whole window."""
    frame = results[5000].features_cycles / LIKE.spec.frames(len(PCM))
    for result in results.values():
        assert result.tail_cycles / result.windows < 3.2 * frame
    scaling = {window: result.scaling_cycles / result.windows for window, result in results.items()}
    assert 4 < scaling[5000] / scaling[1000] < 1.02 * 498 / 98, "a table per window, and then each feature"
    fusion = {result.fusion_cycles / result.windows for result in results.values()}
    assert max(fusion) - min(fusion) < 0.02 * max(fusion)


def test_all_of_it_is_a_small_part_of_a_second(results: dict[int, Message]) -> None:
    """At 792 million instructions a second; the networks are the Edge TPU's work."""
    result = results[5000]
    each_second = result.features_cycles / SECONDS
    after = (
        sum(getattr(result, f"{stage}_cycles") for stage in ("tail", "scaling", "fusion")) / result.windows
    )
    assert each_second < 0.02 * 792e6
    assert after < 0.002 * 792e6, "under two milliseconds"
