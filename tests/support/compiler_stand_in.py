#!/usr/bin/env python3
# ruff: noqa: T201, E501  (it is a program that prints recorded text)
"""A program that behaves like the Edge TPU compiler did in recorded runs; it needs the standard library only.

Beside it lie `behaviour.json` (a list: one behaviour per run, the last one repeats) and the files that it hands
out. It counts its runs in `runs`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent

NEW = """Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 231 ms.

Input model: {name}.tflite
Input size: 497.20KiB
Output model: {name}_edgetpu.tflite
Output size: 602.68KiB
On-chip memory used for caching model parameters: 506.50KiB
On-chip memory remaining for caching model parameters: 7.38MiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 31
Operation log: {name}_edgetpu.log

Operator                       Count      Status

CONV_2D                        15         Mapped to Edge TPU
SOFTMAX                        1          Mapped to Edge TPU
Compilation child process completed within timeout period.
Compilation succeeded!
"""
PARTIAL = """Edge TPU Compiler version 16.0.384591198
Model compiled successfully in 1200 ms.

Input model: {name}.tflite
Input size: 1.25MiB
Output model: {name}_edgetpu.tflite
Output size: 1.50MiB
On-chip memory used for caching model parameters: 1.00MiB
On-chip memory remaining for caching model parameters: 6.50MiB
Off-chip memory used for streaming uncached model parameters: 2.50KiB
Number of Edge TPU subgraphs: 1
Total number of operations: 36
Operation log: {name}_edgetpu.log

Model successfully compiled but not all operations are supported by the Edge TPU.
Number of operations that will run on Edge TPU: 2
Number of operations that will run on CPU: 34

Operator                       Count      Status

MAX_POOL_2D                    6          More than one subgraph is not supported
QUANTIZE                       2          Operation is otherwise supported, but not mapped due to some unspecified limitation
QUANTIZE                       1          Mapped to Edge TPU
DEQUANTIZE                     1          Operation is working on an unsupported data type
"""
OLD = """Edge TPU Compiler version 2.0.267685300
Model compiled successfully in 231 ms.Input model: {name}.tflite
Input size: 3.03KiB
Output model: {name}_edgetpu.tflite
Output size: 296.85KiB
On-chip memory available for caching model parameters: 1.73MiB
On-chip memory used for caching model parameters: 10.00KiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 3
Operation log: {name}_edgetpu.log
"""


def main() -> int:
    arguments = sys.argv[1:]
    if arguments == ["-v"]:
        print((HOME / "version").read_text() if (HOME / "version").exists() else NEW.splitlines()[0])
        return 0
    runs = HOME / "runs"
    number = int(runs.read_text()) if runs.exists() else 0
    runs.write_text(str(number + 1))
    (HOME / "arguments.json").write_text(json.dumps(arguments))
    (HOME / "environment.json").write_text(json.dumps(dict(os.environ)))
    behaviours = json.loads((HOME / "behaviour.json").read_text())
    what = behaviours[min(number, len(behaviours) - 1)]
    names = [Path(a).stem for a in arguments if a.endswith(".tflite")]
    if what == "internal error":
        print("Edge TPU Compiler version 16.0.384591198\n\nInternal compiler error. Aborting!")
        return 1
    if what == "cannot load":
        print(
            "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'\nModel failed in Tflite interpreter."
        )
        return 1
    if what == "hang":
        print("Started a compilation timeout timer of 180 seconds.", flush=True)
        time.sleep(60)
    if what == "child":
        child = subprocess.Popen(["sleep", "60"])
        (HOME / "child").write_text(str(child.pid))
        time.sleep(60)
    if what == "killed":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "garbage":
        sys.stdout.buffer.write(bytes(range(256)) * 40_000)
        return 0
    for i, name in enumerate(names):
        text = {"partial": PARTIAL, "old": OLD}.get(what, NEW).format(name=name)
        print(text)
        made = (HOME / (f"made{i}" if what == "two tokens" else "made")).read_bytes()
        Path(f"{name}_edgetpu.tflite").write_bytes(made[:500] if what == "cut off" else made)
        Path(f"{name}_edgetpu.log").write_text(text)
        if what == "writes nothing":
            Path(f"{name}_edgetpu.tflite").unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
