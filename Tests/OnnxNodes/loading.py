"""What loading does to a server: PROGRAM, then one of

    memory              the peak of resident memory while a file of 100 MB is loaded, beside the file's size
    reloads [COUNT]     resident memory while a model is loaded again and again (1000 times)
    latency [ROUNDS]    the 99th percentile of one model's answers, quiet and while 100 MB load (8 rounds)
"""

import http.client
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def large(path, megabytes=100):
    """A network of 3×3 layers with as many weights."""
    channels, random = 512, np.random.default_rng(1)
    nodes, weights, value = [], [], "x"
    for layer in range(round(megabytes * 1e6 / (channels * channels * 9 * 4))):
        array = (random.standard_normal((channels, channels, 3, 3)) / 70).astype(np.float32)
        weights.append(numpy_helper.from_array(array, f"w{layer}"))
        nodes.append(helper.make_node("Conv", [value, f"w{layer}"], [f"c{layer}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"r{layer}"]))
        value = f"r{layer}"
    port = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 7, 7])
    model = helper.make_model(
        helper.make_graph(nodes, "large", [port("x")], [port(value)], weights),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(model.SerializeToString())
    return os.path.getsize(path)


class Server:
    def __init__(self, program, folder):
        self.port_file = os.path.join(folder, "port")
        self.process = subprocess.Popen([
            program, "serve", "--port", "0", "--ready-file", self.port_file,
            "--models", os.path.join(folder, "models"), "--set", "repository_changes=true",
            "--set", "watch_milliseconds=0", "--log-level", "critical",
        ])
        while not os.path.exists(self.port_file):
            time.sleep(0.05)
            assert self.process.poll() is None, "the server did not start"
        with open(self.port_file) as file:
            self.address = f"127.0.0.1:{file.readline().strip()}"

    def connection(self):
        return http.client.HTTPConnection(self.address, timeout=120)

    def load(self, name):
        self.post(self.connection(), f"/v2/repository/models/{name}/load", b"{}")

    @staticmethod
    def post(connection, path, body):
        connection.request("POST", path, body)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content

    def memory(self, key):
        """MB, by a key of /proc/PID/status."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key)) / 1024


def picture():
    with open(os.path.join(ROOT, "config/models/fashion/examples/shirt.png"), "rb") as file:
        return file.read()


def memory(server, folder):
    size = large(os.path.join(folder, "models/large/1/model.onnx")) / 2**20
    before = server.memory("VmRSS")
    server.load("large")
    peak, after = server.memory("VmHWM"), server.memory("VmRSS")
    print(f"file {size:.0f} MB; resident before {before:.0f}, peak {peak:.0f}, after {after:.0f} MB")
    print(f"peak of loading: {(peak - before) / size:.2f} times the file")


def reloads(server, folder, count=1000):
    for number in range(1, int(count) + 1):
        server.load("fashion")
        if number in (1, 10, 50, 100, 200) or number % 250 == 0:
            print(f"{number:5} loads: {server.memory('VmRSS'):.1f} MB", flush=True)


def latency(server, folder, rounds=8):
    large(os.path.join(folder, "models/large/1/model.onnx"))
    body, connection = picture(), server.connection()

    def answers(until):
        times = []
        while not until():
            start = time.perf_counter()
            server.post(connection, "/models/fashion/classify", body)
            times.append((time.perf_counter() - start) * 1000)
        return times

    answers(lambda end=time.time() + 0.5: time.time() > end)
    quiet, busy, spans = [], [], []
    for _ in range(int(rounds)):
        quiet += answers(lambda end=time.time() + 2: time.time() > end)
        loading = threading.Thread(target=server.load, args=("large",))
        start = time.time()
        loading.start()
        busy += answers(lambda: not loading.is_alive())
        spans.append(time.time() - start)
    for name, times in [("quiet", quiet), ("while loading", busy)]:
        print(f"{name:14} {len(times):6} answers, p50 {np.percentile(times, 50):.3f}, p99 {np.percentile(times, 99):.3f} ms")
    print(f"loads took {statistics.median(spans):.2f} s; p99 ratio {np.percentile(busy, 99) / np.percentile(quiet, 99):.2f}")


def main():
    program, task, *rest = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "models"))
        if task != "memory":
            shutil.copytree(os.path.join(ROOT, "config/models/fashion"), os.path.join(folder, "models/fashion"))
        server = Server(os.path.abspath(program), folder)
        try:
            {"memory": memory, "reloads": reloads, "latency": latency}[task](server, folder, *rest)
        finally:
            server.process.terminate()
            server.process.wait()


main()
