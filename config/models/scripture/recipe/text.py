"""The King James text in the form that the model is trained and scored on.

    python text.py        writes train.txt and held-out.txt into the working directory
"""

import re
import subprocess
from pathlib import Path

# Share of the text, at its end, that training never sees.
HELD_OUT = 0.05


def chapters():
    """Book and text of every chapter, verses on lines of their own, without references.

    The program `bible` of the Debian package bible-kjv prints one verse a line, such as
    "Ge1:1 In the beginning God created the heaven and the earth."
    """
    command = ["bible", "-f", "gen1:1-rev22:21"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    verses = {}
    for line in printed.splitlines():
        match = re.match(r"(\d?[A-Za-z]+)(\d+):\d+ (.*)", line)
        if match:
            verses.setdefault((match[1], match[2]), []).append(match[3].strip())
    return [(book, "\n".join(lines) + "\n\n") for (book, _), lines in verses.items()]


def load():
    """The training text and the held-out text: the first 95 % of the characters and the rest."""
    text = "".join(chapter for _, chapter in chapters())
    cut = round(len(text) * (1 - HELD_OUT))
    return text[:cut], text[cut:]


def lesson():
    """The training text with its later books repeated, as one epoch reads it.

    The held-out text is letters and the Revelation, while most of the training text is the
    narrative and the law of the Old Testament. So the New Testament is read three times in an
    epoch, and its letters five times.
    """
    known, _ = load()
    books = [book for book, _ in chapters()]
    lengths = [len(chapter) for _, chapter in chapters()]
    gospels, letters = (sum(lengths[: books.index(book)]) for book in ["Mat", "Rom"])
    return known + 2 * known[gospels:] + 2 * known[letters:]


def vocabulary(texts):
    """Every character that occurs, in code point order."""
    return sorted(set("".join(texts)))


def main():
    """Writes both parts."""
    for name, part in zip(["train.txt", "held-out.txt"], load()):
        Path(name).write_text(part)
        print(f"{name}: {len(part)} characters")


if __name__ == "__main__":
    main()
