"""Processes of a cluster on loopback: servers, Redis, HAProxy; and what asks them."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port(most=65_535):
    while True:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        if port <= most:
            return port


def wait_until(is_so, seconds=30, what="it"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return
        time.sleep(0.05)
    raise SystemExit(f"{what} did not happen in {seconds} s")


def answers(port, path="/v2/health/ready"):
    try:
        return ask(port, "GET", path, timeout=2)[0] == 200
    except OSError:
        return False


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def ask(port, method, path, body=None, headers=None, timeout=10):
    """Status, fields and JSON of an answer over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body)
        connection.request(method, path, data, {"Host": "localhost", **(headers or {})})
        reply = connection.getresponse()
        text = reply.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
    return reply.status, reply.headers, json.loads(text) if text[:1] in (b"{", b"[") else text


class Process:
    """A program that ends with the test, whatever happens."""

    def __init__(self, arguments, log, **options):
        self.arguments, self.log, self.options = arguments, log, options
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log, **self.options)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)

    def end(self, seconds=60):
        """Asks it to end, and waits for that."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(seconds)

    def restart(self, is_up, seconds=30):
        self.start()
        wait_until(is_up, seconds, f"{self.arguments[0]} starting again")


class Redis(Process):
    def __init__(self, folder, *options, port=None):
        self.port = port or free_port()
        place = folder / f"redis-{self.port}"
        place.mkdir()
        super().__init__(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(place), "--save", "", *options],
            folder / f"redis-{self.port}.log",
        )

    def cli(self, *words):
        out = subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, timeout=20)
        return out.stdout.strip()


class Server(Process):
    """A server; its settings are words like `session_store=…`."""

    def __init__(self, program, models, folder, name, *settings, environment=None):
        self.port, self.name = free_port(), name
        words = [f"port={self.port}", f"replica={name}", "log_level=warning", "drain_delay_seconds=3", "watch_milliseconds=200", *settings]
        arguments = [program, "serve", "--models", str(models)]
        for word in words:
            arguments += ["--set", word]
        super().__init__(arguments, folder / f"{name}.log", env={**os.environ, **(environment or {})})
        wait_until(lambda: answers(self.port), 60, f"{name} being ready")

    def up(self):
        return answers(self.port)


def proxy(servers, folder):
    """HAProxy as the project configures it, before these servers."""
    text = (ROOT / "config/deploy/haproxy.cfg").read_text()
    port, stats = free_port(), folder / "haproxy.sock"
    text = text.replace("bind :8080", f"bind 127.0.0.1:{port}").replace("global\n", f"global\n    stats socket {stats} level admin\n")
    lines = [line for line in text.splitlines() if not line.strip().startswith("server striate-")]
    lines += [f"    server {one.name} 127.0.0.1:{one.port}" for one in servers]
    file = folder / "haproxy.cfg"
    file.write_text("\n".join(lines) + "\n")
    process = Process(["haproxy", "-f", str(file), "-db"], folder / "haproxy.log")
    process.port = port
    wait_until(lambda: answers(port), 30, "the proxy's first answer")
    return process


class Figures:
    """What is counted, and what must be so."""

    def __init__(self):
        self.failures = 0

    def __call__(self, is_right, words):
        print("ok  " if is_right else "FAIL", words, flush=True)
        self.failures += not is_right


def version(folder, number, source="scripture-gru"):
    """Writes one version of a model as people do: beside, and renamed."""
    place, beside = folder / str(number), folder / f".{number}"
    beside.mkdir(parents=True)
    shutil.copytree(ROOT / "config/models" / source, beside, dirs_exist_ok=True, ignore=shutil.ignore_patterns("recipe"))
    manifest = json.loads((ROOT / "config/models" / source / "model.json").read_text())
    (beside / "model.json").write_text(json.dumps({**manifest, "version": str(number)}))
    beside.rename(place)


END, KILL, STOP, GO, RELOAD = signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGHUP
