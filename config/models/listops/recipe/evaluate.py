"""Scores the shipped weights on held-out expressions of every depth in float32.

    python evaluate.py
"""

import numpy as np

import expressions
import served
from trees import NONE, Batch, Tree

COUNT = 1000
TRAINED, DEEPEST = 4, 10


def readings(network, forest):
    """What the network reads at every node of a forest."""
    vectors = np.empty((len(forest.level), network.tensors["embedded.weight"].shape[1]), np.float32)
    leaves = forest.level == 0
    vectors[leaves] = network.embedded(forest.symbol[leaves])
    for first, last in forest.levels():
        children = [vectors[side[first:last]] for side in (forest.left, forest.right)]
        vectors[first:last] = network.composed(np.concatenate(children, 1))
    return network.logits(vectors).argmax(1)


def main():
    """Prints the accuracy at the root and at all nodes for each depth."""
    network = served.Served(np.float32)
    totals = {"as in training": [], "deeper": []}
    for depth in range(1, DEEPEST + 1):
        drawn = expressions.sample(depth, COUNT, seed=1000 + depth, test=True)
        forest = Batch([Tree(expression) for expression in drawn])
        hits = readings(network, forest) == forest.value
        roots, known = hits[forest.roots], forest.value != NONE
        symbols = (forest.level == 0).sum() / COUNT
        print(f"depth {depth:2}: {symbols:5.1f} symbols, root {roots.mean():.4f}, ", end="")
        print(f"all nodes {hits[known].mean():.5f} of {known.sum()}")
        totals["as in training" if depth <= TRAINED else "deeper"].append(roots.mean())
    for name, scores in totals.items():
        print(f"{name}: {np.mean(scores):.4f}")


if __name__ == "__main__":
    main()
