"""Models as people bring them, served over HTTP, beside onnxruntime: prints the table of docs/engine.md.

    models.py BINARY BENCH [--work FOLDER] [--threads 1,2] [--only TEXT] [--render]

BENCH is a folder with real/make.py and real/run.py, which make and measure the models, and engines/workloads.py, which
makes the networks that they start from. Everything is made once, in FOLDER. --render only prints the last tables.
Run in an environment of Tests/Peers/models-requirements.txt; the networks need PyTorch too, once.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

NETWORKS = ["mobilenetv2_b1", "resnet18_b1", "fashion_relu_b1", "lenet5_b1", "lstm512_seq100_b1", "gru512_step", "lstm128_step"]
EIGHT_BITS = ("_qdq", "_dynamic", "_qoperator", "qlinear")
SHORTEST = 0.02


def is_integer(name):
    """Whether a model computes with integers of 8 bits."""
    return any(part in name for part in EIGHT_BITS)


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def table(results):
    """One row a model, for every number of threads; below it what of them matters."""
    threads = sorted(results)
    names = sorted({name for rows in results.values() for name in rows}, key=lambda name: (is_integer(name), name))
    lines = ["| model | error | " + " | ".join(f"ours, ms, {n} | onnxruntime, ms | ratio" for n in threads) + " |"]
    lines.append("|---|---|" + "---|---|---|" * len(threads))
    for name in names:
        rows = [results[n].get(name, {}) for n in threads]
        error = next((f"{row['error']:.0e}" for row in rows if "error" in row), "–")
        cells = [
            f"{row['computing']:.3f} | {row['ort']:.3f} | {row['ratio']:.2f}" if "ratio" in row
            else f"{next(iter(row), 'not run')} | – | –" for row in rows
        ]
        lines.append(f"| {name} | {error} | " + " | ".join(cells) + " |")
    lines.append("")
    for n in threads:
        rows = {name: row for name, row in results[n].items() if "ratio" in row}
        floats = [row["ratio"] for name, row in rows.items() if not is_integer(name)]
        counted = [row["ratio"] for name, row in rows.items()
                   if not is_integer(name) and row["computing"] > SHORTEST]
        integers = [row["ratio"] for name, row in rows.items() if is_integer(name)]
        bits = f"; of 8 bits {mean(integers):.1f}" if integers else ""
        lines.append(
            f"Threads: {n}. {len(rows)} of {len(results[n])} answered; geometric mean of float32 and float16 {mean(floats):.2f}, "
            f"{sum(ratio > 1.2 for ratio in counted)} of those beyond 20 µs above 1.2{bits}."
        )
    return "\n".join(lines)


def make(bench, work):
    """The models, unless they are there."""
    made, harness = work / "models", work / "harness"
    if not (made / "lenet5" / "model.onnx").exists():
        made.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, bench / "engines/workloads.py", harness, *NETWORKS], check=True)
        subprocess.run([sys.executable, bench / "real/make.py", made, harness], check=True)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("bench", type=Path)
    parser.add_argument("--work", type=Path, default=Path(".build/models/work"))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--only", default="")
    parser.add_argument("--render", action="store_true")
    options = parser.parse_args()
    work = options.work.absolute()
    if not options.render:
        made = make(options.bench.absolute(), work)
        for threads in options.threads.split(","):
            command = [sys.executable, options.bench / "real/run.py", made, os.path.abspath(options.binary),
                       "--threads", threads, "--out", work / f"{threads}.json"]
            subprocess.run(command + (["--only", options.only] if options.only else []), check=True)
    results = {int(file.stem): json.loads(file.read_text()) for file in work.glob("*.json")}
    print(table(results))


main()
