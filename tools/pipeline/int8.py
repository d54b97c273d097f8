"""Both networks as int8 `.tflite` files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.pipeline.emotion import Student, make_views, student_network, training_data
from tools.pipeline.inputs import Inputs
from tools.pipeline.keyword import keyword_network
from tools.pipeline.stages import Stages


def acoustic_int8(
    inputs: Inputs, stages: Stages, student: Student, rows: NDArray[np.int64], name: str = "acoustic-int8"
) -> Path:
    """Stage: the student as `acoustic.tflite`, calibrated on training speakers' clips `rows`."""
    views = make_views(inputs, stages)
    _, data = training_data(inputs, stages)
    parts = {"student": student.folder.name, "views": views.name, "recipe": inputs.recipe.dump("calibration")}

    def make(folder: Path) -> None:
        from quantize.convert import choose_windows, to_int8

        stored = np.load(views / "views.npy", mmap_mode="r")
        windows = choose_windows(stored[:, rows], inputs.recipe.calibration)
        network = student_network(inputs, student, data.shape[2:])
        (folder / "acoustic.tflite").write_bytes(to_int8(network, windows, inputs.scaling.real_scale))

    return stages.run(name, parts, make)


def keyword_int8(inputs: Inputs, stages: Stages, keyword: Path) -> Path:
    """Stage: the keyword network as `keyword.tflite`, ending in posteriors."""

    def make(folder: Path) -> None:
        from quantize.convert import to_int8

        windows = np.load(keyword / "calibration.npy")
        network = keyword_network(inputs, keyword, posteriors=True)
        (folder / "keyword.tflite").write_bytes(to_int8(network, windows, inputs.scaling.real_scale))

    return stages.run("keyword-int8", {"keyword": keyword.name}, make)


def run_int8(model: Path, windows: NDArray[np.int8], title: str) -> NDArray[np.int8]:
    """Return int8[n, outputs] of a network for int8[n, frames, channels], by reference kernels on all cores."""
    from concurrent.futures import ThreadPoolExecutor

    from firmware_bridge.base.cores import usable_cores
    from firmware_bridge.base.progress import track
    from firmware_bridge.reference.simulated_tpu import Int8Network

    threads = usable_cores()
    shares = np.array_split(np.arange(len(windows)), threads)
    content = model.read_bytes()
    scores: dict[int, NDArray[np.int8]] = {}

    def work(indices: NDArray[np.int64], shown: bool) -> None:
        network = Int8Network(content)
        # One bar for all shares: they advance together.
        for index in track(indices, title) if shown else indices:
            scores[int(index)] = network.run(windows[index])

    with ThreadPoolExecutor(threads) as pool:
        for job in [pool.submit(work, share, index == 0) for index, share in enumerate(shares)]:
            job.result()
    return np.stack([scores[index] for index in range(len(windows))])
