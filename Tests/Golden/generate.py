"""Writes the golden vectors: <Operator>/<case>.json beside this script, all in float64.

    python generate.py            writes every case
    python generate.py --check    writes nothing, and fails where a file differs

A file holds the operator, its attributes under their ONNX names, the inputs and the outputs; an
optional input that a case leaves out is not listed, so inputs are found by name. Every float input is
exact in float32. Outputs are rounded to nine significant digits. Tensors are in row-major order;
those of integers say "type": "int64". The meaning of each operator is that of ONNX; those that ONNX
lacks are written out: Maxout and ChannelL2 in pooling.py, Gabor in convolution.py, TiledConv,
LocallyConnected and the connection table of Conv in unshared.py.
"""

import argparse
import sys
from pathlib import Path

import convolution
import elementwise
import pooling
import products
import recurrent
import shapes
import unshared

FOLDER = Path(__file__).resolve().parent
FAMILIES = [convolution, unshared, pooling, elementwise, products, shapes, recurrent]


def texts():
    """The files that there should be, by path."""
    cases = [case for family in FAMILIES for case in family.cases()]
    paths = [FOLDER / case.op / f"{case.name}.json" for case in cases]
    assert len(set(paths)) == len(paths), "two cases have the same name"
    return {path: case.text() for path, case in zip(paths, cases)}


def main():
    """Reads the command line and writes or compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    checking = parser.parse_args().check
    wanted, found = texts(), set(FOLDER.glob("*/*.json"))
    for path in found - wanted.keys():
        if checking:
            sys.exit(f"{path} belongs to no case")
        path.unlink()
    for path, text in wanted.items():
        if checking:
            if path not in found or path.read_text() != text:
                sys.exit(f"{path} differs")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    size = sum(len(text) for text in wanted.values())
    print(f"{len(wanted)} cases, {size} bytes")


if __name__ == "__main__":
    main()
