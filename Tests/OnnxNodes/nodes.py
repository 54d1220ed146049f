"""Runs ONNX's backend cases through a server: ADDRESS, and the folder of models that it reads.

Verdicts: passed; wrong (another answer, or an error where an answer was due); refused (the file is not loaded, with
a reason); unrepresentable (a value whose type the protocol has no word for: float8, int4, sequences, optionals).
The baseline lists what passed: a case of it that no longer passes makes this fail, and so does a case that is wrong or
refused and that refused.txt does not explain."""

import argparse
import collections
import os
import re
import shutil

from cases import difference, every
from protocol import Client, Refused, datatype, texts

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE = os.path.join(HERE, "baseline.txt")
REASONS = os.path.join(HERE, "refused.txt")


def run(case, client, folder):
    """A verdict and what explains it."""
    for given, wanted in case.sets:
        if any(datatype(value) is None for value in given + wanted):
            return "unrepresentable", ""
    place = os.path.join(folder, case.name, "1")
    os.makedirs(place)
    try:
        with open(os.path.join(place, "model.onnx"), "wb") as file:
            file.write(case.model.SerializeToString())
        try:
            client.load(case.name)
        except Refused as error:
            return "refused", str(error)
        try:
            return check(case, client)
        except Refused as error:
            return "wrong", str(error)
        finally:
            client.unload(case.name)
    finally:
        shutil.rmtree(os.path.dirname(place))


def check(case, client):
    for given, wanted in case.sets:
        answers = client.infer(case.name, zip(case.inputs, given), case.outputs)
        for name, answer, value in zip(case.outputs, answers, wanted):
            value = texts(value) if datatype(value) == "BYTES" else value
            fault = difference(case, answer, value)
            if fault:
                return "wrong", f"{name}: {fault}"
    return "passed", ""


def reasons():
    """Operators and patterns of names, each with why it is refused."""
    with open(REASONS) as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    return dict(line.split(None, 1) for line in lines)


def explained(case, known):
    return any(operator in known for operator in case.operators) or any(
        pattern.startswith("/") and re.search(pattern[1:], case.name) for pattern in known
    )


def table(results):
    by_kind, by_operator = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    for case, verdict, _ in results:
        by_kind[case.kind][verdict] += 1
        for operator in case.operators:
            by_operator[operator][verdict] += 1
    yield f"{'':32}passed wrong refused unrepresentable"
    for heading, counts in [("kinds", by_kind), ("operators, in all cases that have them", by_operator)]:
        yield f"# {heading}"
        for name, count in sorted(counts.items()):
            yield f"{name:32}{count['passed']:6}{count['wrong']:6}{count['refused']:8}{count['unrepresentable']:16}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("address")
    arguments.add_argument("folder")
    arguments.add_argument("--names", default="", help="only cases whose names hold this expression")
    arguments.add_argument("--write", action="store_true", help="write the baseline instead of comparing with it")
    arguments.add_argument("--verbose", action="store_true", help="print what each case that did not pass says")
    options = arguments.parse_args()
    client, results = Client(options.address), []
    for case in every():
        if re.search(options.names, case.name):
            verdict, why = run(case, client, options.folder)
            results.append((case, verdict, why))
            if verdict == "wrong" or options.verbose and verdict == "refused":
                print(f"{verdict}: {case.kind} {case.name}: {why[:300]}", flush=True)
    print("\n".join(table(results)))
    passed = {f"{case.kind} {case.name}" for case, verdict, _ in results if verdict == "passed"}
    known = reasons()
    failures = [
        f"{verdict}, and refused.txt does not say why: {case.kind} {case.name}: {why[:300]}"
        for case, verdict, why in results
        if verdict in ("refused", "wrong") and not explained(case, known)
    ]
    if options.write:
        with open(BASELINE, "w") as file:
            file.writelines(f"{line}\n" for line in sorted(passed))
    else:
        tried = {f"{case.kind} {case.name}" for case, _, _ in results}
        with open(BASELINE) as file:
            expected = set(file.read().splitlines()) & tried
        failures += [f"no longer passes: {line}" for line in sorted(expected - passed)]
    print("\n".join(failures))
    counts = collections.Counter(verdict for _, verdict, _ in results)
    print(", ".join(f"{counts[word]} {word}" for word in ("passed", "wrong", "refused", "unrepresentable")))
    raise SystemExit(1 if failures else 0)


main()
