"""The counting must be right, or a red run could look green."""
import unittest

import results

GTEST = """<testsuites><testsuite name="A">
<testcase name="good" status="run" result="completed" classname="A"/>
<testcase name="off" status="notrun" result="suppressed" classname="A"/>
<testcase name="not_here" status="run" result="skipped" classname="A"><skipped message="a.cc:2&#x0A;no disk"/></testcase>
<testcase name="bad" status="run" result="completed" classname="A"><failure message="a.cc:5&#x0A;1 is not 2"/></testcase>
</testsuite></testsuites>"""


class GtestTest(unittest.TestCase):
    def test_each_kind_is_counted_once_with_its_reason(self):
        counted = results.from_gtest(GTEST, "unit")
        self.assertEqual((counted.passed, counted.failed), (1, 1))
        self.assertEqual(counted.skipped, ["unit: A.off: disabled in its source", "unit: A.not_here: no disk"])
        self.assertEqual(counted.failures, ["unit: A.bad\na.cc:5\n1 is not 2"])


class TapTest(unittest.TestCase):
    def test_results_skips_and_details_are_read(self):
        counted = results.from_tap(
            "1..4\nok 1 - a\nnot ok 2 - b\n# because\n# of this\nok 3 - c # SKIP no cable\nok 4\n# chatter", "t")
        self.assertEqual((counted.passed, counted.failed), (2, 1))
        self.assertEqual(counted.failures, ["t: b\n# because\n# of this"])
        self.assertEqual(counted.skipped, ["t: c: no cable"])

    def test_a_program_that_dies_half_way_has_failed(self):
        for text in ("1..3\nok 1 - a\n", "ok 1 - a\n", "", "Traceback: …"):
            self.assertEqual(results.from_tap(text, "t").failed, 1, text)

    def test_the_plan_may_come_last(self):
        self.assertEqual(results.from_tap("ok 1 - a\nok 2 - b\n1..2\n", "t").failed, 0)


if __name__ == "__main__":
    unittest.main()
