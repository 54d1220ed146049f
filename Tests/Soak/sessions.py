"""Sessions under clients that vanish, in great numbers, and for a long time.

    python3 Tests/Soak/sessions.py .build/release/striate [--only retries,crowd,steps,frames,throughput] [--steps N] [--seconds N]

retries   10,000 steps whose connections are cut at random moments, repeated by position: every session must end in
          the state of an uninterrupted run, bit for bit
crowd     100,000 sessions in the bytes that session_bytes states; beginning, stepping and ending cost the same with
          many as with few
steps     a million steps: memory stays flat
throughput  steps a second of two LSTM layers of 1,024 and of 512 units, joined and not, in turn (needs wrk)
frames    ten minutes of mutated WebSocket frames, with a client beside them that must not notice
Prints what was measured, and exits 1 where something is not so. Needs nothing but Python's own library.
"""

import argparse
import base64
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL = "scripture"


class Server:
    """The program on a free port."""

    def __init__(self, program, *settings, models=f"{ROOT}/config/models"):
        self.ready = tempfile.mktemp(prefix="striate-ready-")
        arguments = [program, "serve", "--port", "0", "--models", models, "--set",
                     f"ready_file={self.ready}"]
        for setting in settings:
            arguments += ["--set", setting]
        self.log = open(self.ready + ".log", "w")
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=subprocess.STDOUT)
        end = time.time() + 60
        while not os.path.exists(self.ready) or not open(self.ready).read().strip():
            if time.time() > end or self.process.poll() is not None:
                sys.exit(open(self.log.name).read())
            time.sleep(0.05)
        self.port = int(open(self.ready).read().split()[0])

    def resident(self):
        """MiB resident."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0

    def close(self):
        assert self.process.poll() is None, "the server has ended"
        self.process.terminate()
        assert self.process.wait(60) == 0
        for path in (self.ready, self.log.name):
            if os.path.exists(path):
                os.unlink(path)


class Connection:
    """A connection for one request after the other."""

    def __init__(self, port):
        self.port = port
        self.socket = None
        self.rest = b""

    def request(self, method, target, body=None, cut=None):
        """The status and the document; None if the connection was cut after `cut` seconds."""
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" \
               f"Content-Length: {len(data)}\r\n\r\n"
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), 60)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.rest = b""
        message = head.encode() + data
        if cut is not None:
            # Half of them before all is sent.
            if random.random() < 0.3:
                message = message[:random.randrange(len(message))]
            self.socket.sendall(message)
            time.sleep(cut)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
            self.socket = None
            return None
        self.socket.sendall(message)
        while b"\r\n\r\n" not in self.rest:
            self.receive()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(self.rest) < length:
            self.receive()
        text, self.rest = self.rest[:length], self.rest[length:]
        return int(head.split()[1]), json.loads(text) if text else None

    def receive(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server has closed")
        self.rest += data


def begin(connection, identifier, **more):
    status, document = connection.request("POST", "/sessions", {"model": MODEL, "id": identifier, **more})
    assert status == 201, document
    return document


def retries(program, options):
    server = Server(program)
    letters = "abcdefghijklmnopqrstuvwxyz "
    cuts, busy, again = [0], [0], [0]
    failures = []

    def client(number, steps):
        chance = random.Random(number)
        connection = Connection(server.port)
        begin(connection, f"cut{number}")
        begin(connection, f"whole{number}")
        position = 0
        for _ in range(steps):
            text = "".join(chance.choice(letters) for _ in range(chance.randint(1, 4)))
            body = {"text": text, "position": position}
            while True:
                cut = chance.choice([None, 0, 0.0002, 0.0005, 0.001, 0.003])
                answer = connection.request("POST", f"/sessions/cut{number}/step", body, cut)
                if answer is None:
                    cuts[0] += 1
                    continue
                status, document = answer
                if status == 200:
                    break
                if status == 409 and document["code"] == "session_busy":
                    busy[0] += 1
                    time.sleep(0.001)
                    continue
                if status == 429:
                    time.sleep(0.05)
                    continue
                failures.append(document)
                return
            position += len(text)
            if document["position"] != position:
                failures.append((document, position))
                return
            status, whole = connection.request("POST", f"/sessions/whole{number}/step", {"text": text})
            if whole["next"] != document["next"]:
                failures.append((document, whole))
                return
            again[0] += 1
        states = []
        for name in ("cut", "whole"):
            status, document = connection.request("GET", f"/sessions/{name}{number}")
            states.append(document["position"])
            status, document = connection.request("POST", f"/sessions/{name}{number}/step?top=62", {"text": "z"})
            states.append(document["next"])
        if states[:2] != states[2:]:
            failures.append(states)

    start = time.time()
    threads = [threading.Thread(target=client, args=(number, options.steps // 16)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"retries: {again[0]} steps, {cuts[0]} connections cut, {busy[0]} times busy, {time.time() - start:.0f} s, "
          f"{len(failures)} failures")
    server.close()
    assert not failures, failures[0]


def crowd(program, options):
    count = 100_000
    limit = 1 << 30
    server = Server(program, f"session_bytes={limit}")
    connection = Connection(server.port)
    before = server.resident()

    def seconds(action, numbers):
        start = time.perf_counter()
        for number in numbers:
            action(number)
        return (time.perf_counter() - start) / len(numbers) * 1e6

    def end(number):
        status, document = connection.request("DELETE", f"/sessions/s{number}")
        assert status == 204, document

    def step(number):
        status, document = connection.request("POST", f"/sessions/s{number}/step?top=1", {"text": "a"})
        assert status == 200, document

    make = lambda number: begin(connection, f"s{number}", ttl_seconds=3600)
    few = [seconds(make, range(1000)), seconds(step, range(1000)), seconds(end, range(1000))]
    state = begin(connection, "one")["state_bytes"]
    seconds(make, range(count))
    grown = server.resident() - before
    numbers = random.Random(1).sample(range(count), 1000)
    many = [seconds(make, range(count, count + 1000)), seconds(step, numbers), seconds(end, numbers)]
    print(f"crowd: {count} sessions of {state} bytes of state take {grown:.0f} MiB, counted as {count * (state + 768) >> 20}")
    print("crowd: microseconds to begin, step and end, among 1,000 and among 100,000: "
          + ", ".join(f"{a:.0f} and {b:.0f}" for a, b in zip(few, many)))
    # Expiry frees what they held.
    for number in range(2000):
        begin(connection, f"short{number}", ttl_seconds=2)
    time.sleep(2.5)
    status, document = connection.request("GET", "/sessions/short1999")
    assert status == 410, document
    server.close()
    assert grown < limit >> 20


def steps(program, options):
    server = Server(program)
    total = 0
    failures = []

    def client(number, count):
        connection = Connection(server.port)
        begin(connection, f"s{number}")
        for index in range(count):
            status, document = connection.request("POST", f"/sessions/s{number}/step?top=1", {"text": "a"})
            if status != 200:
                failures.append(document)
                return

    sizes = []
    rounds = 10
    for _ in range(rounds):
        count = options.million // rounds // 32
        threads = [threading.Thread(target=client, args=(f"{len(sizes)}x{number}", count)) for number in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        total += count * 32
        sizes.append(server.resident())
    print(f"steps: {total} steps; MiB resident after each tenth: " + ", ".join(f"{size:.0f}" for size in sizes))
    server.close()
    assert not failures, failures[0]
    assert sizes[-1] < sizes[1] * 1.1 + 8


def frame(opcode, payload, mask=True, flags=0x80, length=None):
    count = len(payload) if length is None else length
    head = bytes([flags | opcode])
    masked = 0x80 if mask else 0
    if count < 126:
        head += bytes([masked | count])
    elif count <= 0xFFFF:
        head += bytes([masked | 126]) + struct.pack(">H", count)
    else:
        head += bytes([masked | 127]) + struct.pack(">Q", count)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[index & 3] for index, byte in enumerate(payload))


def upgraded(port, target):
    connection = socket.create_connection(("127.0.0.1", port), 60)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(4096)
        assert data, head
        head += data
    assert head.startswith(b"HTTP/1.1 101"), head
    return connection


def frames(program, options):
    server = Server(program)
    end = time.time() + options.seconds
    counts, slowest, failures = [0], [0.0], []

    def good():
        connection = upgraded(server.port, f"/models/{MODEL}/stream?top=1")
        position = 0
        while time.time() < end:
            start = time.perf_counter()
            connection.sendall(frame(1, b'{"text":"a"}'))
            data = connection.recv(4096)
            position += 1
            if f'"position":{position},'.encode() not in data:
                failures.append(data)
                return
            slowest[0] = max(slowest[0], time.perf_counter() - start)
            time.sleep(0.05)
        connection.sendall(frame(8, struct.pack(">H", 1000)))
        connection.close()

    def bad(number):
        chance = random.Random(number)
        bodies = [b'{"text":"In the "}', b'{"tokens":[1,2,3]}', b"{}", b"", b'{"text":"\xff"}', b'{"text":1}',
                  b'{"text":"a","position":0}', b'{"steps":3}', b"[" * 3000, os.urandom(300), b"a" * 70_000]
        while time.time() < end:
            model = chance.choice([MODEL, "orbit", "brackets", "scripture-lstm"])
            try:
                connection = upgraded(server.port, f"/models/{model}/stream")
                connection.settimeout(0.02)
                for _ in range(chance.randint(1, 12)):
                    opcode = chance.choice([0, 1, 1, 1, 2, 2, 8, 9, 10, chance.randrange(16)])
                    data = bytearray(frame(opcode, chance.choice(bodies), chance.random() < 0.95,
                                           chance.choice([0x80, 0x80, 0x80, 0, 0xC0, 0x90]),
                                           chance.choice([None] * 20 + [1 << 20, 1 << 40, (1 << 64) - 1])))
                    for _ in range(chance.choice([0, 0, 0, 1, 3])):
                        data[chance.randrange(len(data))] = chance.randrange(256)
                    cut = chance.randrange(len(data) + 1)
                    connection.sendall(data[:cut])
                    connection.sendall(data[cut:])
                    counts[0] += 1
                    if chance.random() < 0.5:
                        try:
                            if not connection.recv(1 << 16):
                                break
                        except TimeoutError:
                            pass
                if chance.random() < 0.5:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            except (ConnectionError, BrokenPipeError):
                pass

    threads = [threading.Thread(target=good)] + [threading.Thread(target=bad, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    sizes = []
    while time.time() < end:
        time.sleep(min(30, max(0.1, end - time.time())))
        sizes.append(server.resident())
    for thread in threads:
        thread.join()
    time.sleep(1)
    status, document = Connection(server.port).request("GET", "/sessions")
    print(f"frames: {counts[0]} in {options.seconds} s, a good client's slowest answer {slowest[0] * 1e3:.0f} ms, "
          f"{sizes[0]:.0f} to {sizes[-1]:.0f} MiB resident, {len(document['sessions'])} sessions left")
    server.close()
    assert not failures, failures[0]
    assert document["sessions"] == []


def lstm(folder, units, symbols=64):
    """Two LSTM layers over one-hot symbols and a softmax, of random weights."""
    os.makedirs(folder)
    chance = random.Random(units)
    block = [chance.uniform(-1, 1) / units ** 0.5 for _ in range(65_521)]

    def tensor(*shape):
        count = 1
        for size in shape:
            count *= size
        repeated = block * (count // len(block) + 1)
        return list(shape), struct.pack(f"<{count}f", *repeated[:count])

    tensors = {"out.weight": tensor(symbols, units), "out.bias": tensor(symbols)}
    layers = ['{"name": "onehot", "op": "OneHot"}']
    width = symbols
    for layer in range(2):
        tensors[f"l{layer}.W"] = tensor(1, 4 * units, width)
        tensors[f"l{layer}.R"] = tensor(1, 4 * units, units)
        tensors[f"l{layer}.B"] = tensor(1, 8 * units)
        layers.append(f'{{"name": "l{layer}", "op": "LSTM"}}')
        width = units
    layers += ['{"name": "out", "op": "Gemm"}', '{"name": "p", "op": "Softmax"}']
    head, place = {}, 0
    for name, (shape, data) in tensors.items():
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [place, place + len(data)]}
        place += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{folder}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, data in tensors.values():
            file.write(data)
    with open(f"{folder}/vocabulary.json", "w") as file:
        json.dump([chr(32 + index) for index in range(symbols)], file)
    with open(f"{folder}/model.json", "w") as file:
        file.write(f'{{"name": "lstm{units}", "task": "next-symbol", "outputs": ["p"], "logits": "out", "input": '
                   f'{{"name": "tokens", "vocabulary": "vocabulary.json"}}, "layers": [{", ".join(layers)}]}}')


def throughput(program, options):
    with tempfile.TemporaryDirectory() as folder:
        for units in (1024, 512):
            lstm(f"{folder}/lstm{units}", units)
        script = f"{folder}/next.lua"
        with open(script, "w") as file:
            file.write('wrk.method = "POST"; wrk.body = \'{"tokens":[7]}\'; wrk.headers["Host"] = "localhost"\n'
                       'wrk.headers["Content-Type"] = "application/json"\n')
        servers = [Server(program, f"joined_steps={most}", models=folder) for most in (32, 1)]
        for units in (1024, 512):
            for clients in (1, 32):
                rates = [[], []]
                for _ in range(3):
                    for server, found in zip(servers, rates):
                        answer = subprocess.run(
                            ["wrk", "-t1", f"-c{clients}", "-d4", "-s", script,
                             f"http://127.0.0.1:{server.port}/models/lstm{units}/next?top=1"],
                            capture_output=True, text=True, check=True).stdout
                        found.append(float(answer.split("Requests/sec:")[1].split()[0]))
                joined, single = (sorted(found)[1] for found in rates)
                print(f"throughput: {units} units, {clients} clients: {joined:.0f} steps/s joined, {single:.0f} not, "
                      f"ratio {joined / single:.2f}")
        for server in servers:
            server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", default="retries,crowd,steps,frames")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    for name in options.only.split(","):
        {"retries": retries, "crowd": crowd, "steps": steps, "frames": frames,
         "throughput": throughput}[name](options.program, options)


if __name__ == "__main__":
    main()
