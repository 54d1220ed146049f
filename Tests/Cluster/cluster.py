"""A cluster on one machine: HAProxy, three servers and Redis, while things go wrong.

usage: cluster.py PROGRAM [--seconds-between S]     (the built striate; needs haproxy and redis-server of Debian's packages)

Twelve clients step sessions at a bounded rate through the proxy, each naming where its step begins and asking again what was
not answered. Meanwhile servers are killed, drained and reloaded, Redis stops and starts again, models change in the shared
folder. At the end every session must stand where a session stands that nothing happened to: no step lost, none done twice.
Beside them a client classifies pictures: while servers are only drained, every answer must be right.
"""

import argparse
import collections
import json
import pathlib
import random
import subprocess
import tempfile
import threading
import time

from parts import END, GO, KILL, RELOAD, ROOT, STOP, Figures, Redis, Server, answers, ask, proxy, version, wait_until

LETTERS = "abcdefghijklmnopqrstuvwxyz ,."


class Stepper(threading.Thread):
    """A client with a session, until it is told to stop."""

    def __init__(self, port, number, seed, ending):
        super().__init__(daemon=True)
        self.port, self.id, self.ending = port, f"client-{number}", ending
        self.random = random.Random(seed * 1000 + number)
        self.text, self.position, self.last = "", 0, None
        self.counts = collections.Counter()
        self.longest = 0.0

    def run(self):
        while not self.begin():
            time.sleep(0.05)
        while not self.ending.is_set():
            piece = "".join(self.random.choices(LETTERS, k=self.random.randint(1, 6)))
            begun = time.monotonic()
            self.step(piece)
            self.longest = max(self.longest, time.monotonic() - begun)
            time.sleep(self.random.uniform(0.01, 0.05))

    def begin(self):
        status = self.once("POST", "/sessions", {"model": "reader", "id": self.id, "ttl_seconds": 600})[0]
        return status in (201, 409)

    def once(self, method, path, body):
        try:
            return ask(self.port, method, path, body, {"X-Session-Id": self.id})
        except OSError:
            return 0, {}, {}

    def step(self, piece):
        """Sends a step until it is answered."""
        while True:
            status, _, answer = self.once("POST", f"/sessions/{self.id}/step?top=3", {"text": piece, "position": self.position})
            if status == 200:
                break
            code = answer.get("code", "") if isinstance(answer, dict) else ""
            self.counts[f"{status} {code}".strip() if status else "no answer"] += 1
            if status == 409 and code == "position_conflict" or status in (400, 404, 410):
                self.counts["lost"] += 1
                return
            time.sleep(0.05)
        self.counts["steps"] += 1
        self.text += piece
        self.position += len(piece)
        if answer["position"] != self.position:
            self.counts["wrong position"] += 1
        self.last = answer["next"]


class Looker(threading.Thread):
    """A client that classifies a picture again and again, and never asks twice."""

    def __init__(self, port, ending):
        super().__init__(daemon=True)
        self.port, self.ending = port, ending
        self.picture = (ROOT / "config/models/fashion/examples/shirt.png").read_bytes()
        self.counts = collections.Counter()
        self.replicas = collections.Counter()

    def run(self):
        while not self.ending.is_set():
            try:
                status, fields, answer = ask(self.port, "POST", "/models/fashion/classify", self.picture)
                is_right = status == 200 and answer["predictions"][0]["label"] == "Shirt"
                self.counts["right" if is_right else f"{status}"] += 1
                self.replicas[fields["X-Replica"]] += 1
            except OSError as error:
                self.counts[f"no answer: {error}"] += 1
            time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds-between", type=float, default=2.5)
    given = parser.parse_args()
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    check = Figures()
    with tempfile.TemporaryDirectory() as place:
        everything(given, pathlib.Path(place), seed, check)
    print("cluster:", "all as it should be" if not check.failures else f"{check.failures} failures")
    raise SystemExit(1 if check.failures else 0)


def everything(given, folder, seed, check):
    models = folder / "models"
    version(models / "reader", 1)
    (models / "fashion").symlink_to(ROOT / "config/models/fashion")
    keys = folder / "states.json"
    subprocess.run([given.program, "key", "--state", "--file", str(keys)], check=True, capture_output=True)
    redis = Redis(folder, "--appendonly", "yes", "--appendfsync", "always")
    settings = [f"session_store=redis://127.0.0.1:{redis.port}/0", f"state_keys_file={keys}", "session_store_milliseconds=400"]
    started = [redis]
    try:
        wait_until(lambda: redis.cli("ping") == "PONG", 20, "Redis starting")
        servers = []
        for number in range(3):
            servers.append(Server(given.program, models, folder, f"server-{number}", *settings))
            started.append(servers[-1])
        gate = proxy(servers, folder)
        started.append(gate)
        play(given, folder, models, keys, redis, servers, gate, seed, check)
    finally:
        for one in started:
            one.kill()


