"""The simulator as a command."""
import subprocess
import unittest

from run_support import BIN


def sim(*words):
    return subprocess.run([BIN / "longhaul", "sim", *words], text=True, capture_output=True, timeout=300)


class Sim(unittest.TestCase):
    def test_a_trace_is_played_and_the_policies_are_compared(self):
        done = sim("--trace", "bloom", "--days", "10", "--seed", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split() for line in done.stdout.splitlines()]
        ours = next(float(row[1]) for row in rows if row and row[0] == "longhaul")
        by_hand = next(float(row[4]) for row in rows if row[:2] == ["a", "human"])
        self.assertGreater(ours, by_hand)

    def test_many_seeds_give_one_line(self):
        done = sim("--trace", "worst", "--days", "1", "--seeds", "5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "trace worst, 1 days: 5 seeds from 1 on: all promises kept\n")

    def test_bad_usage_is_refused(self):
        for words, told in ((["--trace", "x"], "there are bloom"), (["--trace", "bloom", "--days", "0"], "--days"),
                            (["--trace", "bloom", "--seed", "x1"], "--seed"), ([], "usage")):
            done = sim(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(told, done.stderr)
