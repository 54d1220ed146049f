"""Good and bad clients together at twice the server's capacity: nothing may leak, grow, fail or starve.

    python3 Tests/Soak/soak.py .build/release/striate --seconds 1800

Starts the server on a free port of the loopback, measures what it answers at best, then offers twice that beside
clients that send nonsense, half of something, or nothing, and prints what came of it. Exits 1 if a rule is broken.
Good requests come from wrk (Debian's package) before, while and after; the server has half of the processors to
itself all the time, the clients the rest, so that goodput is not what clients leave over.
"""

import argparse
import asyncio
import collections
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = "In the beginning God created the heaven and the earth. " * 12
GOOD = json.dumps({"text": TEXT}).encode()
PATH = "/models/scripture/score"


def request(body, path=PATH, fields="", method="POST"):
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def answer(reader):
    """Status of the next final answer, its body read."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        if status >= 200:
            break
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            await reader.readexactly(int(line[15:]))
    return status, b"connection: close" in head.lower()


class Load:
    """Good requests by wrk: as many per second as `rate` says, or as fast as answers come."""

    def __init__(self, port, folder, rate=0):
        self.port, self.folder, self.rate = port, folder, rate
        self.statuses, self.figures = collections.Counter(), {}

    async def run(self, connections, seconds):
        """Answers with 200 per second."""
        process = await asyncio.create_subprocess_exec(
            "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds:.0f}s", "--timeout", "60s",
            "-s", os.path.join(HERE, "good.lua"), f"http://127.0.0.1:{self.port}{PATH}", "--", str(self.rate),
            os.path.join(self.folder, "plain"), os.path.join(self.folder, "packed"),
            stdout=asyncio.subprocess.PIPE)
        output = (await process.communicate())[0].decode()
        for line in re.findall(r"soak: (.*)", output):
            for name, value in re.findall(r"(\w+)=([\d.]+)", line):
                if name.isdigit():
                    self.statuses[int(name)] += int(value)
                else:
                    self.figures[name] = float(value)
        if "seconds" not in self.figures:
            sys.exit("wrk did not finish: " + output)
        return self.statuses[200] / self.figures["seconds"]


BOMB = gzip.compress(b"[" + b"0," * (8 << 20) + b"0]")
BAD = [
    lambda: request(b'{"text":'),
    lambda: request(b'{"text":"\xff"}'),
    lambda: request(b"[" * 100_000),
    lambda: request(b"x", path="/models/nobody/score"),
    lambda: request(b"", path="/", method="BREW"),
    lambda: request(GOOD, fields="Content-Encoding: br\r\n"),
    lambda: request(BOMB, fields="Content-Encoding: gzip\r\n"),
    lambda: request(gzip.compress(GOOD)[:-9], fields="Content-Encoding: gzip\r\n"),
    lambda: request(GOOD, fields="X-Request-Timeout-Ms: soon\r\n"),
    lambda: request(os.urandom(20_000), path="/models/fashion/classify"),
    lambda: b"GET / HTTP/1.1\r\n\r\n",
    lambda: b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    lambda: os.urandom(2000) + b"\r\n\r\n",
    lambda: b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    lambda: b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" % PATH.encode(),
]


async def bad(port, end, statuses):
    """A client that is wrong, slow, or leaves in the middle."""
    while time.monotonic() < end:
        writer = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            kind = random.random()
            if kind < 0.6:
                writer.write(random.choice(BAD)())
                statuses[(await asyncio.wait_for(answer(reader), 30))[0]] += 1
            elif kind < 0.75:
                writer.write(request(GOOD))
                await asyncio.sleep(random.random() * 0.02)
                writer.transport.abort()
            elif kind < 0.85:
                writer.write(request(GOOD)[: random.randrange(len(GOOD))])
                await asyncio.sleep(random.random() * 3)
            elif kind < 0.95:
                for byte in request(GOOD)[:40]:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.2)
            else:
                await asyncio.sleep(random.random() * 20)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            statuses["closed"] += 1
        finally:
            if writer:
                writer.close()
        await asyncio.sleep(0.05)


async def watch(process, end, samples):
    """Megabytes and descriptors of the server, now and then."""
    while time.monotonic() < end:
        status = open(f"/proc/{process.pid}/status").read()
        resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
        samples.append((resident, len(os.listdir(f"/proc/{process.pid}/fd"))))
        await asyncio.sleep(2)


def share_processors():
    """Those of the server; this process and the others it starts get the rest."""
    processors = sorted(os.sched_getaffinity(0))
    half = max(1, len(processors) // 2)
    os.sched_setaffinity(0, processors[half:] or processors)
    return processors[:half]


def start(program, arguments, processors):
    ready = tempfile.mktemp()
    process = subprocess.Popen(
        [program, "serve", "--port", "0", "--ready-file", ready, "--log-level", "warning", *arguments],
        preexec_fn=lambda: os.sched_setaffinity(0, processors),
    )
    while not os.path.exists(ready):
        if process.poll() is not None:
            sys.exit("the server did not start")
        time.sleep(0.05)
    return process, int(open(ready).read().split()[0])


def mean(part):
    return sum(part) / max(1, len(part))


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--bad", type=int, default=24)
    options, rest = parser.parse_known_args()
    folder = tempfile.mkdtemp()
    for name, body in (("plain", GOOD), ("packed", gzip.compress(GOOD, 1))):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(body)
    process, port = start(options.program, rest, share_processors())
    try:
        await Load(port, folder).run(4, 3)
        best = await Load(port, folder).run(4, 10)
        print(f"unloaded maximum: {best:.0f} answers/s", flush=True)
        end = time.monotonic() + options.seconds
        samples, statuses = [], collections.Counter()
        load = Load(port, folder, rate=2 * best)
        goodput, *_ = await asyncio.gather(
            load.run(options.connections, options.seconds),
            watch(process, end, samples),
            *(bad(port, end, statuses) for _ in range(options.bad)),
        )
        after = await Load(port, folder).run(4, 10)
        process.terminate()
        code = process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
        shutil.rmtree(folder)
    return report(best, after, goodput, load, statuses, samples, code)


def report(best, after, goodput, load, bad_statuses, samples, code):
    quarter = max(1, len(samples) // 4)
    # What the first tenth allocates is warming up.
    early = samples[len(samples) // 10 :][:quarter]
    late = samples[-quarter:]
    memory = mean([m for m, _ in early]), mean([m for m, _ in late])
    descriptors = mean([d for _, d in early]), mean([d for _, d in late])
    share = goodput / max(1, (best + after) / 2)
    print(f"goodput: {goodput:.0f} answers/s, {100 * share:.0f} % of the maximum ({best:.0f} before, {after:.0f} after)")
    print(f"good clients: {dict(load.statuses)}, {load.figures['failed']:.0f} failures")
    print(f"good clients' answers of all kinds: p50 {load.figures['p50']:.0f} ms, p99 {load.figures['p99']:.0f} ms")
    print(f"bad clients: {dict(bad_statuses)}")
    print(f"memory: {memory[0]:.0f} → {memory[1]:.0f} MB; descriptors: {descriptors[0]:.0f} → {descriptors[1]:.0f}")
    allowed = lambda status: status in (503, "closed") or 200 <= status < 300 or 400 <= status < 500
    wrong = [status for status in [*load.statuses, *bad_statuses] if not allowed(status)]
    rules = {
        "only 2xx, 4xx, 503": not wrong,
        "memory flat": memory[1] < memory[0] * 1.1 + 8,
        "descriptors flat": descriptors[1] < descriptors[0] * 1.25 + 16,
        "goodput at least 90 %": share >= 0.9,
        "exit code 0": code == 0,
    }
    for rule, holds in rules.items():
        print(f"{'holds ' if holds else 'BROKEN'}  {rule}")
    return 0 if all(rules.values()) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
