"""What protocols cost: PROGRAM. Requests a second for `fashion` by each form of one request, with wrk.

Eight connections, rounds interleaved, medians; needs wrk. The client runs on the same processors as the server.
"""

import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROUNDS, SECONDS = 5, 3
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PIXELS = [((index * 37) % 256) / 255 for index in range(784)]


def npy():
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 28, 28), }"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + struct.pack("<784f", *PIXELS)


def forms():
    """Name, path, headers and body."""
    port = {"name": "image", "shape": [1, 1, 28, 28], "datatype": "FP32"}
    output = {"name": "probabilities", "parameters": {"binary_data": True}}
    head = json.dumps({"inputs": [{**port, "parameters": {"binary_data_size": 3136}}], "outputs": [output]}).encode()
    yield "own, .npy", "/models/fashion/classify", {"Content-Type": "application/x-npy"}, npy()
    yield "V2, binary", "/v2/models/fashion/infer", {"Inference-Header-Content-Length": str(len(head))}, head + struct.pack(
        "<784f", *PIXELS
    )
    text = json.dumps({"inputs": [{**port, "data": [round(x, 6) for x in PIXELS]}]}).encode()
    yield "V2, JSON", "/v2/models/fashion/infer", {"Content-Type": "application/json"}, text
    with open(os.path.join(ROOT, "config/models/fashion/examples/shirt.png"), "rb") as file:
        yield "own, PNG", "/models/fashion/classify", {"Content-Type": "image/png"}, file.read()


def script(folder, name, path, headers, body):
    """A wrk script that posts the body."""
    place = os.path.join(folder, re.sub(r"\W", "", name))
    with open(place + ".body", "wb") as file:
        file.write(body)
    lines = [f'local file = io.open("{place}.body", "rb")', 'wrk.method = "POST"', 'wrk.body = file:read("*a")']
    lines += [f'wrk.headers["{key}"] = "{value}"' for key, value in headers.items()]
    with open(place + ".lua", "w") as file:
        file.write("\n".join(lines))
    return path, place + ".lua"


def main():
    with tempfile.TemporaryDirectory() as folder:
        port_file = os.path.join(folder, "port")
        server = subprocess.Popen([
            os.path.abspath(sys.argv[1]), "serve", "--port", "0", "--ready-file", port_file, "--models",
            os.path.join(ROOT, "config/models/fashion"), "--log-level", "critical",
            "--set", "queue_milliseconds=5000",
        ])
        try:
            while not os.path.exists(port_file):
                time.sleep(0.05)
            address = "http://127.0.0.1:" + open(port_file).readline().strip()
            scripts = {name: script(folder, name, *rest) for name, *rest in forms()}
            rates = {name: [] for name in scripts}
            for _ in range(ROUNDS):
                for name, (path, lua) in scripts.items():
                    text = subprocess.run(
                        ["wrk", "-t1", "-c8", f"-d{SECONDS}s", "-s", lua, address + path],
                        check=True, capture_output=True, text=True,
                    ).stdout
                    assert "Non-2xx" not in text, text
                    rates[name].append(float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]))
        finally:
            server.terminate()
            server.wait()
    own = statistics.median(rates["own, .npy"])
    for name, values in rates.items():
        print(f"{name:12} {statistics.median(values):8.0f} requests/s  {statistics.median(values) / own:.2f} of own, .npy")


main()
