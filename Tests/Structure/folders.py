#!/usr/bin/env python3
"""The folder graph of every target, and a failure where folders of a held target use each other.

The compiler keeps the direction between targets, nothing does inside of one. This finds what each folder declares and
uses by name, prints which folder uses which, and exits 1 with the declarations concerned where folders of a target in
HELD form a cycle: all folders, or those directly in the target with everything inside of them.

Names are compared, not types: types, functions and operators at file scope; members that no other folder or target
has; initializers by their first label. What a file declares is its own. So a use may be missed, but hardly made up.

    folders.py [--targets A,B] [--why FOLDER FOLDER] [SOURCES]
"""

import argparse
import collections
import pathlib
import re
import sys

# Whose folders must have a direction; the others are printed only.
HELD = [
    "Compute", "Engine", "Files", "Graph", "Models", "Onnx", "Quantising", "Service", "Telemetry",
    "TensorFormats",
]

# Members of the standard library and Foundation that types of ours have too.
COMMON = set(
    """append bytes count description drop dropFirst elements end filter first firstIndex flatMap forEach formUnion
    index indices insert isEmpty joined keys last load lock lowerBound map max merge min path prefix reduce remove
    removeAll removeFirst removeLast replace reverse reversed sorted start store string subtract suffix update upperBound
    value values""".split()
)

TOKEN = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*|`[^`]+`|[#@$]\w+|\d[\w.]*|[{}()\[\],:;]|\.+|[^\sA-Za-z0-9_{}()\[\],:;.`#@$]+"
)
TYPES = {"struct", "class", "enum", "protocol", "actor", "extension"}
VALUES = {"func", "var", "let", "case", "typealias", "associatedtype"}


def literal(text, place, out):
    """Reads a text literal from `place`, puts the code that is interpolated into `out`, returns where it ends."""
    hashes = re.compile("#*").match(text, place).group()
    place += len(hashes)
    quote = '"""' if text.startswith('"""', place) else '"'
    place += len(quote)
    while not text.startswith(quote + hashes, place):
        if text.startswith(f"\\{hashes}(", place):
            start = place = place + len(hashes) + 2
            depth = 1
            while depth:
                if text[place] == '"':
                    place = literal(text, place, [])
                    continue
                depth += {"(": 1, ")": -1}.get(text[place], 0)
                place += 1
            out.append(f" {code(text[start:place - 1])} ")
        else:
            place += 2 if text[place] == "\\" and not hashes else 1
    return place + len(quote + hashes)


def code(text):
    """The source without comments, and of text literals only what is interpolated."""
    out, place = [], 0
    skipped = re.compile(r'//[^\n]*|/\*.*?\*/|#*"', re.S)
    while found := skipped.search(text, place):
        out.append(text[place : found.start()])
        place = found.end()
        if found.group().endswith('"') and not found.group().startswith("/"):
            place = literal(text, found.start(), out)
    return "".join(out) + text[place:]


