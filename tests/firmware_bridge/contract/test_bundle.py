"""A bundle is whole or it is nothing: every flipped byte is found, every odd file is named."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import BundleInvalid
from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.base.files import write_json
from firmware_bridge.contract.bundle import MANIFEST, Bundle, Manifest, load_bundle, write_bundle
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.microfrontend import FrontendSpec, InputScaling


def parts_of(bundle: Bundle) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what `write_bundle` was given for a bundle."""
    manifest = bundle.manifest.model_dump(mode="json", exclude={"files"})
    return manifest, {name: (bundle.directory / name).read_bytes() for name in bundle.manifest.files}


@pytest.fixture
def copy(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy of the tiny bundle that may be spoilt."""
    return Path(shutil.copytree(bundle.directory, tmp_path / "copy"))


def change_manifest(directory: Path, **changes: Any) -> None:
    path = directory / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_was_written_is_what_is_read(bundle: Bundle, tmp_path: Path) -> None:
    manifest, files = parts_of(bundle)
    written = write_bundle(tmp_path / "b", manifest, {**files, "notes.md": b"x"})
    assert written == load_bundle(tmp_path / "b")
    assert written.manifest.model_dump(mode="json", exclude={"files"}) == manifest
    assert written.manifest.files["notes.md"] == hashlib.sha256(b"x").hexdigest()
    assert written.path(written.manifest.models["keyword"]).read_bytes() == files["keyword.tflite"]
    assert written.id == hashlib.sha256((tmp_path / "b" / MANIFEST).read_bytes()).hexdigest()


def test_same_content_same_id_same_zip(bundle: Bundle, tmp_path: Path) -> None:
    manifest, files = parts_of(bundle)
    one = write_bundle(tmp_path / "one", manifest, files)
    two = write_bundle(tmp_path / "two", dict(reversed(manifest.items())), dict(reversed(files.items())))
    other = write_bundle(tmp_path / "other", {**manifest, "hop_ms": 500}, files)
    assert one.id == two.id == bundle.id
    assert other.id != one.id
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_zip_holds_the_bundle(bundle: Bundle, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle.directory.with_name("tiny.zip")) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
    assert load_bundle(tmp_path / "unpacked").id == bundle.id


@pytest.mark.parametrize("name", ["acoustic.tflite", "keyword.tflite"])
@pytest.mark.parametrize("place", [0, 1000, -1])
def test_a_flipped_bit_in_a_network_is_found(copy: Path, name: str, place: int) -> None:
    data = bytearray((copy / name).read_bytes())
    data[place] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleInvalid, match=f"{name} in bundle .* damaged") as caught:
        load_bundle(copy)
    assert "make edgetpu-model" in caught.value.remedy


def test_a_flipped_byte_anywhere_in_the_manifest_is_refused_or_changes_the_id(
    bundle: Bundle, copy: Path
) -> None:
    """A figure may change and the JSON still be good: then the bundle is another one, with another id."""
    good = (copy / MANIFEST).read_bytes()
    refused = 0
    for place in range(0, len(good), 37):
        spoilt = bytearray(good)
        spoilt[place] ^= 0x80 if place % 2 else 0x01
        (copy / MANIFEST).write_bytes(spoilt)
        try:
            assert load_bundle(copy).id != bundle.id
        except BundleInvalid:
            refused += 1
    assert refused > len(good) // 37 // 2


def test_a_missing_and_an_extra_file_are_named(copy: Path) -> None:
    (copy / "keyword.tflite").rename(copy / "keywords.tflite")
    with pytest.raises(BundleInvalid, match=r"missing or extra files: keyword\.tflite, keywords\.tflite"):
        load_bundle(copy)


@pytest.mark.parametrize("extra", [True, False])
def test_one_file_too_many_or_too_few_is_enough(copy: Path, extra: bool) -> None:
    if extra:
        (copy / "notes.md").touch()
    else:
        (copy / "keyword.tflite").unlink()
    with pytest.raises(BundleInvalid, match=r"files: (notes\.md|keyword\.tflite)$"):
        load_bundle(copy)


def test_a_truncated_file_is_found(copy: Path) -> None:
    path = copy / "acoustic.tflite"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(BundleInvalid, match="damaged"):
        load_bundle(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 2}', "\udcff"])
def test_a_manifest_that_is_none_is_refused_in_one_line(copy: Path, text: str) -> None:
    (copy / MANIFEST).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BundleInvalid, match="cannot be read") as caught:
        load_bundle(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [{"format": 2}, {"evidence": "hearsay"}, {"pitch": 1}, {"labels": "angry"}, {"split": {}}, {"files": {}}],
)
def test_a_manifest_off_the_schema_is_refused(copy: Path, changes: dict[str, Any]) -> None:
    change_manifest(copy, **changes)
    with pytest.raises(BundleInvalid):
        load_bundle(copy)


def test_a_network_may_not_lie_outside_the_bundle(copy: Path) -> None:
    models = json.loads((copy / MANIFEST).read_text())["models"]
    models["acoustic"]["file"] = "../acoustic.tflite"
    change_manifest(copy, models=models)
    with pytest.raises(BundleInvalid, match="cannot be read"):
        load_bundle(copy)


@pytest.mark.parametrize("change", [{"file": "other.tflite"}, {"sha256": "0" * 64}])
def test_every_network_must_be_among_the_files_with_its_hash(copy: Path, change: dict[str, str]) -> None:
    models = json.loads((copy / MANIFEST).read_text())["models"]
    models["acoustic"].update(change)
    change_manifest(copy, models=models)
    with pytest.raises(BundleInvalid, match="acoustic"):
        load_bundle(copy)


def test_no_bundle_says_how_to_get_one(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BundleInvalid, match="no bundle at") as caught:
            load_bundle(place)
        assert "--bundle" in caught.value.remedy


def test_a_manifest_that_does_not_fit_leaves_the_old_bundle(bundle: Bundle, tmp_path: Path) -> None:
    manifest, files = parts_of(bundle)
    old = write_bundle(tmp_path / "b", manifest, files)
    zipped = (tmp_path / "b.zip").read_bytes()
    with pytest.raises(BundleInvalid, match="schema"):
        write_bundle(tmp_path / "b", {**manifest, "labels": 3}, {"acoustic.tflite": b""})
    assert load_bundle(tmp_path / "b").id == old.id
    assert (tmp_path / "b.zip").read_bytes() == zipped
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "b.zip"]


def test_a_new_bundle_takes_the_place_of_the_old_one(bundle: Bundle, tmp_path: Path) -> None:
    manifest, files = parts_of(bundle)
    old = write_bundle(tmp_path / "b", manifest, {**files, "extra": b""})
    new = write_bundle(tmp_path / "b", manifest, files)
    assert new.id != old.id
    assert not (tmp_path / "b" / "extra").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "b.zip"]


def test_commercial_only_where_all_terms_allow_it(bundle: Bundle) -> None:
    def with_terms(*allowed: bool) -> Manifest:
        terms = [
            {"name": "n", "kind": "corpus", "licence": "l", "attribution": "a", "commercial": one}
            for one in allowed
        ]
        return Manifest.model_validate({**bundle.manifest.model_dump(mode="json"), "licences": terms})

    assert with_terms(True, True).commercial
    assert not with_terms(True, False).commercial


def test_reading_a_bundle_needs_no_network_runtime(bundle: Bundle) -> None:
    code = (
        "import sys; from pathlib import Path; from firmware_bridge.contract.bundle import load_bundle;"
        f"load_bundle(Path({str(bundle.directory)!r}));"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'ai_edge_litert', 'scipy')))"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=root).returncode == 0


def test_the_manifest_holds_models_and_gives_back_its_bytes(bundle: Bundle, tmp_path: Path) -> None:
    text = (bundle.directory / MANIFEST).read_bytes()
    manifest = Manifest.model_validate(json.loads(text))
    assert isinstance(manifest.frontend, FrontendSpec)
    assert isinstance(manifest.scaling, InputScaling)
    assert isinstance(manifest.fusion, FusionHead)
    assert all(isinstance(figure, Quantity) for figure in manifest.figures.values())
    write_json(tmp_path / MANIFEST, manifest.model_dump(mode="json"))
    assert (tmp_path / MANIFEST).read_bytes() == text


def test_whole_numbers_stay_whole(bundle: Bundle) -> None:
    figure = Quantity(597480, "bytes", Evidence.MEASURED, interval=(1, 2.5))
    manifest, _ = parts_of(bundle)
    held = Manifest.model_validate({**manifest, "files": {}, "figures": {"size": figure.as_dict()}})
    assert held.figures["size"] == figure
    assert json.dumps(held.model_dump(mode="json")["figures"]["size"]) == json.dumps(figure.as_dict())


def older(bundle: Bundle, copy: Path, compiled: bool) -> Bundle:
    """The bundle as an earlier version wrote it: whether a network is compiled, and no evidence for that."""
    models = bundle.manifest.model_dump(mode="json")["models"]
    for model in models.values():
        model["compiled"] = compiled
        del model["compiled_evidence"]
    files = bundle.manifest.files
    if compiled:
        for name in models:
            (copy / f"{name}_edgetpu.tflite").write_bytes(b"made")
            files = files | {f"{name}_edgetpu.tflite": hashlib.sha256(b"made").hexdigest()}
    change_manifest(copy, models=models, files=files)
    return load_bundle(copy)


def test_a_bundle_of_an_earlier_version_is_read(bundle: Bundle, copy: Path, tmp_path: Path) -> None:
    plain = older(bundle, copy, compiled=False)
    assert plain.compiled_path(plain.manifest.models["keyword"]) is None
    write_json(tmp_path / MANIFEST, plain.manifest.model_dump(mode="json", exclude_unset=True))
    assert json.loads((tmp_path / MANIFEST).read_text()) == json.loads((copy / MANIFEST).read_text())
    made = older(bundle, copy, compiled=True)
    assert made.compiled_path(made.manifest.models["keyword"]) == copy / "keyword_edgetpu.tflite"


def test_a_compiled_file_that_is_not_there_is_refused(bundle: Bundle, copy: Path) -> None:
    models = bundle.manifest.model_dump(mode="json")["models"]
    models["keyword"]["compiled"] = "gone.tflite"
    change_manifest(copy, models=models)
    with pytest.raises(BundleInvalid, match="does not hold its network 'keyword'"):
        load_bundle(copy)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"frontend": {"channels": 0}}, "channels = 0"),
        ({"frontend": {"chanels": 40}}, "unknown key 'chanels'"),
        ({"scaling": {"kind": "loud"}}, "kind = 'loud'"),
        ({"fusion": {"weight": [[1]], "bias": [0]}}, "zero_point"),
        ({"figures": {"uar": {"value": 1}}}, "figures.uar.unit"),
        ({"figures": {"uar": {"value": 1, "unit": "%", "evidence": "guessed"}}}, "evidence = 'guessed'"),
        ({"figures": {"uar": {"value": 1, "unit": "%", "evidence": "simulated", "odd": 1}}}, "odd"),
    ],
)
def test_a_part_off_its_schema_is_named(copy: Path, changes: dict[str, Any], told: str) -> None:
    change_manifest(copy, **changes)
    with pytest.raises(BundleInvalid, match=re.escape(told)) as caught:
        load_bundle(copy)
    assert caught.value.remedy


def test_the_recipe_is_kept_as_written_and_typed_by_its_reader(copy: Path) -> None:
    change_manifest(copy, recipe={"of": "another version", "depth": [1, 2.5]})
    recipe = load_bundle(copy).manifest.recipe
    assert recipe.model_dump(mode="json") == {"of": "another version", "depth": [1, 2.5]}
    assert recipe.read(lambda data: str(data["of"])) == "another version"
