"""The store of sessions as people run it: with a user's password, over TLS, with sentinels, as a cluster; and when it fails.

usage: stores.py PROGRAM          (the built striate; needs redis-server and openssl of Debian's packages)
"""

import pathlib
import subprocess
import sys
import tempfile
import time

from parts import ROOT, STOP, GO, Figures, Process, Redis, Server, ask, free_port, listens, version, wait_until


def main():
    program, check = sys.argv[1], Figures()
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        version(folder / "models/reader", 1)
        for work in (passwords, encrypted, watched, clustered, failing):
            started = []
            try:
                work(lambda part: started.append(part) or part, program, folder, check)
            finally:
                for part in reversed(started):
                    part.kill()
    print("stores:", "all as it should be" if not check.failures else f"{check.failures} failures")
    sys.exit(1 if check.failures else 0)


def server(begin, program, folder, name, store, *settings):
    return begin(Server(program, folder / "models", folder, name, f"session_store={store}", "session_store_milliseconds=1000", *settings))


def steps(server, name, count=6):
    """Codes of a session's beginning and steps."""
    codes = [ask(server.port, "POST", "/sessions", {"model": "reader", "id": name})[0]]
    for place in range(count):
        codes.append(ask(server.port, "POST", f"/sessions/{name}/step", {"text": "ab", "position": 2 * place})[0])
    return codes


FINE = [201] + [200] * 6


def passwords(begin, program, folder, check):
    """An ACL user that may do what a store needs, and no more; another password is said to be wrong."""
    redis = begin(Redis(folder, "--user", "default", "off", "--user", "ada", "on", ">p@ss:word", "~striate:*", "-@all", *"+hmget +hget +hset +pttl +expire +del +eval +scan +select".split()))
    wait_until(lambda: listens(redis.port), 20, "Redis starting")
    one = server(begin, program, folder, "with-password", f"redis://ada:p%40ss%3Aword@127.0.0.1:{redis.port}/0")
    check(steps(one, "a") == FINE, "a user of an access list, with a password")
    two = server(begin, program, folder, "with-wrong-password", f"redis://ada:wrong@127.0.0.1:{redis.port}/0")
    status, _, answer = ask(two.port, "POST", "/sessions", {"model": "reader", "id": "b"})
    check(status == 503 and "WRONGPASS" in answer["error"] and "wrong@" not in answer["error"], f"a wrong password: {answer['error']}")


def encrypted(begin, program, folder, check):
    """TLS with an authority of one's own; a name the certificate is not for, and an authority nobody knows, are refused."""
    files = folder / "tls"
    files.mkdir()

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=files)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    port = free_port()
    begin(Redis(folder, "--tls-port", str(port), "--tls-cert-file", str(files / "ca.pem"), "--tls-key-file", str(files / "key.pem"), "--tls-ca-cert-file", str(files / "ca.pem"), "--tls-auth-clients", "no"))
    wait_until(lambda: listens(port), 20, "Redis starting")
    one = server(begin, program, folder, "over-tls", f"rediss://localhost:{port}/0?ca={files / 'ca.pem'}")
    check(steps(one, "a") == FINE, "over TLS")
    two = server(begin, program, folder, "other-name", f"rediss://127.0.0.1:{port}/0?ca={files / 'ca.pem'}")
    status, _, answer = ask(two.port, "GET", "/sessions/a")
    check(status == 503 and "mismatch" in answer["error"], f"a certificate of another name: {answer.get('error')}")
    three = server(begin, program, folder, "other-authority", f"rediss://localhost:{port}/0")
    status, _, answer = ask(three.port, "GET", "/sessions/a")
    check(status == 503 and "self" in answer["error"], f"an authority nobody knows: {answer.get('error')}")


def watched(begin, program, folder, check):
    """Sentinels name the server; when it dies, its replica takes over, and sessions go on."""
    first = begin(Redis(folder))
    wait_until(lambda: listens(first.port), 20, "Redis starting")
    second = begin(Redis(folder, "--replicaof", "127.0.0.1", str(first.port)))
    wait_until(lambda: "master_link_status:up" in second.cli("info", "replication"), 30, "the replica following")
    port = free_port()
    file = folder / "sentinel.conf"
    file.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor states 127.0.0.1 {first.port} 1\n"
        "sentinel down-after-milliseconds states 500\nsentinel failover-timeout states 3000\n"
    )
    begin(Process(["redis-server", str(file), "--sentinel"], folder / "sentinel.log"))
    wait_until(lambda: listens(port), 20, "the sentinel starting")
    time.sleep(1.5)
    one = server(begin, program, folder, "with-sentinels", f"redis+sentinel://127.0.0.1:1,127.0.0.1:{port}/states/0")
    check(steps(one, "a") == FINE, "through a sentinel, the first of which is gone")
    time.sleep(0.5)
    first.kill()
    refused, begun = 0, time.monotonic()
    while True:
        status = ask(one.port, "POST", "/sessions/a/step", {"text": "ab", "position": 12})[0]
        if status != 503 or time.monotonic() - begun > 30:
            break
        refused += 1
        time.sleep(0.1)
    check(status == 200, f"after a failover of {time.monotonic() - begun:.1f} s, {refused} times asked again: {status}")
    check(ask(one.port, "GET", "/sessions/a")[2]["position"] == 14, "the session stands where it should")


