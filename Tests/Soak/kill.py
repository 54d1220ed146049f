"""What the server does when it is killed, its disk is full, or its models are taken away: nothing is served wrong.

    python3 Tests/Soak/kill.py .build/release/striate

Prints a line for each trial, and exits 1 if one went wrong. As root the disk is a small tmpfs, else /dev/full.
"""

import collections
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "config", "models")
BODY = json.dumps({"text": "(()())(())"})


def start(program, *arguments, port=0, log=None):
    ready = tempfile.mktemp()
    process = subprocess.Popen(
        [program, "serve", "--port", str(port), "--ready-file", ready, *arguments],
        stderr=log or subprocess.DEVNULL)
    while not os.path.exists(ready) or not open(ready).read().split():
        if process.poll() is not None:
            sys.exit("the server did not start")
        time.sleep(0.02)
    return process, int(open(ready).read().split()[0])


def ask(port, method="POST", path="/models/brackets/classify", body=BODY):
    """Status and body; "closed" where there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request(method, path, body if method == "POST" else None)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return "closed", b""
    finally:
        connection.close()


def eventually(condition, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


class Load(threading.Thread):
    """Asks again and again; counts statuses, and answers that are not as they should be."""

    def __init__(self, port, expected):
        super().__init__(daemon=True)
        self.port, self.expected = port, expected
        self.statuses, self.wrong, self.ends = collections.Counter(), 0, False
        self.start()

    def run(self):
        while not self.ends:
            status, body = ask(self.port)
            self.statuses[status] += 1
            if status == 200 and body != self.expected:
                self.wrong += 1
            if status != 200:
                time.sleep(0.01)


def stop(loads):
    for load in loads:
        load.ends = True
    for load in loads:
        load.join()
    return sum((load.statuses for load in loads), collections.Counter()), sum(load.wrong for load in loads)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def killed(program):
    """kill -9 under load, and again a server on the same port."""
    models = ["--models", os.path.join(MODELS, "brackets")]
    process, port = start(program, *models, port=free_port())
    expected = ask(port)[1]
    loads = [Load(port, expected) for _ in range(8)]
    for _ in range(2):
        time.sleep(0.7)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.2)
        process, _ = start(program, *models, port=port)
    time.sleep(0.7)
    statuses, wrong = stop(loads)
    is_served = ask(port) == (200, expected)
    process.terminate()
    holds = is_served and wrong == 0 and set(statuses) <= {200, 503, "closed"} and process.wait(300) == 0
    return holds, f"{dict(statuses)}, {wrong} wrong answers"


def full_disk(program):
    """No room for logs."""
    folder = tempfile.mkdtemp()
    is_mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], stderr=subprocess.DEVNULL).returncode == 0
    try:
        with open(os.path.join(folder, "log") if is_mounted else "/dev/full", "wb", buffering=0) as log:
            process, port = start(program, "--models", os.path.join(MODELS, "brackets"), log=log)
            statuses = collections.Counter(ask(port, "GET", "/healthz")[0] for _ in range(1000))
            process.terminate()
            code = process.wait(300)
        size = os.path.getsize(os.path.join(folder, "log")) if is_mounted else 0
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        shutil.rmtree(folder)
    disk = f"tmpfs full at {size} bytes" if is_mounted else "/dev/full"
    return statuses == {200: 1000} and code == 0, f"{dict(statuses)}, exit {code}, {disk}"


def vanished(program):
    """The models' folder is moved away and comes back."""
    folder = tempfile.mkdtemp()
    place, away = os.path.join(folder, "models"), os.path.join(folder, "away")
    os.mkdir(place)
    shutil.copytree(os.path.join(MODELS, "brackets"), os.path.join(place, "brackets"))
    process, port = start(program, "--models", place, "--set", "reload_seconds=1")
    expected = ask(port)[1]
    loads = [Load(port, expected) for _ in range(2)]
    os.rename(place, away)
    is_gone = eventually(lambda: ask(port)[0] == 404 and ask(port, "GET", "/healthz")[0] == 503)
    os.rename(away, place)
    is_back = eventually(lambda: ask(port) == (200, expected) and ask(port, "GET", "/healthz")[0] == 200)
    statuses, wrong = stop(loads)
    process.terminate()
    code = process.wait(300)
    shutil.rmtree(folder)
    holds = is_gone and is_back and wrong == 0 and set(statuses) <= {200, 404, 503} and code == 0
    return holds, f"{dict(statuses)}, {wrong} wrong answers, gone: {is_gone}, back: {is_back}, exit {code}"


def main():
    all_hold = True
    for trial in (killed, full_disk, vanished):
        holds, text = trial(sys.argv[1])
        all_hold &= holds
        print(f"{'holds ' if holds else 'BROKEN'}  {trial.__doc__} {text}", flush=True)
    sys.exit(0 if all_hold else 1)


main()
