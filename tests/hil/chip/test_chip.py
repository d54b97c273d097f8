"""What is said of the chip: read where there is something to read, counted where it was counted, else estimated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgetpu_models.analyse import analyse
from edgetpu_models.inspect import inspect
from edgetpu_models.testing import compiled
from firmware_bridge.base.evidence import Evidence
from firmware_bridge.chip.facts import KEPT, read_facts, sources_digest
from firmware_bridge.contract.bundle import Bundle, write_bundle
from firmware_bridge.contract.image import build_image, parse_image
from firmware_bridge.microfrontend import PRESETS, FrontendSpec, MicroFrontend
from firmware_bridge.reference.device import ReferenceDevice
from hil.checks.chip import edge_tpu, memory
from hil.chip.networks import compiled_traffic, describe_networks
from hil.chip.stages import counted_stages, describe_chip, instruction_cost, m7_stages, processor_memories
from hil.rig.observations import Observations
from hil.rig.rerecord import CHANNELS, through
from hil.rig.run import Segment
from hil.rig.stream import observe
from tests.support.in_memory import InMemory

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
        predicted = analyse(bundle.path(bundle.manifest.models["acoustic"])).networks[0].traffic
        predicted = replace(predicted, conv_stream_bytes=100, dense_stream_bytes=300)
        found = compiled_traffic(predicted, inspect(compiled(0, 2000, 100)))
        assert (found.conv_stream_bytes, found.dense_stream_bytes) == (500, 1500)


class TestStages:
    @pytest.mark.parametrize("preset", ["yamnet", "voice", "default"])
    def test_a_frames_instructions_are_those_that_were_counted(
        self, bundle: Bundle, tmp_path: Path, preset: str
    ) -> None:
        spec = PRESETS[preset]
        counted = {one.name: one.frame for one in read_facts(KEPT / "twin.json").instructions}
        made = rewritten(
            bundle,
            tmp_path,
            frontend=spec.model_dump(mode="json"),
            table_hash=MicroFrontend(spec).spec.table_hash,
        )
        features = m7_stages(made, 10, spec.channels)["features"]
        frames = -(-480 // (spec.step_ms * 16))
        assert features.value == pytest.approx(1e3 * frames * counted[preset] / 792e6, rel=1e-3)
        assert f"{frames} frames" in features.source
        assert "emulated Cortex-M7" in features.source
        assert "from commit" in features.source, "who counted, and when"

    def test_the_counted_ones_lie_on_the_line_that_others_are_read_from(self) -> None:
        for preset in ("yamnet", "voice", "default"):
            exact, source = instruction_cost(PRESETS[preset])
            assert "on a line" not in source
            near, other = instruction_cost(PRESETS[preset].model_copy(update={"upper_hz": 7400.0}))
            assert (
                "on a line through those counted on the emulated Cortex-M7 for yamnet, voice, default"
                in other
            )
            assert near.frame == pytest.approx(exact.frame, rel=1e-6)

    def test_counting_again_gives_the_committed_counts(self) -> None:
        """Exact where the compiler is the same one; another may take a tenth more or less."""
        pytest.importorskip("unicorn")
        from firmware_bridge.ports.twin.count import count_presets

        kept = read_facts(KEPT / "twin.json")
        again = count_presets(["voice"])
        (old,) = [one for one in kept.instructions if one.name == "voice"]
        assert again.instructions[0].frame == pytest.approx(
            old.frame, rel=1e-6 if again.compiler == kept.compiler else 0.25
        )

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
        ram, core = regions["SDRAM"], Library(build_core(bundle)).memory
        assert ram.part("features of the longest segment") == core["features"]
        assert ram.part("captured samples") == core["capture"]
        assert ram.part("network input") == core["input"]
        image = parse_image(build_image(bundle))
        assert ram.part("arenas") == image.acoustic.arena_bytes + image.keyword.arena_bytes


class TestProcessor:
    """The 1.8 MB: read from a build's facts, with their age, as good as they are."""

    def facts(self, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
        kept = read_facts(KEPT / "coralmicro.json")
        current = {"sources": sources_digest("coralmicro"), "frontend": PRESETS["yamnet"].table_hash}
        made = kept.model_copy(update=current | changes)
        monkeypatch.setattr("hil.chip.stages.latest_facts", lambda port: made)

    def test_they_are_the_linkers_map(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.facts(monkeypatch)
        found = processor_memories(PRESETS["yamnet"])
        kept = read_facts(KEPT / "coralmicro.json")
        assert sum(one.used_bytes for one in found) == kept.on_chip_bytes
        assert [one.limit_bytes for one in found] == [260_096, 262_144, 1_310_720]
        assert {one.evidence for one in found} == {Evidence.MEASURED}
        assert f"from commit {kept.revision[:7]}" in found[0].source and kept.date in found[0].source

    def test_of_other_sources_they_are_an_estimate_that_says_so(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.facts(monkeypatch, sources="0" * 64)
        found = processor_memories(PRESETS["yamnet"])
        assert {one.evidence for one in found} == {Evidence.ESTIMATED}
        assert all("THE SOURCES HAVE CHANGED SINCE" in one.source for one in found)

    def test_so_they_are_for_another_front_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.facts(monkeypatch)
        found = processor_memories(PRESETS["voice"])
        assert {one.evidence for one in found} == {Evidence.ESTIMATED}
        assert "another front-end than this bundle's" in found[0].source


class Emulated(InMemory):
    """A device that calls itself emulated, around the reference."""

    name, keeps_time = "twin", False


class TestReporting:
    def run(self, bundle: Bundle, segments: list[Segment]) -> Observations:
        chip = describe_chip(bundle, 48, 16)
        return observe(
            Emulated(ReferenceDevice(bundle)), bundle, segments[:2], through(CHANNELS["clean"]), chip
        )

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
        assert regions["SDRAM"].part("acoustic network") == sizes["acoustic"]
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
