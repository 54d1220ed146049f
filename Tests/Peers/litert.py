"""LiteRT's part of the comparison of engines: networks converted by litert-torch in an environment of its own.

The harness converts what its list names; recurrent networks are not in it, so they are converted here.
"""

import json
import subprocess
import sys

CHECK = "import litert_torch"


def environment(harness, work):
    """The Python of the converter's environment, made from PyPI where it is missing; None if it does not come up."""
    python = work / "venv-litert" / "bin" / "python"
    if python.exists() and subprocess.run([python, "-c", CHECK], capture_output=True).returncode == 0:
        return python
    print("installing LiteRT's converter", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", work / "venv-litert"], check=True)
    wanted = harness / "requirements-litert.txt"
    installed = subprocess.run([python, "-m", "pip", "install", "-q", "-r", wanted]).returncode == 0
    if installed and subprocess.run([python, "-c", CHECK], capture_output=True).returncode == 0:
        return python
    print("LiteRT's converter does not run here: its column stays empty", file=sys.stderr)
    return None


def convert(harness, work, names):
    """Converts the workloads that have no file yet, and says which cannot be converted."""
    folder = work / "models" / "litert"
    missing = [
        name
        for name in names
        if not (folder / f"{name}.tflite").exists() and not (folder / f"{name}.tflite.failed").exists()
    ]
    if missing:
        python = environment(harness, work)
        if python is None:
            return
        command = [python, harness / "to_litert.py", work, *missing]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in names:
        failure = folder / f"{name}.tflite.failed"
        if failure.exists():
            print(f"LiteRT cannot run {name}: {failure.read_text()[:200]}", file=sys.stderr)


def workloads(work):
    """The harness's workloads by name, once it has made them."""
    return json.loads((work / "models" / "workloads.json").read_text())
