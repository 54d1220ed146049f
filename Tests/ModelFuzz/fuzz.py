"""Looks for models that hurt a server, for so many SECONDS.

Mutated ONNX files are loaded over HTTP and asked for answers. A finding is a server that ends (DEATH), an answer that
takes too long (HANG), memory beyond the limits (PEAK), or a status that is not documented (STATUS). Each cause is kept
once, made small, with what was asked; --replay tries such files again."""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
import warnings
import zlib
from queue import Empty

import findings
import minimise
import requests
import seeds
from mutation import model
from server import NEWER, Fault, Server, end_with_parent
from specimen import Specimen
from trial import Trial, attempt


def options():
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--program", required=True, help="the built server")
    reader.add_argument("seconds", type=float, nargs="?", default=60)
    reader.add_argument("--shim", required=True, help="trace.c, compiled")
    reader.add_argument("--guard", metavar="LIBRARY", help="guard.c, compiled: blocks of memory end before pages that trap; slower")
    reader.add_argument("--cache", required=True, help="where seeds are kept")
    reader.add_argument("--out", required=True, help="where findings are kept")
    reader.add_argument("--seed", type=int, help="of the mutations; printed when it is drawn")
    reader.add_argument("--jobs", type=int, default=1, help="servers at once")
    reader.add_argument("--patience", type=float, default=10, help="seconds that an answer may take")
    reader.add_argument("--compute-bytes", type=int, default=128 << 20, help="the server's limit; peaks may be 1.5 times it and 64 MiB")
    reader.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="another setting of the server")
    reader.add_argument("--minimise", type=float, default=20, help="seconds for making a finding small")
    reader.add_argument("--replay", nargs="+", metavar="FILE", help="try these files, and nothing else")
    return reader.parse_args()


def server(options, folder):
    settings = {
        "repository_changes": "true", "watch_milliseconds": "0", "compute_bytes": options.compute_bytes, "threads": 2,
        "nv_metrics": "false", **NEWER, **dict(entry.split("=", 1) for entry in options.set),
    }
    limit = options.compute_bytes * 3 // 2 + (64 << 20)
    libraries = [os.path.abspath(options.shim)]
    if options.guard:
        # Small blocks take pages then.
        libraries, limit = [os.path.abspath(options.guard)] + libraries, 6 * limit
    return Server(options.program, folder, settings, limit, options.patience, ":".join(libraries))


def work(options, number, queue):
    """One server, fed until the time is over."""
    end_with_parent()
    warnings.simplefilter("ignore")
    known = seeds.Seeds(options.cache)
    end = time.monotonic() + options.seconds
    count = loaded = 0
    with tempfile.TemporaryDirectory() as folder:
        tested = server(options, folder)
        tested.start()
        while time.monotonic() < end:
            name = f"{options.seed}:{number}:{count}"
            draw = random.Random(name)
            count += 1
            try:
                made, files = model(known, draw)
            except Exception:
                # What was made of it is deeper or larger than protobuf holds.
                continue
            try:
                loaded += attempt(tested, made, files, draw).status == 200
            except Fault as fault:
                queue.put(("finding", fault.kind, fault.text, fault.trace, fault.noise, files, fault.trial.asked, f"{name} {made.origin} {made.log}"))
                if fault.kind != "STATUS":
                    tested.start()
            if options.guard and count % 2000 == 0:
                # Addresses are never used again: what the kernel keeps for them grows.
                tested.start()
            if count % 50 == 0:
                queue.put(("progress", number, count, loaded, tested.resident()))
        queue.put(("end", number, count, loaded, tested.resident()))
        tested.stop()


