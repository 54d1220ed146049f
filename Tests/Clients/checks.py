"""Counts checks, so that one that fails does not hide the rest."""

import traceback


class Checks:
    def __init__(self, client):
        self.client, self.passed, self.failed = client, 0, 0

    def __call__(self, sentence):
        """A decorator: runs the function now; it passes when it raises nothing."""

        def run(function):
            try:
                function()
                self.passed += 1
            except Exception:
                self.failed += 1
                print(f"{self.client}: FAILED: {sentence}\n{traceback.format_exc()}")

        return run

    def finish(self):
        print(f"{self.client}: {self.passed} passed, {self.failed} failed")
        raise SystemExit(1 if self.failed else 0)
