"""Speech from text with espeak-ng, the same samples every time.

espeak-ng carries a noise generator from one utterance to the next, and nothing resets it but a new
process. So a whole list of utterances is spoken, in its order, by one fresh process that runs `main` of
this module: it reads the list as JSON and answers with framed samples.
"""

from __future__ import annotations

import ctypes
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import EnvironmentLacking, UndertoneError
from firmware_bridge.base.paths import ROOT

RATE_HZ = 22_050

_SYNCHRONOUS, _UTF8 = 2, 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
# espeak-ng keeps its data path in a buffer of 160 characters and fails without a word beyond it.
_LONGEST_DATA_PATH = 140
_CHILD = "import sys; from train.corpora.espeak import main; sys.exit(main(sys.argv[1]))"
_REINSTALL = "reinstall it: pip install --force-reinstall espeakng-loader"
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class Utterance:
    """One thing to say.

    Attributes:
        text: The words.
        voice: Voice and variant, for instance `en-us+f3`.
        rate_wpm: Words per minute, 80 to 450.
        pitch: Base pitch, 0 to 99.
        pitch_range: How far the pitch moves, 0 to 99.
        volume: 0 to 200; 100 is normal.
    """

    text: str
    voice: str
    rate_wpm: int = 175
    pitch: int = 50
    pitch_range: int = 50
    volume: int = 100


def speak(utterances: Sequence[Utterance]) -> list[npt.NDArray[np.int16]]:
    """Return each utterance as int16 samples at `RATE_HZ`, all spoken in one fresh process.

    The samples of an utterance depend on those before it in the list, and on nothing else.

    Raises:
        EnvironmentLacking: espeak-ng is missing, does not start, or does not know a voice.
    """
    import espeakng_loader

    with _short_path(Path(espeakng_loader.get_data_path())) as data:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(data)],
            input=json.dumps([asdict(utterance) for utterance in utterances]).encode(),
            capture_output=True,
            cwd=ROOT,
            check=False,
        )
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"]
        raise EnvironmentLacking(f"espeak-ng: {lines[-1]}", _REINSTALL)
    samples, at = [], 0
    while at < len(done.stdout):
        (count,) = struct.unpack_from("<I", done.stdout, at)
        samples.append(np.frombuffer(done.stdout, dtype="<i2", count=count, offset=at + 4).astype(np.int16))
        at += 4 + 2 * count
    if len(samples) != len(utterances):
        raise EnvironmentLacking(f"espeak-ng said {len(samples)} of {len(utterances)} utterances", _REINSTALL)
    return samples


@contextmanager
def _short_path(data: Path) -> Iterator[Path]:
    """Yield a path to `data` that fits into the engine's buffer, a link where its own is too long."""
    if len(str(data)) <= _LONGEST_DATA_PATH:
        yield data
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / data.name
        link.symlink_to(data)
        yield link


class _Engine:
    """espeak-ng, loaded into this process."""

    def __init__(self, data: str) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), 0)
        if rate != RATE_HZ:
            raise EnvironmentLacking(f"starting gave {rate} instead of {RATE_HZ} Hz", _REINSTALL)
        self._heard: list[bytes] = []
        # The library keeps only the address: the callback must live as long as the engine.
        self._callback = _Callback(self._hear)
        self._library.espeak_SetSynthCallback(self._callback)

    def _hear(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        """Keep a stretch of samples; 0 tells the engine to go on."""
        if samples and count > 0:
            self._heard.append(ctypes.string_at(samples, 2 * count))
        return 0

    def say(self, utterance: Utterance) -> bytes:
        """Return the utterance's samples as bytes.

        Raises:
            EnvironmentLacking: The voice is unknown (the engine itself would keep the one before).
        """
        if self._library.espeak_SetVoiceByName(utterance.voice.encode()) != 0:
            raise EnvironmentLacking(f"no voice '{utterance.voice}'", _REINSTALL)
        settings = {
            _RATE: utterance.rate_wpm,
            _VOLUME: utterance.volume,
            _PITCH: utterance.pitch,
            _RANGE: utterance.pitch_range,
        }
        for parameter, value in settings.items():
            self._library.espeak_SetParameter(parameter, value, 0)
        self._heard.clear()
        text = utterance.text.encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, 0, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return b"".join(self._heard)


def main(data: str) -> int:
    """Speak the JSON list on standard input; write a uint32 count and int16 samples for each to standard output.

    Args:
        data: Folder `espeak-ng-data`.
    """
    utterances = [Utterance(**fields) for fields in json.load(sys.stdin)]
    try:
        engine = _Engine(data)
        for utterance in utterances:
            spoken = engine.say(utterance)
            sys.stdout.buffer.write(struct.pack("<I", len(spoken) // 2) + spoken)
    except UndertoneError as error:
        sys.stderr.write(error.what + "\n")
        return error.exit_status
    sys.stdout.buffer.flush()
    return 0
