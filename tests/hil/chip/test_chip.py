"""What is said of the chip: read where there is something to read, counted where it was counted, else estimated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgetpu_models.analyse import analyse
from edgetpu_models.inspect import inspect
from edgetpu_models.testing import compiled
from firmware_bridge.base.evidence import Evidence
from firmware_bridge.contract.bundle import Bundle, write_bundle
from firmware_bridge.contract.image import build_image, parse_image
from firmware_bridge.microfrontend import PRESETS, FrontendSpec, MicroFrontend
from hil.checks.chip import edge_tpu, memory
from hil.chip.networks import compiled_traffic, describe_networks
from hil.chip.stages import M7_HZ, counted_stages, describe_chip, m7_stages
from hil.rig.observations import Observations
from hil.rig.rerecord import CHANNELS
from hil.rig.run import Segment
from hil.rig.stream import observe

CACHED, STREAMED, INSTRUCTIONS = {"acoustic": 8192, "keyword": 4096}, 1024, 2048


def rewritten(bundle: Bundle, folder: Path, files: dict[str, bytes] | None = None, **changes: Any) -> Bundle:
    """Return the bundle once more, with further files and changed fields."""
    manifest = bundle.manifest.model_dump(mode="json")
    names = manifest.pop("files")
    held = {name: (bundle.directory / name).read_bytes() for name in names}
    for name in files or {}:
        manifest["models"][name.removesuffix("_edgetpu.tflite")]["compiled"] = name
    return write_bundle(folder / "bundle", manifest | changes, held | (files or {}))


@pytest.fixture(scope="module")
def with_compiled(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The bundle as it is where the Edge TPU compiler is installed."""
    files = {
        f"{name}_edgetpu.tflite": compiled(cached, STREAMED, INSTRUCTIONS) for name, cached in CACHED.items()
    }
    return rewritten(bundle, tmp_path_factory.mktemp("compiled"), files)


class TestNetworks:
    def test_without_the_compiler_they_are_predicted(self, bundle: Bundle) -> None:
        found = describe_networks(bundle)
        together = analyse([bundle.path(bundle.manifest.models[name]) for name in CACHED])
        assert (found.cached_bytes, found.ops_off_tpu) == (together.on_chip_bytes, together.ops_on_cpu)
        assert found.evidence is Evidence.ESTIMATED
        assert "analyse" in found.source
        assert found.file_bytes == {name: bundle.manifest.models[name].bytes for name in CACHED}

    def test_with_it_the_files_are_read(self, with_compiled: Bundle) -> None:
        found = describe_networks(with_compiled)
        assert (found.cached_bytes, found.streamed_bytes) == (sum(CACHED.values()), 2 * STREAMED)
        assert found.ops_off_tpu == 0
        assert found.evidence is Evidence.MEASURED
        assert "inspect" in found.source
        assert found.file_bytes == {
            name: (with_compiled.directory / f"{name}_edgetpu.tflite").stat().st_size for name in CACHED
        }
        assert all(time.evidence is Evidence.ESTIMATED for time in found.latency_ms.values())

    def test_one_compiled_file_is_not_enough(self, bundle: Bundle, tmp_path: Path) -> None:
        half = rewritten(bundle, tmp_path, {"acoustic_edgetpu.tflite": compiled()})
        assert half.compiled_path(half.manifest.models["acoustic"]) is not None
        assert half.compiled_path(half.manifest.models["keyword"]) is None
        assert describe_networks(half).evidence is Evidence.ESTIMATED

    def test_what_a_file_tells_replaces_its_prediction(self, bundle: Bundle) -> None:
        model = bundle.path(bundle.manifest.models["acoustic"])
        predicted = analyse(model).networks[0].traffic
        seen = inspect(compiled(8192, 3000, 5000))
        found = compiled_traffic(predicted, seen)
        assert (found.instruction_bytes, found.instructions_known) == (5000, True)
        assert (found.conv_stream_bytes, found.dense_stream_bytes) == (3000, 0)
        assert found.cached_bytes == 8192
        assert (found.cycles, found.ops) == (predicted.cycles, predicted.ops)

    def test_streamed_bytes_are_shared_out_as_predicted(self, bundle: Bundle) -> None:
        from dataclasses import replace

        predicted = analyse(bundle.path(bundle.manifest.models["acoustic"])).networks[0].traffic
        predicted = replace(predicted, conv_stream_bytes=100, dense_stream_bytes=300)
        found = compiled_traffic(predicted, inspect(compiled(0, 2000, 100)))
        assert (found.conv_stream_bytes, found.dense_stream_bytes) == (500, 1500)


