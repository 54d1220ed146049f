"""Makes a finding's file smaller while it still does the same."""

import copy
import time

import onnx

from specimen import graphs


def minimise(files, asked, is_same, seconds=20):
    """The smallest files and requests found; `is_same(files, asked)` tries them."""
    end = time.monotonic() + seconds
    asked = fewer(list(asked), lambda rest: is_same(files, rest), end)
    for name in sorted(files):
        rest = {other: content for other, content in files.items() if other != name}
        if rest and time.monotonic() < end and is_same(rest, asked):
            files = rest
    model = onnx.ModelProto()
    try:
        model.ParseFromString(files["model.onnx"])
    except Exception:
        return files, asked
    changed = True
    while changed and time.monotonic() < end:
        changed = False
        for smaller in candidates(model):
            if time.monotonic() > end:
                break
            tried = {**files, "model.onnx": smaller.SerializeToString()}
            if len(tried["model.onnx"]) < len(files["model.onnx"]) and is_same(tried, asked):
                model, files, changed = smaller, tried, True
                break
    return files, asked


def fewer(items, is_same, end):
    """Without all, all but the last, or one by one what is not needed."""
    for rest in ([], items[-1:]):
        if len(rest) < len(items) and time.monotonic() < end and is_same(rest):
            return rest
    index = 0
    while index < len(items) and time.monotonic() < end:
        rest = items[:index] + items[index + 1:]
        if is_same(rest):
            items = rest
        else:
            index += 1
    return items


def candidates(model):
    """Models with one part less; large parts first."""
    bare = copy.deepcopy(model)
    for name in ("producer_name", "producer_version", "doc_string", "domain"):
        bare.ClearField(name)
    bare.ClearField("metadata_props")
    for graph in graphs(bare):
        graph.ClearField("value_info")
        graph.ClearField("doc_string")
    yield bare
    for count in (2, 1):
        for level, graph in enumerate(graphs(model)):
            for field in ("node", "output", "input", "initializer"):
                for start in parts(len(getattr(graph, field)), count):
                    smaller = copy.deepcopy(model)
                    items = getattr(list(graphs(smaller))[level], field)
                    del items[start[0]:start[1]]
                    yield smaller
    for level, graph in enumerate(graphs(model)):
        for place, node in enumerate(graph.node):
            for field in ("attribute", "output"):
                for index in range(len(getattr(node, field))):
                    smaller = copy.deepcopy(model)
                    del getattr(list(graphs(smaller))[level].node[place], field)[index]
                    yield smaller
    for index in range(len(model.functions)):
        smaller = copy.deepcopy(model)
        del smaller.functions[index]
        yield smaller


def parts(length, count):
    """Halves first, then items one by one."""
    if count == 2:
        return [(0, length // 2), (length // 2, length)] if length > 3 else []
    return [(index, index + 1) for index in range(min(length, 60))]
