"""Words of fifteen languages, from Debian's word lists, and how they are divided.

    python words.py        prints how many words each language gives
"""

import os
import unicodedata
import zlib
from collections import Counter
from pathlib import Path

# Where the Debian packages put their lists.
FOLDER = Path(os.environ.get("WORD_LISTS", "/usr/share/dict"))

# Name of the language, its file, and the encoding of the file.
LISTS = [
    ("Catalan", "catalan", "utf-8"),
    ("Danish", "danish", "utf-8"),
    ("Dutch", "dutch", "utf-8"),
    ("English", "american-english", "utf-8"),
    ("Esperanto", "esperanto", "utf-8"),
    ("Faroese", "faroese", "utf-8"),
    ("French", "french", "utf-8"),
    ("German", "ngerman", "utf-8"),
    ("Irish", "irish", "utf-8"),
    ("Italian", "italian", "utf-8"),
    ("Norwegian", "bokmaal", "iso-8859-1"),
    ("Polish", "polish", "utf-8"),
    ("Portuguese", "portuguese", "utf-8"),
    ("Spanish", "spanish", "utf-8"),
    ("Swedish", "swedish", "iso-8859-1"),
]
LANGUAGES = [name for name, _, _ in LISTS]

SHORTEST, LONGEST = 3, 20

# Of a longer list only so many words are used, those with the smallest checksums.
MOST = 120_000

# A character that fewer words hold is foreign to all the languages; these words are left out.
RAREST = 100

# A word's checksum modulo 20 puts it into the test (0), the validation (1) or the training part.
PARTS = 20


def read(name, file, encoding):
    """The usable words of one list: letters only, in lower case, composed (NFC), no names."""
    words = set()
    for line in (FOLDER / file).read_text(encoding).splitlines():
        word = unicodedata.normalize("NFC", line.strip())
        # German writes every noun with a capital, so there names cannot be told apart.
        if word.isalpha() and (name == "German" or word[0].islower()):
            word = unicodedata.normalize("NFC", word.lower())
            if word.isalpha() and SHORTEST <= len(word) <= LONGEST:
                words.add(word)
    return words


def checksum(word):
    """A number that depends on nothing but the word."""
    return zlib.crc32(word.encode())


def load():
    """Words by language, and how many were left out because several lists hold them."""
    lists = {name: read(name, file, encoding) for name, file, encoding in LISTS}
    held = Counter(word for words in lists.values() for word in words)
    shared = sum(count > 1 for count in held.values())
    kept = {}
    for name, words in lists.items():
        own = sorted((word for word in words if held[word] == 1), key=checksum)
        kept[name] = own[:MOST]
    characters = Counter(c for words in kept.values() for word in words for c in set(word))
    known = {character for character, count in characters.items() if count >= RAREST}
    return {n: [w for w in words if known.issuperset(w)] for n, words in kept.items()}, shared


def divided(words):
    """The training, the validation and the test words of one language."""
    parts = [[], [], []]
    for word in words:
        # The sorting above uses the checksum's high digits, this one its low ones.
        parts[{0: 2, 1: 1}.get(checksum(word) % PARTS, 0)].append(word)
    return parts


def vocabulary(lists):
    """Every character that occurs in a kept word, in code point order."""
    return sorted({character for words in lists.values() for word in words for character in word})


def main():
    """Prints the sizes of the parts and the vocabulary."""
    lists, shared = load()
    print(f"{shared} words that several lists hold are left out")
    for name, words in lists.items():
        print(name, *(len(part) for part in divided(words)))
    print("".join(vocabulary(lists)), len(vocabulary(lists)))


if __name__ == "__main__":
    main()
