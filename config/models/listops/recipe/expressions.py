"""Nested expressions over digits, drawn at random, and what they are worth.

An expression is a digit or a list: an operator and then at least one expression. Every list is
folded from the left by one composition of two, so each beginning of a list is an expression too.
"""

import json
import random
import zlib

# What an operator makes of the value so far and the next one.
OPERATORS = {
    "max": max,
    "min": min,
    "sm": lambda value, following: (value + following) % 10,
    "first": lambda value, following: value,
    "last": lambda value, following: following,
}
SYMBOLS = [*OPERATORS, *(str(digit) for digit in range(10))]

# Fewest and most arguments of an operator, and how often one is a list where it need not be.
FEWEST, MOST, NESTED = 2, 5, 0.25

# One expression of so many, by its checksum, is never trained on.
PARTS = 10


def drawn(depth, rng):
    """An expression whose lists are nested `depth` deep."""
    if depth == 0:
        return rng.randrange(10)
    count = rng.randint(FEWEST, MOST)
    deepest = rng.randrange(count)
    arguments = []
    for position in range(count):
        if position == deepest:
            arguments.append(drawn(depth - 1, rng))
        elif depth > 1 and rng.random() < NESTED:
            arguments.append(drawn(rng.randint(1, depth - 1), rng))
        else:
            arguments.append(rng.randrange(10))
    return [rng.choice(list(OPERATORS)), *arguments]


def held_out(expression):
    """Whether the expression belongs to the test."""
    return zlib.crc32(json.dumps(expression).encode()) % PARTS == 0


def sample(depth, count, seed, test):
    """Different expressions of one depth, all of the test or all of the training part."""
    rng = random.Random(seed)
    found = {}
    while len(found) < count:
        expression = drawn(depth, rng)
        if held_out(expression) == test:
            found[json.dumps(expression)] = expression
    return list(found.values())


def value(expression):
    """What the expression is worth, 0…9."""
    if isinstance(expression, int):
        return expression
    operator = OPERATORS[expression[0]]
    result = value(expression[1])
    for argument in expression[2:]:
        result = operator(result, value(argument))
    return result
