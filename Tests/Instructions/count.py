"""Counts the processor instructions of a served request: a figure that a busy machine does not change.

    count.py BINARY [--accept] [--kernels NAME,…]

The server runs under valgrind's callgrind, once for a few requests of a model and once for more; the difference,
divided by how many more, is what a request costs, HTTP, decoding and kernels together. A count that is over 5 %
off the one in expected.json beside this script, either way, is a failure; --accept records the new counts.

Valgrind computes every fused multiply-add in software, some two hundred times slower than the rest. So the AVX2 kernels
get few requests, and models are served without their check vectors, which would run at load.
"""

import argparse
import concurrent.futures
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
EXPECTED = HERE / "expected.json"
MARGIN = 0.05
PATIENCE = 600

TEXT = b'{"text":"In the beginning God created the heav"}'
REQUESTS = {
    "fashion": ("classify", (MODELS / "fashion/examples/shirt.png").read_bytes(), "image/png"),
    "scripture": ("next", TEXT, "application/json"),
    # A request that computes nothing: the server alone.
    "orbit": ("", None, None),
}
# Requests of the shorter and the longer run: the first ones build plans and fill caches.
COUNTS = {"baseline": (4, 24), "avx2": (2, 5)}
SMALL_COUNTS = (100, 4100)


class Uncounted(Exception):
    """Why a count could not be taken."""


def wait_for_port(server, ready, log):
    deadline = time.monotonic() + PATIENCE
    while not ready.exists() or not ready.read_text().strip():
        if server.poll() is not None or time.monotonic() > deadline:
            raise Uncounted("the server did not start under valgrind:\n" + log.read_text())
        time.sleep(0.05)
    return int(ready.read_text())


def post(port, model, count):
    route, body, kind = REQUESTS[model]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    for _ in range(count):
        if route:
            connection.request("POST", f"/models/{model}/{route}", body, {"Content-Type": kind})
        else:
            connection.request("GET", f"/v2/models/{model}/ready")
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Uncounted(f"{model} answered {answer.status}: {text.decode()}")
    connection.close()


def instructions(binary, folder, model, kernels, count):
    """All instructions of a server from its start to its end, with `count` requests in between."""
    place = folder / f"{model}-{kernels}-{count}"
    shutil.copytree(MODELS / model, place / model, ignore=shutil.ignore_patterns("check.json"))
    ready, log = place / "ready", place / "log"
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--fair-sched=yes", binary]
    command += ["serve", "--models", place / model, "--port", "0", "--ready-file", ready]
    command += ["--kernels", kernels, "--threads", "1", "--log-level", "error"]
    # A request takes seconds here, so no queue is too long; and nothing runs that time alone sets off.
    for setting in ("queue_milliseconds=600000", "watch_milliseconds=0", "reload_seconds=0", "loops=1"):
        command += ["--set", setting]
    with open(log, "w") as output:
        server = subprocess.Popen(list(map(str, command)), cwd=place, stdout=output, stderr=output)
    try:
        post(wait_for_port(server, ready, log), model, count)
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    finally:
        server.kill()
        server.wait()
    collected = re.search(r"Collected : (\d+)", log.read_text())
    if not collected:
        raise Uncounted("valgrind counted nothing:\n" + log.read_text())
    return int(collected.group(1))


def measure(binary, kernel_sets):
    """Instructions per request by model and kernels."""
    counts = {}
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        # Valgrind does not read the debugging information of every compiler.
        stripped = folder / "striate"
        subprocess.run(["strip", "-o", stripped, binary], check=True)
        for model, (route, _, _) in REQUESTS.items():
            for kernels in kernel_sets if route else ["baseline"]:
                few, many = COUNTS[kernels] if route else SMALL_COUNTS
                totals = pool.map(
                    lambda count: instructions(stripped, folder, model, kernels, count), (few, many)
                )
                less, more = totals
                counts.setdefault(model, {})[kernels] = (more - less) // (many - few)
    return counts


def compare(counts, expected):
    """Prints every count beside the recorded one; whether all are within the margin."""
    agrees = True
    for model, row in counts.items():
        for kernels, count in row.items():
            known = expected.get(model, {}).get(kernels)
            if not known:
                print(f"{model}, {kernels}: {count:,} instructions a request, none recorded")
                agrees = False
                continue
            change = count / known - 1
            verdict = "" if abs(change) <= MARGIN else f"  <- over {MARGIN:.0%} off"
            print(
                f"{model}, {kernels}: {count:,} instructions a request, recorded {known:,} ({change:+.1%}){verdict}"
            )
            agrees = agrees and abs(change) <= MARGIN
    return agrees


def main():
    """Counts, then compares or records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--kernels", default="baseline,avx2")
    options = parser.parse_args()
    sets = options.kernels.split(",")
    processor = Path("/proc/cpuinfo").read_text()
    if not re.search(r"\bavx2\b", processor) and "avx2" in sets:
        print("instructions: this processor has no AVX2, so only the baseline kernels are counted")
        sets.remove("avx2")
    try:
        counts = measure(options.binary.resolve(), sets)
    except Uncounted as failure:
        sys.exit(f"instructions: {failure}")
    expected = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    agrees = compare(counts, expected)
    if options.accept:
        for model, row in counts.items():
            expected.setdefault(model, {}).update(row)
        EXPECTED.write_text(json.dumps(expected, indent=2, sort_keys=True) + "\n")
        print(f"recorded in {EXPECTED.name}")
    elif not agrees:
        sys.exit(
            "instructions: what a request costs has changed. More: find out what grew (callgrind_annotate names it).\n"
            "Less, or more for a good reason: ./dev instructions --accept, and commit Tests/Instructions/expected.json."
        )


if __name__ == "__main__":
    main()
