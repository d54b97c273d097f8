"""Miniatures of corpora in their official layouts: a few clips of invented sound and invented labels each."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 16_000


def noise(seed: int, seconds: float = 0.25, rate: int = RATE) -> np.ndarray:
    """Return int16 noise whose colour changes eight times: no two seeds have the same print."""
    dice = np.random.default_rng(seed)
    size = int(seconds * rate) // 8
    colours = np.repeat(dice.uniform(0, 1, (8, 24)) ** 3, -(-(size // 2 + 1) // 24), axis=1)[
        :, : size // 2 + 1
    ]
    spectra = colours * np.exp(2j * np.pi * dice.uniform(0, 1, colours.shape))
    sound = np.fft.irfft(spectra, size, axis=1).ravel()
    return np.pad(sound * (12_000 / np.abs(sound).max()), (0, int(seconds * rate) - 8 * size)).astype(
        np.int16
    )


class Miniatures:
    """Writes corpora below a folder; every method returns the root of one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sounds = 0

    def sound(self, path: Path, seconds: float = 0.25, rate: int = RATE, channels: int = 1) -> Path:
        """Write a recording like no other."""
        self.sounds += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        one = [noise(100 * self.sounds + channel, seconds, rate) for channel in range(channels)]
        soundfile.write(
            path, np.stack(one, axis=1) if channels > 1 else one[0], rate, subtype="PCM_16", format="WAV"
        )
        return path

    def text(self, path: Path, text: str) -> Path:
        """Write a text file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def table(
        self, path: Path, rows: Iterable[Mapping[str, Any]], delimiter: str = ",", bom: bool = False
    ) -> Path:
        """Write a table with the columns of its first row."""
        rows = list(rows)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8-sig" if bom else "utf-8") as stream:
            writer = csv.DictWriter(stream, rows[0], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def emodb(self, speakers: Sequence[str] = ("03", "08"), emotions: str = "NWLEAFT") -> Path:
        root = self.folder / "emodb"
        for speaker in speakers:
            for emotion in emotions:
                self.sound(root / "wav" / f"{speaker}a01{emotion}a.wav")
        return root

    def savee(self, flat: bool = False) -> Path:
        root = self.folder / "savee"
        for speaker in ("DC", "JE", "JK", "KL"):
            for code in ("n", "a", "d", "f", "h", "sa", "su"):
                name = f"{speaker}_{code}01.wav" if flat else f"AudioData/{speaker}/{code}01.wav"
                self.sound(root / name)
        return root

    def tess(self) -> Path:
        root = self.folder / "tess"
        for speaker in ("OAF", "YAF"):
            for emotion in ("neutral", "angry", "disgust", "fear", "happy", "sad", "ps"):
                self.sound(root / f"{speaker}_{emotion}" / f"{speaker}_back_{emotion}.wav")
        return root

    def nemo(self, actors: Sequence[tuple[str, str]] = (("EB0", "female"), ("KS0", "male"))) -> Path:
        root = self.folder / "nemo"
        rows = []
        for actor, gender in actors:
            for emotion in ("anger", "fear", "happiness", "neutral", "sadness", "surprised"):
                for sentence in (1, 2):
                    name = f"{actor}_{emotion}_{sentence}.wav"
                    self.sound(root / "samples" / name, rate=24_000)
                    rows.append(
                        {
                            "file_id": name,
                            "emotion": emotion,
                            "raw_text": f'Zdanie "numer" {sentence}.',
                            "normalized_text": f"zdanie numer {sentence}",
                            "speaker_id": f"        {actor}",
                            "gender": gender,
                            "age": 27,
                        }
                    )
        header = "\t".join(rows[0])
        lines = ["\t".join(str(value) for value in row.values()) for row in rows]
        self.text(root / "data.tsv", "\n".join([header, *lines]) + "\n")
        return root

    def crema_d(self, sound: bool = True) -> Path:
        root = self.folder / "crema_d"
        rows = []
        names = []
        for kind in (1, 2, 3):
            for number, emotion in enumerate(("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")):
                counts = dict.fromkeys("ADFHNS", 1) | {"ADFHNS"[number]: 3 if kind == 1 else 99}
                name = f"{1001 + number % 2}_IEO_{emotion}_XX"
                names.append(name)
                total = sum(counts.values())
                rows.append({"": f"{kind}{number:05}", **counts, "fileName": name, "numResponses": total})
        self.table(root / "tabulatedVotes.csv", rows)
        people = [{"ActorID": 1001, "Age": 51, "Sex": "Male"}, {"ActorID": 1002, "Age": 21, "Sex": "Female"}]
        self.table(root / "VideoDemographics.csv", people)
        for name in sorted(set(names)) if sound else ():
            self.sound(root / "AudioWAV" / f"{name}.wav")
        return root

    def meld(self) -> Path:
        root = self.folder / "meld"
        emotions = ("neutral", "joy", "surprise", "anger", "sadness", "disgust", "fear")
        for part, people in (("train", ("Anna", "Ben")), ("dev", ("Anna",)), ("test", ("Ben", "Carl"))):
            rows = [
                {
                    "Sr No.": number,
                    "Utterance": f"Oh, that\u2019s, {emotion}!",
                    "Speaker": people[number % len(people)],
                    "Emotion": emotion,
                    "Sentiment": "neutral",
                    "Dialogue_ID": number // 4,
                    "Utterance_ID": number % 4,
                    "Season": 1,
                    "Episode": 2,
                    "StartTime": "00:16:16,059",
                    "EndTime": "00:16:21,731",
                }
                for number, emotion in enumerate(emotions)
            ]
            self.table(root / f"{part}_sent_emo.csv", rows)
        return root

    def iemocap(self, sessions: int = 5, dialogues: bool = True) -> Path:
        root = self.folder / "iemocap"
        for session in range(1, sessions + 1):
            for scene in ("impro05", "script01_1"):
                self._dialogue(root / f"Session{session}", f"Ses0{session}F_{scene}", dialogues)
        return root

    def _dialogue(self, session: Path, dialogue: str, with_sound: bool) -> None:
        """Write eight turns in turn by F and M, 2 s each, with a second of both; then labels, words and sounds."""
        codes = ("ang", "hap", "exc", "sad", "neu", "fru", "xxx", "neu")
        words = (
            "Anger",
            "Happiness",
            "Excited",
            "Sadness",
            "Neutral state",
            "Frustration",
            "Anger",
            "Neutral state",
        )
        blocks, said = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"], []
        for number, (code, word) in enumerate(zip(codes, words, strict=True)):
            letter = "FM"[number % 2]
            name = f"{dialogue}_{letter}{number:03}"
            start = 3.0 * number
            # The third rater disagrees, and one names two classes; the speaker's own answer must not count.
            blocks.append(
                f"[{start:.4f} - {start + 2.5:.4f}]\t{name}\t{code}\t[1.5000, 4.0000, 4.5000]\n"
                f"C-E1:\t{word};\t()\nC-E2:\t{word}; Other;\t(a remark)\nC-E4:\tSadness;\t()\nC-F1:\tFear;\t()\n"
                "A-E3:\tval 2; act 4; dom  4;\t()\nA-E4:\tval 1; act ; dom  5;\t(hurt)\n"
                "A-F1:\tval 1; act 5; dom  5;\t()\n"
            )
            said.append(f"{name} [{start:08.4f}-{start + 2.5:08.4f}]: Line {number} of {dialogue[7:]}.")
            self.sound(session / "sentences" / "wav" / dialogue / f"{name}.wav")
        self.text(session / "dialog" / "EmoEvaluation" / f"{dialogue}.txt", "\n".join(blocks))
        self.text(
            session / "dialog" / "transcriptions" / f"{dialogue}.txt", "\n".join([*said, "M: [LAUGHTER]"])
        )
        if with_sound:
            self.sound(session / "dialog" / "wav" / f"{dialogue}.wav", seconds=25.0, channels=2)

    def msp_podcast(self, release: str = "1.11", sound: bool = True) -> Path:
        root = self.folder / f"msp_podcast-{release}"
        old = release in ("1.6", "1.7", "1.8", "1.9")
        parts = ("Train", "Train", "Validation" if old else "Development", "Test1", "Test2")
        rows, ballots = [], []
        for number in range(40):
            name = f"MSP-PODCAST_{number // 10:04}_{number:04}.wav"
            code = "ASHUFDCN"[number % 8] if number < 32 else "XO"[number % 2]
            part = parts[number // 8]
            rows.append(
                {
                    "FileName": name,
                    "EmoClass": code,
                    "EmoAct": 2.2,
                    "EmoVal": 4.0,
                    "EmoDom": 7.0,
                    "SpkrID": "Unknown"
                    if number == 0
                    else f"{'Spkr_' if old else ''}{10 * (number // 8) + number % 2}",
                    "Gender": "Male" if number % 2 else "Female",
                    "Split_Set": part,
                }
            )
            for rater, (major, second) in enumerate(
                (("Sad", "Sad,Angry"), ("Other-tired", ""), ("Sad", "Concerned"))
            ):
                ballots.append({"FileName": name, "rater": rater, "major": major, "second": second})
            if sound:
                self.sound(root / "Audios" / name)
            self.text(root / "Transcripts" / f"{name[:-4]}.txt", f"words of {number}\n")
        labels = root / ("label" if old else "Labels")
        stem = "labels_concensus" if old else "labels_consensus"
        if release == "json":
            data = {row["FileName"]: {k: v for k, v in row.items() if k != "FileName"} for row in rows}
            self.text(labels / f"{stem}.json", json.dumps(data))
        else:
            self.table(labels / f"{stem}.csv", rows)
        self._ballots(labels, release, ballots)
        return root

    def _ballots(self, labels: Path, release: str, ballots: list[dict[str, Any]]) -> None:
        """Write the single raters' answers as a release has them."""
        if release == "json":
            data: dict[str, dict[str, Any]] = {}
            for one in ballots:
                answer = {"EmoClass_Major": one["major"], "EmoClass_Second": one["second"], "EmoAct": "4"}
                data.setdefault(one["FileName"], {})[f"WORKER{one['rater']:07}"] = answer
            self.text(labels / "labels_detailed.json", json.dumps(data))
        elif release in ("1.6", "2.0"):
            who = "Workers" if release == "1.6" else "WorkerID"
            rows = [
                {
                    "FileName": one["FileName"],
                    who: f"WORKER{one['rater']:07}",
                    "EmoClass_Major": one["major"],
                    "EmoClass_Second": one["second"],
                    "EmoAct": "",
                    "EmoVal": 4.0,
                    "EmoDom": 4.0,
                }
                for one in ballots
            ]
            self.table(labels / "labels_detailed.csv", rows)
        else:
            rows = [
                {
                    "FileName": one["FileName"],
                    "EmoDetail": f"WORKER{one['rater']:07}; {one['major']}; {one['second']}; A:4.0; V:4.0; D:4.0; ",
                }
                for one in ballots
            ]
            self.table(labels / "labels_detailed.csv", rows)

    def msp_improv(self, spelling: str = "Evaluation.txt") -> Path:
        root = self.folder / "msp_improv"
        blocks = []
        for dyad in (1, 2, 3):
            for number, (code, word) in enumerate(
                zip("AHSNOX", ("Angry", "Happy", "Sad", "Neutral", "Other", "Sad"), strict=True)
            ):
                kind = "PRSTPR"[number]
                gender = "FM"[number % 2]
                name = f"S01{'AHSN'[number % 4]}-{gender}{dyad:02}-{kind}-FM{number:02}"
                blocks.append(
                    f"UTD-IMPROV-{name}.avi; {code}; A:3.000000; V:5.000000; D:NaN ; N:4.000000;\n"
                    f"WORKER1; {word}; {word},Excited; A:3.000000; V:3.000000; D:3.000000; N:4.000000;\n"
                    f"WORKER1; {word}; {word},Excited; A:3.000000; V:3.000000; D:3.000000; N:4.000000;\n"
                    "WORKER2; Neutral; ; A:3.000000; V:3.000000; D:NaN; N:NaN;\n"
                )
                scene = name.split("-")[0]
                self.sound(root / f"session{dyad}" / scene / kind / f"MSP-IMPROV-{name}.wav")
        self.text(root / spelling, "\n".join(blocks))
        return root

    def cmu_mosei(self, folds: bool = True) -> Path:
        import h5py

        root = self.folder / "cmu_mosei"
        root.mkdir()
        # sentiment, happy, sad, anger, surprise, disgust, fear
        rows = {
            "vid_a": [[3, 2, 0, 0, 0, 0, 0], [-1.5, 0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]],
            "vid_b": [[-3, 0, 0, 2, 0, 1, 0]],
            "vid_c": [
                [1, 0, 0, 0, 3, 0, 0],
                [-1, 0, 0, 0, 0, 0, 1],
                [0, 0, 2, 0, 0, 1, 0],
                [-1, 0, 0, 0, 0, 2, 0],
            ],
        }
        with h5py.File(root / "CMU_MOSEI_Labels.csd", "w") as store:
            for video, values in rows.items():
                group = store.create_group(f"All Labels/data/{video}")
                group["features"] = np.array(values, np.float64)
                group["intervals"] = np.array([[1.0 * n, 1.0 * n + 0.75] for n in range(len(values))])
                self.sound(root / "Raw/Audio/Full/WAV_16000" / f"{video}.wav", seconds=4.0)
        if folds:
            lists = {
                "standard_train_fold": ["vid_a"],
                "standard_valid_fold": ["vid_b"],
                "standard_test_fold": ["vid_c"],
            }
            self.text(root / "cmu_mosei_std_folds.py", "".join(f"{k}={v}\n" for k, v in lists.items()))
        return root

    def em2ldl(self) -> Path:
        from train.corpora.em2ldl import EMOTIONS

        root = self.folder / "em2ldl"
        rows = []
        for number in range(1, 9):
            shares = dict.fromkeys(EMOTIONS, 0.0) | {"anger": 0.2, "rage": 0.3, "joy": 0.45, "love": 0.05}
            if number % 2:
                shares |= {"joy": 0.7, "anger": 0.0, "rage": 0.25}
            info = {"gender": "female" if number % 2 else "male", "age": "25岁", "ageClass": "Youth"}
            info |= {"mbtiSingle": "none", "mbtiDouble": "none", "lang": ("ce", "me", "mc")[number % 3]}
            rows.append({"AudioID": number, **shares, "speaker ID": f"speaker{(number + 1) // 2}", **info})
            self.sound(root / "audio" / f"{number:04}_mbti_{info['lang']}.WAV", rate=44_100, channels=2)
        self.table(root / "labels" / "labels_distributions_Info.csv", rows, bom=True)
        for part, ids in (("train", (1, 2, 3, 4)), ("val", (5, 6)), ("test", (7, 8))):
            self.table(
                root / "models/train_val_test" / f"{part}_ids.csv", [{"audio_id": f"{n:04}"} for n in ids]
            )
        return root

    def textgrid(self, path: Path, words: Sequence[tuple[float, float, str]], long: bool = False) -> Path:
        """Write a TextGrid with a tier of words, in the short or the long form."""
        end = words[-1][1]
        if not long:
            body = "\n".join(f'{a}\n{b}\n"{text}"' for a, b, text in words)
            head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
            return self.text(
                path,
                f'{head}0\n{end}\n<exists>\n1\n"IntervalTier"\n"words"\n0\n{end}\n{len(words)}\n{body}\n',
            )
        items = "".join(
            f'        intervals [{n}]:\n            xmin = {a}\n            xmax = {b}\n            text = "{text}"\n'
            for n, (a, b, text) in enumerate(words, 1)
        )
        return self.text(
            path,
            f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = {end}\n'
            f"tiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n"
            f'        class = "IntervalTier"\n        name = "words"\n        xmin = 0\n'
            f"        xmax = {end}\n        intervals: size = {len(words)}\n{items}",
        )

    def librispeech(self) -> Path:
        root = self.folder / "libri"
        for reader in ("84", "174"):
            for number in (0, 1):
                name = f"{reader}-121123-{number:04}"
                self.sound(root / "LibriSpeech/dev-clean" / reader / "121123" / f"{name}.wav", seconds=1.0)
                words = [
                    (0, 0.2, ""),
                    (0.2, 0.5, "GO"),
                    (0.5, 0.6, "sil"),
                    (0.6, 0.9, "stop"),
                    (0.9, 1.0, "<unk>"),
                ]
                self.textgrid(
                    root / "alignments/dev-clean" / reader / f"{name}.TextGrid", words, long=bool(number)
                )
        return root