class Collection:
    """Findings by cause."""

    def __init__(self, options, folder):
        self.options, self.server = options, server(options, folder)
        self.counts, self.files, self.kinds, self.said = {}, {}, {}, {}

    def add(self, kind, text, trace, noise, files, asked, origin):
        fault = Fault(kind, text, trace, noise)
        cause = findings.signature(self.options.program, fault)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.counts[cause] = self.counts.get(cause, 0) + 1
        if self.counts[cause] > 1:
            return
        if kind in ("DEATH", "STATUS", "PEAK"):
            files, asked = minimise.minimise(files, asked, lambda *parts: self.again(*parts, kind, cause), self.options.minimise)
        operators = findings.operators(files)
        places = findings.stack(self.options.program, trace)
        self.said[cause] = f"{text} {noise}; operators {', '.join(operators[:4])}; {sum(map(len, files.values()))} bytes, {len(asked)} requests"
        report = "\n".join([cause, text, noise, f"operators: {', '.join(operators[:12])}", f"made from {origin}", *places, ""])
        name = f"{kind.lower()}-{findings.slug('-'.join(operators[:2]))}-{zlib.crc32(cause.encode()) % 10_000:04}"
        self.files[cause] = findings.write(self.options.out, name, files, asked, report)
        print(f"\n{cause}\n    {self.files[cause]}", flush=True)
        self.save()

    def again(self, files, asked, kind, cause):
        """Whether a file does the same; where memory grows is seen by chance."""
        fault = replayed(self.server, files, asked)
        if fault is None or fault.kind != kind:
            return False
        return kind == "PEAK" or findings.signature(self.options.program, fault) == cause

    def save(self):
        """The table so far, as a page beside the findings."""
        rows = sorted(self.counts.items(), key=lambda item: -item[1])
        with open(os.path.join(self.options.out, "summary.md"), "w") as file:
            file.write("| count | cause | file | said |\n|---|---|---|---|\n")
            for cause, count in rows:
                said = self.said.get(cause, "").replace("\n", " ").replace("|", "/")[:200]
                file.write(f"| {count} | {cause.replace('|', '/')} | {self.files.get(cause, '')} | {said} |\n")

    def table(self):
        for cause, count in sorted(self.counts.items(), key=lambda item: -item[1]):
            print(f"{count:6}  {cause}\n        {self.files[cause]}")


def replayed(tested, files, asked):
    """What files do to a server, or None; without requests of their own they get some."""
    if tested.process is None or tested.process.poll() is not None:
        tested.start()
    trial = Trial(tested, files)
    try:
        tested.begin()
        if trial.load():
            if asked is None:
                for number in range(5):
                    requests.ask_around(trial, Specimen(findings.parsed(files), {}, ""), random.Random(number))
            else:
                trial.repeat(asked)
        trial.unload()
        tested.end()
    except Fault as fault:
        if fault.kind != "STATUS":
            tested.stop()
        fault.trial = trial
        return fault
    return None


def replay(options):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        tested = server(options, folder)
        for place in options.replay:
            fault = replayed(tested, *findings.read(place))
            failed += fault is not None
            print(f"{place}: {findings.signature(options.program, fault) if fault else 'nothing'}", flush=True)
            if fault:
                print("\n".join(f"    {line}" for line in [fault.text, fault.noise, *findings.stack(options.program, fault.trace)[:12]]))
        tested.stop()
    raise SystemExit(1 if failed else 0)


def main():
    given = options()
    given.program = os.path.abspath(given.program)
    warnings.simplefilter("ignore")
    os.makedirs(given.cache, exist_ok=True)
    if given.replay:
        replay(given)
    given.seed = random.randrange(2**32) if given.seed is None else given.seed
    print(f"seed {given.seed}", flush=True)
    seeds.Seeds(given.cache)
    with tempfile.TemporaryDirectory() as folder:
        collection = Collection(given, folder)
        figures = watch(given, collection)
        collection.server.stop()
    print()
    collection.table()
    report(figures, collection, given.seconds)
    raise SystemExit(1 if collection.counts else 0)


def watch(given, collection):
    queue, figures, started, shown = multiprocessing.Queue(), {}, time.monotonic(), 0
    jobs = [multiprocessing.Process(target=work, args=(given, number, queue), daemon=True) for number in range(given.jobs)]
    for job in jobs:
        job.start()
    ended = 0
    while ended < len(jobs):
        try:
            entry = queue.get(timeout=60)
        except Empty:
            if not any(job.is_alive() for job in jobs):
                raise SystemExit("the fuzzer itself failed")
            continue
        if entry[0] == "finding":
            collection.add(*entry[1:])
        else:
            figures[entry[1]] = entry[2:]
            ended += entry[0] == "end"
        if time.monotonic() - shown > (0.5 if sys.stderr.isatty() else 15):
            shown = time.monotonic()
            report(figures, collection, shown - started)
    return figures


def report(figures, collection, seconds):
    count, loaded = (sum(figure[place] for figure in figures.values()) for place in (0, 1))
    kinds = ", ".join(f"{collection.kinds.get(kind, 0)} {kind}" for kind in ("DEATH", "HANG", "PEAK", "STATUS"))
    memory = ", ".join(f"{figure[2] >> 20}" for figure in figures.values())
    print(f"{count} files in {seconds:.0f} s ({count / max(seconds, 1):.0f}/s), {loaded} loaded; {kinds}; "
          f"{len(collection.counts)} causes; resident {memory} MiB", flush=True)


if __name__ == "__main__":
    main()
