"""The front of ./tests/bench completes what a benchmark prints and refuses what is no measurement."""
import unittest

import bench


class CompleteTest(unittest.TestCase):
    def test_missing_values_are_null_and_ratios_are_computed(self):
        line = bench.complete('{"metric": "tokens_per_second", "ours": 300, "peer": 200, "peer_name": "torch"}', "trainer")
        self.assertEqual(list(line)[:10], list(bench.KEYS))
        self.assertEqual(line["bench"], "trainer")
        self.assertEqual(line["ratio_to_peer"], 1.5)
        self.assertIsNone(line["limit"])
        self.assertIsNone(line["ratio_to_limit"])

    def test_a_ratio_given_by_hand_does_not_count(self):
        line = bench.complete('{"metric": "m", "ours": 1, "peer": 4, "ratio_to_peer": 99}', "x")
        self.assertEqual(line["ratio_to_peer"], 0.25)

    def test_an_unknown_value_has_no_ratio(self):
        line = bench.complete('{"metric": "m", "ours": null, "peer": 4}', "x")
        self.assertIsNone(line["ratio_to_peer"])

    def test_what_is_no_measurement_is_refused(self):
        for text in ("gemm: 3 GF/s", "[1]", '{"ours": 1}', '{"metric": "m"}'):
            with self.assertRaises(bench.BadLine):
                bench.complete(text, "x")


if __name__ == "__main__":
    unittest.main()
