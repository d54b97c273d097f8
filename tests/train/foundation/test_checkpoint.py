"""Official checkpoints: small random ones, written by transformers itself, must say what transformers says."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import AudioUnreadable, EnvironmentLacking, ModelInvalid, UnknownName
from train.foundation.backends.checkpoint import CheckpointEncoder
from train.foundation.catalogue import open_encoder
from train.foundation.cut import largest_difference

REASON = "the extra 'foundation' (torch, transformers, safetensors) is not installed"
torch = pytest.importorskip("torch", reason=REASON)
transformers = pytest.importorskip("transformers", reason=REASON)

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "conv_dim": (16,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
KIN = {"wavlm": "WavLM", "hubert": "Hubert", "wav2vec2": "Wav2Vec2"}


def write_kin(folder: Path, family: str, large: bool) -> Any:
    """Write a checkpoint in the shape of the base or the large model; return transformers' own network."""
    torch.manual_seed(1)
    kind = KIN[family]
    settings = {"do_stable_layer_norm": large, "feat_extract_norm": "layer" if large else "group"}
    config = getattr(transformers, f"{kind}Config")(**SMALL, **settings)
    network = getattr(transformers, f"{kind}Model")(config).eval()
    network.save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=large).save_pretrained(folder)
    return network


def write_whisper(folder: Path, **changes: Any) -> Any:
    torch.manual_seed(1)
    settings = {
        "d_model": 32,
        "encoder_layers": 3,
        "decoder_layers": 1,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48,
        "vocab_size": 50,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "decoder_start_token_id": 1,
    }
    network = transformers.WhisperModel(transformers.WhisperConfig(**{**settings, **changes})).eval()
    network.save_pretrained(folder)
    transformers.WhisperFeatureExtractor(feature_size=network.config.num_mel_bins).save_pretrained(folder)
    return network


@pytest.fixture
def waves() -> list[np.ndarray]:
    return list(np.random.default_rng(0).normal(0.01, 0.1, (2, 16000)).astype(np.float32))


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("family", KIN)
def test_transformers_own_outputs(tmp_path: Path, waves: list[np.ndarray], family: str, large: bool) -> None:
    network = write_kin(tmp_path, family, large)
    official = transformers.AutoFeatureExtractor.from_pretrained(tmp_path)
    inputs = official(waves, sampling_rate=16000, return_tensors="pt").input_values
    with torch.inference_mode():
        expected = network(inputs, output_hidden_states=True)
    encoder = open_encoder(f"checkpoint:{tmp_path}")
    found = encoder.encode(waves)
    names = [f"hidden_{index}" for index in range(4)]
    assert encoder.layer_names == (*names, *(["final"] if large else []))
    for clip in range(2):
        for name, states in zip(names, expected.hidden_states, strict=True):
            np.testing.assert_allclose(found[clip][name], states[clip].numpy(), atol=1e-6)
        last = expected.last_hidden_state[clip].numpy()
        np.testing.assert_allclose(found[clip][encoder.layer_names[-1]], last, atol=1e-6)
    assert encoder.steps(16000) == 49 == len(found[0]["hidden_0"])
    assert (encoder.about.samples_per_step, encoder.about.shortest) == (320, 400)


@pytest.mark.parametrize("bands", [80, 128])
def test_whispers_own_outputs_on_30_seconds(tmp_path: Path, waves: list[np.ndarray], bands: int) -> None:
    network = write_whisper(tmp_path, num_mel_bins=bands)
    official = transformers.WhisperFeatureExtractor.from_pretrained(tmp_path)
    inputs = official(waves, sampling_rate=16000, return_tensors="pt").input_features
    with torch.inference_mode():
        expected = network.encoder(inputs, output_hidden_states=True).hidden_states
    found = CheckpointEncoder(tmp_path, padded=True).encode(waves)
    for clip in range(2):
        for name, states in zip(("hidden_0", "hidden_1", "hidden_2", "final"), expected, strict=True):
            np.testing.assert_allclose(found[clip][name], states[clip, :50].numpy(), atol=2e-6)


def test_whisper_alone_and_padded_differ(tmp_path: Path, waves: list[np.ndarray]) -> None:
    write_whisper(tmp_path)
    alone, padded = CheckpointEncoder(tmp_path), CheckpointEncoder(tmp_path, padded=True)
    a, b = (each.encode(waves[:1])[0]["hidden_2"] for each in (alone, padded))
    assert a.shape == b.shape == (50, 32)
    assert np.abs(a - b).max() > 1e-3
    assert alone.about.fingerprint != padded.about.fingerprint
    with pytest.raises(AudioUnreadable, match="480000"):
        alone.encode([np.zeros(480_001, np.float32)])


@pytest.mark.parametrize("family", [*KIN, "whisper"])
def test_cuts_parameters_and_costs(tmp_path: Path, family: str) -> None:
    if family == "whisper":
        write_whisper(tmp_path)
    else:
        write_kin(tmp_path, family, large=True)
    encoder = CheckpointEncoder(tmp_path)
    for layer in encoder.layer_names:
        assert largest_difference(encoder, layer) == 0.0
        assert encoder.cut(layer).layers == encoder.layers[: encoder.layer_names.index(layer) + 1]
    counts = [layer.parameters for layer in encoder.layers]
    norm = 2 * 32
    # Queries, keys, values, output; feed-forward; two norms. Whisper's keys have no bias.
    layer = 4 * 32 * 32 + 4 * 32 + 2 * 32 * 48 + 32 + 48 + 2 * norm - (32 if family == "whisper" else 0)
    if family != "wavlm":  # whose layers have gates, and the first one a table of positions
        assert [b - a for a, b in itertools.pairwise(counts[:4])] == [layer] * 3
    assert counts[4] - counts[3] == norm
    steps = encoder.steps(16000)
    costs = [encoder.multiply_adds(name, 16000) for name in encoder.layer_names]
    products = steps * (4 * 32 * 32 + 2 * 32 * 48) + 2 * steps * steps * 32
    if family != "wavlm":
        assert [b - a for a, b in itertools.pairwise(costs[:4])] == [products] * 3
    assert costs[2] - costs[1] >= products
    assert costs[4] == costs[3]


