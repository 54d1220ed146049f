"""The server under test: one process, one connection, its memory and where its threads are."""

import ctypes
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import time

FRAME = re.compile(r"\d+ +\S+ +0x|Current stack trace")
NEWER = {"compute_seconds": 2, "load_seconds": 3, "load_bytes": 192 << 20}
PAGE = resource.getpagesize()
# Bytes from which on a request is surely refused for its length.
LONG = 64 << 20
LIBC = ctypes.CDLL(None, use_errno=True)


class Fault(Exception):
    """What must not happen: kind is DEATH, HANG, PEAK or STATUS."""

    def __init__(self, kind, text, trace=(), noise=""):
        super().__init__(text)
        self.kind, self.text, self.trace, self.noise = kind, text, list(trace), noise


class Server:
    """`limit`: bytes that its memory may grow by during one file; `patience`: seconds an answer may take."""

    def __init__(self, program, folder, settings, limit, patience, shim):
        self.program, self.folder, self.settings = program, folder, dict(settings)
        self.limit, self.patience, self.shim = limit, patience, shim
        self.models = os.path.join(folder, "models")
        self.noise = os.path.join(folder, "noise")
        self.process = self.connection = None
        self.starts = 0

    # Starting and stopping

    def start(self):
        self.stop()
        shutil.rmtree(self.models, ignore_errors=True)
        os.makedirs(self.models)
        self.furnish()
        ready = os.path.join(self.folder, "ready")
        if os.path.exists(ready):
            os.remove(ready)
        command = [self.program, "serve", "--port", "0", "--ready-file", ready, "--models", self.models]
        for name, value in self.settings.items():
            command += ["--set", f"{name}={value}"]
        environment = {**os.environ, "LD_PRELOAD": self.shim, "SWIFT_BACKTRACE": "enable=no"}
        with open(self.noise, "wb") as noise:
            self.process = subprocess.Popen(
                command + ["--log-level", "critical"],
                stdout=noise, stderr=noise, stdin=subprocess.DEVNULL, env=environment, cwd=self.folder,
                preexec_fn=alone,
            )
        end = time.monotonic() + 30
        while not (os.path.exists(ready) and os.path.getsize(ready)):
            time.sleep(0.005)
            if self.process.poll() is not None or time.monotonic() > end:
                return self.start_without(self.said())
        with open(ready) as file:
            self.port = int(file.readline().split()[0])
        self.starts += 1
        self.begin()

    def start_without(self, said):
        """An older server does not know the newer limits."""
        unknown = [name for name in NEWER if name in self.settings and name in said]
        if not unknown:
            raise SystemExit(f"the server did not start: {said}")
        for name in unknown:
            del self.settings[name]
        self.start()

    def furnish(self):
        """What names in files may lead to: data, and what must not be opened, waited for or left."""
        with open(os.path.join(self.models, "data"), "wb") as file:
            file.write(bytes(range(256)) * 256)
        os.mkfifo(os.path.join(self.models, "fifo"))
        os.mkdir(os.path.join(self.models, "folder"))
        for name, target in [("link", "data"), ("loop", "loop"), ("zero", "/dev/zero")]:
            os.symlink(target, os.path.join(self.models, name))

    def stop(self):
        self.hang_up()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang_up(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def said(self):
        with open(self.noise, "rb") as file:
            return file.read()[-20000:].decode("utf-8", "replace")

    # Memory

    def resident(self):
        try:
            with open(f"/proc/{self.process.pid}/statm") as file:
                return int(file.read().split()[1]) * PAGE
        except (OSError, IndexError):
            return 0

    def peak(self):
        try:
            with open(f"/proc/{self.process.pid}/status") as file:
                return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")), 0)
        except OSError:
            return 0

    def begin(self):
        """From here on memory is counted for a new file."""
        self.before = self.resident()
        if self.before > 4 * self.limit:
            # A load that was given up and goes on takes its memory while other files are asked for.
            raise Fault("PEAK", f"{self.before >> 20} MiB are held while no model is loaded", self.where())
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def end(self):
        grown = self.peak() - self.before
        if grown > self.limit:
            raise Fault("PEAK", f"memory grew by {grown >> 20} MiB, {self.limit >> 20} were allowed")

    # Asking

    def ask(self, method, path, body=b"", headers=()):
        """Status and body; raises a Fault."""
        message = request(method, path, body, headers)
        end, self.spent = time.monotonic() + self.patience, self.processor_time()
        for attempt in range(2):
            fresh = self.connection is None
            try:
                if fresh:
                    self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)
                    self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connection.settimeout(self.patience)
                self.send(message)
                return self.answer(method, end)
            except (ConnectionError, EOFError, TimeoutError) as error:
                if isinstance(error, TimeoutError):
                    self.hung(method, path)
                self.hang_up()
                self.check_alive(wait=0.5 if fresh else 0.05)
                if fresh or attempt:
                    raise Fault("DEATH", f"{method} {step(path)}: the connection ended without an answer")
        raise AssertionError

    def send(self, message):
        """A server that refuses a body by its size answers before all of it is sent, and drops but a part of the rest."""
        try:
            self.connection.sendall(message)
        except (BrokenPipeError, ConnectionResetError):
            if len(message) < LONG or not self.is_healthy():
                raise

    def send_aside(self, method, path, body, headers):
        """On a connection of its own, whose answer is not waited for."""
        try:
            aside = socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)
            aside.sendall(request(method, path, body, headers))
        except OSError:
            self.check_alive(wait=0.5)
            raise Fault("DEATH", f"{method} {step(path)}: no connection")
        return aside

    def answer(self, method, end):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive(end)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        status = int(lines[0].split()[1])
        if "content-length" in fields:
            pieces, missing = [body], int(fields["content-length"]) - len(body)
            while missing > 0:
                pieces.append(self.receive(end))
                missing -= len(pieces[-1])
            body = b"".join(pieces)
        elif "chunked" in fields.get("transfer-encoding", ""):
            while not body.endswith(b"0\r\n\r\n"):
                body += self.receive(end)
        if fields.get("connection", "").lower() == "close":
            self.hang_up()
        return status, body

    def receive(self, end):
        while True:
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable:
                data = self.connection.recv(1 << 18)
                if not data:
                    raise EOFError
                return data
            if self.process.poll() is not None:
                raise EOFError
            self.watch()
            if time.monotonic() > end:
                if time.monotonic() > end + 3 * self.patience or not self.is_starved():
                    raise TimeoutError
                time.sleep(0.2)

    def watch(self):
        grown = self.resident() - self.before
        if grown > self.limit:
            # Further on it shows how far it goes; what is too much for this machine is stopped.
            trace = self.where()
            end = time.monotonic() + 1
            while self.process.poll() is None and time.monotonic() < end and grown < 8 * self.limit:
                time.sleep(0.01)
                grown = max(grown, self.resident() - self.before)
            raise Fault("PEAK", f"memory grew by {grown >> 20} MiB and more, {self.limit >> 20} were allowed", trace)

    def check_alive(self, wait):
        try:
            code = self.process.wait(wait)
        except subprocess.TimeoutExpired:
            return
        noise = self.said()
        name = signal.Signals(-code).name if code < 0 else f"exit {code}"
        raise Fault("DEATH", name, traces(noise), spoken(noise))

    def hung(self, method, path):
        self.check_alive(wait=0)
        trace = self.where()
        self.hang_up()
        health = "answers" if self.is_healthy() else "does not answer either"
        before = self.processor_time()
        time.sleep(1)
        busy = self.processor_time() - before
        raise Fault(
            "HANG",
            f"{method} {step(path)}: no answer within {self.patience:g} s; /healthz {health}; "
            f"{busy:.1f} s of computing in the second after the client left",
            trace,
        )

    def is_starved(self):
        """Whether it would compute, and others took the processor: on a busy machine patience is longer."""
        spent = self.processor_time() - self.spent
        return spent < self.patience / 2 and any(state == "R" for state, _ in self.tasks().values())

    def is_healthy(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=3) as other:
                other.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return other.recv(1000).startswith(b"HTTP/1.1")
        except OSError:
            return False

    # Where it is

    def tasks(self):
        """State and processor ticks by thread."""
        times, folder = {}, f"/proc/{self.process.pid}/task"
        for task in os.listdir(folder):
            try:
                with open(f"{folder}/{task}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
                times[int(task)] = (fields[0], int(fields[11]) + int(fields[12]))
            except OSError:
                pass
        return times

    def processor_time(self):
        """Seconds of all threads together."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return 0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def where(self):
        """The frames of the thread that computes most now; if none does, of the one that is deepest in our code."""
        try:
            first = self.tasks()
            time.sleep(0.06)
            ticks = {task: ticks - first.get(task, ("", 0))[1] for task, (_, ticks) in self.tasks().items()}
            busiest = max(ticks, key=ticks.get)
            tasks = [busiest] if ticks[busiest] else sorted(ticks)[:24]
            own = os.path.basename(self.program)
            found = [self.ask_thread(task) for task in tasks]
            return max(found, key=lambda trace: sum(os.path.basename(file) == own for file, _ in trace))
        except (OSError, ValueError):
            return []

    def ask_thread(self, task):
        size = os.path.getsize(self.noise)
        LIBC.tgkill(self.process.pid, task, int(signal.SIGPROF))
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            time.sleep(0.01)
            with open(self.noise, "rb") as file:
                file.seek(size)
                noise = file.read().decode("utf-8", "replace")
            if "\nEND" in noise:
                return traces(noise)
        return []


def alone():
    """In the server's process: no core files, and no longer there than the fuzzer."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    end_with_parent()


def end_with_parent():
    LIBC.prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG


def request(method, path, body, headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def traces(noise):
    """The frames of the last trace as (file, offset)."""
    _, found, rest = noise.rpartition("TRACE ")
    if not found:
        return []
    frames = [line.split() for line in rest.split("\n") if line.startswith("FRAME ")]
    return [(frame[1], int(frame[2], 16)) for frame in frames if len(frame) == 3]


def spoken(noise):
    """What the process said itself, without traces."""
    kept = [line for line in noise.split("\n") if line and not line.startswith(("FRAME ", "TRACE ", "END")) and not FRAME.match(line)]
    return "\n".join(kept[-4:])[:1000]


def step(path):
    return path.rpartition("/")[2] or path
