"""Measures Striate beside other engines with a harness that interleaves them, and prints the table for the README.

    engines.py BINARY HARNESS [--work FOLDER] [--render] [--memory] [--kernels NAME] [OPTION of the harness…]

HARNESS is the folder of a run.py that takes external engines. --render only prints the table of the last run.
--memory measures peak memory and load time instead. --kernels forces an instruction set of ours; beside the baseline
run the engines that can be kept to SSE too: OpenVINO and PyTorch, whose convolutions and recurrent layers come
from oneDNN (their plain products keep AVX2).
"""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import footprint
import litert

HERE = Path(__file__).resolve().parent
SSE = {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}


def convert_locally_connected(models, folder):
    """The one net whose ONNX file (slices, then a product for every pixel) does not say what layer it is."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    source = models / "local3x3_16x28.safetensors"
    target = folder / "local3x3_16x28"
    if not source.exists() or target.exists():
        return
    tensors = load_file(source)
    # [pixel, output, (row, column, input)] to [output, row, column, input, row of the kernel, column of it].
    weight = tensors["weight"].reshape(28, 28, 16, 3, 3, 16).transpose(2, 0, 1, 5, 3, 4)
    bias = tensors["bias"].reshape(28, 28, 16).transpose(2, 0, 1)
    target.mkdir(parents=True)
    save_file(
        {"y.weight": np.ascontiguousarray(weight), "y.bias": np.ascontiguousarray(bias)},
        target / "model.safetensors",
    )
    layer = {"name": "y", "op": "LocallyConnected", "kernel": [3, 3], "padding": [1, 1, 1, 1]}
    manifest = {
        "name": "local",
        "task": "image-features",
        "numerics": "fast",
        "input": {"name": "x", "channels": 16, "height": 28, "width": 28},
        "layers": [layer],
        "outputs": ["y"],
    }
    (target / "model.json").write_text(json.dumps(manifest))


def table(results, peak):
    """Rows of workload and threads: ours, the best other engine, and the ratio of bursts of the same round."""
    lines, ratios = [], {}
    lines.append("| workload | threads | ours, µs | best other | its µs | ratio | % of peak | rms error |")
    lines.append("|---|---|---|---|---|---|---|---|")
    for key, row in results["rows"].items():
        name, threads = key.split("/")
        ours = row.get("striate", {})
        others = {
            engine: figures["med_ns"]
            for engine, figures in row.items()
            if engine != "striate" and figures.get("valid") and "med_ns" in figures
        }
        if "med_ns" not in ours or not others:
            lines.append(f"| {name} | {threads} | {ours.get('error', 'not run')} | | | | | |")
            continue
        best = min(others, key=others.get)
        pairs = zip(ours["bursts"], row[best]["bursts"])
        ratio = median(mine[2] / its[2] for mine, its in pairs)
        ratios.setdefault(threads, []).append(ratio)
        flops = results["workloads"][name]["flops"]
        rate = flops / ours["med_ns"] / peak / int(threads) if flops else 0
        share = f"{100 * rate:.0f}" if flops else ""
        lines.append(
            f"| {name} | {threads} | {ours['med_ns'] / 1e3:.4g} | {best} | {others[best] / 1e3:.4g} "
            f"| {ratio:.2f} | {share} | {ours['err']:.0e} |"
        )
    for threads, values in sorted(ratios.items()):
        mean = math.exp(sum(map(math.log, values)) / len(values))
        below = sum(value <= 1 for value in values)
        lines.append(
            f"\n{threads} thread(s): geometric mean {mean:.2f}, {below} of {len(values)} rows at 1.00 or "
            f"below, {sum(value <= 0.8 for value in values)} at 0.80 or below."
        )
    return "\n".join(lines)


def prepare(harness, work, names):
    """The harness's environment, its networks, and those of them that need a converter of ours."""
    work.mkdir(parents=True, exist_ok=True)
    # The harness's own measure of peaks needs AVX-512; ours serves every processor.
    stub = work / "peak"
    stub.write_text("#!/bin/sh\n")
    stub.chmod(0o755)
    python = work / "venv" / "bin" / "python"
    if not (work / "venv" / ".ready").exists():
        first = ("--engines", "ort", "--workloads", "noop", "--rounds", "1", "--no-peak", "--no-footprint")
        first += ("--threads", "1", "--out", work / "striate-first")
        subprocess.run([sys.executable, harness / "run.py", "--work", work, *first], check=True)
    subprocess.run([python, harness / "workloads.py", work, *names], check=True)
    code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import engines; from pathlib import Path; "
    code += f"engines.convert_locally_connected(Path({str(work / 'models')!r}), Path({str(work / 'striate')!r}))"
    subprocess.run([python, "-c", code], check=True)
    litert.convert(harness, work, names or list(litert.workloads(work)))


def run(binary, harness, work, results, options, rest):
    """One interleaved run of the harness, ours among the engines."""
    command = f"{HERE / 'engine.sh'} {binary} {work / 'striate'} {{model_name}} {{model}} "
    command += "{inputs} {state} --threads {threads} --output {output}"
    environment = dict(os.environ)
    if options.kernels:
        command += f" --kernels {options.kernels}"
    if options.kernels == "baseline":
        environment |= SSE
        rest = ["--engines", "openvino,torch", *rest]
    if options.workloads:
        rest = ["--workloads", options.workloads, *rest]
    subprocess.run(
        [
            *(sys.executable, harness / "run.py", "--work", work, "--out", results),
            *("--no-peak", "--no-footprint", "--external", f"striate={command}", *rest),
        ],
        check=True,
        env=environment,
    )


def main():
    """Prepares the harness's folder, runs it, prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", type=Path)
    parser.add_argument("harness", type=Path)
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "engines")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--kernels", default="")
    parser.add_argument("--workloads", default="")
    parser.add_argument("--out", type=Path, help="folder of the results")
    options, rest = parser.parse_known_args()
    binary, work, harness = options.binary.resolve(), options.work.resolve(), options.harness.resolve()
    names = options.workloads.split(",") if options.workloads else []
    if not options.render:
        prepare(harness, work, names)
    if options.memory:
        footprint.report(binary, harness, work, names, options.render)
        return
    suffix = f"-{options.kernels}" if options.kernels else ""
    results = options.out or work / f"striate-results{suffix}"
    chosen = ["--kernels", options.kernels] if options.kernels else []
    peak = json.loads(
        subprocess.check_output([binary, "bench", "engine", "--peak", *chosen], text=True)
    )["gflops"]
    if not options.render:
        run(binary, harness, work, results, options, rest)
    print(f"peak of one core: {peak} GFLOP/s\n")
    print(table(json.loads((results / "results.json").read_text()), peak))


if __name__ == "__main__":
    main()