class File:
    """What one file declares and what it uses, by name."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder
        self.tokens = TOKEN.findall(code(path.read_text()))
        # (kind, owner, name) of what other files see.
        self.declared = []
        # Everything that has a name here: declarations, parameters, variables; those that may follow a dot.
        self.own, self.dotted = set(), set()
        # Names used after a dot and else; labels of initializers; names used inside of types.
        self.members, self.plain, self.inits, self.inside = set(), set(), set(), set()
        self.read()

    def token(self, place):
        return self.tokens[place] if 0 <= place < len(self.tokens) else ""

    def read(self):
        # Of each open brace the type whose body it opens, None for code, and whether others see what is inside.
        self.scopes = []
        pending, self.hides = (None, False), False
        for place, token in enumerate(self.tokens):
            before, after = self.token(place - 1), self.token(place + 1)
            if token == "{":
                self.scopes.append(pending)
                pending, self.hides = (None, False), False
            elif token == "}":
                self.scopes.pop()
                self.hides = False
            elif token in ("private", "fileprivate"):
                # private(set) hides no reading.
                self.hides = self.token(place + 2) != "set"
            elif token in TYPES and before != "." and (after[:1].isupper() or after == "["):
                pending = self.type(token, place)
            elif token in VALUES and before != ".":
                self.value(place)
                self.hides = self.hides and token == "case"
            elif token == "init" and before != "." and self.isBody:
                self.initializer(place)
                self.hides = False
            elif re.match("[A-Za-z`]", token) and before not in TYPES | VALUES:
                self.use(token.strip("`"), place)

    @property
    def isBody(self):
        """Whether this is directly inside of a type."""
        return bool(self.scopes) and all(owner for owner, _ in self.scopes)

    @property
    def isHidden(self):
        return self.hides or any(hidden for _, hidden in self.scopes)

    def type(self, keyword, place):
        place += self.token(place + 1) == "["
        name = self.token(place + 1)
        while self.token(place + 2) == ".":
            place += 2
            self.plain.add(name)
            name = self.token(place + 1)
        scope = (name, self.isHidden)
        if keyword != "extension":
            self.own.add(name)
            if not self.scopes and not self.isHidden:
                self.declared.append(("type", None, name))
        self.plain.add(name)
        self.hides = False
        return scope

    def value(self, place):
        keyword, names = self.token(place), [self.token(place + 1).strip("`")]
        if names == ["("]:
            end = self.tokens.index(")", place)
            names = [token for token in self.tokens[place + 2 : end] if token[0].islower()]
        self.own.update(names)
        if self.isBody:
            self.dotted.update(names)
        if self.isHidden or (self.scopes and not self.isBody):
            return
        for name in names:
            if self.scopes and re.match(r"\w", name):
                self.declared.append(("case" if keyword == "case" else "member", self.scopes[-1][0], name))
            elif not self.scopes:
                kind = "type" if keyword == "typealias" else "function"
                self.declared.append((kind if re.match(r"\w", name) else "operator", None, name))

    def initializer(self, place):
        start = self.tokens.index("(", place)
        label = self.token(start + 1)
        if not self.isHidden and label[:1].islower():
            self.declared.append(("init", self.scopes[-1][0], label))

    def use(self, name, place):
        before, after = self.token(place - 1), self.token(place + 1)
        if after == "(" and self.token(place + 3) == ":":
            self.inits.add((name, self.token(place + 2)))
        if after == ":" and name[0].islower():
            self.own.add(name)
            self.dotted.add(name)
        if before == ".":
            self.members.add(name)
        else:
            self.plain.add(name)
            self.inside.update((owner, name) for owner, _ in self.scopes if owner)

    def uses(self, kind, owner, name):
        if kind == "init":
            return (owner, name) in self.inits
        if kind == "operator":
            return name in self.tokens
        if kind == "member":
            isInside = (owner, name) in self.inside and name not in self.own
            return isInside or name in self.members - self.dotted
        return name in self.plain and name not in self.own


def read(target):
    """The files of a target; those directly in it are in the folder "."."""
    return [File(path, str(path.parent.relative_to(target))) for path in sorted(target.rglob("*.swift"))]


def named(kinds, files):
    """The names of what these files declare."""
    return {name for file in files for kind, _, name in file.declared if kind in kinds}


def edges(files, foreign):
    """What each folder uses of each other one: {(from, to): {(declaration, file), …}}.

    Members called as those in `foreign`, or as cases, say nothing; nor do cases, which their types' names tell.
    """
    foreign = foreign | named(["case"], files)
    places = collections.defaultdict(set)
    for file in files:
        for kind, owner, name in file.declared:
            if kind != "case" and (kind != "member" or name not in foreign):
                places[kind, name if kind != "init" else (owner, name)].add((file.folder, owner))
    result = collections.defaultdict(set)
    for (kind, name), found in places.items():
        if len({folder for folder, _ in found}) > 1:
            continue
        for folder, owner in found:
            label = name[1] if kind == "init" else name
            shown = {"member": f"{owner}.{label}", "init": f"{owner}({label}:)"}.get(kind, label)
            for file in files:
                if file.folder != folder and file.uses(kind, owner, label):
                    result[file.folder, folder].add((shown, file.path.name))
    return result


def outermost(graph):
    """The same between the folders directly in the target."""
    result = collections.defaultdict(set)
    for pair, names in graph.items():
        result[tuple(folder.split("/")[0] for folder in pair)] |= names
    return {pair: names for pair, names in result.items() if pair[0] != pair[1]}


def cycles(graph):
    """Sets of folders that reach each other."""
    after = collections.defaultdict(set)
    for one, other in graph:
        after[one].add(other)
    reached = {}
    for start in list(after):
        seen, rest = set(), [start]
        while rest:
            rest += (new := after[rest.pop()] - seen)
            seen |= new
        reached[start] = seen
    groups = {frozenset(b for b in reached[a] if a in reached.get(b, ())) for a in reached}
    return sorted(sorted(group) for group in groups if group)


def show(graph, pairs, most=None):
    """Prints what is used from folder to folder, the least first: that is what to move."""
    for pair in sorted(pairs, key=lambda pair: (len(graph[pair]), pair)):
        print(f"  {pair[0]} uses of {pair[1]}:")
        users = collections.defaultdict(list)
        for name, file in sorted(graph[pair]):
            users[name].append(file)
        for name, names in list(users.items())[:most]:
            rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
            print(f"    {name} (in {', '.join(names[:3])}{rest})")
        if most and len(users) > most:
            print("    …")


def check(name, files, graph):
    """Prints a target's folder graph; returns whether it has a cycle."""
    folders = sorted({file.folder for file in files})
    print(f"{name}: {len(files)} files in {len(folders)} folders")
    for folder in folders:
        used = sorted(other for one, other in graph if one == folder)
        if len(folders) > 1:
            print(f"  {folder} → {', '.join(used) or 'nothing'}")
    for form in (graph, outermost(graph)):
        for group in cycles(form):
            print(f"  use each other: {', '.join(group)}")
            if name in HELD:
                show(form, [pair for pair in form if set(pair) <= set(group)], most=8)
                return True
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sources = pathlib.Path(__file__).parents[2] / "Sources"
    parser.add_argument("sources", nargs="?", type=pathlib.Path, default=sources)
    parser.add_argument("--targets", help="these alone, separated by commas")
    parser.add_argument("--why", nargs=2, metavar="FOLDER", help="say what the first folder uses of the second")
    options = parser.parse_args()
    folders = [path for path in sorted(options.sources.iterdir()) if path.is_dir() and not path.is_symlink()]
    targets = {path.name: files for path in folders if (files := read(path))}
    wrong = []
    for name in options.targets.split(",") if options.targets else targets:
        files = targets[name]
        others = [named(["member", "case"], known) for other, known in targets.items() if other != name]
        graph = edges(files, COMMON.union(*others))
        if options.why:
            show(graph, [tuple(options.why)] if tuple(options.why) in graph else [])
        elif check(name, files, graph):
            wrong.append(name)
    if wrong:
        sys.exit(f"folders use each other in {', '.join(wrong)}")


if __name__ == "__main__":
    main()
