"""Scores the shipped weights on the held-out words in float32.

    python evaluate.py
"""

import numpy as np

import served
import words


def guesses(network, texts):
    """The number of the likeliest language for each word."""
    answers = np.empty(len(texts), int)
    lengths = np.array([len(text) for text in texts])
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        for some in np.array_split(chosen, -(-len(chosen) // 2000)):
            tokens = network.encoded([texts[index] for index in some])
            answers[some] = network.logits(tokens).argmax(1)
    return answers


def main():
    """Prints each language's accuracy, what it is taken for most, and accuracy by length."""
    network = served.Served(np.float32)
    lists, shared = words.load()
    print(f"{shared} words of several lists left out, {len(network.place)} symbols")
    scores, by_length = [], {}
    for index, name in enumerate(words.LANGUAGES):
        known, _, test = words.divided(lists[name])
        answers = guesses(network, test)
        counts = np.bincount(answers, minlength=len(words.LANGUAGES)) / len(test)
        scores.append(counts[index])
        counts[index] = 0
        wrong = [f"{words.LANGUAGES[n]} {counts[n]:.3f}" for n in np.argsort(-counts)[:2]]
        print(f"{name:11} {len(known)} {len(test)} {scores[-1]:.4f}  {', '.join(wrong)}")
        for text, answer in zip(test, answers):
            by_length.setdefault(len(text), []).append(answer == index)
    print(f"mean over the languages {np.mean(scores):.4f}")
    for low, high in [(3, 5), (6, 8), (9, 11), (12, 20)]:
        hits = [hit for length in range(low, high + 1) for hit in by_length[length]]
        print(f"{low} to {high} characters: {np.mean(hits):.4f} of {len(hits)}")


if __name__ == "__main__":
    main()