def test_weights_that_are_not_all_there(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    write_kin(tmp_path, "hubert", large=False)
    file = tmp_path / "model.safetensors"
    weights = load_file(file)
    del weights["encoder.layers.1.attention.q_proj.weight"]
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(ModelInvalid, match=r"lacks 1 tensors of a hubert \(encoder.layers.1"):
        CheckpointEncoder(tmp_path)


def test_a_pickle_in_disguise(tmp_path: Path) -> None:
    network = write_kin(tmp_path, "wavlm", large=False)
    (tmp_path / "model.safetensors").unlink()
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelInvalid, match="pickles run code"):
        CheckpointEncoder(tmp_path)
    (tmp_path / "pytorch_model.bin").rename(tmp_path / "model.safetensors")
    with pytest.raises(ModelInvalid, match="not safetensors: refused unread"):
        CheckpointEncoder(tmp_path)


def test_other_families_and_unknown_normalisation(tmp_path: Path) -> None:
    write_kin(tmp_path, "wavlm", large=False)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(ModelInvalid, match="whether its sound is normalised"):
        CheckpointEncoder(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": true, "sampling_rate": 8000}')
    with pytest.raises(ModelInvalid, match="another rate"):
        CheckpointEncoder(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UnknownName, match="bert"):
        CheckpointEncoder(tmp_path)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    import json

    write_kin(tmp_path, "wavlm", large=False)
    config = json.loads((tmp_path / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w')")
    assert CheckpointEncoder(tmp_path).family == "wavlm"
    assert not (tmp_path / "mark").exists()


def test_a_corpus_through_a_checkpoint(tmp_path: Path, recordings: dict[str, Path]) -> None:
    from firmware_bridge.sound.audio import read_audio
    from train.foundation.extraction.run import extract

    write_kin(tmp_path / "network", "wavlm", large=True)
    which = f"checkpoint:{tmp_path / 'network'}"
    store = extract(which, recordings, ["hidden_1", "hidden_2"], tmp_path / "out", dtype="float32").store
    name = sorted(recordings)[3]
    expected = open_encoder(which).encode([read_audio(recordings[name]).pcm])[0]
    for layer in store.layers:
        # Alone or in a batch: torch's convolutions may round otherwise, the shard's batches are always the same.
        np.testing.assert_allclose(store.rows(name, layer), expected[layer], atol=1e-5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.foundation.extraction.shard.opened", lambda *_: open_encoder(which))
        again = extract(which, recordings, ["hidden_1", "hidden_2"], tmp_path / "b", dtype="float32").store
    assert again.fingerprint() == store.fingerprint()


@pytest.mark.corpus
def test_real_weights_through_the_official_class(tmp_path: Path, data_root: Path) -> None:
    """Whisper tiny.en's weights, taken out of the ONNX file, saved as a checkpoint, heard through both backends."""
    import onnx

    from firmware_bridge.sound.audio import read_audio

    try:
        through_onnx = open_encoder("whisper-tiny-en")
    except EnvironmentLacking:
        pytest.skip("no copy of whisper-tiny-en at hand (UNDERTONE_DATA)")
    network = write_whisper(
        tmp_path / "first",
        d_model=384,
        encoder_layers=4,
        encoder_attention_heads=6,
        encoder_ffn_dim=1536,
        decoder_attention_heads=6,
        decoder_ffn_dim=64,
    )
    graph = onnx.load(through_onnx.path).graph  # type: ignore[attr-defined]
    stored = {each.name: onnx.numpy_helper.to_array(each).astype(np.float32) for each in graph.initializer}
    ours = {
        "q": "self_attn.q_proj",
        "k": "self_attn.k_proj",
        "v": "self_attn.v_proj",
        "out": "self_attn.out_proj",
    }
    ours |= {"attn_norm": "self_attn_layer_norm", "mlp_norm": "final_layer_norm"}
    weights = network.encoder.state_dict()
    weights["embed_positions.weight"] = torch.from_numpy(stored["position"])
    for name, value in stored.items():
        parts = name.split(".")
        if parts[0] == "layers":
            parts[2] = ours.get(parts[2], parts[2])
            matrix = value.ndim == 2
            weights[".".join(parts)] = torch.from_numpy(np.ascontiguousarray(value.T if matrix else value))
        elif name.startswith("conv"):
            weights[name] = torch.from_numpy(value)
        elif name.endswith(("norm.weight", "norm.bias")):
            weights[f"layer_norm.{parts[-1]}"] = torch.from_numpy(value)
    network.encoder.load_state_dict(weights)
    network.save_pretrained(tmp_path / "official")
    pcm = read_audio(data_root / "ravdess/audio/Actor_01/03-01-01-01-01-01-01.flac").pcm
    official = CheckpointEncoder(tmp_path / "official")
    a, b = official.encode([pcm])[0], through_onnx.encode([pcm])[0]
    for layer in ("hidden_0", "hidden_1", "hidden_2", "hidden_3"):
        np.testing.assert_allclose(a[layer], b[layer], atol=1e-4)
    np.testing.assert_allclose(a["final"], b["final"], atol=1e-3)
    assert [layer.parameters for layer in official.layers] == [x.parameters for x in through_onnx.layers]
    costs = [[each.multiply_adds(n, 32000) for n in each.layer_names] for each in (official, through_onnx)]
    assert costs[0] == costs[1]
