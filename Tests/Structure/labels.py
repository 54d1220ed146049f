#!/usr/bin/env python3
"""Finds functions and initializers that take four or more parameters without labels, and fails where there are any.

Such a call cannot be read aloud: give labels, or put what belongs together into a struct. Kernels are left out, as tables
of C functions hold them and labelled wrappers call them; so are functions that C calls.

    labels.py [SOURCES]
"""

import pathlib
import re
import sys

LEFT_OUT = {"chooseProtocol"}
HEAD = re.compile(r"\b(?:func\s+(?P<name>[^\s(<]+)|init\??)\s*(?:<[^(]*>)?\(")
UNLABELLED = re.compile(r"\s*(?:@\w+\s+)*_\s+\w+\s*:")


def parameters(text, place):
    """The parameters from `place` on, behind the parenthesis that opens them."""
    depth, found, start = 1, [], place
    while depth:
        character = text[place]
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 or depth == 1 and character == ",":
            found.append(text[start:place])
            start = place + 1
        place += 1
    return found


def main():
    sources = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "Sources")
    count = 0
    for path in sorted(sources.rglob("*.swift")):
        if path.relative_to(sources).parts[0].startswith("Kernels"):
            continue
        text = path.read_text()
        for head in HEAD.finditer(text):
            if head["name"] in LEFT_OUT:
                continue
            # Commas between a generic type's arguments divide a parameter; what is left of it does not begin with `_`.
            bare = [p for p in parameters(text, head.end()) if UNLABELLED.match(p)]
            if len(bare) >= 4:
                line = text.count("\n", 0, head.start()) + 1
                print(f"{path}:{line}: {head['name'] or 'init'} takes {len(bare)} parameters without labels")
                count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