def clustered(begin, program, folder, check):
    """Three nodes; keys are where they belong, also after slots have moved."""
    # Nodes speak with each other at a port 10,000 higher.
    options = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"]
    nodes = [begin(Redis(folder, *options, port=free_port(55_535))) for _ in range(3)]
    for node in nodes:
        wait_until(lambda node=node: listens(node.port), 20, "a node starting")
    places = [f"127.0.0.1:{node.port}" for node in nodes]
    subprocess.run(["redis-cli", "--cluster", "create", *places, "--cluster-yes"], check=True, capture_output=True, timeout=60)
    wait_until(lambda: all("cluster_state:ok" in node.cli("cluster", "info") for node in nodes), 30, "the cluster")
    one = server(begin, program, folder, "with-cluster", f"redis://127.0.0.1:{nodes[0].port}")
    codes = [steps(one, f"session-{number}") for number in range(12)]
    check(codes == [FINE] * 12, "twelve sessions over three nodes")
    kept = [int(node.cli("dbsize")) for node in nodes]
    check(sum(kept) == 12 and min(kept) > 0, f"each node has some: {kept}")
    moved = subprocess.run(
        ["redis-cli", "--cluster", "reshard", places[0], "--cluster-from", nodes[1].cli("cluster", "myid"), "--cluster-to", nodes[2].cli("cluster", "myid"),
         "--cluster-slots", "5461", "--cluster-yes"], capture_output=True, text=True, timeout=200)
    check(moved.returncode == 0, "all slots of a node move to another")
    again = [ask(one.port, "POST", f"/sessions/session-{number}/step", {"text": "ab", "position": 12})[0] for number in range(12)]
    check(again == [200] * 12, f"sessions go on where their slots are now: {again}")


def failing(begin, program, folder, check):
    """A store that hangs, is full, or is not there: 503 in time with Retry-After, and other requests go on."""
    redis = begin(Redis(folder, "--maxmemory", "2mb", "--maxmemory-policy", "noeviction"))
    wait_until(lambda: listens(redis.port), 20, "Redis starting")
    one = server(begin, program, folder, "alone", f"redis://127.0.0.1:{redis.port}")
    check(steps(one, "a") == FINE, "before")
    redis.signal(STOP)
    begun = time.monotonic()
    status, fields, answer = ask(one.port, "POST", "/sessions/a/step", {"text": "a", "position": 12})
    took = time.monotonic() - begun
    check(status == 503 and fields["Retry-After"] == "1" and 0.9 < took < 8, f"a store that hangs: {status} after {took:.2f} s: {answer['error']}")
    begun = time.monotonic()
    status = ask(one.port, "POST", "/models/reader/next", {"text": "a"})[0]
    check(status == 200 and time.monotonic() - begun < 5, "requests without a session go on meanwhile")
    redis.signal(GO)
    wait_until(lambda: ask(one.port, "POST", "/sessions/a/step", {"text": "a", "position": 12})[0] == 200, 10, "the step")
    check(ask(one.port, "GET", "/sessions/a")[2]["position"] == 13, "the step was done once")
    codes = []
    for number in range(1500):
        status, _, answer = ask(one.port, "POST", "/sessions", {"model": "reader"})
        codes.append(status)
        if status != 201:
            break
    check(codes[-1] == 503 and "OOM" in answer["error"], f"a full store, after {len(codes)} sessions: {answer.get('error')}")
    check(ask(one.port, "GET", "/sessions/a")[2]["position"] == 13, "what it has is not lost")
    redis.kill()
    status, _, answer = ask(one.port, "GET", "/sessions/a")
    check(status == 503 and "refused" in answer["error"].lower(), f"no store: {answer['error']}")


if __name__ == "__main__":
    main()
