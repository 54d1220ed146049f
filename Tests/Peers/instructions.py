"""Counts the instructions of a served request under valgrind: figures that a busy machine does not change.

    instructions.py BINARY [--write]

Compares with instructions.json beside this script and fails where a request costs over 5 % more; --write records.
"""

import argparse
import http.client
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent.parent / "config" / "models"
FEW, MANY = 10, 60
MARGIN = 1.05

REQUESTS = {
    "fashion": ("/models/fashion/classify", MODELS / "fashion/examples/shirt.png", "image/png"),
    "scripture": ("/models/scripture/next", b'{"text":"In the beginning God created the heav"}', None),
}


def served(binary, model, count):
    """All instructions of a server that answers `count` requests to one model."""
    path, body, kind = REQUESTS[model]
    body = body if isinstance(body, bytes) else body.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(binary)]
        command += ["serve", "--models", str(MODELS / model), "--port", "0"]
        command += ["--ready-file", str(ready), "--kernels", "avx2", "--threads", "1"]
        # Under valgrind a request takes seconds: no queue is too long here.
        command += ["--set", "queue_milliseconds=600000"]
        server = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            deadline = time.monotonic() + 120
            while not ready.exists() or not ready.read_text().strip():
                if server.poll() is not None or time.monotonic() > deadline:
                    sys.exit("the server did not start:\n" + server.stderr.read())
                time.sleep(0.1)
            port = int(re.findall(r"\d+", ready.read_text())[-1])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for _ in range(count):
                connection.request("POST", path, body, {"Content-Type": kind} if kind else {})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    sys.exit(f"{path} answered {answer.status}")
            connection.close()
        finally:
            server.send_signal(signal.SIGTERM)
            errors = server.communicate(timeout=60)[1]
        return int(re.search(r"Collected : (\d+)", errors).group(1))


def main():
    """Counts, then compares or records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if "avx2" not in Path("/proc/cpuinfo").read_text() or not shutil.which("valgrind"):
        print("instructions: not counted, which needs valgrind and a processor with AVX2")
        return
    with tempfile.TemporaryDirectory() as folder:
        # Valgrind does not read the debugging information of every compiler.
        stripped = Path(folder) / "striate"
        subprocess.run(["strip", "-o", stripped, options.binary], check=True)
        counts = {
            model: (served(stripped, model, MANY) - served(stripped, model, FEW)) // (MANY - FEW)
            for model in REQUESTS
        }
    file = HERE / "instructions.json"
    if options.write:
        file.write_text(json.dumps(counts, indent=2) + "\n")
    known = json.loads(file.read_text())
    for model, count in counts.items():
        print(f"{model}: {count:,} instructions a request, {count / known[model]:.3f} of those recorded")
    if any(count > known[model] * MARGIN for model, count in counts.items()):
        sys.exit("instructions: a request costs over 5 % more than recorded in Tests/Peers/instructions.json")


if __name__ == "__main__":
    main()
