"""Expressions as binary trees in arrays, so that a whole level is composed at once."""

import numpy as np

import expressions

PLACE = {symbol: index for index, symbol in enumerate(expressions.SYMBOLS)}
# The value of what has none: an operator alone.
NONE = -1


class Tree:
    """The nodes of one folded expression, children before parents.

    `symbol` is a leaf's place in the vocabulary, `left` and `right` are the children of the
    others (-1 where there is none), `level` is 0 for leaves and else one more than the higher
    child's, `value` is what the part of the expression is worth.
    """

    def __init__(self, expression):
        """Folds the expression from the left."""
        self.nodes = []
        self.fold(expression)
        nodes = np.array(self.nodes)
        self.symbol, self.left, self.right, self.level, self.value = nodes.T

    def fold(self, expression):
        """Adds the nodes of an expression and returns the number of its root."""
        if not isinstance(expression, list):
            worth = expression if isinstance(expression, int) else NONE
            return self.add(PLACE[str(expression)], -1, -1, 0, worth)
        # The composition of an operator with one value is worth that value.
        function = expressions.OPERATORS.get(expression[0])
        node = self.fold(expression[0])
        for item in expression[1:]:
            right = self.fold(item)
            before, following = self.nodes[node][4], self.nodes[right][4]
            worth = following if before == NONE else function(before, following)
            level = 1 + max(self.nodes[node][3], self.nodes[right][3])
            node = self.add(-1, node, right, level, worth)
        return node

    def add(self, *node):
        """Adds a node and returns its number."""
        self.nodes.append(node)
        return len(self.nodes) - 1


class Batch:
    """Many trees as one forest, its nodes in the order of their levels."""

    def __init__(self, trees):
        """Joins the trees; `roots` are the numbers of their roots in the new order."""
        starts = np.cumsum([0, *(len(tree.symbol) for tree in trees)])
        joined = {
            field: np.concatenate([getattr(tree, field) for tree in trees])
            for field in ("symbol", "level", "value")
        }
        order = np.argsort(joined["level"], kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        self.symbol, self.level, self.value = (column[order] for column in joined.values())
        self.left, self.right = (
            place[np.concatenate([getattr(t, side) + start for t, start in zip(trees, starts)])]
            [order]
            for side in ("left", "right")
        )
        self.roots = place[starts[1:] - 1]

    def levels(self):
        """First and last-but-one number of the nodes of each level above the leaves."""
        bounds = np.searchsorted(self.level, np.arange(self.level[-1] + 2))
        return list(zip(bounds[1:], bounds[2:]))