def play(given, folder, models, keys, redis, servers, gate, seed, check):
    ending = threading.Event()
    steppers = [Stepper(gate.port, number, seed, ending) for number in range(12)]
    for one in steppers:
        one.start()

    def pause(share=1.0):
        time.sleep(share * given.seconds_between)

    def done():
        return sum(one.counts["steps"] for one in steppers)

    def event(words, work):
        before = done()
        work()
        pause()
        check(done() > before, f"{words}: {done() - before} steps meanwhile")

    def killed(server):
        server.signal(KILL)
        server.process.wait(10)
        pause(0.5)
        server.restart(server.up)

    pause()
    event("a server is killed, and starts again", lambda: killed(servers[0]))

    # Versions and servers roll while pictures are classified: nobody notices.
    quiet = threading.Event()
    looker = Looker(gate.port, quiet)
    looker.start()

    def drained():
        for server in servers:
            server.signal(END)
            server.process.wait(60)
            server.restart(server.up)
            wait_until(lambda: looker.replicas.pop(server.name, 0) >= 0, 1)
            time.sleep(1.5)

    event("every server is drained and starts again, one after the other", drained)
    event("servers read their files again", lambda: [server.signal(RELOAD) for server in servers])

    def rolled():
        version(models / "reader", 2)
        wait_until(lambda: all(newest(server) == ["1", "2"] for server in servers), 30, "version 2 everywhere")

    def newest(server):
        return ask(server.port, "GET", "/v2/models/reader")[2].get("versions")

    event("a new version appears in the shared folder", rolled)

    def added():
        (models / "lenet").symlink_to(ROOT / "config/models/lenet")
        wait_until(lambda: all(ask(one.port, "GET", "/models/lenet")[0] == 200 for one in servers), 30, "a new model everywhere")

    event("a model is added to the shared folder", added)
    quiet.set()
    looker.join()
    right = looker.counts.pop("right", 0)
    check(right > 100 and not looker.counts, f"pictures while servers and versions roll: {right} right, {dict(looker.counts)} not; by {dict(looker.replicas)}")

    def stopped():
        redis.signal(STOP)
        pause(0.6)
        redis.signal(GO)

    event("Redis stops for a while", stopped)

    def again():
        redis.end()
        pause(0.3)
        redis.restart(lambda: redis.cli("ping") == "PONG")

    event("Redis ends and starts again", again)
    event("another server is killed, and starts again", lambda: killed(servers[1]))
    ending.set()
    for one in steppers:
        one.join(60)

    wrong = []
    for one in steppers:
        whole = ask(servers[2].port, "POST", "/models/reader/next?top=3", {"text": one.text})[2]["next"]
        stands = ask(servers[0].port, "GET", f"/sessions/{one.id}")[2].get("position")
        if whole != one.last or stands != len(one.text):
            wrong.append((one.id, stands, len(one.text)))
    counts = sum((one.counts for one in steppers), collections.Counter())
    steps, lost = counts.pop("steps"), counts.pop("lost", 0)
    check(lost == 0 and not wrong and not counts.pop("wrong position", 0), f"{steps} steps of 12 sessions: lost {lost}, done twice 0, sessions that differ: {wrong}")
    print(f"     asked again or refused: {dict(counts)}; the longest step {max(one.longest for one in steppers):.2f} s")
    tokens(given, keys, servers, check)
    digests(servers, check)


def tokens(given, keys, servers, check):
    """A state travels as a token from server to server while keys rotate."""
    text = "In the beginning God created"
    token, words = None, []
    for place in range(0, len(text), 4):
        server = servers[place // 4 % 3]
        body = {"text": text[place : place + 4], "return_state": True} | ({"state": token} if token else {})
        status, _, answer = ask(server.port, "POST", "/models/reader/next?top=3", body)
        words.append(status)
        if status != 200:
            break
        token, last = answer["state"], answer["next"]
        if place == 12:
            subprocess.run([given.program, "key", "--state", "--file", str(keys)], check=True, capture_output=True)
            for one in servers:
                one.signal(RELOAD)
            time.sleep(0.5)
    whole = ask(servers[0].port, "POST", "/models/reader/next?top=3", {"text": text})[2]["next"]
    check(set(words) == {200} and last == whole, f"tokens travel over three servers, with a new key on the way: {words}")
    body = {"text": "a", "state": token[:-6] + "AAAAAA"}
    check(ask(servers[1].port, "POST", "/models/reader/next", body)[0] == 400, "a token that was changed is refused")


def digests(servers, check):
    told = {json.dumps(ask(one.port, "GET", "/v2/models/reader")[2]["parameters"]) for one in servers}
    check(len(told) == 1, f"every server has the same weights: {told}")

    def shown(server):
        return b"striate_model_info{" in ask(server.port, "GET", "/metrics")[2]

    for one in servers:
        shown(one)
    wait_until(lambda: all(shown(one) for one in servers), 10, "digests in /metrics")
    text = ask(servers[0].port, "GET", "/metrics")[2].decode()
    lines = [line for line in text.splitlines() if line.startswith("striate_session_store_requests_total")]
    check(len(lines) == 3, f"the store is counted: {lines}")


if __name__ == "__main__":
    main()
