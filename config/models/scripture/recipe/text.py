"""The King James text in the form that the models are trained and scored on.

    python text.py        writes train.txt, validation.txt and held-out.txt
"""

import re
import subprocess
from pathlib import Path

# Chapters are dealt out in turn: of every 20, one is held out and one validates.
EVERY, VALIDATION = 20, 10


def chapters():
    """Texts of all chapters, verses on lines of their own, without references.

    The program `bible` of the Debian package bible-kjv-text prints one verse a line, such as
    "Ge1:1 In the beginning God created the heaven and the earth."
    """
    command = ["bible", "-f", "gen1:1-rev22:21"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    verses = {}
    for line in printed.splitlines():
        match = re.match(r"(\d?[A-Za-z]+\d+):\d+ (.*)", line)
        if match:
            verses.setdefault(match[1], []).append(match[2].strip())
    return ["\n".join(lines) + "\n\n" for lines in verses.values()]


def load():
    """The training text, the validation text and the held-out text."""
    parts = {0: [], VALIDATION: []}
    known = []
    for index, chapter in enumerate(chapters()):
        parts.get(index % EVERY, known).append(chapter)
    return "".join(known), "".join(parts[VALIDATION]), "".join(parts[0])


def vocabulary(texts):
    """Every character that occurs, in code point order."""
    return sorted(set("".join(texts)))


def main():
    """Writes the three parts."""
    for name, part in zip(["train.txt", "validation.txt", "held-out.txt"], load()):
        Path(name).write_text(part)
        print(f"{name}: {len(part)} characters")


if __name__ == "__main__":
    main()