class TestStages:
    @pytest.mark.parametrize(
        ("preset", "per_frame"), [("yamnet", 40_477), ("voice", 35_580), ("default", 41_945)]
    )
    def test_a_frames_instructions_are_those_that_were_counted(
        self, bundle: Bundle, tmp_path: Path, preset: str, per_frame: int
    ) -> None:
        spec = PRESETS[preset]
        made = rewritten(
            bundle,
            tmp_path,
            frontend=spec.model_dump(mode="json"),
            table_hash=MicroFrontend(spec).spec.table_hash,
        )
        features = m7_stages(made, 10, spec.channels)["features"]
        frames = -(-480 // (spec.step_ms * 16))
        assert features.value == pytest.approx(1e3 * frames * per_frame / M7_HZ, rel=0.02)
        assert f"{frames} frames" in features.source
        assert "emulated Cortex-M7" in features.source

    def test_a_step_that_is_no_divisor_of_a_chunk_counts_the_frame_it_ends(
        self, bundle: Bundle, tmp_path: Path
    ) -> None:
        spec = FrontendSpec(window_ms=25, step_ms=25, channels=16, noise_reduction=None, pcan=None)
        made = rewritten(
            bundle,
            tmp_path,
            frontend=spec.model_dump(mode="json"),
            table_hash=MicroFrontend(spec).spec.table_hash,
        )
        assert "2 frames" in m7_stages(made, 10, 16)["features"].source

    def test_a_twins_own_counts_replace_the_estimates(self, bundle: Bundle) -> None:
        chip = describe_chip(bundle, 48, 16)
        counted = {name: np.array([2.0, 4.0, 9.0]) for name in ("tail", "scaling", "fusion")}
        found = counted_stages(chip, counted, 792)
        assert list(found) == list(chip.stages_ms)
        assert found["features"].value == pytest.approx(0.004)
        assert found["features"].interval == pytest.approx((0.004 / 1.4, 0.004 / 0.8))
        assert found["features"].n == 3
        assert "3,168 instructions a window" in found["scaling"].source
        assert found["acoustic network"] == chip.stages_ms["acoustic network"], "its Edge TPU is a stand-in"
        assert {stage.evidence for stage in found.values()} == {Evidence.ESTIMATED}


class TestMemory:
    def test_the_firmwares_buffers_are_counted(self, bundle: Bundle) -> None:
        """As the host port reports them for the same bundle."""
        from firmware_bridge.ports.host.build import build_core
        from firmware_bridge.ports.host.library import Library

        regions = {region.name: region for region in describe_chip(bundle, 48, 16).regions}
        parts, core = regions["SDRAM"].parts, Library(build_core(bundle)).memory
        assert parts["features of the longest segment"] == core["features"]
        assert parts["captured samples"] == core["capture"]
        assert parts["network input"] == core["input"]
        image = parse_image(build_image(bundle))
        assert parts["arenas"] == image.acoustic.arena_bytes + image.keyword.arena_bytes


class Emulated:
    """A device that calls itself emulated, around the reference."""

    name, evidence, keeps_time = "twin", Evidence.EMULATED, False

    def __init__(self, bundle: Bundle) -> None:
        from firmware_bridge.reference.engine import reference_server
        from hil.link.memory_link import MemoryLink

        self._link = MemoryLink(reference_server(bundle))

    def link(self) -> Any:
        return self._link


class TestReporting:
    def run(self, bundle: Bundle, segments: list[Segment]) -> Observations:
        chip = describe_chip(bundle, 48, 16)
        return observe(Emulated(bundle), bundle, segments[:2], CHANNELS["clean"], chip)  # type: ignore[arg-type]

    def test_the_files_that_a_board_gets_are_counted(
        self, with_compiled: Bundle, segments: list[Segment]
    ) -> None:
        seen = self.run(with_compiled, segments)
        sizes = {name: (with_compiled.directory / f"{name}_edgetpu.tflite").stat().st_size for name in CACHED}
        assert {model.name: model.bytes for model in seen.models} == sizes
        assert all(model.compiled for model in seen.models)
        found = memory(seen)["model_bytes"]
        assert not isinstance(found, str)
        assert found.value == sum(sizes.values()) + seen.fusion_bytes
        assert "compiled files" in found.source
        regions = {region.name: region for region in seen.chip.regions}
        assert regions["SDRAM"].parts["acoustic network"] == sizes["acoustic"]
        assert regions["Edge TPU"].used_bytes == sum(CACHED.values())

    def test_their_figures_carry_their_evidence(
        self, bundle: Bundle, with_compiled: Bundle, segments: list[Segment]
    ) -> None:
        for one, evidence in ((bundle, Evidence.ESTIMATED), (with_compiled, Evidence.MEASURED)):
            found = edge_tpu(self.run(one, segments)).values()
            assert {figure.evidence for figure in found if not isinstance(figure, str)} == {evidence}

    def test_an_emulated_device_counts(self, bundle: Bundle, segments: list[Segment]) -> None:
        stages = self.run(bundle, segments).chip.stages_ms
        assert "in this run" in stages["features"].source
        assert "in this run" not in stages["acoustic network"].source
