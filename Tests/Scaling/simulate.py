#!/usr/bin/env python3
"""Servers under a bursty load of session steps, simulated from measured service times; see docs/scaling.md.

usage: simulate.py [--replicas 1,3,10,30,100] [--rate STEPS] [--seconds S] [--alone MS --of-32 MS] [--store MS] [--http MS] [--json]

A replica computes one thing at a time with all its cores. A step alone takes `--alone` milliseconds, 32 together `--of-32`,
between them a straight line (docs/sessions.md has what was measured). Steps come at random, at `--rate` a second for each replica
on average, twice as fast during bursts of a second, which all clients have together. What would wait longer than
`--queue` milliseconds is refused, as the server does it (queue_milliseconds).

hashed   a session's steps go to the replica that consistent hashing gives it, which has its state
spread   every step goes to the next replica in turn; the state is read from a store and written back (--store milliseconds each way)
joined   a replica takes up to 32 waiting steps of different sessions together
single   one by one
"""

import argparse
import bisect
import collections
import hashlib
import heapq
import itertools
import json
import random


def ring(replicas, points=160):
    """Consistent hashing: points of each replica on a circle."""
    marks = sorted((int(hashlib.md5(f"{replica}-{point}".encode()).hexdigest()[:8], 16), replica) for replica in range(replicas) for point in range(points))
    places = [mark for mark, _ in marks]

    def replica(session):
        mark = int(hashlib.md5(f"session-{session}".encode()).hexdigest()[:8], 16)
        return marks[bisect.bisect(places, mark) % len(marks)][1]

    return replica


def arrivals(rate, seconds, seed):
    """Times of a Poisson process that is twice as fast in bursts, with the given mean."""
    random.seed(seed)
    now, burst, change = 0.0, False, random.expovariate(1 / 4)
    # A second of burst after four of calm: (4 · x + 1 · 2x) / 5 = rate.
    calm = rate * 5 / 6
    while now < seconds:
        now += random.expovariate(2 * calm if burst else calm)
        while now > change:
            burst = not burst
            change += random.expovariate(1 if burst else 1 / 4)
        yield now


def simulate(given, replicas, hashed, joined, seed=1):
    each = (given.of_32 - given.alone) / 31 / 1000
    first = given.alone / 1000 - each
    sessions = given.sessions * replicas
    place = ring(replicas) if hashed else None
    turn = itertools.cycle(range(replicas))
    store = 0 if hashed else given.store / 1000
    queues = [collections.deque() for _ in range(replicas)]
    waiting = [0] * replicas
    idle = [True] * replicas
    busy = [0.0] * replicas
    times, refused, end = [], 0, 0.0
    events, order = [], itertools.count()
    cache = {}
    source = arrivals(given.rate * replicas, given.seconds, seed)
    random.seed(seed + 1)

    def start(replica, now):
        queue = queues[replica]
        if not queue:
            idle[replica] = True
            return
        idle[replica] = False
        batch, later, taken = [], [], set()
        while queue and len(batch) < (32 if joined else 1):
            step = queue.popleft()
            # Steps of one session come one after the other.
            (later if step[1] in taken else batch).append(step)
            taken.add(step[1])
        queue.extendleft(reversed(later))
        took = first + each * len(batch)
        busy[replica] += took
        heapq.heappush(events, (now + took, next(order), "done", replica, batch))

    def came(now):
        session = random.randrange(sessions)
        if hashed:
            if session not in cache:
                cache[session] = place(session)
            replica = cache[session]
        else:
            replica = next(turn)
        heapq.heappush(events, (now + store, next(order), "ready", replica, (now, session)))

    upcoming = next(source, None)
    while upcoming is not None or events:
        if upcoming is not None and (not events or upcoming < events[0][0]):
            came(upcoming)
            upcoming = next(source, None)
            continue
        now, _, kind, replica, what = heapq.heappop(events)
        if kind == "ready":
            cost = first + each if not joined else (first + each * 32) / 32
            if len(queues[replica]) * cost > given.queue / 1000:
                refused += 1
                continue
            queues[replica].append(what)
            if idle[replica]:
                start(replica, now)
        else:
            times.extend(now + store + given.http / 1000 - begun for begun, _ in what)
            end = now
            start(replica, now)
    times.sort()

    def percentile(share):
        return 1000 * times[min(len(times) - 1, int(share * len(times)))] if times else float("nan")

    return {
        "replicas": replicas, "p50": percentile(0.5), "p99": percentile(0.99),
        "refused": refused / max(1, refused + len(times)), "busy": sum(busy) / replicas / end, "busiest": max(busy) / end,
    }


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--replicas", default="1,3,10,30,100")
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--sessions", type=int, default=100, help="sessions for each replica")
    parser.add_argument("--alone", type=float, default=1.21)
    parser.add_argument("--of-32", type=float, default=7.25)
    parser.add_argument("--store", type=float, default=0.3)
    parser.add_argument("--http", type=float, default=0.25, help="milliseconds of a request beside waiting and computing")
    parser.add_argument("--queue", type=float, default=1000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    for replicas in map(int, given.replicas.split(",")):
        for hashed, joined in ((True, True), (False, True), (True, False), (False, False)):
            row = simulate(given, replicas, hashed, joined)
            rows.append({"sessions": "hashed" if hashed else "spread", "steps": "joined" if joined else "single", **row})
    if given.json:
        print(json.dumps(rows))
        return
    print("| Replicas | steps/s | sessions, steps | p50 ms | p99 ms | refused | busy | busiest |\n|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['replicas']} | {given.rate * row['replicas']:,.0f} | {row['sessions']}, {row['steps']} | {row['p50']:.1f} | {row['p99']:.0f} "
              f"| {100 * row['refused']:.1f} % | {100 * row['busy']:.0f} % | {100 * row['busiest']:.0f} % |")


if __name__ == "__main__":
    main()
