"""Peak memory and load time of networks in Striate and other engines, each in a fresh process on one thread.

Memory is what a process at most held in memory (VmHWM) after loading a network and ten passes, less what the same
engine held with a network that adds one number; so libraries and Python do not count. Load time is from the
file to readiness, the first pass not included; PyTorch's is that of building the module, without a file.
"""

import json
import os
import subprocess
import sys
from statistics import median

EMPTY = "noop"
ENGINES = {
    "striate": "Striate", "ort": "onnxruntime", "openvino": "OpenVINO", "mnn": "MNN", "ncnn": "ncnn",
    "litert": "LiteRT", "torch": "PyTorch",
}
NETWORKS = [
    "lenet5_b1", "fashion_relu_b1", "fashion_maxout_b1", "resnet18_b1", "resnet18_b8", "mobilenetv2_b1",
    "local3x3_16x28", "dense512_b1", "rnn128_step", "lstm128_step", "lstm512_step", "gru512_step", "lstm512_seq100_b1",
]
PASSES = 10
ROUNDS = 3


class Child:
    """A process that answers in lines of JSON; others in between are passed over."""

    def __init__(self, command):
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen(list(map(str, command)), text=True, **pipes)
        os.sched_setaffinity(self.process.pid, {os.cpu_count() - 1})

    def line(self):
        for text in self.process.stdout:
            if text.startswith("{"):
                return json.loads(text)
        raise EOFError

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.line()

    def forget_peak(self):
        """Lets the peak begin anew: importing a library can take more memory for a moment than a network does."""
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def most_memory(self):
        """Kilobytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(row.split()[1]) for row in status if row.startswith("VmHWM"))

    def end(self):
        self.process.kill()
        self.process.communicate()


def ours(binary, work, workload):
    """Load nanoseconds and kilobytes of Striate with one workload."""
    folder = work / "striate" / workload["model"]
    model = folder if folder.is_dir() else workload["onnx"]
    command = [binary, "bench", "engine", "--model", model, "--threads", "1"]
    for name, file in workload["inputs"]:
        command += ["--input", f"{name}={file}"]
    for pair in workload["state"]:
        command += ["--state", "=".join(pair)]
    child = Child(command)
    try:
        load = child.line()["load_ns"]
        child.ask(f"run {PASSES}")
        return load, child.most_memory()
    finally:
        child.end()


def other(engine, harness, work, workload):
    """The same of another engine, None where it cannot run the workload."""
    child = Child([work / "venv" / "bin" / "python", harness / "worker.py", engine, "1", work])
    try:
        child.line()
        child.forget_peak()
        answer = child.ask(json.dumps({"cmd": "load", "wl": workload}))
        if not answer.get("ok"):
            return None
        child.ask(json.dumps({"cmd": "run", "n": PASSES}))
        return answer["load_ns"], child.most_memory()
    except EOFError:
        return None
    finally:
        child.end()


def measure(binary, harness, work, names, figures):
    """Adds rounds of measurements to `figures`, by workload and engine."""
    workloads = json.loads((work / "models" / "workloads.json").read_text())
    for _ in range(ROUNDS):
        for name in [EMPTY, *names]:
            for engine in ENGINES:
                if engine == "striate":
                    result = ours(binary, work, workloads[name])
                else:
                    result = other(engine, harness, work, workloads[name])
                if result:
                    figures.setdefault(name, {}).setdefault(engine, []).append(result)
                else:
                    print(f"{engine} does not run {name}", file=sys.stderr)


def table(figures):
    """Two tables, of megabytes (10⁶ bytes) and of milliseconds; the least of others is in bold."""
    empty = {engine: median(row[1] for row in rows) for engine, rows in figures[EMPTY].items()}

    def memory(engine, rows):
        return (median(row[1] for row in rows) - empty.get(engine, 0)) * 1024 / 1e6

    def load(engine, rows):
        return median(row[0] for row in rows) / 1e6

    lines = []
    for title, value in (("peak memory, MB", memory), ("load time, ms", load)):
        lines += [f"| {title} | " + " | ".join(ENGINES.values()) + " |", "|---" * (len(ENGINES) + 1) + "|"]
        for name, row in figures.items():
            if name == EMPTY:
                continue
            cells = {engine: value(engine, rows) for engine, rows in row.items()}
            least = min(cells.values())
            texts = []
            for engine in ENGINES:
                text = f"{cells[engine]:.1f}" if engine in cells else "–"
                texts.append(f"**{text}**" if cells.get(engine) == least else text)
            lines.append(f"| {name} | " + " | ".join(texts) + " |")
        lines.append("")
    whole = ", ".join(f"{ENGINES[engine]} {kilobytes * 1024 / 1e6:.0f}" for engine, kilobytes in empty.items())
    lines.append(f"The whole process with the empty network, MB: {whole}.")
    return "\n".join(lines)


def report(binary, harness, work, names, only_renders):
    """Measures and prints; figures add up over runs until their file is removed."""
    file = work / "striate-footprint.json"
    figures = json.loads(file.read_text()) if file.exists() else {}
    if not only_renders:
        measure(binary, harness, work, names or NETWORKS, figures)
        file.write_text(json.dumps(figures))
    print(table(figures))
