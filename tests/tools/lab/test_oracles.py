"""The adapters of the stock front-ends: what they take, and what happens without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.microfrontend import FrontendSpec, preset
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch
from tools.lab import oracles


def test_a_missing_wrapper_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(oracles, "ORACLES", tmp_path)
    with pytest.raises(EnvironmentLacking) as caught:
        oracles.Mltk()
    assert "make alignment" in caught.value.remedy


def test_missing_libraries_are_listed_and_the_rest_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(self: object) -> None:
        raise ImportError("no such module")

    monkeypatch.setattr(oracles, "ORACLES", tmp_path)
    monkeypatch.setattr(oracles.TensorflowOp, "__init__", absent)
    pytest.importorskip("pymicro_features")
    found, missing = oracles.available()
    assert [oracle.name for oracle in found] == ["pymicro-features"]
    assert [line.split(":")[0] for line in missing] == ["tensorflow-cpu", "silabs-mltk"]


def test_pymicro_takes_its_one_configuration() -> None:
    pytest.importorskip("pymicro_features")
    oracle = oracles.PymicroFeatures()
    assert oracle.supports(FrontendSpec(step_ms=10))
    assert oracle.supports(FrontendSpec(step_ms=10, tables="float"))
    assert not oracle.supports(preset("yamnet"))
    features = oracle.process(np.zeros(1600, np.int16), FrontendSpec(step_ms=10))
    assert features.shape == (8, 40)
    assert features.dtype == np.uint16
    assert oracles.version(oracle) == "2.0.2"


def test_tensorflow_lacks_mltks_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracles.TensorflowOp, "__init__", lambda self: None)
    oracle = oracles.TensorflowOp()
    assert oracle.supports(preset("yamnet"))
    assert not oracle.supports(FrontendSpec(dc_notch=DcNotch()))
    assert not oracle.supports(FrontendSpec(activity=ActivityDetection()))


def test_mltk_where_it_is_at_hand() -> None:
    try:
        oracle = oracles.Mltk()
    except EnvironmentLacking as error:
        pytest.skip(str(error))
    assert oracle.supports(FrontendSpec(dc_notch=DcNotch()))
    assert oracles.version(oracle) == "0.20.0"
    quantised = oracle.quantised(np.zeros(1600, np.int16), preset("yamnet"), None)
    assert quantised.dtype == np.int8
    assert (quantised == -128).all()
