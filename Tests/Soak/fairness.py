"""What a good client notices of others that take all they can get.

    python3 Tests/Soak/fairness.py .build/release/striate [--seconds 10] [--only NAME,…] [--cores N]

Beside each attacker a good client from an address of its own asks `brackets` for one small answer ten times a second.
It must get every answer, 99 of 100 within 100 ms. Prints a table, and exits 1 where that is missed.
Attackers and the good client have addresses of their own on the loopback. The server is bound to two processors by
default; where there are more, the clients have the others.
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT = 0.1
RATE = 10


def request(path, body, fields="", method="POST"):
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def connect(port, address, timeout=60):
    return socket.create_connection(("127.0.0.1", port), timeout, source_address=(address, 0))


def answer(connection):
    """Status of the next answer, its body read."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise OSError("closed")
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            missing = int(line[15:]) - len(body)
            while missing > 0:
                part = connection.recv(min(missing, 65536))
                if not part:
                    raise OSError("closed")
                missing -= len(part)
    return int(head[9:12])


def picture(side):
    """A PNG of side × side grey pixels that packs well: much work for few bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + bytes(3 * side)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


class Attack:
    """Connections that each repeat something until told to stop; counts the statuses they get."""

    def __init__(self, server, connections, addresses, step):
        self.server, self.step = server, step
        self.stopped = threading.Event()
        self.statuses = {}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(addresses[n % len(addresses)], n), daemon=True)
                        for n in range(connections)]

    def note(self, status):
        with self.lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def run(self, address, number):
        while not self.stopped.is_set():
            try:
                self.step(self, address, number)
            except OSError:
                self.note("closed")
                self.stopped.wait(0.05)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()


def repeated(make, pause=0.0):
    """A step that sends what `make` makes on one connection, again and again."""
    def step(attack, address, number):
        with connect(attack.server.port, address) as connection:
            while not attack.stopped.is_set():
                connection.sendall(make(number))
                status = answer(connection)
                attack.note(status)
                # Refused clients come again soon, but not as fast as they can.
                attack.stopped.wait(pause if status == 200 else 0.02)
    return step


def streams(sent):
    """A step that reads a long stream of events to its end, again and again."""
    def step(attack, address, number):
        with connect(attack.server.port, address) as connection:
            connection.sendall(sent)
            data = connection.recv(65536)
            attack.note(int(data[9:12]))
            while not attack.stopped.is_set() and data and not data.endswith(b"\r\n0\r\n\r\n"):
                data = connection.recv(65536)
    return step


def slow_uploads(attack, address, number):
    with connect(attack.server.port, address) as connection:
        connection.sendall(request("/models/fashion/classify", b"")[:-5] + b"30000000\r\n\r\n")
        piece = bytes(1000)
        while not attack.stopped.wait(0.05):
            connection.sendall(piece)


def handshakes(attack, address, number):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connect(attack.server.secure_port, address) as connection:
        with context.wrap_socket(connection):
            attack.note("done")


def loads(attack, address, number):
    with connect(attack.server.port, address) as connection:
        while not attack.stopped.is_set():
            connection.sendall(request("/v2/repository/models/fashion/load", b"{}"))
            attack.note(answer(connection))


BOUNDED = [f"127.0.0.{n}" for n in range(10, 12)]
MANY = [f"127.0.1.{n}" for n in range(1, 33)]


MANY_KEYS = "32 keys from one address"


def credential(key):
    return f"Authorization: Bearer {key}\r\n" if key else ""


def make_keys(program, file, count):
    """So many new keys in a file of keys."""
    return [subprocess.run([program, "key", f"client{number}", "--file", file], check=True, capture_output=True,
                           text=True).stdout.split()[-1] for number in range(count)]


def attacks(keys):
    """Name, connections, addresses and step of each."""
    png = request("/models/fashion/classify", picture(6300), "Content-Type: image/png\r\n")
    text = ("In the beginning God created the heaven and the earth. " * 2000)[:100_000].encode()
    score = request("/models/scripture/score", text, "Content-Type: text/plain\r\n")
    draw = request("/models/scripture/generate", b'{"text":"And God said, ","length":10000}')
    stream = request("/models/scripture/generate", b'{"text":"And God said, ","length":10000}',
                     "Accept: text/event-stream\r\n")
    loop = request("/v2/models/loop/infer", json.dumps({"inputs": [
        {"name": "n", "shape": [], "datatype": "INT64", "data": [1 << 62]},
        {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [0, 1, 2, 3]}]}).encode())
    numbers = b'{"pixels":[' + b"0.123456," * 3_000_000 + b"0]}"
    parse = request("/models/fashion/classify", numbers)
    encode = request("/models/scripture/encode?all=true", text[:20_000], "Content-Type: text/plain\r\n")
    upload = request("/models/fashion/classify", bytes(20 << 20))
    tensors = json.dumps({"inputs": [{"name": "tokens", "shape": [100_000, 1], "datatype": "INT64",
                                      "data": [0] * 100_000}]}).encode()
    infer = request("/v2/models/brackets/infer", tensors)
    return [
        ("huge PNGs", 2, BOUNDED[:1], repeated(lambda _: png)),
        ("100,000 symbols to score", 2, BOUNDED[:1], repeated(lambda _: score)),
        ("long generates", 2, BOUNDED[:1], repeated(lambda _: draw)),
        ("long event streams", 2, BOUNDED[:1], streams(stream)),
        ("a loop without an end", 2, BOUNDED[:1], repeated(lambda _: loop)),
        ("huge PNGs from two addresses", 8, BOUNDED, repeated(lambda _: png)),
        ("all of these from 32 addresses", 64, MANY,
         repeated(lambda n: [png, score, draw, loop][n % 4])),
        ("200 connections that score", 200, BOUNDED[:1], repeated(lambda _: score)),
        ("large JSON", 4, BOUNDED[:1], repeated(lambda _: parse)),
        ("large answers", 4, BOUNDED[:1], repeated(lambda _: encode)),
        ("long tensors", 4, BOUNDED[:1], repeated(lambda _: infer)),
        ("fast uploads", 8, BOUNDED[:1], repeated(lambda _: upload)),
        ("slow uploads", 200, BOUNDED[:1], slow_uploads),
        ("TLS handshakes", 8, BOUNDED[:1], handshakes),
        ("loads of a model", 4, BOUNDED[:1], loads),
        (MANY_KEYS, 64, BOUNDED[:1],
         repeated(lambda n: request("/models/scripture/score", text, "Content-Type: text/plain\r\n" + credential(
             keys[n % len(keys)])))),
        ("64 addresses that ask fast", 64, MANY,
         repeated(lambda _: request("/models/scripture/score", text[:500], "Content-Type: text/plain\r\n"))),
    ]


class Server:
    def __init__(self, program, folder, cores, extra):
        self.port, self.secure_port = (self.free_port() for _ in range(2))
        subprocess.run([os.path.join(ROOT, "dev"), "certificate", folder], check=True, capture_output=True)
        os.makedirs(os.path.join(folder, "models/loop/1"), exist_ok=True)
        shutil.copy(os.path.join(ROOT, "Tests/Soak/loop.onnx"), os.path.join(folder, "models/loop/1/model.onnx"))
        models = os.path.join(ROOT, "config/models") + ":" + os.path.join(folder, "models")
        command = [program, "serve", "--port", str(self.port), "--log-level", "error",
                   "--tls-certificate", os.path.join(folder, "certificate.pem")]
        for setting in (f"tls_port={self.secure_port}", f"models={models}", "repository_changes=true",
                        f"threads={cores}", f"loops={cores}", *extra):
            command += ["--set", setting]
        processors = sorted(os.sched_getaffinity(0))
        self.own, rest = processors[:cores], processors[cores:]
        self.process = subprocess.Popen(command, preexec_fn=lambda: os.sched_setaffinity(0, self.own),
                                        stdout=subprocess.DEVNULL, stderr=sys.stderr)
        if rest:
            os.sched_setaffinity(0, rest)
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as reply:
                    if reply.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        sys.exit("the server did not start")

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def peak(self):
        """Most resident memory so far in MiB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))


