"""What one client with one connection notices of another with 256.

    python3 Tests/Soak/fairness.py .build/release/striate [--seconds 10]

Prints the times of the single client's requests alone, then beside wrk's 256 connections that ask as fast as answers
come. The clients have addresses of their own on the loopback, and processors apart from the server's.
"""

import argparse
import collections
import gzip
import os
import shutil
import socket
import subprocess
import tempfile
import time

from soak import GOOD, HERE, PATH, request, share_processors, start


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
                missing -= len(connection.recv(missing))
    return int(head[9:12])


def single(port, seconds):
    """Times of the good answers in milliseconds, in rising order, and all statuses."""
    times, statuses = [], collections.Counter()
    with socket.create_connection(("127.0.0.1", port), 30, source_address=("127.0.0.2", 0)) as connection:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.monotonic()
            connection.sendall(request(GOOD))
            status = answer(connection)
            statuses[status] += 1
            if status == 200:
                times.append((time.monotonic() - begin) * 1e3)
    return sorted(times) or [float("nan")], statuses


def report(name, times, statuses):
    print(f"{name:24} p50 {times[len(times) // 2]:7.1f} ms, p99 {times[len(times) * 99 // 100]:7.1f} ms, "
          f"longest {times[-1]:7.1f} ms, {dict(statuses)}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=10)
    options, rest = parser.parse_known_args()
    folder = tempfile.mkdtemp()
    for name, body in (("plain", GOOD), ("packed", gzip.compress(GOOD, 1))):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(body)
    process, port = start(options.program, rest, share_processors())
    try:
        single(port, 2)
        report("alone", *single(port, options.seconds))
        crowd = subprocess.Popen(
            ["wrk", "-t", "1", "-c", "256", "-d", f"{options.seconds + 4:.0f}s", "--timeout", "60s", "-s",
             os.path.join(HERE, "good.lua"), f"http://127.0.0.1:{port}{PATH}", "--", "0",
             os.path.join(folder, "plain"), os.path.join(folder, "packed")],
            stdout=subprocess.PIPE, text=True)
        time.sleep(2)
        report("beside 256 connections", *single(port, options.seconds))
        lines = [line for line in crowd.communicate()[0].splitlines() if line.startswith("soak:")]
        print("their answers:", *(line.removeprefix("soak: ") for line in lines))
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


main()
