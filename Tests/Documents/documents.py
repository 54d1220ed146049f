"""Runs the Python and console blocks of documents, in their order, and compares what is printed.

    documents.py PROGRAM PACKAGE

Each document has a folder of its own, with a server on its folder `models` beside the shipped ones. A line of output may have `…`,
which stands for anything.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
PACKAGE = pathlib.Path(sys.argv[2])
DOCUMENTS = ["docs/serve-your-model.md"]
# Blocks of Python that are run without the console lines around them.
EXPORTS = ["README.md"]
BLOCK = re.compile(r"```(python|console)\n(.*?)\n```", re.S)


def commands(block):
    """Pairs of a command and what is printed below it."""
    found = []
    for line in block.split("\n"):
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif found and found[-1][0].endswith("\\"):
            found[-1][0] = found[-1][0][:-1] + line
        elif found:
            found[-1][1] += line
    return found


def matches(text, pattern):
    pieces = ["".join(piece.split()) for piece in pattern.split("…")]
    expected = ".*".join(re.escape(piece) for piece in pieces)
    return re.fullmatch(expected, "".join(text.split()), re.S) is not None


def python(code, folder):
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise SystemExit(f"{code}\n{done.stderr[-3000:]}")
    print(f"  python, {time.monotonic() - started:.1f} s")


class Server:
    def __init__(self, folder):
        ready = folder / "port"
        models = f"{folder / 'models'}:{PACKAGE / 'config/models'}"
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--port", "0", "--ready-file", ready, "--models", models], stderr=self.log
        )
        for _ in range(300):
            if ready.exists() and ready.read_text().strip():
                break
            time.sleep(0.1)
        self.address = f"127.0.0.1:{int(ready.read_text().split()[0])}"

    def wait_for(self, names):
        """Until these models are served."""
        for _ in range(200):
            with urllib.request.urlopen(f"http://{self.address}/models") as answer:
                text = answer.read().decode()
            if all(f'"name":"{name}"' in text for name in names):
                return
            time.sleep(0.1)
        raise SystemExit(f"{names} are not served: {text[-2000:]}")


def run(name):
    print(name)
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        (folder / "config").symlink_to(PACKAGE / "config")
        (folder / "models").mkdir()
        server = Server(folder)
        try:
            for kind, block in BLOCK.findall((PACKAGE / name).read_text()):
                if kind == "python":
                    python(block, folder)
                    server.wait_for([model.name for model in (folder / "models").iterdir()])
                    continue
                for command, expected in commands(block):
                    line = command.replace("localhost:8080", server.address).replace("curl ", "curl -sS -m 60 ")
                    line = re.sub(r"^striate ", f"'{PROGRAM}' ", line)
                    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True)
                    if done.returncode or not matches(done.stdout, expected):
                        raise SystemExit(f"{command}\nprinted {done.stdout[:2000]}\n{done.stderr}\nnot {expected}")
                    print(f"  {command[:100]}")
        finally:
            server.process.terminate()
            server.process.wait()


for document in DOCUMENTS:
    run(document)
for document in EXPORTS:
    print(document)
    with tempfile.TemporaryDirectory() as place:
        for kind, block in BLOCK.findall((PACKAGE / document).read_text()):
            if kind == "python":
                python(block, place)
        subprocess.run([PROGRAM, "check", pathlib.Path(place) / "model.onnx"], check=True, stdout=subprocess.DEVNULL)
print("documents: all is as printed")