def ask_often(port, address, seconds, key):
    """Times and statuses of a client that asks at a fixed rate, as from clients that do not wait for each other."""
    body = request("/models/brackets/classify", b"(()())", "Content-Type: text/plain\r\n" + credential(key))
    results, lock, threads = [], threading.Lock(), []

    def ask():
        begin = time.monotonic()
        try:
            with connect(port, address, 20) as connection:
                connection.sendall(body)
                status = answer(connection)
        except OSError as error:
            status = type(error).__name__
        with lock:
            results.append((time.monotonic() - begin, status))

    start = time.monotonic()
    for turn in range(int(seconds * RATE)):
        time.sleep(max(0, start + turn / RATE - time.monotonic()))
        threads.append(threading.Thread(target=ask))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", default="", help="names, or parts of names, separated by commas")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], help="a setting of the server")
    options = parser.parse_args()
    # Little Python in other threads at once: the interpreter itself is shared.
    sys.setswitchinterval(0.001)
    folder = tempfile.mkdtemp()
    failed = False
    key_file = os.path.join(folder, "keys.json")
    own, *keys = make_keys(options.program, key_file, 33)
    rows = [("nobody", 0, BOUNDED, None)] + attacks(keys)
    if options.only:
        rows = [row for row in rows if any(part in row[0] for part in options.only.split(","))]
    print(f"{'beside':32} {'answers':>9} {'p50':>8} {'p99':>8} {'longest':>8}  peak MiB  the others got")
    try:
        for name, connections, addresses, step in rows:
            # Without keys clients are told apart by address.
            key, extra = (own, [f"keys_file={key_file}"]) if name == MANY_KEYS else (None, [])
            server = Server(options.program, folder, options.cores, options.set + extra)
            try:
                # A process of its own, forked before there are other threads: Python's lock is not shared then.
                with multiprocessing.get_context("fork").Pool(1) as pool:
                    def ask(seconds):
                        return pool.apply(ask_often, (server.port, "127.0.0.3", seconds, key))

                    ask(1)
                    with Attack(server, connections, addresses, step) as attack:
                        time.sleep(1 if connections else 0)
                        results = ask(options.seconds)
                times = sorted(time for time, _ in results)
                answered = sum(status == 200 for _, status in results)
                p99 = times[max(0, math.ceil(len(times) * 0.99) - 1)]
                isMissed = answered < len(results) or p99 > LIMIT
                failed |= isMissed
                print(f"{name:32} {answered:4}/{len(results):4} "
                      + " ".join(f"{value * 1e3:5.1f} ms" for value in (times[len(times) // 2], p99, times[-1]))
                      + f"  {server.peak():8}  {dict(attack.statuses)}{'  MISSED' if isMissed else ''}", flush=True)
            finally:
                server.end()
    finally:
        shutil.rmtree(folder)
    sys.exit(1 if failed else 0)


main()
